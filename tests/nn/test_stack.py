"""Layers in a row: their order, shapes and names."""

import numpy as np
import pytest

from fastbp.errors import ArgumentError, NotReadyError
from fastbp.nn import Activation, Dense, Input, Normalization, Stack


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
        ([Dense], "such as Dense.10., not of Dense"),
        (["relu"], "not of 'relu'"),
        (Dense(3), "a list of layers"),
        ([Dense(1, "softmax")], "one output for two classes goes with 'sigmoid'"),
        ([Dense(1), Activation("softmax")], "a softmax of one output"),
    ],
)
def test_an_order_that_cannot_be(layers, message):
    with pytest.raises(ArgumentError, match=message):
        Stack.of(layers)


def test_outputs_need_a_dense_layer():
    with pytest.raises(NotReadyError, match="no Dense layer"):
        assert Stack.of([Input(3), Activation("relu")]).n_outputs
