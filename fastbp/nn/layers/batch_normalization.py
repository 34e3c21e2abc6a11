"""The layer that brings each feature to mean 0 and variance 1 over the batch."""

from collections.abc import Sequence
from dataclasses import dataclass

from fastbp.nn.initializers import initializer_of_vector
from fastbp.nn.initializers.initializer import Initializer
from fastbp.nn.layers.feature_scaling import (
    ConstraintLike,
    FeatureScaling,
    InitializerLike,
    RegularizerLike,
)
from fastbp.nn.layers.layer import Weight
from fastbp.specification import choose, real_number


@dataclass(frozen=True, init=False)
class BatchNormalization(FeatureScaling):
    """``gamma * (inputs - mean) / sqrt(variance + epsilon) + beta``, feature by feature (Ioffe and Szegedy 2015).

    In training, mean and variance are those of the batch (the variance divided by the number of its samples, which all
    count alike), and each step moves the moving ones: ``moving = momentum * moving + (1 - momentum) * batch``.
    `evaluate` and `predict` take the moving ones. So does training where the layer is not trainable, and then it moves
    none of the weights.

    The weights are gamma, beta, the moving mean and the moving variance, (n_features,) each; the last two are not
    trained by gradients.

    Parameters
    ----------
    axis : int, default -1
        That of the features; there is no other.
    momentum : float, default 0.99
        What share of the moving statistics a step leaves, in [0, 1].
    epsilon : float, default 1e-3
        Added to the variance.
    center, scale : bool, default True
        Whether there are beta and gamma.
    beta_initializer, gamma_initializer : str or Initializer, default "zeros", "ones"
        How they start.
    moving_mean_initializer, moving_variance_initializer : str or Initializer, default "zeros", "ones"
        How the moving statistics start.
    beta_regularizer, gamma_regularizer : str, Regularizer or None
        A penalty that is added to the loss.
    beta_constraint, gamma_constraint : str, Constraint or None
        What the array is brought back to after each update: see `fastbp.constraints`.
    name : str, optional
        Shown in `summary`.
    trainable : bool, default True
        Whether training changes the layer at all.

    Raises
    ------
    ArgumentError
        If the axis is another one, epsilon is negative, or momentum is outside [0, 1].

    References
    ----------
    Ioffe and Szegedy, "Batch normalization: accelerating deep network training by reducing internal covariate shift",
    2015.

    Examples
    --------
    >>> [(weight.name, weight.trained) for weight in BatchNormalization(center=False).weights(8)]
    [('gamma', True), ('moving_mean', False), ('moving_variance', False)]
    """

    momentum: float
    moving_mean_initializer: Initializer
    moving_variance_initializer: Initializer

    def __init__(
        self,
        axis: int | Sequence[int] = -1,
        momentum: float = 0.99,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: InitializerLike = "zeros",
        gamma_initializer: InitializerLike = "ones",
        moving_mean_initializer: InitializerLike = "zeros",
        moving_variance_initializer: InitializerLike = "ones",
        beta_regularizer: RegularizerLike = None,
        gamma_regularizer: RegularizerLike = None,
        beta_constraint: ConstraintLike = None,
        gamma_constraint: ConstraintLike = None,
        name: str | None = None,
        trainable: bool = True,
    ) -> None:
        self._choose_name(name)
        self._choose_scaling(
            axis,
            epsilon,
            center,
            scale,
            (beta_initializer, beta_regularizer, beta_constraint),
            (gamma_initializer, gamma_regularizer, gamma_constraint),
            trainable,
        )
        choose(
            self,
            momentum=real_number("momentum", momentum, minimum=0, maximum=1),
            moving_mean_initializer=initializer_of_vector("moving_mean", moving_mean_initializer),
            moving_variance_initializer=initializer_of_vector(
                "moving_variance", moving_variance_initializer
            ),
        )

    def weights(self, n_inputs: int) -> tuple[Weight, ...]:
        """Gamma and beta, as far as they are there, and the moving statistics."""
        mean, variance = self.moving_mean_initializer, self.moving_variance_initializer
        return (
            *super().weights(n_inputs),
            Weight("moving_mean", (n_inputs,), mean, False, n_inputs),
            Weight("moving_variance", (n_inputs,), variance, False, n_inputs),
        )
