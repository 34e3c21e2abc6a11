"""Which operations a stack of layers becomes: what is fused, and what stands by itself."""

import numpy as np
import pytest

from fastbp.compiler.graph import (
    DenseOperation,
    ElementwiseOperation,
    OperationWithWeights,
    build_graph,
    split_output_activation,
)
from fastbp.compiler.layout import ParameterLayout
from fastbp.errors import ArgumentError
from fastbp.kernels.activations import ACTIVATIONS
from fastbp.nn import (
    Activation,
    BatchNormalization,
    Dense,
    Input,
    LayerNormalization,
    PReLU,
)
from fastbp.nn.layers.layer import Layer

#: How an operation is written here: a dense one as (n_in, activation, n_out), another as (activation, width).
Short = tuple[int, str, int] | tuple[str, int]


def graph(*layers: Layer, n_inputs: int = 7) -> list[Short]:
    """The operations of these layers, in short."""
    return [
        (operation.n_in, operation.activation, operation.n_out)
        if isinstance(operation, DenseOperation)
        else (operation.activation, operation.n_out)
        for operation in build_graph(n_inputs, layers)
    ]


def test_widths_pass_from_layer_to_layer() -> None:
    operations = build_graph(7, [Dense(5), Dense(3), Dense(1)])
    assert all(isinstance(each, DenseOperation) for each in operations)
    assert graph(Dense(5), Dense(3), Dense(1)) == [
        (7, "linear", 5),
        (5, "linear", 3),
        (3, "linear", 1),
    ]
    dense = [each for each in operations if isinstance(each, DenseOperation)]
    assert [each.index for each in dense] == [0, 1, 2]
    assert [each.is_first for each in dense] == [True, False, False]


@pytest.mark.parametrize("activation", ["linear", *ACTIVATIONS])
def test_an_activation_behind_a_dense_layer_is_its_own(activation: str) -> None:
    """``Dense(5), Activation(a)`` is ``Dense(5, a)``."""
    apart = graph(Dense(4), Dense(5), Activation(activation))
    assert apart == graph(Dense(4), Dense(5, activation))
    assert apart == [(7, "linear", 4), (4, activation, 5)]


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_the_first_layer_fuses_what_keeps_its_output(activation: str) -> None:
    """Its tile has other lanes than what the derivative needs, so an activation that keeps its input stands apart."""
    if ACTIVATIONS[activation].keeps == "output":
        expected: list[Short] = [(7, activation, 5)]
    else:
        expected = [(7, "linear", 5), (activation, 5)]
    assert graph(Dense(5, activation)) == expected
    assert graph(Dense(5), Activation(activation)) == expected


def test_some_activations_keep_their_input() -> None:
    """Else the test before shows nothing."""
    assert {functions.keeps for functions in ACTIVATIONS.values()} == {"input", "output"}


def test_one_activation_is_fused_and_no_more() -> None:
    layers = [Dense(5, "relu"), Activation("tanh"), Activation("linear"), Activation("elu")]
    assert graph(*layers) == [(7, "relu", 5), ("tanh", 5), ("elu", 5)]


@pytest.mark.parametrize("between", [BatchNormalization, LayerNormalization, PReLU])
def test_nothing_is_fused_over_a_layer_between(between: type[Layer]) -> None:
    layers = [Dense(5, "tanh"), between(), Activation("relu"), Dense(2)]  # type: ignore[call-arg]
    assert graph(*layers) == [(7, "tanh", 5), ("linear", 5), ("relu", 5), (5, "linear", 2)]


def test_operations_with_weights_are_counted() -> None:
    """Those too that could have weights and have none, as each has a place in the layout."""
    bare = LayerNormalization(center=False, scale=False)
    operations = build_graph(
        7, [bare, Dense(5, "softmax"), PReLU(), BatchNormalization(), Dense(2)]
    )
    weighted = [each for each in operations if isinstance(each, OperationWithWeights)]
    assert [each.index for each in weighted] == [0, 1, 2, 3, 4]
    assert [each.learns for each in weighted] == [False, True, True, True, True]
    assert len(ParameterLayout(operations, np.dtype("float32")).places) == 5
    frozen = build_graph(7, [BatchNormalization(trainable=False), Dense(2)])[0]
    assert isinstance(frozen, OperationWithWeights)
    assert not frozen.learns
    assert len(frozen.weights) == 4


