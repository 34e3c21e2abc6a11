"""What a network is made of, as frozen specifications: no arrays, no Numba, nothing computed.

Every specification can be written as plain values (`to_config`) and made again from them, which is how model files
keep them. An activation or loss is a name here and a function of that name in fastbp/kernels.
"""

from fastbp.nn.activations import ACTIVATIONS, activation_name
from fastbp.nn.initializers import (
    INITIALIZERS,
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
    Initializer,
    LecunNormal,
    LecunUniform,
    Ones,
    RandomNormal,
    RandomUniform,
    Zeros,
    initialize,
)
from fastbp.nn.layers import Activation, Dense, Input, Layer
from fastbp.nn.losses import (
    LOSSES,
    BinaryCrossentropy,
    CategoricalCrossentropy,
    Huber,
    Loss,
    MeanAbsoluteError,
    MeanSquaredError,
    SparseCategoricalCrossentropy,
)
from fastbp.nn.metrics import METRICS, Metric, resolve_metrics
from fastbp.nn.normalization import Normalization
from fastbp.nn.regularizers import L1, L2, REGULARIZERS, Regularizer
from fastbp.nn.stack import Stack
from fastbp.nn.summary import byte_text, count, layer_table, table
from fastbp.specification import Family

LAYERS: Family[Layer] = Family(
    "layer",
    Layer,
    {
        "Input": Input,
        "Dense": Dense,
        "Activation": Activation,
        "Normalization": Normalization,
    },
)

__all__ = [
    "ACTIVATIONS",
    "INITIALIZERS",
    "L1",
    "L2",
    "LAYERS",
    "LOSSES",
    "METRICS",
    "REGULARIZERS",
    "Activation",
    "BinaryCrossentropy",
    "CategoricalCrossentropy",
    "Dense",
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "Huber",
    "Initializer",
    "Input",
    "Layer",
    "LecunNormal",
    "LecunUniform",
    "Loss",
    "MeanAbsoluteError",
    "MeanSquaredError",
    "Metric",
    "Normalization",
    "Ones",
    "RandomNormal",
    "RandomUniform",
    "Regularizer",
    "SparseCategoricalCrossentropy",
    "Stack",
    "Zeros",
    "activation_name",
    "byte_text",
    "count",
    "initialize",
    "layer_table",
    "resolve_metrics",
    "table",
]
