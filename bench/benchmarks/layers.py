"""What a layer behind the hidden one of 784-128-10 costs, beside the network without it."""

from dataclasses import replace

import fastbp
from benchmarks.fits import Fit, ratio
from benchmarks.workloads import WORKLOADS

LAYERS = {
    "dropout": fastbp.Dropout(0.2),
    "gaussian noise": fastbp.GaussianNoise(0.1),
    "gaussian dropout": fastbp.GaussianDropout(0.2),
    "alpha dropout": fastbp.AlphaDropout(0.2),
    "batch normalization": fastbp.BatchNormalization(),
    "layer normalization": fastbp.LayerNormalization(),
    "prelu": fastbp.PReLU(),
    "activity regularization": fastbp.ActivityRegularization(l2=1e-4),
}

_WORKLOAD = WORKLOADS["784-128-10"]
_ROUNDS = 5


class LayerStep:
    params = (tuple(LAYERS), (1, 2))
    param_names = ("layer", "threads")
    unit = "steps without it"

    def setup(self, layer: str, threads: int) -> None:
        workloads = (_WORKLOAD, replace(_WORKLOAD, behind=LAYERS[layer]))
        self.fits = [Fit(each, "sgd", threads) for each in workloads]

    def track_to_none(self, layer: str, threads: int) -> float:
        """By the quickest of some rounds."""
        return ratio(self.fits, _ROUNDS)
