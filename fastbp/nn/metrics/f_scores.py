"""Means of precision and recall, of each class or over the classes."""

from fastbp.errors import ArgumentError
from fastbp.nn.metrics.counting import Counting
from fastbp.nn.metrics.metric import Metric
from fastbp.specification import one_of, real_number

_AVERAGES = ("micro", "macro", "weighted")


class FBetaScore(Metric):
    """``(1 + beta**2) precision recall / (beta**2 precision + recall)``, of each class.

    Parameters
    ----------
    average : {None, "micro", "macro", "weighted"}, default None
        None: the figure is a list with the score of each output; of a model with one output it is a number. "micro":
        all outputs are counted together. "macro": the mean over the outputs. "weighted": that mean, each weighing as
        much as there are targets of it.
    beta : float, default 1.0
        Above 0: how many times as much `Recall` weighs as `Precision`.
    threshold : float in (0, 1], optional
        An output above it is predicted. None: the largest output of a sample is, of equals the first; the one output of
        a model with one, if it is above 1/2.
    name : str, default "fbeta_score"

    Raises
    ------
    ArgumentError
        If there is no such average, or a number is out of its range.

    Notes
    -----
    Targets above 1/2 are positive; class numbers do, too. A score is 0 where nothing is right.

    References
    ----------
    van Rijsbergen, "Information retrieval", 1979, chapter 7; Keras 3's `keras.metrics.FBetaScore`.

    Examples
    --------
    >>> FBetaScore("macro", 2.0).numbers
    (2.0,)
    """

    def __init__(
        self,
        average: str | None = None,
        beta: float = 1.0,
        threshold: float | None = None,
        name: str = "fbeta_score",
    ) -> None:
        _score(self, "fbeta_score", average, real_number("beta", beta, above=0), threshold, name)


class F1Score(Metric):
    """``2 precision recall / (precision + recall)``, of each class: `FBetaScore` with a beta of 1.

    Parameters
    ----------
    average : {None, "micro", "macro", "weighted"}, default None
        As of `FBetaScore`.
    threshold : float in (0, 1], optional
        As of `FBetaScore`.
    name : str, default "f1_score"
        The key in `History.history`.

    Raises
    ------
    ArgumentError
        If there is no such average, or a number is out of its range.

    References
    ----------
    van Rijsbergen, "Information retrieval", 1979, chapter 7; Keras 3's `keras.metrics.F1Score`.
    """

    def __init__(
        self, average: str | None = None, threshold: float | None = None, name: str = "f1_score"
    ) -> None:
        _score(self, "f1_score", average, 1.0, threshold, name)


def _score(
    metric: Metric,
    micro: str,
    average: object,
    beta: float,
    threshold: float | None,
    name: str,
) -> None:
    if isinstance(average, (int, float)):
        raise ArgumentError(
            f"average must be None, 'micro', 'macro' or 'weighted', not {average!r}; for all outputs together at this "
            f"threshold write average='micro', threshold={average!r}"
        )
    if average is not None:
        average = one_of("average", average, _AVERAGES)
    if threshold is not None:
        threshold = real_number("threshold", threshold, above=0, maximum=1)
    if average == "micro":
        counting = None if threshold is not None else Counting(top_k=1)
        numbers = (0.5 if threshold is None else threshold, beta)
        Metric.__init__(metric, name, micro, numbers, counting=counting)
        return
    chosen = Counting(top_k=1, apart=True) if threshold is None else Counting((threshold,), True)
    kind = f"fbeta_score_{average or 'of_classes'}"
    Metric.__init__(metric, name, kind, (beta,), counting=chosen)
