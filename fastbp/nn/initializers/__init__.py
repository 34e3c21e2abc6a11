"""How weights start: initializers as specifications, their table, and the weights that they give."""

from fastbp.nn.initializers.constants import Constant, Ones, Zeros
from fastbp.nn.initializers.distributions import RandomNormal, RandomUniform, TruncatedNormal
from fastbp.nn.initializers.initial_weights import initialize
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
from fastbp.nn.initializers.table import INITIALIZERS, initializer_of_vector

__all__ = [
    "INITIALIZERS",
    "Constant",
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "Identity",
    "Initializer",
    "LecunNormal",
    "LecunUniform",
    "NguyenWidrow",
    "Ones",
    "Orthogonal",
    "RandomNormal",
    "RandomUniform",
    "TruncatedNormal",
    "VarianceScaling",
    "Zeros",
    "initialize",
    "initializer_of_vector",
]