def test_softmax_stands_by_itself() -> None:
    assert graph(Dense(5, "softmax"), Dense(2, "softmax")) == [
        (7, "linear", 5),
        ("softmax", 5),
        (5, "linear", 2),
        ("softmax", 2),
    ]


def test_numbers_in_a_formula_are_fused_into_nothing() -> None:
    layers = [Dense(5), Dense(5, "threshold(0.5, -1)"), Dense(2)]
    assert graph(*layers) == [
        (7, "linear", 5),
        (5, "linear", 5),
        ("threshold", 5),
        (5, "linear", 2),
    ]
    last = build_graph(7, layers)[2]
    assert isinstance(last, ElementwiseOperation)
    assert last.numbers == (0.5, -1.0)


def test_a_gate_halves() -> None:
    layers = [Activation("glu"), Dense(6, "glu"), Dense(4), Activation("glu"), Dense(2)]
    operations = build_graph(8, layers)
    assert [(each.n_in, each.activation, each.n_out) for each in operations] == [
        (8, "glu", 4),
        (4, "linear", 6),
        (6, "glu", 3),
        (3, "linear", 4),
        (4, "glu", 2),
        (2, "linear", 2),
    ]


def test_an_activation_may_come_first() -> None:
    layers = [Activation("relu"), Dense(2)]
    assert graph(*layers) == [("relu", 7), (7, "linear", 2)]
    dense = build_graph(7, layers)[1]
    assert isinstance(dense, DenseOperation)
    assert not dense.is_first


@pytest.mark.parametrize(
    ("layers", "words"),
    [
        ([], "at least one Dense"),
        ([Activation("relu")], "at least one Dense"),
        ([Activation("linear")], "at least one Dense"),
        ([Dense(2), Input(2), Dense(2)], "Input"),
    ],
)
def test_stacks_that_are_no_networks(layers: list[Layer], words: str) -> None:
    with pytest.raises(ArgumentError, match=words):
        build_graph(3, layers)


class TestOutputActivation:
    """Taken off, so that a cross-entropy can be computed from logits."""

    def test_a_softmax_is_dropped(self) -> None:
        operations = build_graph(3, [Dense(4, "relu"), Dense(2, "softmax")])
        split, found = split_output_activation(operations, "softmax")
        assert found
        assert split == operations[:-1]

    def test_a_fused_sigmoid_becomes_linear(self) -> None:
        operations = build_graph(3, [Dense(4, "sigmoid"), Dense(2, "sigmoid")])
        split, found = split_output_activation(operations, "sigmoid")
        assert found
        assert [each.activation for each in split] == ["sigmoid", "linear"]

    def test_a_sigmoid_by_itself_is_dropped(self) -> None:
        operations = build_graph(3, [Dense(2, "tanh"), Activation("sigmoid")])
        assert isinstance(operations[-1], ElementwiseOperation)
        split, found = split_output_activation(operations, "sigmoid")
        assert found
        assert split == operations[:-1]

    def test_a_penalty_on_the_outputs_needs_them(self) -> None:
        operations = build_graph(3, [Dense(2, "softmax", activity_regularizer="l2")])
        assert split_output_activation(operations, "softmax") == (operations, False)

    @pytest.mark.parametrize("wanted", ["softmax", "sigmoid"])
    def test_another_activation_stays(self, wanted: str) -> None:
        """Nor is one taken from a hidden layer."""
        layers = [Dense(4, wanted), Dense(2, "sigmoid" if wanted == "softmax" else "tanh")]
        operations = build_graph(3, layers)
        assert split_output_activation(operations, wanted) == (operations, False)
