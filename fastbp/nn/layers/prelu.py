"""The rectifier that learns its slope."""

from dataclasses import dataclass

from fastbp.nn.constraints import Constraint, constraint_or_none
from fastbp.nn.initializers import initializer_of_vector
from fastbp.nn.initializers.initializer import Initializer
from fastbp.nn.layers.feature_scaling import ConstraintLike, InitializerLike, RegularizerLike
from fastbp.nn.layers.layer import LayerWithWeights, Weight
from fastbp.nn.regularizers import Regularizer, regularizer_of_vector
from fastbp.specification import choose, truth_value


@dataclass(frozen=True, init=False)
class PReLU(LayerWithWeights):
    """``inputs`` where they are positive, ``alpha * inputs`` elsewhere, with an alpha for each feature.

    The weight is alpha, (n_features,).

    Parameters
    ----------
    alpha_initializer : str or Initializer, default "zeros"
        How it starts.
    alpha_regularizer : str, Regularizer or None
        A penalty that is added to the loss.
    alpha_constraint : str, Constraint or None
        What it is brought back to after each update: see `fastbp.constraints`.
    name : str, optional
        Shown in `summary`.
    trainable : bool, default True
        Whether training changes alpha.

    Raises
    ------
    ArgumentError
        If there is no such initializer, regularizer or constraint, or it is one of matrices.

    References
    ----------
    He, Zhang, Ren and Sun, "Delving deep into rectifiers: surpassing human-level performance on ImageNet
    classification", 2015.

    Examples
    --------
    >>> PReLU("zeros").weights(8)[0].shape
    (8,)
    """

    alpha_initializer: Initializer
    alpha_regularizer: Regularizer | None
    alpha_constraint: Constraint | None

    def __init__(
        self,
        alpha_initializer: InitializerLike = "zeros",
        alpha_regularizer: RegularizerLike = None,
        alpha_constraint: ConstraintLike = None,
        name: str | None = None,
        trainable: bool = True,
    ) -> None:
        self._choose_name(name)
        choose(
            self,
            alpha_initializer=initializer_of_vector("alpha", alpha_initializer),
            alpha_regularizer=regularizer_of_vector("alpha", alpha_regularizer),
            alpha_constraint=constraint_or_none("alpha_constraint", alpha_constraint, 1),
            trainable=truth_value("trainable", trainable),
        )

    def weights(self, n_inputs: int) -> tuple[Weight, ...]:
        """Alpha."""
        start, penalty, bounds = (
            self.alpha_initializer,
            self.alpha_regularizer,
            self.alpha_constraint,
        )
        return (Weight("alpha", (n_inputs,), start, self.trainable, n_inputs, penalty, bounds),)
