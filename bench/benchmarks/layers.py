"""What a layer behind the hidden one of 784-128-10 costs, beside the network without it."""

from dataclasses import replace

import fastbp
from benchmarks.fits import Fit
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
_REPEATS = 5


class LayerStep:
    params = (tuple(LAYERS), (1, 2))
    param_names = ("layer", "threads")
    unit = "steps without it"

    def setup(self, layer: str, threads: int) -> None:
        workloads = (_WORKLOAD, replace(_WORKLOAD, behind=LAYERS[layer]))
        self.fits = [Fit(each, "sgd", threads) for each in workloads]

    def track_to_none(self, layer: str, threads: int) -> float:
        """The quickest of some rounds in which both take turns."""
        times = [[fit.run() for fit in self.fits] for _ in range(_REPEATS)]
        plain, other = (min(column) for column in zip(*times, strict=True))
        return float(other / plain)
