"""The activations, by name. What they compute is in fastbp/kernels."""

from collections.abc import Iterable, Mapping
from math import inf

from fastbp.errors import ArgumentError, unknown_name
from fastbp.kernels.names import is_own
from fastbp.specification import real_number

ACTIVATIONS = (
    "linear",
    "relu",
    "leaky_relu",
    "elu",
    "celu",
    "tanh",
    "sigmoid",
    "softplus",
    "gelu",
    "silu",
    "softmax",
    "log_softmax",
    "relu6",
    "selu",
    "gelu_tanh",
    "mish",
    "softsign",
    "exponential",
    "hard_sigmoid",
    "hard_silu",
    "hard_tanh",
    "soft_shrink",
    "hard_shrink",
    "tanh_shrink",
    "squareplus",
    "log_sigmoid",
    "sparse_plus",
    "sparse_sigmoid",
    "threshold",
    "sparsemax",
    "glu",
)

#: Those in which each output depends on all others.
OF_ALL_OUTPUTS = ("softmax", "log_softmax", "sparsemax")

#: Those that make one output of two inputs.
HALVING = ("glu",)

#: The numbers in formulas, and what they are where they are not given; None where they have to be.
NUMBERS: dict[str, dict[str, float | None]] = {
    "threshold": {"threshold": None, "default_value": None},
    "relu": {"negative_slope": 0.0, "max_value": inf, "threshold": 0.0},
    "leaky_relu": {"negative_slope": 0.2},
    "elu": {"alpha": 1.0},
    "celu": {"alpha": 1.0},
    "soft_shrink": {"threshold": 0.5},
    "hard_shrink": {"threshold": 0.5},
    "squareplus": {"b": 4.0},
}

#: What numbers have to be for the formula to mean something.
_BOUNDS: dict[str, dict[str, float]] = {
    "celu": {"above": 0.0},
    "soft_shrink": {"minimum": 0.0},
    "hard_shrink": {"minimum": 0.0},
    "squareplus": {"above": 0.0},
}

#: Those that have another name without numbers, by which they are fused into the layer below.
_PLAIN = {"relu(0.0, 6.0, 0.0)": "relu6", "celu": "elu"}

_ALIASES = {
    "swish": "silu",
    "hard_swish": "hard_silu",
}

#: Keys of the user's own functions that were made in this process.
KNOWN_KEYS: set[str] = set()


def known_key(key: str) -> str:
    """Return the key if its functions are known here.

    Raises
    ------
    ArgumentError
        If they are not; the message says what to do.
    """
    if key in KNOWN_KEYS:
        return key
    name = key.split("-")[1]
    raise ArgumentError(
        f"{name!r} is a function of the user's own ({key}), and a model file holds no code: make the "
        "Activation, Loss or metric of the same functions before the model is loaded"
    )


def name_and_numbers(activation: str) -> tuple[str, tuple[float, ...]]:
    """Return the name, and the numbers behind it, of what `activation_name` gave.

    Examples
    --------
    >>> name_and_numbers("threshold(0.5, -1.0)")
    ('threshold', (0.5, -1.0))
    """
    name, _, numbers = activation.partition("(")
    return name, tuple(map(float, numbers.rstrip(")").split(","))) if numbers else ()


def n_outputs_of(activation: str, n_inputs: int) -> int:
    """Return how many outputs an activation makes of so many inputs: `glu` makes half of them.

    Raises
    ------
    ArgumentError
        If there are no halves.
    """
    if activation not in HALVING:
        return n_inputs
    if n_inputs % 2:
        raise ArgumentError(
            f"{activation} multiplies one half of a layer's units by the sigmoids of the other: their number must be "
            f"even, not {n_inputs}"
        )
    return n_inputs // 2


def activation_name(activation: object, **numbers: object) -> str:
    """Return the name of an activation as the tables know it; None means linear.

    Parameters
    ----------
    activation : str, Activation or None
    **numbers : float
        Those in its formula, if they are not behind the name.

    Raises
    ------
    UnknownNameError
        If there is no such activation.
    ArgumentError
        If these are not the numbers that it takes.

    Examples
    --------
    >>> activation_name("swish")
    'silu'
    >>> activation_name("threshold", threshold=0.5, default_value=-1)
    'threshold(0.5, -1.0)'
    >>> activation_name("leaky_relu", negative_slope=0.1), activation_name("leaky_relu(0.2)")
    ('leaky_relu(0.1)', 'leaky_relu')
    """
    if activation is None:
        return "linear"
    # Layers that are activations have a key.
    key = None if isinstance(activation, type) else getattr(activation, "key", activation)
    if not isinstance(key, str):
        given = type(activation).__name__
        if isinstance(activation, type):
            given = f"the class {activation.__name__}"
        raise ArgumentError(
            "activation must be a name, a layer such as LeakyReLU(0.1), or Activation(forward, derivative) of your own "
            f"functions, not {given}"
        )
    activation = key
    if is_own(activation):
        return known_key(activation)
    given, opened, behind = activation.partition("(")
    name = _ALIASES.get(given, given)
    if name not in ACTIVATIONS:
        raise unknown_name("activation", given, ACTIVATIONS)
    if opened:
        if numbers:
            raise _other_numbers(name, numbers)
        numbers = _from_text(name, behind)
    usual = NUMBERS.get(name, {})
    needed = {each for each, number in usual.items() if number is None}
    if not needed <= set(numbers) <= set(usual):
        raise _other_numbers(name, numbers)
    chosen = {
        each: _number(each, numbers.get(each, number), number, _BOUNDS.get(name, {}))
        for each, number in usual.items()
    }
    if chosen == usual:
        return _PLAIN.get(name, name)
    text = f"{name}({', '.join(map(repr, chosen.values()))})"
    return _PLAIN.get(text, text)


def _number(name: str, given: object, usual: float | None, bounds: Mapping[str, float]) -> float:
    """One of a formula's numbers; it is finite, or what it usually is"""
    return inf if given == usual == inf else real_number(name, given, **bounds)


def _from_text(name: str, behind: str) -> dict[str, object]:
    """The numbers of a formula as they are written behind the opening bracket"""
    try:
        numbers = [float(text) for text in behind.removesuffix(")").split(",")]
        names = list(NUMBERS.get(name, ()))[: len(numbers)]
        return dict(zip(names, numbers, strict=True))
    except ValueError:
        raise _other_numbers(name, ()) from None


def _other_numbers(name: str, given: Iterable[str]) -> ArgumentError:
    if name not in NUMBERS:
        return ArgumentError(f"activation {name!r} takes no {', '.join(given) or 'numbers'}")
    wanted = NUMBERS[name]
    example = ", ".join("0.5" for _ in wanted)
    spelled = ", ".join(f"{each}=0.5" for each in wanted)
    return ArgumentError(
        f'activation {name!r} takes {" and ".join(wanted)}: write "{name}({example})" or '
        f'Activation("{name}", {spelled})'
    )
