"""The most memory that a process held which did nothing but train."""

from benchmarks.processes import run_alone

# Linux: not getrusage, by which a new process begins with the peak of the one that made it.
_PEAK = """
import resource
from pathlib import Path
status = Path("/proc/self/status")
if status.exists():
    print(int(status.read_text().split("VmHWM:")[1].split()[0]) * 1024)
else:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""
_IMPORT = "import fastbp.engine"
_FIT = """
from benchmarks.fits import Fit
from benchmarks.workloads import WORKLOADS
Fit(WORKLOADS["{}"], "sgd", 2)
"""


class PeakMemory:
    params = (("import", "2-8-2", "784-512-512-10", "1024-2048-2048-1000"),)
    param_names = ("what",)
    unit = "bytes"

    def setup(self, what: str) -> None:
        self.script = _IMPORT if what == "import" else _FIT.format(what)
        run_alone(self.script)  # compiles, which takes more memory than training

    def track_peak(self, what: str) -> int:
        _, peak = run_alone(self.script + _PEAK)
        return int(peak)
