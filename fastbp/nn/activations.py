"""The activations, by name. What they compute is in fastbp/kernels."""

from fastbp.errors import ArgumentError, unknown_name
from fastbp.kernels.names import is_own

ACTIVATIONS = (
    "linear",
    "relu",
    "leaky_relu",
    "elu",
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
)

#: Those in which each output depends on all others.
OF_ALL_OUTPUTS = ("softmax", "log_softmax")

_ALIASES = {
    "swish": "silu",
    "hard_swish": "hard_silu",
    # With Keras's alpha of 1 it is the same function.
    "celu": "elu",
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


def activation_name(activation: object) -> str:
    """Return the name of an activation as the tables know it; None means linear.

    Raises
    ------
    UnknownNameError
        If there is no such activation.

    Examples
    --------
    >>> activation_name("swish")
    'silu'
    """
    if activation is None:
        return "linear"
    # An Activation has one.
    activation = getattr(activation, "key", activation)
    if not isinstance(activation, str):
        raise ArgumentError(
            f"activation must be a name, or Activation(forward, derivative) of your own functions, not "
            f"{type(activation).__name__}"
        )
    if is_own(activation):
        return known_key(activation)
    name = _ALIASES.get(activation, activation)
    if name not in ACTIVATIONS:
        raise unknown_name("activation", activation, ACTIVATIONS)
    return name
