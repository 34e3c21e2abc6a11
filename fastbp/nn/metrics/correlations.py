"""How the outputs of a sample go with its targets."""

from collections.abc import Sequence

from fastbp.nn.metrics.metric import Metric
from fastbp.specification import last_axis


class PearsonCorrelation(Metric):
    """``cov(y, p) / ((sd(y) + epsilon) * (sd(p) + epsilon))`` of each sample, over its outputs; the mean over samples.

    Between -1 and 1, the best, with epsilon 1e-7; deviations are those divided by the number of outputs. It says
    nothing of one output alone, and a model with one is refused: `R2Score` looks at all samples together.

    Parameters
    ----------
    name : str, default "pearson_correlation"
        The key in `History.history`.
    axis : int, default -1
        That of the outputs; there is no other.

    Raises
    ------
    ArgumentError
        If the axis is another one; by `compile`, if the model has one output, or targets are class numbers.

    References
    ----------
    Keras 3's `keras.metrics.PearsonCorrelation`.

    Examples
    --------
    >>> PearsonCorrelation().name
    'pearson_correlation'
    """

    def __init__(self, name: str = "pearson_correlation", axis: int | Sequence[int] = -1) -> None:
        last_axis(axis)
        super().__init__(name, "pearson_correlation")


class ConcordanceCorrelation(Metric):
    """``2 cov(y, p) / (var(y) + var(p) + (mean(y) - mean(p))**2 + epsilon)`` of each sample; the mean over samples.

    Between -1 and 1, where outputs are the targets, with epsilon 1e-7. Over the outputs of a sample, as
    `PearsonCorrelation`.

    Parameters
    ----------
    name : str, default "concordance_correlation"
        The key in `History.history`.
    axis : int, default -1
        That of the outputs; there is no other.

    Raises
    ------
    ArgumentError
        As `PearsonCorrelation`.

    References
    ----------
    Lin, "A concordance correlation coefficient to evaluate reproducibility", 1989; Keras 3's
    `keras.metrics.ConcordanceCorrelation`.
    """

    def __init__(
        self, name: str = "concordance_correlation", axis: int | Sequence[int] = -1
    ) -> None:
        last_axis(axis)
        super().__init__(name, "concordance_correlation")
