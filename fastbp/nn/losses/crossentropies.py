"""The cross-entropies, their focal kin and the divergence: losses of probabilities; the first take logits, too."""

from dataclasses import dataclass

from fastbp.errors import ArgumentError
from fastbp.nn.losses.loss import REDUCTIONS, LossFunction
from fastbp.specification import choose, real_number, truth_value


@dataclass(frozen=True)
class _OfProbabilities(LossFunction):
    """What the cross-entropies share: probabilities may be given as logits, and targets smoothed"""

    target_range = (0.0, 1.0)
    from_logits: bool = False
    label_smoothing: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        choose(
            self,
            from_logits=truth_value("from_logits", self.from_logits),
            label_smoothing=real_number(
                "label_smoothing", self.label_smoothing, minimum=0, below=1
            ),
        )

    @property
    def output_activation(self) -> str | None:
        return self.probability if self.from_logits else None


@dataclass(frozen=True)
class BinaryCrossentropy(_OfProbabilities):
    """``mean(-y log(p) - (1 - y) log(1 - p))``; computed from logits after a sigmoid layer.

    Parameters
    ----------
    from_logits : bool, default False
        Whether the model's outputs are logits: then ``p = sigmoid(output)``, for the metrics too.
    label_smoothing : float in [0, 1), default 0.0
        Targets become ``y * (1 - label_smoothing) + label_smoothing / 2``.
    reduction, name
        By keyword: see `LossFunction`.

    Raises
    ------
    ArgumentError
        If a number is out of its range, or a setting of `LossFunction` cannot be.

    References
    ----------
    Bishop, "Pattern recognition and machine learning", 2006, section 5.2.

    Examples
    --------
    >>> BinaryCrossentropy(label_smoothing=0.1)
    BinaryCrossentropy(from_logits=False, label_smoothing=0.1)
    """

    kind = "binary_crossentropy"
    probability = "sigmoid"


@dataclass(frozen=True)
class CategoricalCrossentropy(_OfProbabilities):
    """``-sum(y log(p))`` for targets one-hot or soft; computed from logits after a softmax layer.

    Parameters
    ----------
    from_logits : bool, default False
        Whether the model's outputs are logits: then ``p = softmax(outputs)``, for the metrics too.
    label_smoothing : float in [0, 1), default 0.0
        Targets become ``y * (1 - label_smoothing) + label_smoothing / n_classes`` (Szegedy et al., "Rethinking the
        Inception architecture", 2016).
    reduction, name
        By keyword: see `LossFunction`.

    Raises
    ------
    ArgumentError
        If a number is out of its range, or a setting of `LossFunction` cannot be.

    References
    ----------
    Bishop, "Pattern recognition and machine learning", 2006, section 5.2. Smoothing: Szegedy, Vanhoucke, Ioffe,
    Shlens and Wojna, "Rethinking the Inception architecture for computer vision", 2016.
    """

    kind = "categorical_crossentropy"
    probability = "softmax"
    n_outputs_least = 2


@dataclass(frozen=True, init=False)
class SparseCategoricalCrossentropy(_OfProbabilities):
    """``-log(p[y])`` for class numbers y = 0, 1, ...; computed from logits after a softmax layer.

    Parameters
    ----------
    from_logits : bool, default False
        As for `CategoricalCrossentropy`.
    ignore_class : None
        Keras's, which is not there: leave the samples out, or give them a `sample_weight` of 0.
    label_smoothing : float in [0, 1), default 0.0
        By keyword; as for `CategoricalCrossentropy` on one-hot targets. Keras has it there only.
    reduction, name
        By keyword: see `LossFunction`.

    Raises
    ------
    ArgumentError
        If there is an `ignore_class`, a number is out of its range, or a setting of `LossFunction` cannot be.

    References
    ----------
    Bishop, "Pattern recognition and machine learning", 2006, section 5.2, for one-hot targets.
    """

    kind = "sparse_categorical_crossentropy"
    targets = "classes"
    probability = "softmax"
    n_outputs_least = 2

    def __init__(
        self,
        from_logits: bool = False,
        ignore_class: None = None,
        *,
        label_smoothing: float = 0.0,
        reduction: str = REDUCTIONS[0],
        name: str | None = None,
    ) -> None:
        if ignore_class is not None:
            raise ArgumentError(
                "ignore_class is not supported: leave the samples of that class out, or give them a sample_weight of 0 "
                "(label_smoothing goes by keyword)"
            )
        choose(
            self,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            reduction=reduction,
            name=name,
        )
        self.__post_init__()


