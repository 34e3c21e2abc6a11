"""Elementary functions of vectors and numbers, in the precision of their argument.

Each states its largest error in units in the last place (ULP), which the tests hold against higher precision.
Arguments are clamped to the range in which the result is a normal number, so exp saturates rather than overflows; a
NaN is handed on.
"""

from fastbp.kernels.simd import (
    absolute,
    even_odd,
    fma,
    horner,
    is_double,
    maximum,
    minimum,
    nearest_power_of_two,
    select,
    split_exponent,
)
from fastbp.runtime.inlined import inlined

_LOG2_E = 1.4426950408889634
#: log(2) in two parts, the first exact when multiplied by any exponent.
_LN2_HIGH_32, _LN2_LOW_32 = 0.693359375, -2.12194440e-4
_LN2_HIGH_64, _LN2_LOW_64 = 6.93147180369123816490e-01, 1.90821492927058770002e-10

# Coefficients that have no other source are minimax approximations by scripts/fit_functions.py.

# (exp(r) - 1 - r) / r**2 on |r| <= log(2) / 2, 3e-9 (float64: 5.4e-20) of exp(r) off.
_EXP_32 = (1.3814602631e-3, 8.3687240905e-3, 4.1668388418e-2, 0.16666520572, 0.49999993445)
_EXP_64 = (
    2.08266037737627374e-9,
    2.51120484378859193e-8,
    2.75575819956426192e-7,
    2.75572348293577903e-6,
    2.48015869263597272e-5,
    1.98412698964156356e-4,
    1.38888888891158335e-3,
    8.33333333331702174e-3,
    0.0416666666666660937,
    0.166666666666666834,
    0.5,
)

# log(1 + f) = 2 s + s R(s**2), s = f / (2 + f): coefficients of R from fdlibm (e_log.c, e_logf.c).
_LOG_32 = (0.24279078841, 0.28498786688, 0.40000972152, 0.66666662693)
_LOG_64 = (
    1.479819860511658591e-01,
    1.531383769920937332e-01,
    1.818357216161805012e-01,
    2.222219843214978396e-01,
    2.857142874366239149e-01,
    3.999999999940941908e-01,
    6.666666666666735130e-01,
)

# (sin(x) - x) / x**3 and (cos(x) - 1 + x**2 / 2) / x**4 in x**2 on |x| <= pi / 4: coefficients from Cephes (sinf.c),
# and from fdlibm (k_sin.c, k_cos.c).
_SIN_32 = (-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1)
_COS_32 = (2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2)
_SIN_64 = (
    1.58969099521155010221e-10,
    -2.50507602534068634195e-08,
    2.75573137070700676789e-06,
    -1.98412698298579493134e-04,
    8.33333333332248946124e-03,
    -1.66666666666666324348e-01,
)
_COS_64 = (
    -1.13596475577881948265e-11,
    2.08757232129817482790e-09,
    -2.75573143513906633035e-07,
    2.48015872894767294178e-05,
    -1.38888888888741095749e-03,
    4.16666666666666019037e-02,
)

# log(1 + x) / x on 0 <= x <= 1, 2.1e-8 off.
_LOG1P_ABOVE = (0.12463834286, 0.86951480638, 1.0)
_LOG1P_BELOW = (0.031352247692, 0.47608924364, 1.3695134284, 1.0)

# tanh(x) / x as a function of x**2 for |x| <= 7.9, 5.9e-9 off.
_TANH_ABOVE = (1.5489642051e-8, 2.2066947142e-5, 0.0035816435281, 0.13452858888, 1.0)
_TANH_BELOW = (8.6237218482e-7, 0.00034279846707, 0.026202339539, 0.46786188655, 1.0)
#: The smallest number for which the quotient is computed as 1.
_TANH_END = 8.010486

# The upper tail of the normal distribution over exp(-z**2 / 2), 3.6e-8 (1 + z**2) (float64: 4.8e-17) of it off.
_TAIL_ABOVE_32 = (0.013991662464, 0.10639319094, 0.33874729209, 0.49999998201)
_TAIL_BELOW_32 = (0.035085340199, 0.26625605906, 0.88999352034, 1.4753766832, 1.0)
_TAIL_ABOVE_64 = (
    1.37097314565954015e-6,
    3.6923019596215799e-5,
    4.86767857451679028e-4,
    4.06405621282960068e-3,
    0.0235034217541828755,
    0.0973095668860849963,
    0.288463644731835247,
    0.592828890442405987,
    0.77403311059414614,
    0.5,
)
_TAIL_BELOW_64 = (
    3.43652005068166864e-6,
    9.25522849022570295e-5,
    1.22358259493855497e-3,
    0.0102796304856086526,
    0.0601276150073686904,
    0.253920873042484572,
    0.779579797567113425,
    1.71046782891127346,
    2.5574556902392607,
    2.34595078199114817,
    1.0,
)


def _halved(coefficients):
    """(exp(r) - 1 - r) / (2 r)**2 as a polynomial in -2 r, from that of (exp(r) - 1 - r) / r**2."""
    powers = range(len(coefficients) + 1, 1, -1)
    return tuple(c * (-0.5) ** k for k, c in zip(powers, coefficients))


_HALF_EXP_32, _HALF_EXP_64 = _halved(_EXP_32), _halved(_EXP_64)


