"""What `compile` was given, looked at together: what cannot learn is refused before it is tried."""

import re
from collections.abc import Iterable

from fastbp.errors import ArgumentError
from fastbp.nn import PROBABILITIES, LossFunction, Stack
from fastbp.nn.activations import name_and_numbers
from fastbp.optimizers import Muon, Optimizer

#: Activations whose outputs may be below 0 or, where they are 0, have no gradient: no probabilities.
_NO_PROBABILITIES = (
    "linear",
    "relu",
    "leaky_relu",
    "elu",
    "celu",
    "selu",
    "gelu",
    "gelu_tanh",
    "silu",
    "mish",
    "tanh",
    "softsign",
    "hard_silu",
    "hard_tanh",
    "soft_shrink",
    "hard_shrink",
    "tanh_shrink",
    "log_sigmoid",
    "log_softmax",
)
#: Activations whose outputs have no side of 0 to turn to.
_ONE_SIDED = ("relu", "relu6")
#: Activations whose outputs are never above 0.
_NEVER_POSITIVE = ("log_sigmoid", "log_softmax")


def check_loss(loss: LossFunction, stack: Stack) -> None:
    """Whether a loss goes with what the model ends in.

    Raises
    ------
    ArgumentError
        If it can learn nothing from these outputs, or almost surely not what is meant.
    """
    if stack.n_outputs < loss.n_outputs_least:
        raise ArgumentError(_too_few_outputs(loss.kind))
    ending = stack.output_activation
    reach = _range_of(ending)
    if loss.output_activation is not None:
        if reach in PROBABILITIES:
            raise ArgumentError(
                f"the loss {loss.kind!r} has from_logits=True, but the model ends in a {ending}, which makes "
                f"probabilities of the logits: leave one of both away (after a {loss.probability} the loss is computed "
                "from the logits anyway)"
            )
        if reach in _ONE_SIDED:
            raise ArgumentError(
                f"the loss {loss.kind!r} has from_logits=True, but the model ends in a {ending}, below which no logit "
                f"can fall: end it in 'linear'"
            )
    elif loss.probability is not None and reach in _NO_PROBABILITIES:
        raise ArgumentError(
            f"the loss {loss.kind!r} takes probabilities, but the model ends in {ending!r}: end it in "
            f"{loss.probability!r}"
            + (
                f", or give the loss from_logits=True, as in {type(loss).__name__}(from_logits=True)"
                if ending in ("linear", "log_softmax")
                else ""
            )
        )
    if loss.takes_logarithms and ending in _NEVER_POSITIVE:
        raise ArgumentError(
            f"the loss {loss.kind!r} takes logarithms of the outputs, but those of {ending!r} are never positive: end "
            "the model in 'softmax', 'softplus' or 'exponential'"
        )


def _range_of(ending: str) -> str:
    """The name of an activation that lets as much pass as this one, which may have numbers in its formula"""
    name, numbers = name_and_numbers(ending)
    if name != "relu" or not numbers:
        return name
    slope, most, _ = numbers
    if slope:
        return "leaky_relu"
    return "relu" if most > 1.0 else "hard_sigmoid"


def _too_few_outputs(loss: str) -> str:
    if loss == "cosine_similarity":
        return (
            "the loss 'cosine_similarity' of one output is the same whatever its size: it needs two or more, and one "
            "number is learned by 'mean_squared_error'"
        )
    other = "'hinge'" if "hinge" in loss else "'binary_crossentropy' after a sigmoid"
    return (
        f"the loss {loss!r} needs an output for every class, but the model has one output; "
        f"two classes and one output go with {other}"
    )


def check_optimizer(optimizer: Optimizer, weight_names: Iterable[str]) -> None:
    """Whether an optimizer finds the weights that it names.

    Raises
    ------
    ArgumentError
        If it excludes a layer that is not there.
    """
    if not isinstance(optimizer, Muon):
        return
    names = tuple(weight_names)
    for expression in optimizer.exclude_layers or ():
        if not any(re.search(expression, name) for name in names):
            raise ArgumentError(
                f"Muon's exclude_layers has {expression!r}, which none of the model's weights is called: "
                f"{', '.join(names)}; name the layer, as in Dense(10, name={expression!r})"
            )
