"""Weights start as Keras's do, and depend on the seed and the array alone."""

import numpy as np
import pytest

import fastbp
from fastbp.errors import ArgumentError
from fastbp.nn import (
    INITIALIZERS,
    Constant,
    Dense,
    Identity,
    NguyenWidrow,
    Orthogonal,
    RandomNormal,
    RandomUniform,
    TruncatedNormal,
    VarianceScaling,
    initialize,
)

N_IN, N_OUT = 300, 500
FAN = {"glorot": (N_IN + N_OUT) / 2, "he": N_IN / 2, "lecun": N_IN}


def draw(name, seed=1, index=0, shape=(N_IN, N_OUT)):
    return initialize(INITIALIZERS.resolve(name), shape, seed, index)


@pytest.mark.parametrize("family", FAN)
@pytest.mark.parametrize("kind", ["uniform", "normal"])
def test_variance_scaling(family, kind):
    weights = draw(f"{family}_{kind}")
    variance = 1 / FAN[family]
    limit = (
        np.sqrt(3 * variance) if kind == "uniform" else 2 * np.sqrt(variance) / 0.8796256610342398
    )
    assert weights.var() == pytest.approx(variance, rel=0.02)
    assert weights.mean() == pytest.approx(0, abs=0.01 * np.sqrt(variance))
    assert 0.999 * limit < np.abs(weights).max() <= limit


def test_plain_distributions():
    assert draw("normal").std() == pytest.approx(0.05, rel=0.02)
    assert draw(RandomNormal(mean=3, stddev=0.5)).mean() == pytest.approx(3, rel=0.01)
    uniform = draw(RandomUniform(minval=2, maxval=3))
    assert (uniform.min() >= 2, uniform.max() < 3) == (True, True)
    assert uniform.mean() == pytest.approx(2.5, rel=0.01)
    assert not draw("zeros").any()
    assert (draw("ones") == 1).all()


@pytest.mark.parametrize("name", ["glorot_uniform", "he_normal", "normal"])
def test_a_draw_depends_on_seed_and_index_alone(name):
    assert np.array_equal(draw(name), draw(name))
    assert not np.array_equal(draw(name), draw(name, seed=2))
    assert not np.array_equal(draw(name), draw(name, index=1))
    assert np.unique(draw(name)).size > 0.99 * N_IN * N_OUT


def test_uniform_numbers_never_change():
    numbers = [0.03325354439343789, -0.014633408479655087, -0.04143040705155855]
    assert draw("uniform", seed=7, shape=(3,)) == pytest.approx(numbers, rel=1e-12)


@pytest.mark.parametrize("mode, fan", [("fan_in", N_IN), ("fan_out", N_OUT), ("fan_avg", 400)])
@pytest.mark.parametrize("distribution", ["uniform", "truncated_normal", "untruncated_normal"])
def test_variance_scaling_by_settings(mode, fan, distribution):
    weights = draw(VarianceScaling(3.0, mode, distribution))
    assert weights.var() == pytest.approx(3 / fan, rel=0.02)
    beyond = (np.abs(weights) > 2.3 * np.sqrt(3 / fan)).any()
    assert beyond == (distribution == "untruncated_normal")


def test_a_name_is_a_setting():
    assert np.array_equal(draw("he_uniform"), draw(VarianceScaling(2.0, "fan_in", "uniform")))
    assert np.array_equal(draw("lecun_normal"), draw("variance_scaling"))


def test_truncated_normal():
    weights = draw(TruncatedNormal(mean=1, stddev=0.5))
    assert (weights.min() >= 0, weights.max() <= 2) == (True, True)
    assert weights.mean() == pytest.approx(1, abs=0.01)
    assert weights.std() == pytest.approx(0.5 * 0.8796256610342398, rel=0.02)


