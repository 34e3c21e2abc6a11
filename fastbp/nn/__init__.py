"""What a network is made of, as frozen specifications: no arrays, no Numba, nothing computed.

Every specification can be written as plain values (`to_config`) and made again from them, which is how model files
keep them. An activation or loss is a name here and a function of that name in fastbp/kernels.
"""

from fastbp.nn.activation_layers import ELU, LeakyReLU, ReLU, Softmax
from fastbp.nn.activations import ACTIVATIONS, activation_name
from fastbp.nn.activity_regularization import ActivityRegularization
from fastbp.nn.batch_normalization import BatchNormalization
from fastbp.nn.chosen_metrics import (
    PROBABILITIES,
    MetricsWanted,
    figures_by_name,
    n_sums,
    resolve_metrics,
    sums_to_add,
)
from fastbp.nn.constraints import (
    CONSTRAINTS,
    Constraint,
    MaxNorm,
    MinMaxNorm,
    NonNeg,
    UnitNorm,
)
from fastbp.nn.correlations import ConcordanceCorrelation, PearsonCorrelation
from fastbp.nn.crossentropies import (
    BinaryCrossentropy,
    BinaryFocalCrossentropy,
    CategoricalCrossentropy,
    CategoricalFocalCrossentropy,
    SparseCategoricalCrossentropy,
)
from fastbp.nn.curve_metrics import (
    AUC,
    PrecisionAtRecall,
    RecallAtPrecision,
    SensitivityAtSpecificity,
    SpecificityAtSensitivity,
)
from fastbp.nn.custom import Loss, MeanMetricWrapper, loss_from_config
from fastbp.nn.embedding import Embedding
from fastbp.nn.f_scores import F1Score, FBetaScore
from fastbp.nn.initial_weights import initialize
from fastbp.nn.initializer import Initializer
from fastbp.nn.initializers import (
    INITIALIZERS,
    Constant,
    Identity,
    NguyenWidrow,
    Ones,
    Orthogonal,
    RandomNormal,
    RandomUniform,
    TruncatedNormal,
    Zeros,
)
from fastbp.nn.layer import Layer, Weight
from fastbp.nn.layer_normalization import LayerNormalization
from fastbp.nn.layers import Activation, Dense, Input
from fastbp.nn.loss import LossFunction
from fastbp.nn.losses import (
    LOSSES,
    CategoricalHinge,
    CosineSimilarity,
    Hinge,
    Huber,
    KLDivergence,
    LogCosh,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    Poisson,
    Quantile,
    SquaredHinge,
)
from fastbp.nn.metric import Metric
from fastbp.nn.metric_kinds import METRICS
from fastbp.nn.metrics import (
    Accuracy,
    BinaryAccuracy,
    CategoricalAccuracy,
    R2Score,
    RootMeanSquaredError,
    SparseCategoricalAccuracy,
    SparseTopKCategoricalAccuracy,
    Sum,
    TopKCategoricalAccuracy,
)
from fastbp.nn.noise import AlphaDropout, Dropout, GaussianDropout, GaussianNoise
from fastbp.nn.normalization import Normalization
from fastbp.nn.overlaps import BinaryIoU, IoU, MeanIoU, OneHotIoU, OneHotMeanIoU
from fastbp.nn.prelu import PReLU
from fastbp.nn.regularizers import L1, L1L2, L2, REGULARIZERS, OrthogonalRegularizer, Regularizer
from fastbp.nn.rescaling import Rescaling
from fastbp.nn.scaled_initializers import (
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
    LecunNormal,
    LecunUniform,
    VarianceScaling,
)
from fastbp.nn.shapes import Flatten, Reshape
from fastbp.nn.stack import Stack
from fastbp.nn.summary import byte_text, count, layer_table, shape_text, table
from fastbp.nn.threshold_metrics import (
    FalseNegatives,
    FalsePositives,
    Precision,
    Recall,
    TrueNegatives,
    TruePositives,
)
from fastbp.specification import Family

LAYERS: Family[Layer] = Family(
    "layer",
    Layer,
    {
        "Input": Input,
        "Dense": Dense,
        "Activation": Activation,
        "ReLU": ReLU,
        "LeakyReLU": LeakyReLU,
        "ELU": ELU,
        "Softmax": Softmax,
        "Normalization": Normalization,
        "LayerNormalization": LayerNormalization,
        "BatchNormalization": BatchNormalization,
        "PReLU": PReLU,
        "ActivityRegularization": ActivityRegularization,
        "Dropout": Dropout,
        "AlphaDropout": AlphaDropout,
        "GaussianDropout": GaussianDropout,
        "GaussianNoise": GaussianNoise,
        "Rescaling": Rescaling,
        "Embedding": Embedding,
        "Flatten": Flatten,
        "Reshape": Reshape,
    },
)

__all__ = [
    "ACTIVATIONS",
    "AUC",
    "CONSTRAINTS",
    "ELU",
    "INITIALIZERS",
    "L1",
    "L1L2",
    "L2",
    "LAYERS",
    "LOSSES",
    "METRICS",
    "PROBABILITIES",
    "REGULARIZERS",
    "Accuracy",
    "Activation",
    "ActivityRegularization",
    "AlphaDropout",
    "BatchNormalization",
    "BinaryAccuracy",
    "BinaryCrossentropy",
    "BinaryFocalCrossentropy",
    "BinaryIoU",
    "CategoricalAccuracy",
    "CategoricalCrossentropy",
    "CategoricalFocalCrossentropy",
    "CategoricalHinge",
    "ConcordanceCorrelation",
    "Constant",
    "Constraint",
    "CosineSimilarity",
    "Dense",
    "Dropout",
    "Embedding",
    "F1Score",
    "FBetaScore",
    "FalseNegatives",
    "FalsePositives",
    "Flatten",
    "GaussianDropout",
    "GaussianNoise",
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "Hinge",
    "Huber",
    "Identity",
    "Initializer",
    "Input",
    "IoU",
    "KLDivergence",
    "Layer",
    "LayerNormalization",
    "LeakyReLU",
    "LecunNormal",
    "LecunUniform",
    "LogCosh",
    "Loss",
    "LossFunction",
    "MaxNorm",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanIoU",
    "MeanMetricWrapper",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "Metric",
    "MetricsWanted",
    "MinMaxNorm",
    "NguyenWidrow",
    "NonNeg",
    "Normalization",
    "OneHotIoU",
    "OneHotMeanIoU",
    "Ones",
    "Orthogonal",
    "OrthogonalRegularizer",
    "PReLU",
    "PearsonCorrelation",
    "Poisson",
    "Precision",
    "PrecisionAtRecall",
    "Quantile",
    "R2Score",
    "RandomNormal",
    "RandomUniform",
    "ReLU",
    "Recall",
    "RecallAtPrecision",
    "Regularizer",
    "Rescaling",
    "Reshape",
    "RootMeanSquaredError",
    "SensitivityAtSpecificity",
    "Softmax",
    "SparseCategoricalAccuracy",
    "SparseCategoricalCrossentropy",
    "SparseTopKCategoricalAccuracy",
    "SpecificityAtSensitivity",
    "SquaredHinge",
    "Stack",
    "Sum",
    "TopKCategoricalAccuracy",
    "TrueNegatives",
    "TruePositives",
    "TruncatedNormal",
    "UnitNorm",
    "VarianceScaling",
    "Weight",
    "Zeros",
    "activation_name",
    "byte_text",
    "count",
    "figures_by_name",
    "initialize",
    "layer_table",
    "loss_from_config",
    "n_sums",
    "resolve_metrics",
    "shape_text",
    "sums_to_add",
    "table",
]
