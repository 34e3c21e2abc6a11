"""The losses. What they compute is in fastbp/kernels; the formulas are Keras's.

A loss is the mean over a sample's outputs where its formula says mean, then the mean over the batch's samples; with
sample weights it is ``sum(weight * loss) / n_samples``. In the formulas y are targets, p predictions, and epsilon 1e-7.
"""

from dataclasses import dataclass
from typing import ClassVar, Literal

from fastbp.specification import Family, Specification, choose, real_number, truth_value


@dataclass(frozen=True)
class Loss(Specification):
    """A loss to minimize.

    Attributes
    ----------
    name : str
        The name that the kernels and the model file know it by.
    targets : {"dense", "classes"}
        Whether a sample's target is a number for every output, or the number of the right class.
    target_range : tuple of float or None
        Between which numbers targets must lie.
    target_signs : bool
        Whether targets are -1 and 1, or 0 and 1.
    probability : str or None
        The activation that makes the loss's probabilities of logits.
    n_outputs_least : int
        The fewest outputs with which the loss means anything.
    """

    name: ClassVar[str]
    targets: ClassVar[Literal["dense", "classes"]] = "dense"
    target_range: ClassVar[tuple[float, float] | None] = None
    target_signs: ClassVar[bool] = False
    probability: ClassVar[str | None] = None
    n_outputs_least: ClassVar[int] = 1

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


# --- errors ---


@dataclass(frozen=True)
class MeanSquaredError(Loss):
    """``mean((y - p)**2)``."""

    name = "mean_squared_error"


@dataclass(frozen=True)
class MeanAbsoluteError(Loss):
    """``mean(|y - p|)``."""

    name = "mean_absolute_error"


@dataclass(frozen=True)
class MeanAbsolutePercentageError(Loss):
    """``100 * mean(|y - p| / max(|y|, epsilon))``."""

    name = "mean_absolute_percentage_error"


@dataclass(frozen=True)
class MeanSquaredLogarithmicError(Loss):
    """``mean((log(1 + max(y, epsilon)) - log(1 + max(p, epsilon)))**2)``."""

    name = "mean_squared_logarithmic_error"


@dataclass(frozen=True)
class Huber(Loss):
    """The mean of ``e**2 / 2`` where ``|e| <= delta``, of ``delta * (|e| - delta / 2)`` elsewhere, with ``e = y - p``.

    Parameters
    ----------
    delta : float, default 1.0
        Above 0: where the square ends.

    References
    ----------
    Huber, "Robust estimation of a location parameter", 1964.

    Examples
    --------
    >>> Huber(delta=2)
    Huber(delta=2.0)
    """

    name = "huber"
    delta: float = 1.0

    def __post_init__(self) -> None:
        choose(self, delta=real_number("delta", self.delta, above=0))

    @property
    def numbers(self) -> tuple[float, ...]:
        """``(delta,)``"""
        return (self.delta,)


@dataclass(frozen=True)
class LogCosh(Loss):
    """``mean(log(cosh(p - y)))``."""

    name = "log_cosh"


@dataclass(frozen=True)
class Quantile(Loss):
    """``mean(max(q * (y - p), (q - 1) * (y - p)))``, least where a share q of the targets is below the prediction.

    Parameters
    ----------
    quantile : float in (0, 1), default 0.5
        The q of the formula; 0.5 gives the median, at half of `MeanAbsoluteError`.

    References
    ----------
    Koenker and Bassett, "Regression quantiles", 1978. Not in Keras.

    Examples
    --------
    >>> Quantile(0.9)
    Quantile(quantile=0.9)
    """

    name = "quantile"
    quantile: float = 0.5

    def __post_init__(self) -> None:
        choose(self, quantile=real_number("quantile", self.quantile, above=0, below=1))

    @property
    def numbers(self) -> tuple[float, ...]:
        """``(quantile,)``"""
        return (self.quantile,)


@dataclass(frozen=True)
class Poisson(Loss):
    """``mean(p - y * log(p + epsilon))`` for counts y; p must be positive, as after an "exponential" or "softplus"."""

    name = "poisson"
    target_range = (0.0, float("inf"))


@dataclass(frozen=True)
class CosineSimilarity(Loss):
    """``-sum(y * p) / (|y| * |p|)``, where a length below epsilon counts as epsilon."""

    name = "cosine_similarity"


# --- margins ---


@dataclass(frozen=True)
class Hinge(Loss):
    """``mean(max(0, 1 - y * p))`` for targets -1 and 1; 0 and 1 mean the same."""

    name = "hinge"
    target_signs = True


