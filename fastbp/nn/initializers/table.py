"""The table of all initializers."""

from collections.abc import Mapping
from typing import Any

from fastbp.errors import ArgumentError
from fastbp.nn.initializers.constants import Constant, Ones, Zeros
from fastbp.nn.initializers.distributions import RandomNormal, RandomUniform, TruncatedNormal
from fastbp.nn.initializers.initializer import Initializer
from fastbp.nn.initializers.matrices import Identity, NguyenWidrow, Orthogonal
from fastbp.nn.initializers.scaled import (
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
    LecunNormal,
    LecunUniform,
    VarianceScaling,
)
from fastbp.specification import Family

INITIALIZERS: Family[Initializer] = Family(
    "initializer",
    Initializer,
    {
        "glorot_uniform": GlorotUniform,
        "glorot_normal": GlorotNormal,
        "he_uniform": HeUniform,
        "he_normal": HeNormal,
        "lecun_uniform": LecunUniform,
        "lecun_normal": LecunNormal,
        "normal": RandomNormal,
        "random_normal": RandomNormal,
        "uniform": RandomUniform,
        "random_uniform": RandomUniform,
        "truncated_normal": TruncatedNormal,
        "variance_scaling": VarianceScaling,
        "orthogonal": Orthogonal,
        "OrthogonalInitializer": Orthogonal,
        "identity": Identity,
        "IdentityInitializer": Identity,
        "nguyen_widrow": NguyenWidrow,
        "constant": Constant,
        "zeros": Zeros,
        "zero": Zeros,
        "ones": Ones,
        "one": Ones,
    },
)


#: Those that are matrices, which a bias is not.
OF_MATRICES = (Orthogonal, Identity)


def initializer_of_vector(name: str, wanted: str | Initializer | Mapping[str, Any]) -> Initializer:
    """The initializer of a vector with this name, such as a bias.

    Raises
    ------
    ArgumentError
        If it makes matrices.
    """
    chosen = INITIALIZERS.resolve(wanted)
    if isinstance(chosen, OF_MATRICES):
        raise ArgumentError(
            f"{name}_initializer cannot be {type(chosen).__name__}, which makes matrices: a {name} is a vector, "
            "as 'zeros' or 'random_normal' make it"
        )
    return chosen
