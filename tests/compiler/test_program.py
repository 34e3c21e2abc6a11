"""Rows of integers that an executor walks."""

import struct
from typing import Any

import numpy as np
import pytest

from fastbp.compiler.graph import build_graph
from fastbp.compiler.layout import ParameterLayout
from fastbp.compiler.lower import Lowering
from fastbp.compiler.program import Program, float_bits
from fastbp.compiler.request import Goal, InputKind, Measure, Request
from fastbp.kernels.layout import WriteOutputs
from fastbp.kernels.registry import kernel_address, n_compiled
from fastbp.kernels.sums import SumValues
from fastbp.kernels.tallies import COUNTS_FIELDS
from fastbp.kernels.tile import MAIN_ROWS
from fastbp.kernels.weight_gradients import WeightGradient
from fastbp.nn import L2, Dense
from fastbp.nn.metrics.counting import Counting
from fastbp.runtime import cache


@pytest.mark.parametrize("number", [0.0, -0.0, 1.0, -0.1, 1e-300, 1.7e308, float("inf")])
def test_float_bits(number: float) -> None:
    bits = float_bits(number)
    assert isinstance(bits, int)
    assert struct.pack("<q", bits) == struct.pack("<d", number)
    assert np.int64(bits).view(np.float64) == number


def test_rows_are_addresses_and_fields() -> None:
    program = Program("float32", 4)
    program.add("sum_values", SumValues(3, 5, 7, -1))
    program.add_barrier()
    program.add("write_outputs", WriteOutputs(11, 13, 17))
    rows = program.rows()
    assert rows.dtype == np.int64
    assert rows.flags.c_contiguous
    sums, outputs = (kernel_address(name, "float32") for name in ("sum_values", "write_outputs"))
    np.testing.assert_array_equal(
        rows, [[sums, 3, 5, 7, -1], [0, 0, 0, 0, 0], [outputs, 11, 13, 17, 0]]
    )
    assert program.names == ["sum_values", "barrier", "write_outputs"]
    assert 0 not in (sums, outputs)


def test_a_kernel_is_compiled_once() -> None:
    """The same name, type and options are the same address; others are another kernel."""
    first = kernel_address("sum_values", "float32")
    before, compiled_before = n_compiled(), len(cache.compiled_here)
    assert kernel_address("sum_values", "float32") == first
    assert (n_compiled(), len(cache.compiled_here)) == (before, compiled_before)
    assert kernel_address("sum_values", "float64") != first
    assert kernel_address("to_samples_in_lanes", "float32") != first


IN_PLACE = InputKind("float32", True)
CLASSES = Goal("sparse_categorical_crossentropy", True, (Measure("sparse_categorical_accuracy"),))


@pytest.fixture
def nothing_is_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    """For tests that look at the names of rows alone."""
    monkeypatch.setattr("fastbp.compiler.program.kernel_address", lambda *_: 1)


def names(request: Request, goal: Goal | None, *layers: Any, n_in: int = 7) -> list[str]:
    """What the rows of a lowered program do."""
    operations = build_graph(n_in, layers)
    parameters = ParameterLayout(operations, np.dtype("float32"))
    size = parameters.size
    lowering = Lowering(parameters, operations, request, goal, None, 4 * size, size)
    return lowering.build().names


def phases(found: list[str]) -> list[list[str]]:
    """The rows between barriers."""
    parts: list[list[str]] = [[]]
    for name in found:
        if name == "barrier":
            parts.append([])
        else:
            parts[-1].append(name)
    return parts


@pytest.mark.usefixtures("nothing_is_compiled")
def test_a_training_step_has_two_barriers() -> None:
    """All that is shared out by samples, then all that is shared out by weights, whatever the depth."""
    request = Request(32, IN_PLACE, "int64", None, "momentum")
    layers = [Dense(5, "tanh"), Dense(4, "tanh"), Dense(3, "softmax")]
    samples, weights, end = phases(names(request, CLASSES, *layers))
    assert end == []
    assert not any("weight_gradient" in name or "bias_gradient" in name for name in samples)
    assert [name for name in weights if "gradient" in name] == [
        "weight_gradient momentum False",
        "bias_gradient momentum False",
        "weight_gradient momentum False",
        "bias_gradient momentum False",
        "first_weight_gradient momentum False",
        "bias_gradient momentum False",
    ]
    assert weights[-1] == "sum_values"
    backward = [name for name in samples if name.startswith("input_gradient")]
    assert backward == ["input_gradient tanh"] * 2
    assert not any(name.startswith("activate") for name in samples)


@pytest.mark.usefixtures("nothing_is_compiled")
def test_a_softmax_is_split_off_its_crossentropy() -> None:
    request = Request(32, IN_PLACE, "int64", None, "momentum")
    found = names(request, CLASSES, Dense(3, "softmax"))
    assert "softmax_crossentropy True True" in found
    assert not any(name.startswith(("softmax_backward", "probability")) for name in found)
    assert "softmax" not in found
    hidden = names(request, CLASSES, Dense(3, "softmax"), Dense(2, "softmax"))
    assert hidden.count("softmax") == 1
    assert hidden.count("softmax_backward") == 1