@pytest.mark.parametrize("shape", [(20, 7), (7, 20), (9, 9), (1, 4)])
def test_orthogonal(shape):
    matrix = draw(Orthogonal(gain=3.0), shape=shape)
    assert matrix.shape == shape
    inner = matrix.T @ matrix if shape[0] >= shape[1] else matrix @ matrix.T
    np.testing.assert_allclose(inner, 9.0 * np.eye(min(shape)), atol=1e-13)
    assert not np.array_equal(matrix, draw(Orthogonal(gain=3.0), shape=shape, seed=2))


def test_constant_and_identity():
    assert (draw(Constant(0.25)) == 0.25).all()
    assert np.array_equal(draw(Identity(2.0), shape=(3, 2)), [[2, 0], [0, 2], [0, 0]])


def test_nguyen_widrow():
    """The kernel's columns have one length, the bias lies between +- that, and also in a model."""
    length = 0.7 * 50 ** (1 / 3)
    kernel = draw(NguyenWidrow(), shape=(3, 50))
    np.testing.assert_allclose(np.linalg.norm(kernel, axis=0), length, rtol=1e-13)
    layer = fastbp.Dense(
        50, "tanh", kernel_initializer="nguyen_widrow", bias_initializer="nguyen_widrow"
    )
    model = fastbp.Sequential([fastbp.Input(3), layer], seed=4, dtype="float64")
    kernel, bias = model.get_weights()
    np.testing.assert_allclose(np.linalg.norm(kernel, axis=0), length, rtol=1e-13)
    assert 0.8 * length < np.abs(bias).max() <= length


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: VarianceScaling(0), "scale must be a finite number above 0"),
        (lambda: VarianceScaling(mode="fan_inn"), "did you mean 'fan_in'"),
        (lambda: VarianceScaling(distribution="normal"), "unknown distribution 'normal'"),
        (lambda: Orthogonal(float("inf")), "gain"),
        (lambda: Constant("one"), "value"),
        (lambda: Dense(3, bias_initializer="orthogonal"), "a bias is a vector"),
        (lambda: Dense(3, bias_initializer=Identity()), "a bias is a vector"),
    ],
)
def test_settings_that_cannot_be(make, message):
    with pytest.raises(ArgumentError, match=message):
        make()


RANDOM = [
    name for name in INITIALIZERS.names if name not in ("zeros", "ones", "constant", "identity")
]


@pytest.mark.parametrize("name", RANDOM)
def test_a_seed_of_its_own(name):
    """Then neither the model's seed nor the array's place counts."""
    made = type(INITIALIZERS.resolve(name))
    own = draw(made(seed=7), shape=(6, 8))
    np.testing.assert_array_equal(draw(made(seed=7), 2, 5, (6, 8)), own)
    assert not np.array_equal(draw(made(seed=8), shape=(6, 8)), own)
    np.testing.assert_array_equal(draw(made(), seed=7, shape=(6, 8)), own)
    assert repr(made(seed=7)).endswith("seed=7)")
    assert "seed" not in repr(made())
    for wrong in (-1, 1.5, 1 << 63, True):
        with pytest.raises(ArgumentError, match="seed"):
            made(seed=wrong)


def test_a_seed_in_a_model():
    def kernels(seed):
        layers = [Dense(5, kernel_initializer=fastbp.HeNormal(seed=3)), Dense(2)]
        model = fastbp.Sequential([fastbp.Input(4), *layers], seed=seed)
        first, _, second, _ = model.get_weights()
        return first, second

    (first, second), (same, other) = kernels(1), kernels(2)
    np.testing.assert_array_equal(first, same)
    assert not np.array_equal(second, other)


@pytest.mark.parametrize(
    "name, same",
    [
        ("zero", "zeros"),
        ("one", "ones"),
        ("OrthogonalInitializer", "orthogonal"),
        ("IdentityInitializer", "identity"),
        ("HeNormal", "he_normal"),
    ],
)
def test_other_names(name, same):
    assert INITIALIZERS.resolve(name) == INITIALIZERS.resolve(same)
