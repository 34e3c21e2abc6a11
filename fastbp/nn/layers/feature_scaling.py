"""What layers have in common that normalize and then give each feature a scale and an offset of its own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastbp.nn.constraints import Constraint, constraint_or_none
from fastbp.nn.initializers import initializer_of_vector
from fastbp.nn.initializers.initializer import Initializer
from fastbp.nn.layers.layer import LayerWithWeights, Weight
from fastbp.nn.regularizers import Regularizer, regularizer_of_vector
from fastbp.specification import choose, last_axis, real_number, truth_value

#: What a layer takes as an initializer, a regularizer or a constraint.
InitializerLike = str | Initializer | Mapping[str, Any]
RegularizerLike = str | Regularizer | Mapping[str, Any] | None
ConstraintLike = str | Constraint | Mapping[str, Any] | None


@dataclass(frozen=True)
class FeatureScaling(LayerWithWeights):
    """A layer that ends with ``gamma * normalized + beta``, feature by feature."""

    axis: int
    epsilon: float
    center: bool
    scale: bool
    beta_initializer: Initializer
    gamma_initializer: Initializer
    beta_regularizer: Regularizer | None
    gamma_regularizer: Regularizer | None
    beta_constraint: Constraint | None
    gamma_constraint: Constraint | None

    def _choose_scaling(
        self,
        axis: int | Sequence[int],
        epsilon: float,
        center: bool,
        scale: bool,
        beta: tuple[InitializerLike, RegularizerLike, ConstraintLike],
        gamma: tuple[InitializerLike, RegularizerLike, ConstraintLike],
        trainable: bool,
    ) -> None:
        choose(
            self,
            axis=last_axis(axis),
            epsilon=real_number("epsilon", epsilon, minimum=0),
            center=truth_value("center", center),
            scale=truth_value("scale", scale),
            beta_initializer=initializer_of_vector("beta", beta[0]),
            gamma_initializer=initializer_of_vector("gamma", gamma[0]),
            beta_regularizer=regularizer_of_vector("beta", beta[1]),
            gamma_regularizer=regularizer_of_vector("gamma", gamma[1]),
            beta_constraint=constraint_or_none("beta_constraint", beta[2], 1),
            gamma_constraint=constraint_or_none("gamma_constraint", gamma[2], 1),
            trainable=truth_value("trainable", trainable),
        )
        if not self.center:
            self._without(
                "center",
                "beta",
                {
                    "beta_regularizer": self.beta_regularizer,
                    "beta_constraint": self.beta_constraint,
                },
            )
        if not self.scale:
            self._without(
                "scale",
                "gamma",
                {
                    "gamma_regularizer": self.gamma_regularizer,
                    "gamma_constraint": self.gamma_constraint,
                },
            )

    def _gamma(self, n: int) -> Weight:
        start, penalty = self.gamma_initializer, self.gamma_regularizer
        return Weight("gamma", (n,), start, self.trainable, n, penalty, self.gamma_constraint)

    def _beta(self, n: int) -> Weight:
        start, penalty = self.beta_initializer, self.beta_regularizer
        return Weight("beta", (n,), start, self.trainable, n, penalty, self.beta_constraint)

    def weights(self, n_inputs: int) -> tuple[Weight, ...]:
        """Gamma and beta, as far as they are there."""
        gamma = (self._gamma(n_inputs),) if self.scale else ()
        return (*gamma, self._beta(n_inputs)) if self.center else gamma