@pytest.mark.usefixtures("nothing_is_compiled")
def test_metrics_that_are_not_asked_for_leave_no_trace() -> None:
    """Same rows, same sizes; those that are asked for add rows behind the first barrier, and memory for the weights."""
    request = Request(32, IN_PLACE, "float32", None, "momentum")
    operations = build_graph(7, [Dense(5, "tanh"), Dense(2, "sigmoid")])
    parameters = ParameterLayout(operations, np.dtype("float32"))

    def program(*metrics: Measure) -> Program:
        goal = Goal("mean_squared_error", False, metrics)
        size = parameters.size
        return Lowering(parameters, operations, request, goal, None, size, size).build()

    plain, precise = program(), program(Measure("mean_absolute_error"))
    with_tallies = program(
        Measure("mean_absolute_error"),
        Measure("mark", cells=1),
        Measure("histogram", (10.0, 0.0, 0.0), cells=19),
        Measure("deviations", cells=10),
    )
    assert with_tallies.names[:-1] == [*precise.names[:-1], "mark", "histogram", "deviations"]
    assert with_tallies.names[-1] == "barrier"
    assert with_tallies.workspace == precise.workspace
    assert [each.n_values for each in (plain, precise, with_tallies)] == [1, 2, 32]
    counting = Counting(top_k=1)
    counted = program(
        Measure("mean_absolute_error"),
        Measure("counts", (0.25, 0.5), cells=7, counting=counting),
        Measure("counts", (0.25, 0.5), True, cells=7, counting=counting),
    )
    # The largest are found once, before the barrier; thresholds lie in the row behind its fields.
    assert counted.names.index("keep_largest") < counted.names.index("barrier")
    others = [name for name in counted.names if name != "keep_largest"]
    assert len(others) == len(counted.names) - 1
    assert others == [*precise.names[:-1], "counts", "counts", "barrier"]
    quarter, half = np.array([0.25, 0.5]).view(np.int64)
    assert counted.rows()[-2, 1 + COUNTS_FIELDS :][:2].tolist() == [quarter, half]
    width = plain.rows().shape[1]
    rows = precise.rows()[:, :width]
    others = with_tallies.rows()[: len(rows) - 1, :width]
    np.testing.assert_array_equal(others, rows[:-1])


@pytest.mark.usefixtures("nothing_is_compiled")
def test_prediction_ends_with_a_barrier() -> None:
    """In a short last batch workers own other samples than before."""
    found = names(Request(32, IN_PLACE, predict=True), None, Dense(5, "tanh"), Dense(3, "softmax"))
    assert found[-2:] == ["write_outputs", "barrier"]
    assert "softmax" in found
    assert not any("gradient" in name or "features" in name for name in found)


@pytest.mark.usefixtures("nothing_is_compiled")
def test_prediction_looks_at_its_inputs_while_it_reads_them() -> None:
    """Those that may be wrong, where they lie in rows."""
    layers = Dense(40, "tanh"), Dense(3, "softmax")
    inputs = {"float32": True, "float64": False, "uint8": False}
    for dtype, in_place in inputs.items():
        request = Request(32, InputKind(dtype, in_place), predict=True)
        found = names(request, None, *layers, n_in=70)
        assert ("look_at_inputs" in found[1:2]) == dtype.startswith("float")
    for rule in (None, "sgd"):
        request = Request(32, IN_PLACE, "int64", rule=rule, training=rule is not None)
        assert "look_at_inputs" not in names(request, CLASSES, *layers, n_in=70)


@pytest.mark.usefixtures("nothing_is_compiled")
def test_evaluation_has_no_backward_pass() -> None:
    found = names(Request(32, IN_PLACE, "int64"), CLASSES, Dense(5, "tanh"), Dense(3, "softmax"))
    assert not any("gradient" in name or "features" in name for name in found)
    assert "softmax_crossentropy True False" in found
    assert "class_accuracy True" in found


@pytest.mark.usefixtures("nothing_is_compiled")
@pytest.mark.parametrize(("rule", "expected"), [("momentum", 1), ("store", 2)])
def test_a_bias_that_is_not_trained(rule: str, expected: int) -> None:
    """Has a gradient when one asks for gradients, and no update."""
    request = Request(32, IN_PLACE, "int64", None, rule)
    layers = [Dense(5, "tanh"), Dense(3, "softmax", bias_trainable=False)]
    found = names(request, CLASSES, *layers)
    assert sum(name.startswith("bias_gradient") for name in found) == expected


@pytest.mark.usefixtures("nothing_is_compiled")
def test_penalties_come_before_the_weights_change() -> None:
    request = Request(32, IN_PLACE, "int64", None, "momentum")
    layers = [Dense(5, "tanh", kernel_regularizer=L2(0.1)), Dense(3, "softmax")]
    before, weights, _ = phases(names(request, CLASSES, *layers))
    assert before.count("penalty") == 1
    assert "first_weight_gradient momentum True" in weights
    assert "weight_gradient momentum False" in weights


@pytest.mark.parametrize(
    ("width", "batch", "rule", "along"),
    [
        (1024, 32, "adam", True),
        (1024, 128, "adam", True),
        (1024, 129, "adam", False),  # too many terms to read them again for each tile
        (512, 32, "adam", False),  # caches hold the state
        (2048, 32, "sgd", True),
    ],
)
@pytest.mark.usefixtures("nothing_is_compiled")
def test_state_that_no_cache_holds_is_walked_along_its_rows(
    width: int, batch: int, rule: str, along: bool
) -> None:
    request = Request(batch, IN_PLACE, "int64", None, rule)
    operations = build_graph(7, [Dense(width, "tanh"), Dense(width, "tanh"), Dense(3, "softmax")])
    parameters = ParameterLayout(operations, np.dtype("float32"))
    size = parameters.size
    program = Lowering(parameters, operations, request, CLASSES, None, 4 * size, size).build()
    rows = {
        fields.rows_at_a_time == MAIN_ROWS
        for _, fields in program._rows
        if isinstance(fields, WeightGradient) and fields.n_in == fields.n_out == width
    }
    assert rows == {along}
