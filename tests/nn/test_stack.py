"""Layers in a row: their order, shapes and names."""

import numpy as np
import pytest

import fastbp
from fastbp.errors import ArgumentError, NotReadyError
from fastbp.nn import (
    Activation,
    Dense,
    Embedding,
    Flatten,
    Input,
    Normalization,
    Rescaling,
    Reshape,
    Stack,
)


def test_shapes_and_names():
    stack = Stack.of(
        [Dense(8), Activation("relu"), Dense(3, use_bias=False), Dense(2, name="dense")]
    )
    assert stack.names == ("dense_1", "activation", "dense_2", "dense")
    assert [[w.shape for w in weights] for weights in stack.weights(4)] == [
        [(4, 8), (8,)],
        [],
        [(8, 3)],
        [(3, 2), (2,)],
    ]
    assert stack.widths(4) == (8, 8, 3, 2)
    assert stack.weight_names[2:] == ("dense_2/kernel", "dense/kernel", "dense/bias")


def test_a_gate_halves():
    layers = [Input(6), Activation("glu"), Dense(8, "glu"), Dense(2, "glu"), Activation("relu")]
    stack = Stack.of(layers)
    assert stack.shapes(6) == ((6,), (3,), (4,), (1,), (1,))
    assert stack.widths(6) == (6, 3, 4, 1, 1)
    assert [weights[0].shape for weights in stack.weights(6) if weights] == [(3, 8), (4, 2)]
    assert stack.n_outputs == 1
    assert Stack.of(layers[1:]).weight_names[0] == "dense/kernel"
    assert Stack.of([Dense(4), Activation("glu")]).n_outputs == 2
    assert Stack.of([Activation("glu"), Dense(4)]).shapes(None) == ((None,), (4,))
    with pytest.raises(ArgumentError, match="must be even, not 5"):
        Stack.of([Activation("glu"), Dense(4)]).shapes(5)


def test_the_number_of_inputs():
    assert Stack.of([Dense(8)]).n_inputs is None
    assert Stack.of([Input((4,)), Dense(8)]).n_inputs == 4
    assert Stack.of([Normalization(mean=np.zeros(3), variance=np.ones(3)), Dense(8)]).n_inputs == 3
    assert Stack.of([Normalization(mean=0, variance=1), Dense(8)]).n_inputs is None


@pytest.mark.parametrize(
    "layers, message",
    [
        ([Dense(3), Input((4,))], "Input must be the first"),
        ([Dense(3), Normalization()], "Normalization must be the first"),
        ([Normalization(), Normalization()], "Normalization must be the first"),
        ([Dense(3, name="a"), Dense(3, name="a")], "two layers have the name 'a'"),
        ([Dense], "such as Dense.10., not of the class Dense"),
        (["relu"], "not of 'relu'"),
        (Dense(3), r"must be a list, such as \[Dense.10.\], not one Dense"),
        ([Dense(1, "softmax")], "one output for two classes goes with 'sigmoid'"),
        ([Dense(1), Activation("softmax")], "a softmax of one output"),
        ([Dense(1), Activation("sparsemax")], "a sparsemax of one output"),
        ([Dense(2, "glu"), Activation("softmax")], "a softmax of one output"),
        ([Dense(3), Activation("glu")], "glu .* must be even, not 3"),
        ([Input((2, 4)), Activation("glu")], r"shape \(2, 4\): put a Flatten"),
        ([Dense(3), Rescaling(2)], "Rescaling must come before"),
        ([Dense(3), Embedding(9, 2)], "Embedding must come before"),
        ([Rescaling(2), Embedding(9, 2)], r"whole numbers, .* columns=\[\.\.\.\]"),
        ([Embedding(9, 2), Dense(3)], r"samples of shape \(None, 2\): put a Flatten"),
        ([Input(3), Embedding(9, 2), Activation("softmax")], "put a Flatten"),
        ([Input((28, 28)), Dense(3)], r"samples of shape \(28, 28\): put a Flatten"),
        ([Input((28, 28)), Normalization()], "put a Flatten"),
        ([Input((2, 3)), Embedding(9, 2, columns=1)], "put a Flatten"),
        ([Input(3), Embedding(9, 2, columns=3)], "from 0, and there are 3"),
        ([Input(2), Embedding(9, 2, columns=1), Embedding(9, 2, columns=1)], "1 are left"),
        ([Embedding(9, 2, columns=1), Flatten(), Embedding(9, 2)], "cannot follow another"),
        ([Input((4, 7)), Reshape((5, 6))], r"\(5, 6\) does not fit samples of shape \(4, 7\), 28"),
        ([Dense(7), Reshape((2, -1))], r"\(2, -1\) does not fit samples of shape \(7,\), 7"),
    ],
)
def test_an_order_that_cannot_be(layers, message):
    with pytest.raises(ArgumentError, match=message):
        Stack.of(layers)