@inlined
def _reduce(x):
    """``(2**n, p)`` with exp(x) = 2**n (1 + p) and |p| small, of an x clamped to where 2**n is a normal number"""
    if is_double(x):
        x = minimum(709.43, maximum(-708.0, x))
        n, power = nearest_power_of_two(x, _LOG2_E)
        r = fma(n, -_LN2_LOW_64, fma(n, -_LN2_HIGH_64, x))
        return power, fma(r * r, even_odd(r, _EXP_64), r)
    x = minimum(88.37, maximum(-87.3, x))
    n, power = nearest_power_of_two(x, _LOG2_E)
    r = fma(n, -_LN2_LOW_32, fma(n, -_LN2_HIGH_32, x))
    return power, fma(r * r, horner(r, _EXP_32), r)


@inlined
def exp(x):
    """1 ULP; saturates at 0.7 of the largest number"""
    power, p = _reduce(x)
    # A product, not bits added to the exponent, which would make a number of some NaN.
    return fma(power, p, power)


@inlined
def expm1(x):
    """exp(x) - 1, accurate near zero: 1.7 ULP (float64: 1.9); saturates as exp does"""
    power, p = _reduce(x)
    return fma(power, p, power - 1.0)


@inlined
def log(x):
    """Natural logarithm of a normal number above zero: 0.9 ULP. NaN of infinity and NaN; meaningless of the rest."""
    fraction, exponent = split_exponent(x)
    f = fraction - 1.0
    s = f / (2.0 + f)
    z = s * s
    half_square = 0.5 * f * f
    if is_double(x):
        tail = fma(s, half_square + z * horner(z, _LOG_64), exponent * _LN2_LOW_64)
        # x * 0 hands on what is not a number.
        return fma(x, 0.0, fma(exponent, _LN2_HIGH_64, f - (half_square - tail)))
    tail = fma(s, half_square + z * horner(z, _LOG_32), exponent * _LN2_LOW_32)
    return fma(x, 0.0, fma(exponent, _LN2_HIGH_32, f - (half_square - tail)))


@inlined
def log1p(x):
    """log(1 + x) for 0 <= x <= 1: 3.6 ULP (float64: 1.3)"""
    if is_double(x):
        u = 1.0 + x
        return log(u) + (x - (u - 1.0)) / u
    return x * horner(x, _LOG1P_ABOVE) / horner(x, _LOG1P_BELOW)


@inlined
def cos_sin(x):
    """Cosine and sine of |x| <= pi / 4: 1.2 ULP and 1.2"""
    z = x * x
    if is_double(x):
        cosine, sine = horner(z, _COS_64), horner(z, _SIN_64)
    else:
        cosine, sine = horner(z, _COS_32), horner(z, _SIN_32)
    return fma(z * z, cosine, fma(z, -0.5, 1.0)), fma(x * z, sine, x)


@inlined
def tanh(x):
    """4.9 ULP (float64: 2.7), odd to the bit, never beyond 1

    -expm1(-2|x|) / (2 + expm1(-2|x|)) with the sign of x in float64, x P(x**2) / Q(x**2) in float32.
    """
    if is_double(x):
        t = expm1(-2.0 * absolute(x))
        y = -t / (2.0 + t)
        return select(x < 0.0, -y, y)
    x = minimum(_TANH_END, maximum(-_TANH_END, x))
    z = x * x
    return x * horner(z, _TANH_ABOVE) / horner(z, _TANH_BELOW)


@inlined
def sigmoid(x):
    """2.5 ULP; 0 where the result would not be a normal number, so that x sigmoid(x) vanishes there, too"""
    lowest = -708.0 if is_double(x) else -87.3
    return select(x < lowest, 0.0, 1.0 / (1.0 + exp(-x)))


@inlined
def _bell(z):
    """exp(-z**2 / 2) for 0 <= z <= 13.27 (float64: 37.66): 1 ULP; vanishes where it would not be a normal number

    The rounding of z**2 is not seen: log(2) in 9 bits (float64: 32) times n is exact, so that the sum with z**2 is
    rounded once.
    """
    n, power = nearest_power_of_two(z * z, -0.5 * _LOG2_E)
    if is_double(z):
        s = fma(n, 2.0 * _LN2_LOW_64, fma(z, z, n * (2.0 * _LN2_HIGH_64)))
        return power * fma(s, fma(s, even_odd(s, _HALF_EXP_64), -0.5), 1.0)
    s = fma(n, 2.0 * _LN2_LOW_32, fma(z, z, n * (2.0 * _LN2_HIGH_32)))
    return power * fma(s, fma(s, horner(s, _HALF_EXP_32), -0.5), 1.0)


@inlined
def _tail_ratio(z):
    """The upper tail of a standard normal variable over exp(-z**2 / 2), for z >= 0"""
    if is_double(z):
        return even_odd(z, _TAIL_ABOVE_64) / even_odd(z, _TAIL_BELOW_64)
    return horner(z, _TAIL_ABOVE_32) / horner(z, _TAIL_BELOW_32)


@inlined
def normal_tail(x):
    """``(z, tail, density)`` of a standard normal variable at z = |x|: the probability of more than z, and the density

    Beyond 13.27 (float64: 37.66) z is clamped; tail and density vanish there.
    ULP while the result is a normal number: tail 5.2 + 0.7 z**2 (float64: 5), density 2.1.
    In absolute terms tail and 1 - tail are off by 1.5e-7 at most (float64: 5e-16).
    """
    z = minimum(37.66 if is_double(x) else 13.27, absolute(x))
    bell = _bell(z)
    # The quotient does not wait for the exponential.
    return z, bell * _tail_ratio(z), 0.3989422804014327 * bell
