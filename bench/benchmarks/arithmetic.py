"""How much of what the cores can do at most reaches the training, both measured in the same run."""

from benchmarks.fits import Fit
from benchmarks.workloads import WORKLOADS
from fastbp.kernels.peak import measure_peak

_REPEATS = 3


class ShareOfPeak:
    # The smallest network is all overhead.
    params = (tuple(WORKLOADS)[1:], (1, 2))
    param_names = ("network", "threads")
    unit = "% of the peak of the cores used"

    def setup(self, network: str, threads: int) -> None:
        self.fit = Fit(WORKLOADS[network], "sgd", threads)

    def track_share(self, network: str, threads: int) -> float:
        peak, seconds = 0.0, float("inf")
        for _ in range(_REPEATS):
            peak = max(peak, measure_peak())
            seconds = min(seconds, self.fit.run())
        return 100 * WORKLOADS[network].flops / seconds / (threads * peak * 1e9)
