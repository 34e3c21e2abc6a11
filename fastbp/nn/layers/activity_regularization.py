"""A penalty on numbers that pass between two layers."""

from dataclasses import dataclass
from typing import ClassVar

from fastbp.nn.layers.layer import Layer
from fastbp.nn.regularizers import Regularizer
from fastbp.specification import choose


@dataclass(frozen=True, init=False)
class ActivityRegularization(Layer):
    """Passes inputs x on, and adds ``l1 sum |x| + l2 sum x**2`` of a sample, on average over the batch, to the loss.

    Keras's `activity_regularizer` of a layer is the same behind that layer; sample weights do not enter it. Behind a
    softmax or a sigmoid at the end it needs the probabilities: a cross-entropy is then computed from them, not from the
    logits, and is as large as for a probability of 1e-7 at most.

    Parameters
    ----------
    l1, l2 : float, at least 0, default 0.0
        The strengths.
    name : str, optional
        Shown in `summary`.

    Raises
    ------
    ArgumentError
        If a strength is negative or not finite.

    References
    ----------
    Keras 3's `keras.layers.ActivityRegularization`.

    Examples
    --------
    >>> ActivityRegularization(l2=0.01)
    ActivityRegularization(name=None, l1=0.0, l2=0.01)
    """

    keeps_shape: ClassVar[bool] = True

    l1: float
    l2: float

    def __init__(self, l1: float = 0.0, l2: float = 0.0, name: str | None = None) -> None:
        self._choose_name(name)
        penalty = Regularizer(l1, l2)
        choose(self, l1=penalty.l1, l2=penalty.l2)

    @property
    def activity_regularizer(self) -> Regularizer:
        """Its strengths."""
        return Regularizer(self.l1, self.l2)