def test_outputs_need_a_dense_layer():
    with pytest.raises(NotReadyError, match="no Dense layer"):
        assert Stack.of([Input(3), Activation("relu")]).n_outputs


def test_shapes_of_samples():
    stack = Stack.of(
        [
            Input((4, 6)),
            Reshape((-1, 3)),
            Flatten(),
            Reshape((8, 3)),
            Embedding(9, 2),
            Flatten(),
            Dense(3),
        ]
    )
    assert stack.shapes(24) == ((4, 6), (8, 3), (24,), (8, 3), (8, 3, 2), (48,), (3,))
    assert stack.widths(24) == (24, 24, 24, 24, 48, 48, 3)
    assert stack.n_inputs == 24
    unknown = Stack.of([Embedding(9, 2), Flatten(), Dense(3), Reshape((3, 1))])
    assert Stack.of([Rescaling(2), Flatten(), Dense(3)]).shapes(None) == ((None,), (None,), (3,))
    assert unknown.shapes(None) == ((None, 2), (None,), (3,), (3, 1))
    with pytest.raises(ArgumentError, match=r"have shape \(3, 1\), and must be a row"):
        assert unknown.n_outputs


def test_what_is_done_to_the_inputs():
    """Rescaling and normalization one after another, and columns that are embedded left alone."""
    x = np.array([[0.0, 3.0, 255.0], [51.0, 4.0, 510.0]])
    layers = [Rescaling(1 / 51, offset=-2), Normalization(mean=[1.0, 7, 2], variance=[4.0, 1, 16])]
    stack = Stack.of([Input(3), *layers, Embedding(9, 2, columns=1), Dense(1)])
    mean, scale = stack.scaling(3)
    expected = ((x / 51 - 2) - [1, 7, 2]) / [2, 1, 4]
    expected[:, 1] = x[:, 1]
    np.testing.assert_allclose((x - mean) * scale, expected, rtol=1e-14)
    assert Stack.of([Input(3), Embedding(9, 2, columns=1), Dense(1)]).scaling(3) is None


def test_columns_are_counted_in_what_is_left():
    stack = Stack.of([Input(5), Embedding(9, 2, columns=[3]), Embedding(9, 2, columns=[3, 0])])
    assert stack.lookup(5).embedded == ((3,), (4, 0))
    assert stack.lookup(5).kept == (1, 2)
    assert stack.weight_names == ("embedding/embeddings", "embedding_1/embeddings")


@pytest.mark.parametrize("behind", [fastbp.ActivityRegularization(l2=0.1), fastbp.Dropout(0.1)])
def test_what_the_outputs_went_through(behind):
    """A layer that passes numbers on hides it from nobody: not from a metric, nor from a loss of logits."""
    layers = [fastbp.Input(3), fastbp.Dense(1, "sigmoid"), behind]
    assert Stack.of(layers).output_activation == "sigmoid"
    model = fastbp.Sequential(layers)
    model.compile("sgd", "mse", ["auc"])
    with pytest.raises(ArgumentError, match="from_logits"):
        model.compile("sgd", fastbp.BinaryCrossentropy(from_logits=True))
    assert Stack.of([*layers, fastbp.BatchNormalization()]).output_activation == "linear"
