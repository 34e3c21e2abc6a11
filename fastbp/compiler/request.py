"""What a program is asked to do, without saying how."""

from dataclasses import dataclass


@dataclass(frozen=True)
class InputKind:
    """How the samples lie in the caller's memory."""

    dtype: str
    in_place: bool  # rows of the arena's type, without normalization


@dataclass(frozen=True)
class Request:
    """What a program is to do.

    Attributes
    ----------
    batch : int
        Samples that it can take at once.
    inputs : InputKind
    targets, weights : str or None
        Types of the targets and sample weights in the caller's memory.
    rule : str or None
        The update rule, ``"store"`` to keep the gradients, None for no backward pass.
    predict : bool
        Whether outputs are handed to the caller.
    """

    batch: int
    inputs: InputKind
    targets: str | None = None
    weights: str | None = None
    rule: str | None = None
    predict: bool = False


@dataclass(frozen=True)
class Goal:
    """What the network is trained and judged by: the names of the loss and of the kinds of metrics."""

    loss: str
    sparse: bool  # targets are class numbers
    metrics: tuple[str, ...] = ()
