"""Metrics as specifications, their kinds, and the figures that are made of what a network adds up."""

from fastbp.nn.metrics.chosen import (
    PROBABILITIES,
    MetricsWanted,
    figures_by_name,
    n_sums,
    resolve_metrics,
    sums_to_add,
)
from fastbp.nn.metrics.correlations import ConcordanceCorrelation, PearsonCorrelation
from fastbp.nn.metrics.curve_metrics import (
    AUC,
    PrecisionAtRecall,
    RecallAtPrecision,
    SensitivityAtSpecificity,
    SpecificityAtSensitivity,
)
from fastbp.nn.metrics.f_scores import F1Score, FBetaScore
from fastbp.nn.metrics.kinds import METRICS
from fastbp.nn.metrics.means import (
    Accuracy,
    BinaryAccuracy,
    CategoricalAccuracy,
    LogCoshError,
    Mean,
    R2Score,
    RootMeanSquaredError,
    SparseCategoricalAccuracy,
    SparseTopKCategoricalAccuracy,
    Sum,
    TopKCategoricalAccuracy,
)
from fastbp.nn.metrics.metric import Metric
from fastbp.nn.metrics.overlaps import BinaryIoU, IoU, MeanIoU, OneHotIoU, OneHotMeanIoU
from fastbp.nn.metrics.threshold_metrics import (
    FalseNegatives,
    FalsePositives,
    Precision,
    Recall,
    TrueNegatives,
    TruePositives,
)

__all__ = [
    "AUC",
    "METRICS",
    "PROBABILITIES",
    "Accuracy",
    "BinaryAccuracy",
    "BinaryIoU",
    "CategoricalAccuracy",
    "ConcordanceCorrelation",
    "F1Score",
    "FBetaScore",
    "FalseNegatives",
    "FalsePositives",
    "IoU",
    "LogCoshError",
    "Mean",
    "MeanIoU",
    "Metric",
    "MetricsWanted",
    "OneHotIoU",
    "OneHotMeanIoU",
    "PearsonCorrelation",
    "Precision",
    "PrecisionAtRecall",
    "R2Score",
    "Recall",
    "RecallAtPrecision",
    "RootMeanSquaredError",
    "SensitivityAtSpecificity",
    "SparseCategoricalAccuracy",
    "SparseTopKCategoricalAccuracy",
    "SpecificityAtSensitivity",
    "Sum",
    "TopKCategoricalAccuracy",
    "TrueNegatives",
    "TruePositives",
    "figures_by_name",
    "n_sums",
    "resolve_metrics",
    "sums_to_add",
]
