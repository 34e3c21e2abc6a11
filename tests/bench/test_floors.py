"""What is made of the times of steps."""

import doctest
import importlib

import pytest

import floors
import tables
from benchmarks.workloads import OPTIMIZERS, WORKLOADS, Workload


@pytest.mark.parametrize(
    "name", ["tables", "floors", "peers.match", "peers.spelling", "peers.picture", "sweep.draw"]
)
def test_examples(name: str) -> None:
    outcome = doctest.testmod(importlib.import_module(name))
    assert outcome.attempted > 0
    assert outcome.failed == 0


def test_arithmetic_of_a_step() -> None:
    # 2 x 8 forward and for the weights, 8 x 2 also for the inputs; a product is two operations; four samples.
    assert WORKLOADS["2-8-2"].flops == 2 * 4 * (2 * 16 + 3 * 16)
    assert Workload((5, 3), 7, 1, 1, 1.0).flops == 2 * 7 * (2 * 15)


@pytest.mark.parametrize("workload", WORKLOADS.values(), ids=list(WORKLOADS))
def test_workloads_hold_together(workload: Workload) -> None:
    x, y = workload.samples()
    assert x.shape == (workload.n_samples, workload.sizes[0])
    assert y.shape == (workload.n_samples,)
    assert 0 <= y.min() <= y.max() < workload.sizes[-1]
    model = workload.model()
    assert [a.shape for a in workload.weights()] == [a.shape for a in model.get_weights()]


def measured(us: float, peak: float) -> dict[str, object]:
    """The figures where every SGD step took `us` with two threads, twice that with one, and Adam 1.2 times as long."""
    workload = WORKLOADS["784-128-10"]
    factors = {"sgd": 1.0, "adam": 1.2}
    times = {
        (workload, optimizer, n): [factors[optimizer] * us * 1e-6 * 2 / n] * 3
        for optimizer in OPTIMIZERS
        for n in floors.THREADS
    }
    return floors._figures(workload, peak, times)


def test_the_better_number_of_threads_counts() -> None:
    figures = measured(100.0, 117.0)
    assert figures["threads"] == 2
    assert figures["us"] == pytest.approx(100.0)
    assert figures["gflops"] == pytest.approx(WORKLOADS["784-128-10"].flops / 100e-6 / 1e9)
    assert figures["adam_to_sgd"] == pytest.approx(1.2)
    assert figures["adam_verdict"] == "met"


@pytest.mark.parametrize(
    "us,peak,expected",
    [
        (169.0, 117.0, "met"),
        (180.0, 117.0, "met within 10 %"),
        (190.0, 117.0, "MISSED"),
        (330.0, 58.5, "met"),  # a machine with half the peak has twice the time
        (100.0, 234.0, "MISSED"),
    ],
)
def test_floors_scale_with_the_peak(us: float, peak: float, expected: str) -> None:
    assert measured(us, peak)["verdict"] == expected


def test_tables_line_up() -> None:
    text = tables.table(["name", "n"], [["a", "1"], ["longer", "1,000"]])
    assert text.splitlines() == [
        "| name   |     n |",
        "|--------|------:|",
        "| a      |     1 |",
        "| longer | 1,000 |",
    ]
