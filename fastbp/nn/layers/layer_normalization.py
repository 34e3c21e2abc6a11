"""The layer that brings the outputs of each sample to mean 0 and variance 1."""

from collections.abc import Sequence
from dataclasses import dataclass

from fastbp.nn.layers.feature_scaling import (
    ConstraintLike,
    FeatureScaling,
    InitializerLike,
    RegularizerLike,
)
from fastbp.nn.layers.layer import Weight
from fastbp.specification import choose, truth_value


@dataclass(frozen=True, init=False)
class LayerNormalization(FeatureScaling):
    """``gamma * (inputs - mean) / sqrt(variance + epsilon) + beta``, sample by sample, over its features.

    The variance is that over all features, divided by their number (Ba, Kiros and Hinton 2016). The weights are gamma
    and beta, (n_features,) each.

    Parameters
    ----------
    axis : int, default -1
        That of the features; there is no other.
    epsilon : float, default 1e-3
        Added to the variance.
    center, scale : bool, default True
        Whether there are beta and gamma.
    rms_scaling : bool, default False
        Whether inputs are only scaled, not centered: ``gamma * inputs / sqrt(variance + epsilon)``. There is no beta
        then, and a gamma always. As in Keras it is the variance about the mean that counts, so this is not the
        normalization by the root mean square.
    beta_initializer, gamma_initializer : str or Initializer, default "zeros", "ones"
        How they start.
    beta_regularizer, gamma_regularizer : str, Regularizer or None
        A penalty that is added to the loss.
    beta_constraint, gamma_constraint : str, Constraint or None
        What the array is brought back to after each update: see `fastbp.constraints`.
    name : str, optional
        Shown in `summary`.
    trainable : bool, default True
        Whether training changes gamma and beta.

    Raises
    ------
    ArgumentError
        If the axis is another one, or epsilon is negative.

    References
    ----------
    Ba, Kiros and Hinton, "Layer normalization", 2016.

    Examples
    --------
    >>> [weight.name for weight in LayerNormalization().weights(8)]
    ['gamma', 'beta']
    """

    rms_scaling: bool

    def __init__(
        self,
        axis: int | Sequence[int] = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        rms_scaling: bool = False,
        beta_initializer: InitializerLike = "zeros",
        gamma_initializer: InitializerLike = "ones",
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
        choose(self, rms_scaling=truth_value("rms_scaling", rms_scaling))

    def weights(self, n_inputs: int) -> tuple[Weight, ...]:
        """Gamma and beta, as far as they are there."""
        return (self._gamma(n_inputs),) if self.rms_scaling else super().weights(n_inputs)
