"""What a program is asked to do, without saying how."""

from dataclasses import dataclass

from fastbp.nn.metrics.counting import Counting
from fastbp.optimizers.gathering import Gathering


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
    gathering : Gathering or None
        What is done with all gradients before the rule.
    training : bool
        Whether layers do what they do in training alone; so it is in all programs with an update rule.
    """

    batch: int
    inputs: InputKind
    targets: str | None = None
    weights: str | None = None
    rule: str | None = None
    predict: bool = False
    gathering: Gathering | None = None
    training: bool = False


@dataclass(frozen=True)
class Measure:
    """What a metric needs.

    Attributes
    ----------
    kind : str
        What is computed; ``"sample_weight"``, the last before those with cells, is the weight itself.
    numbers : tuple of float
        Those in the formula.
    weighted : bool
        Whether samples count by their weights.
    cells : int
        How many of the epoch's sums its kernel adds to by itself; 0 where it gives a number for each sample. Those
        with cells come last.
    counting : Counting or None
        Of which outputs and targets; the numbers are the thresholds.
    """

    kind: str
    numbers: tuple[float, ...] = ()
    weighted: bool = False
    cells: int = 0
    counting: Counting | None = None


@dataclass(frozen=True)
class Goal:
    """What the network is trained and judged by.

    Attributes
    ----------
    loss : str
        The name of the loss.
    sparse : bool
        Whether targets are class numbers.
    metrics : tuple of Measure
    numbers : tuple of float
        Those in the loss's formula.
    label_smoothing : float
        The share of a target that goes to all classes alike; the loss alone sees it.
    output_activation : str or None
        What is applied to the outputs before they are judged: the network gives logits.
    by_weight : bool
        Whether the loss is a mean by the sample weights, where there are some.
    """

    loss: str
    sparse: bool
    metrics: tuple[Measure, ...] = ()
    numbers: tuple[float, ...] = ()
    label_smoothing: float = 0.0
    output_activation: str | None = None
    by_weight: bool = False