@dataclass(frozen=True, init=False)
class BinaryFocalCrossentropy(_OfProbabilities):
    """``mean(weight * (1 - q)**gamma * binary_crossentropy(y, p))`` with ``q = y p + (1 - y)(1 - p)``.

    What is already right counts little. The weight is ``alpha`` for a target 1 and ``1 - alpha`` for a target 0 with
    `apply_class_balancing`, else 1. Computed from logits after a sigmoid layer.

    Parameters
    ----------
    apply_class_balancing : bool, default False
    alpha : float in [0, 1], default 0.25
    gamma : float, default 2.0
        At least 0; 0 gives `BinaryCrossentropy`.
    from_logits, label_smoothing
        As for `BinaryCrossentropy`.
    reduction, name
        By keyword: see `LossFunction`.

    Raises
    ------
    ArgumentError
        If a number is out of its range, or a setting of `LossFunction` cannot be.

    References
    ----------
    Lin, Goyal, Girshick, He and Dollar, "Focal loss for dense object detection", 2017.

    Examples
    --------
    >>> BinaryFocalCrossentropy(gamma=3).numbers
    (3.0, 1.0, 1.0)
    """

    kind = "binary_focal_crossentropy"
    probability = "sigmoid"
    apply_class_balancing: bool = False
    alpha: float = 0.25
    gamma: float = 2.0

    def __init__(
        self,
        apply_class_balancing: bool = False,
        alpha: float = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        *,
        reduction: str = REDUCTIONS[0],
        name: str | None = None,
    ) -> None:
        choose(
            self,
            apply_class_balancing=truth_value("apply_class_balancing", apply_class_balancing),
            alpha=real_number("alpha", alpha, minimum=0, maximum=1),
            gamma=real_number("gamma", gamma, minimum=0),
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            reduction=reduction,
            name=name,
        )
        self.__post_init__()

    @property
    def numbers(self) -> tuple[float, ...]:
        """``(gamma, weight of a target 1, weight of a target 0)``"""
        if self.apply_class_balancing:
            return self.gamma, self.alpha, 1.0 - self.alpha
        return self.gamma, 1.0, 1.0


@dataclass(frozen=True, init=False)
class CategoricalFocalCrossentropy(_OfProbabilities):
    """``-sum(alpha * (1 - p)**gamma * y * log(p))`` for one-hot targets.

    Parameters
    ----------
    alpha : float in [0, 1], default 0.25
        One weight for all classes; Keras's list of weights is not supported.
    gamma : float, default 2.0
        At least 0.
    from_logits, label_smoothing
        As for `CategoricalCrossentropy`.
    reduction, name
        By keyword: see `LossFunction`.

    Raises
    ------
    ArgumentError
        If a number is out of its range, or a setting of `LossFunction` cannot be.

    References
    ----------
    Lin, Goyal, Girshick, He and Dollar, "Focal loss for dense object detection", 2017.
    """

    kind = "categorical_focal_crossentropy"
    probability = "softmax"
    n_outputs_least = 2
    alpha: float = 0.25
    gamma: float = 2.0

    def __init__(
        self,
        alpha: float = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        *,
        reduction: str = REDUCTIONS[0],
        name: str | None = None,
    ) -> None:
        choose(
            self,
            alpha=real_number("alpha", alpha, minimum=0, maximum=1),
            gamma=real_number("gamma", gamma, minimum=0),
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            reduction=reduction,
            name=name,
        )
        self.__post_init__()

    @property
    def numbers(self) -> tuple[float, ...]:
        """``(gamma, alpha)``"""
        return self.gamma, self.alpha


@dataclass(frozen=True)
class KLDivergence(LossFunction):
    """``sum(y * log(y / p))``, y and p kept in [epsilon, 1] with epsilon 1e-7: how far probabilities p are from y.

    Parameters
    ----------
    reduction, name
        By keyword: see `LossFunction`.

    Raises
    ------
    ArgumentError
        If there is no such reduction, or the name is no string.

    References
    ----------
    Kullback and Leibler, "On information and sufficiency", 1951; Keras 3's `keras.losses.KLDivergence`.
    """

    kind = "kl_divergence"
    target_range = (0.0, 1.0)
    takes_logarithms = True
