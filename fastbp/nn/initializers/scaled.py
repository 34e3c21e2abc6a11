"""Initializers that look at how many inputs and outputs a layer has."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from fastbp.nn.initializers.initializer import RandomInitializer
from fastbp.specification import choose, one_of, real_number


@dataclass(frozen=True, repr=False)
class VarianceScaling(RandomInitializer):
    """Mean 0 and variance ``scale / n``, with n the inputs, the outputs or the mean of both.

    Of a kernel (n_in, n_out) these are n_in and n_out. "uniform" is between ``+-sqrt(3 * scale / n)``.

    Parameters
    ----------
    scale : float, default 1.0
        Above 0.
    mode : {"fan_in", "fan_out", "fan_avg"}, default "fan_in"
        What n is.
    distribution : {"truncated_normal", "untruncated_normal", "uniform"}, default "truncated_normal"
        The truncated one is cut off at two standard deviations, and made so much wider before.
    seed : int, optional
        By keyword: in place of the model's seed and the array's place in the model, as in Keras.

    Raises
    ------
    ArgumentError
        If the scale is not above 0, there is no such mode or distribution, or the seed is none.

    References
    ----------
    Keras 3's `keras.initializers.VarianceScaling`, of which `GlorotUniform`, `HeNormal` and so on are cases.

    Examples
    --------
    >>> VarianceScaling(2.0, "fan_avg", "uniform")
    VarianceScaling(scale=2.0, mode='fan_avg', distribution='uniform')
    """

    scale: float = 1.0
    mode: Literal["fan_in", "fan_out", "fan_avg"] = "fan_in"
    distribution: Literal["truncated_normal", "untruncated_normal", "uniform"] = "truncated_normal"

    def __post_init__(self) -> None:
        super().__post_init__()
        choose(
            self,
            scale=real_number("scale", self.scale, above=0),
            mode=one_of("mode", self.mode, ("fan_in", "fan_out", "fan_avg")),
            distribution=one_of(
                "distribution",
                self.distribution,
                ("truncated_normal", "untruncated_normal", "uniform"),
            ),
        )


class Scaled(RandomInitializer):
    """A `VarianceScaling` that has a name"""

    scaling: ClassVar[VarianceScaling]


@dataclass(frozen=True, repr=False)
class GlorotUniform(Scaled):
    """Uniform between ``+-sqrt(6 / (n_in + n_out))``.

    Parameters
    ----------
    seed : int, optional
        By keyword: in place of the model's seed and the array's place in the model, as in Keras.

    Raises
    ------
    ArgumentError
        If the seed is no whole number from 0 to below 2**63.

    References
    ----------
    Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks", 2010.
    """

    scaling = VarianceScaling(1.0, "fan_avg", "uniform")


@dataclass(frozen=True, repr=False)
class GlorotNormal(Scaled):
    """Truncated normal of variance ``2 / (n_in + n_out)``.

    Parameters
    ----------
    seed : int, optional
        By keyword: in place of the model's seed and the array's place in the model, as in Keras.

    Raises
    ------
    ArgumentError
        If the seed is no whole number from 0 to below 2**63.

    References
    ----------
    Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks", 2010.
    """

    scaling = VarianceScaling(1.0, "fan_avg", "truncated_normal")


@dataclass(frozen=True, repr=False)
class HeUniform(Scaled):
    """Uniform between ``+-sqrt(6 / n_in)``.

    Parameters
    ----------
    seed : int, optional
        By keyword: in place of the model's seed and the array's place in the model, as in Keras.

    Raises
    ------
    ArgumentError
        If the seed is no whole number from 0 to below 2**63.

    References
    ----------
    He, Zhang, Ren and Sun, "Delving deep into rectifiers: surpassing human-level performance on ImageNet
    classification", 2015.
    """

    scaling = VarianceScaling(2.0, "fan_in", "uniform")


@dataclass(frozen=True, repr=False)
class HeNormal(Scaled):
    """Truncated normal of variance ``2 / n_in``, for layers of rectifiers.

    Parameters
    ----------
    seed : int, optional
        By keyword: in place of the model's seed and the array's place in the model, as in Keras.

    Raises
    ------
    ArgumentError
        If the seed is no whole number from 0 to below 2**63.

    References
    ----------
    He, Zhang, Ren and Sun, "Delving deep into rectifiers: surpassing human-level performance on ImageNet
    classification", 2015.
    """

    scaling = VarianceScaling(2.0, "fan_in", "truncated_normal")


@dataclass(frozen=True, repr=False)
class LecunUniform(Scaled):
    """Uniform between ``+-sqrt(3 / n_in)``.

    Parameters
    ----------
    seed : int, optional
        By keyword: in place of the model's seed and the array's place in the model, as in Keras.

    Raises
    ------
    ArgumentError
        If the seed is no whole number from 0 to below 2**63.

    References
    ----------
    LeCun, Bottou, Orr and Müller, "Efficient backprop", 1998, section 4.6.
    """

    scaling = VarianceScaling(1.0, "fan_in", "uniform")


@dataclass(frozen=True, repr=False)
class LecunNormal(Scaled):
    """Truncated normal of variance ``1 / n_in``; the start that "selu" asks for.

    Parameters
    ----------
    seed : int, optional
        By keyword: in place of the model's seed and the array's place in the model, as in Keras.

    Raises
    ------
    ArgumentError
        If the seed is no whole number from 0 to below 2**63.

    References
    ----------
    LeCun, Bottou, Orr and Müller, "Efficient backprop", 1998, section 4.6. With "selu": Klambauer, Unterthiner, Mayr
    and Hochreiter, "Self-normalizing neural networks", 2017.
    """

    scaling = VarianceScaling(1.0, "fan_in", "truncated_normal")