@dataclass(frozen=True)
class SquaredHinge(Loss):
    """``mean(max(0, 1 - y * p)**2)`` for targets -1 and 1; 0 and 1 mean the same."""

    name = "squared_hinge"
    target_signs = True


@dataclass(frozen=True)
class CategoricalHinge(Loss):
    """``max(0, 1 + max((1 - y) * p) - sum(y * p))`` for one-hot targets."""

    name = "categorical_hinge"
    target_range = (0.0, 1.0)
    n_outputs_least = 2


# --- probabilities ---


@dataclass(frozen=True)
class KLDivergence(Loss):
    """``sum(y * log(y / p))``, y and p kept in [epsilon, 1]."""

    name = "kl_divergence"
    target_range = (0.0, 1.0)


@dataclass(frozen=True)
class _OfProbabilities(Loss):
    """What the cross-entropies share: probabilities may be given as logits, and targets smoothed"""

    target_range = (0.0, 1.0)
    from_logits: bool = False
    label_smoothing: float = 0.0

    def __post_init__(self) -> None:
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

    Examples
    --------
    >>> BinaryCrossentropy(label_smoothing=0.1)
    BinaryCrossentropy(from_logits=False, label_smoothing=0.1)
    """

    name = "binary_crossentropy"
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
    """

    name = "categorical_crossentropy"
    probability = "softmax"
    n_outputs_least = 2


@dataclass(frozen=True)
class SparseCategoricalCrossentropy(_OfProbabilities):
    """``-log(p[y])`` for class numbers y = 0, 1, ...; computed from logits after a softmax layer.

    Parameters
    ----------
    from_logits : bool, default False
        As for `CategoricalCrossentropy`.
    label_smoothing : float in [0, 1), default 0.0
        As for `CategoricalCrossentropy` on one-hot targets. Keras has it there only.
    """

    name = "sparse_categorical_crossentropy"
    targets = "classes"
    probability = "softmax"
    n_outputs_least = 2


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

    References
    ----------
    Lin, Goyal, Girshick, He and Dollar, "Focal loss for dense object detection", 2017.

    Examples
    --------
    >>> BinaryFocalCrossentropy(gamma=3).numbers
    (3.0, 1.0, 1.0)
    """

    name = "binary_focal_crossentropy"
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
    ) -> None:
        choose(
            self,
            apply_class_balancing=truth_value("apply_class_balancing", apply_class_balancing),
            alpha=real_number("alpha", alpha, minimum=0, maximum=1),
            gamma=real_number("gamma", gamma, minimum=0),
            from_logits=from_logits,
            label_smoothing=label_smoothing,
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

    References
    ----------
    Lin, Goyal, Girshick, He and Dollar, "Focal loss for dense object detection", 2017.
    """

    name = "categorical_focal_crossentropy"
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
    ) -> None:
        choose(
            self,
            alpha=real_number("alpha", alpha, minimum=0, maximum=1),
            gamma=real_number("gamma", gamma, minimum=0),
            from_logits=from_logits,
            label_smoothing=label_smoothing,
        )
        self.__post_init__()

    @property
    def numbers(self) -> tuple[float, ...]:
        """``(gamma, alpha)``"""
        return self.gamma, self.alpha


LOSSES: Family[Loss] = Family(
    "loss",
    Loss,
    {
        "mean_squared_error": MeanSquaredError,
        "mse": MeanSquaredError,
        "mean_absolute_error": MeanAbsoluteError,
        "mae": MeanAbsoluteError,
        "mean_absolute_percentage_error": MeanAbsolutePercentageError,
        "mape": MeanAbsolutePercentageError,
        "mean_squared_logarithmic_error": MeanSquaredLogarithmicError,
        "msle": MeanSquaredLogarithmicError,
        "huber": Huber,
        "log_cosh": LogCosh,
        "logcosh": LogCosh,
        "quantile": Quantile,
        "poisson": Poisson,
        "cosine_similarity": CosineSimilarity,
        "hinge": Hinge,
        "squared_hinge": SquaredHinge,
        "categorical_hinge": CategoricalHinge,
        "kl_divergence": KLDivergence,
        "kld": KLDivergence,
        "binary_crossentropy": BinaryCrossentropy,
        "bce": BinaryCrossentropy,
        "categorical_crossentropy": CategoricalCrossentropy,
        "sparse_categorical_crossentropy": SparseCategoricalCrossentropy,
        "binary_focal_crossentropy": BinaryFocalCrossentropy,
        "categorical_focal_crossentropy": CategoricalFocalCrossentropy,
    },
)
