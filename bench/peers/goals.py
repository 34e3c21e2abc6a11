"""The networks that are compared where nobody asks for others."""

from benchmarks.workloads import WORKLOADS, Workload

GOALS = {
    workload.name: workload
    for workload in (
        WORKLOADS["2-8-2"],
        WORKLOADS["30-64-64-2"],
        Workload((784, 30, 10), 10, 500, 4, activations=("sigmoid",)),
        WORKLOADS["784-128-10"],
        WORKLOADS["784-512-512-10"],
        WORKLOADS["1024-2048-2048-1000"],
        # The whole set is a step.
        Workload(
            (4, 32, 16, 4),
            10_000,
            n_steps=1,
            n_epochs=20,
            activations=("tanh",),
            loss="mse",
            optimizer="adam",
        ),
    )
}
