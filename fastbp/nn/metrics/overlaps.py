"""Intersections over unions: the true positives by all that is predicted, or is there."""

from collections.abc import Iterable

from fastbp.errors import ArgumentError
from fastbp.nn.metrics.counting import Counting
from fastbp.nn.metrics.metric import Metric
from fastbp.specification import real_number, truth_value, whole_number


class BinaryIoU(Metric):
    """The mean over both labels of ``TP / (TP + FP + FN)``, those without a union left away.

    Parameters
    ----------
    target_class_ids : iterable of int, default (0, 1)
        The labels: 1 where a target is above 1/2, and is predicted where an output is above the threshold; else 0.
    threshold : float in [0, 1], default 0.5
    name : str, default "binary_io_u"
        Keras's.

    Raises
    ------
    ArgumentError
        If a number is out of its range, or a class comes twice; `compile` refuses another number of outputs.

    References
    ----------
    Jaccard, "The distribution of the flora in the alpine zone", 1912; Keras 3's `keras.metrics.BinaryIoU`.
    """

    def __init__(
        self,
        target_class_ids: Iterable[int] = (0, 1),
        threshold: float = 0.5,
        name: str = "binary_io_u",
    ) -> None:
        counting = Counting((real_number("threshold", threshold, minimum=0, maximum=1),))
        super().__init__(name, "binary_iou", _labels(target_class_ids, 2), counting=counting)


class OneHotIoU(Metric):
    """The mean over some classes of ``TP / (TP + FP + FN)``, where the largest output is what is predicted.

    Parameters
    ----------
    num_classes : int
        The outputs of the model.
    target_class_ids : iterable of int
        The classes. Those that are neither there nor predicted are left away.
    name : str, default "one_hot_io_u"
        Keras's.

    Raises
    ------
    ArgumentError
        If a number is out of its range, or a class comes twice; `compile` refuses another number of outputs.

    References
    ----------
    Jaccard, "The distribution of the flora in the alpine zone", 1912; Keras 3's `keras.metrics.OneHotIoU`.
    """

    def __init__(
        self, num_classes: int, target_class_ids: Iterable[int], name: str = "one_hot_io_u"
    ) -> None:
        n = whole_number("num_classes", num_classes, minimum=2)
        counting = Counting(apart=True, top_k=1, n_outputs=n)
        super().__init__(name, "one_hot_iou", _labels(target_class_ids, n), counting=counting)


class OneHotMeanIoU(Metric):
    """As `OneHotIoU`, over all classes: the mean of ``TP / (TP + FP + FN)``.

    Parameters
    ----------
    num_classes : int
        The outputs of the model.
    name : str, default "one_hot_mean_io_u"
        Keras's.

    Raises
    ------
    ArgumentError
        If a number is out of its range, or a class comes twice; `compile` refuses another number of outputs.

    References
    ----------
    Jaccard, "The distribution of the flora in the alpine zone", 1912; Keras 3's `keras.metrics.OneHotMeanIoU`.
    """

    def __init__(self, num_classes: int, name: str = "one_hot_mean_io_u") -> None:
        n = whole_number("num_classes", num_classes, minimum=2)
        super().__init__(name, "one_hot_iou", counting=Counting(apart=True, top_k=1, n_outputs=n))


class IoU(Metric):
    """``TP / (TP + FP + FN)``, the mean over some classes: `OneHotIoU` with the settings of Keras's general form.

    Parameters
    ----------
    num_classes : int
        The outputs of the model.
    target_class_ids : iterable of int
        The classes. Those that are neither there nor predicted are left away.
    name : str, default "io_u"
        Keras's.
    ignore_class : None
        Keras's, which is not there: as one of the `weighted_metrics`, give such samples a `sample_weight` of 0.
    sparse_y_true : bool, default True
        Not looked at: whether targets are class numbers is said by the loss.
    sparse_y_pred : bool, default True
        Must be False, as a model gives a number for each class: the largest is what is predicted.

    Raises
    ------
    ArgumentError
        If `sparse_y_pred` is not False, there is an `ignore_class`, a number is out of its range, or a class comes
        twice; `compile` refuses another number of outputs.

    References
    ----------
    Jaccard, "The distribution of the flora in the alpine zone", 1912; Keras 3's `keras.metrics.IoU`.

    Examples
    --------
    >>> IoU(3, [0, 2], sparse_y_pred=False).numbers
    (0.0, 2.0)
    """

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Iterable[int],
        name: str = "io_u",
        ignore_class: None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
    ) -> None:
        n = _n_classes(type(self).__name__, num_classes, ignore_class, sparse_y_pred)
        counting = Counting(apart=True, top_k=1, n_outputs=n)
        super().__init__(name, "one_hot_iou", _labels(target_class_ids, n), counting=counting)


class MeanIoU(IoU):
    """``TP / (TP + FP + FN)``, the mean over all classes: see `IoU`.

    Parameters
    ----------
    num_classes : int
        The outputs of the model.
    name : str, default "mean_io_u"
        Keras's.
    ignore_class, sparse_y_true, sparse_y_pred : default None, True, True
        As of `IoU`.

    Raises
    ------
    ArgumentError
        As `IoU`.

    References
    ----------
    Jaccard, "The distribution of the flora in the alpine zone", 1912; Keras 3's `keras.metrics.MeanIoU`.
    """

    def __init__(
        self,
        num_classes: int,
        name: str = "mean_io_u",
        ignore_class: None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
    ) -> None:
        n = _n_classes(type(self).__name__, num_classes, ignore_class, sparse_y_pred)
        super().__init__(n, range(n), name, ignore_class, sparse_y_true, sparse_y_pred)


def _n_classes(kind: str, num_classes: object, ignore_class: object, of_classes: object) -> int:
    if ignore_class is not None:
        raise ArgumentError(
            f"ignore_class of {kind} is not supported: make it one of the weighted_metrics, and give the samples of "
            "that class a sample_weight of 0"
        )
    if truth_value("sparse_y_pred", of_classes):
        raise ArgumentError(
            f"{kind} needs sparse_y_pred=False: a model gives a number for each class, of which the largest is "
            "predicted, not the number of a class"
        )
    return whole_number("num_classes", num_classes, minimum=2)


def _labels(target_class_ids: Iterable[int], n: int) -> tuple[float, ...]:
    chosen = [whole_number("target_class_ids", each, minimum=0) for each in target_class_ids]
    if not chosen or max(chosen) >= n or len(set(chosen)) < len(chosen):
        raise ArgumentError(
            f"target_class_ids must be different numbers below {n}, the classes, not {chosen}"
        )
    return tuple(float(each) for each in chosen)
