"""What a loss is. What the losses compute is in fastbp/kernels; the formulas are Keras's.

A loss is the mean over a sample's outputs where its formula says mean, then the mean over the batch's samples; with
sample weights it is ``sum(weight * loss) / n_samples``, or the mean by weight (see `REDUCTIONS`). In the formulas y are
targets, p predictions, and epsilon 1e-7.
"""

from dataclasses import dataclass, field
from typing import ClassVar, Literal

from fastbp.errors import ArgumentError
from fastbp.specification import Specification, check_name, choose

#: What the weighted sum over a batch is divided by: the number of samples, or the sum of their weights. By the second,
#: a sample of weight 0 is as good as left out, and one of weight 2 as good as two.
REDUCTIONS = ("sum_over_batch_size", "mean_with_sample_weight")


@dataclass(frozen=True)
class LossFunction(Specification):
    """A loss to minimize.

    Parameters
    ----------
    reduction : {"sum_over_batch_size", "mean_with_sample_weight"}, default "sum_over_batch_size"
        By keyword: what is done with sample weights, ``sum(weight * loss) / n_samples`` or ``sum(weight * loss) /
        sum(weight)``, where 0 is made of weights that are all 0.
    name : str, optional
        By keyword: the key in `History.history` where the loss is one of the metrics, as in Keras; as what is minimized
        it is "loss" there. None means `kind`.

    Attributes
    ----------
    kind : str
        The name that the kernels know it by, and users where they give a name instead of an object.
    targets : {"dense", "classes"}
        Whether a sample's target is a number for every output, or the number of the right class.
    target_range : tuple of float or None
        Between which numbers targets must lie.
    target_signs : bool
        Whether targets are -1 and 1, or 0 and 1.
    probability : str or None
        The activation that makes the loss's probabilities of logits.
    takes_logarithms : bool
        Whether it takes the logarithm of outputs as they are.
    n_outputs_least : int
        The fewest outputs with which the loss means anything.

    Raises
    ------
    ArgumentError
        If there is no such reduction, the name is no string, or a number in the formula is out of its range.
    """

    kind: ClassVar[str]
    targets: ClassVar[Literal["dense", "classes"]] = "dense"
    target_range: ClassVar[tuple[float, float] | None] = None
    target_signs: ClassVar[bool] = False
    probability: ClassVar[str | None] = None
    takes_logarithms: ClassVar[bool] = False
    n_outputs_least: ClassVar[int] = 1

    reduction: str = field(default=REDUCTIONS[0], kw_only=True, repr=False)
    name: str | None = field(default=None, kw_only=True, repr=False)

    def __post_init__(self) -> None:
        check_name(self.name)
        if self.name is None:
            choose(self, name=self.kind)
        if self.reduction not in REDUCTIONS:
            raise ArgumentError(
                f"the loss of a batch is a mean over its samples, {' or '.join(map(repr, REDUCTIONS))}: there is no "
                f"other reduction, such as {self.reduction!r}; a factor goes into sample_weight or the learning rate"
            )

    @property
    def by_weight(self) -> bool:
        """Whether the mean over samples is one by their weights."""
        return self.reduction == "mean_with_sample_weight"

    @property
    def numbers(self) -> tuple[float, ...]:
        """The numbers in the formula, as the kernels take them."""
        return ()

    @property
    def label_smoothing(self) -> float:
        """The share of a target that goes to all classes alike."""
        return 0.0

    @property
    def output_activation(self) -> str | None:
        """What is applied to the model's outputs first; None where they are taken as they are."""
        return None
