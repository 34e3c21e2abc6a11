"""The loss after a fixed number of steps: a speed-up that breaks learning shows here."""

from benchmarks.workloads import OPTIMIZERS, WORKLOADS


class Learning:
    params = (tuple(WORKLOADS), tuple(OPTIMIZERS))
    param_names = ("network", "optimizer")

    def track_loss(self, network: str, optimizer: str) -> float:
        """Of the whole set, after one epoch."""
        workload = WORKLOADS[network]
        x, y = workload.samples()
        model = workload.model(optimizer)
        fitted = model.fit(x, y, workload.batch_size, verbose=0, validation_data=(x, y))
        return float(fitted.history["val_loss"][-1])
