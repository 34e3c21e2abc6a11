"""What a user of Keras imports from `keras.layers`, `keras.losses` and the like is found under the same names."""

import importlib

import pytest

import fastbp
from fastbp import nn

NAMESPACES = {
    "constraints": nn.Constraint,
    "initializers": nn.Initializer,
    "layers": nn.Layer,
    "losses": nn.LossFunction,
    "metrics": (nn.Metric, nn.LossFunction),
    "regularizers": nn.Regularizer,
}


@pytest.mark.parametrize("name", NAMESPACES)
def test_a_namespace_has_all_of_its_kind_and_they_are_the_same(name):
    module = importlib.import_module(f"fastbp.{name}")
    assert getattr(fastbp, name) is module
    expected = {
        each: value
        for each, value in vars(nn).items()
        if isinstance(value, type) and issubclass(value, NAMESPACES[name])
    }
    listed = set(getattr(module, "__all__", dir(module)))
    assert listed == set(expected)
    assert len(expected) >= 4
    for each, value in expected.items():
        assert getattr(module, each) is value
    with pytest.raises(AttributeError, match="nothing"):
        module.nothing  # noqa: B018


def test_activations_are_their_names():
    from fastbp.activations import gelu, relu, swish

    assert (gelu, relu, swish) == ("gelu", "relu", "silu")
    found = {name: getattr(fastbp.activations, name) for name in nn.ACTIVATIONS}
    assert dir(fastbp.activations) == sorted(found)
    made = found.pop("threshold")(threshold=0.5, default_value=-1)
    assert fastbp.Dense(3, made) == fastbp.Dense(3, "threshold(0.5, -1.0)")
    # Without another alpha it is the same function.
    assert found.pop("celu") == "elu"
    assert all(value == name for name, value in found.items())
    assert fastbp.Dense(3, fastbp.activations.tanh) == fastbp.Dense(3, "tanh")
    with pytest.raises(AttributeError, match="did you mean 'relu'"):
        fastbp.activations.rleu  # noqa: B018
    with pytest.raises(ImportError):
        from fastbp.activations import rleu  # noqa: F401


def test_every_metric_of_the_package_is_a_metric():
    from fastbp.metrics import AUC, MeanSquaredError

    assert AUC is fastbp.AUC
    assert MeanSquaredError is fastbp.losses.MeanSquaredError
