"""fastbp: neural network training for the processor you already have, compiled with Numba.

>>> import fastbp
>>> model = fastbp.Sequential([fastbp.Input((2,)), fastbp.Dense(8, "relu"), fastbp.Dense(1)], seed=1)
>>> model.compile("adam", "mean_squared_error")
>>> model.count_params()
33
"""

from fastbp import callbacks
from fastbp.data.sets import load_digits, load_fashion_mnist
from fastbp.errors import (
    ArgumentError,
    CacheWarning,
    DataError,
    DivergedError,
    FastbpError,
    MissingExtraError,
    ModelFileError,
    NotReadyError,
    UnknownNameError,
)
from fastbp.model import Model
from fastbp.nn import (
    L1,
    L2,
    Activation,
    BinaryCrossentropy,
    CategoricalCrossentropy,
    Dense,
    Huber,
    Input,
    MeanAbsoluteError,
    MeanSquaredError,
    Normalization,
    SparseCategoricalCrossentropy,
)
from fastbp.optimizers import SGD, Adam, AdamW, RMSprop
from fastbp.sequential import Sequential, load_model
from fastbp.training import Callback, GradientReport, History, gradient_check

__version__ = "0.1.0"

__all__ = [
    "L1",
    "L2",
    "SGD",
    "Activation",
    "Adam",
    "AdamW",
    "ArgumentError",
    "BinaryCrossentropy",
    "CacheWarning",
    "Callback",
    "CategoricalCrossentropy",
    "DataError",
    "Dense",
    "DivergedError",
    "FastbpError",
    "GradientReport",
    "History",
    "Huber",
    "Input",
    "MeanAbsoluteError",
    "MeanSquaredError",
    "MissingExtraError",
    "Model",
    "ModelFileError",
    "Normalization",
    "NotReadyError",
    "RMSprop",
    "Sequential",
    "SparseCategoricalCrossentropy",
    "UnknownNameError",
    "callbacks",
    "gradient_check",
    "load_digits",
    "load_fashion_mnist",
    "load_model",
]
