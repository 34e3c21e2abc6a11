"""Answers from a trained network: one row at a time, and a whole set."""

from benchmarks.workloads import WORKLOADS


class Prediction:
    params = (("784-30-10", "784-512-512-10"), (1, 2))
    param_names = ("network", "threads")

    def setup(self, network: str, threads: int) -> None:
        workload = WORKLOADS[network]
        self.model = workload.model()
        self.x, _ = workload.samples()
        self.row = self.x[:1]
        self.model.predict(self.x, threads=threads)
        self.model.predict(self.row, threads=threads)

    def time_one_row(self, network: str, threads: int) -> None:
        self.model.predict(self.row, threads=threads)

    def time_whole_set(self, network: str, threads: int) -> None:
        self.model.predict(self.x, threads=threads)
