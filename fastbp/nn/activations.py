"""The activations, by name. What they compute is in fastbp/kernels."""

from fastbp.errors import ArgumentError, unknown_name

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


def activation_name(activation: str | None) -> str:
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
    if not isinstance(activation, str):
        raise ArgumentError(f"activation must be a name, not {type(activation).__name__}")
    name = _ALIASES.get(activation, activation)
    if name not in ACTIVATIONS:
        raise unknown_name("activation", activation, ACTIVATIONS)
    return name
