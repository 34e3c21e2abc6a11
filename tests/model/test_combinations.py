"""What cannot learn is refused by `compile`, with what to do instead; what can is taken."""

import numpy as np
import pytest

import fastbp
from fastbp import ArgumentError, Dense, Input, Sequential


def ending(activation, n_outputs=3, *more):
    return Sequential([Input(4), Dense(n_outputs, activation, name="output"), *more], seed=1)


CE, BCE = fastbp.CategoricalCrossentropy, fastbp.BinaryCrossentropy
SPARSE, FOCAL = fastbp.SparseCategoricalCrossentropy, fastbp.BinaryFocalCrossentropy


@pytest.mark.parametrize(
    "activation, n_outputs, loss, message",
    [
        ("linear", 1, "binary_crossentropy", r"'linear': .*'sigmoid'.*Crossentropy\(from_logits=T"),
        ("relu", 1, "binary_crossentropy", "'relu': end it in 'sigmoid'"),
        ("tanh", 1, FOCAL(), "'tanh': end it in 'sigmoid'"),
        ("linear", 3, "categorical_crossentropy", r"'softmax'.* Categ.*\(from_logits=True\)"),
        ("relu", 3, "sparse_categorical_crossentropy", "'relu': end it in 'softmax'"),
        ("log_softmax", 3, SPARSE(), r"SparseCategoricalCrossentropy\(from_logits=True\)"),
        ("sigmoid", 1, BCE(from_logits=True), "leave one of both away"),
        ("softmax", 3, BCE(from_logits=True), "leave one of both away"),
        ("hard_sigmoid", 3, CE(from_logits=True), "leave one of both away"),
        ("relu", 3, SPARSE(from_logits=True), "end it in 'linear'"),
        ("linear", 1, "cosine_similarity", "'mean_squared_error'"),
        ("relu(0, 2)", 1, "binary_crossentropy", r"'relu\(0.0, 2.0, 0.0\)': end it in 'sigmoid'"),
        ("relu(0.1, 1)", 1, "binary_crossentropy", r"'relu\(0.1, 1.0, 0.0\)': end it in"),
        ("leaky_relu(0.1)", 3, SPARSE(), r"'leaky_relu\(0.1\)': end it in 'softmax'"),
        ("celu(0.5)", 3, SPARSE(), r"'celu\(0.5\)': end it in 'softmax'"),
        ("relu(0, inf, 1)", 3, SPARSE(from_logits=True), "end it in 'linear'"),
        ("relu(0, 1)", 3, SPARSE(from_logits=True), "leave one of both away"),
        ("log_sigmoid", 1, "poisson", "never positive.* 'exponential'"),
        ("log_softmax", 3, "kl_divergence", "never positive"),
    ],
)
def test_losses_that_do_not_go_with_the_outputs(activation, n_outputs, loss, message):
    model = ending(activation, n_outputs)
    with pytest.raises(ArgumentError, match=message):
        model.compile("sgd", loss)
    assert model.loss is None


@pytest.mark.parametrize(
    "activation, loss",
    [
        ("linear", SPARSE(from_logits=True)),
        ("log_softmax", SPARSE(from_logits=True)),
        ("softplus", "categorical_crossentropy"),
        ("sigmoid", "categorical_crossentropy"),
        ("exponential", "poisson"),
        ("linear", "kl_divergence"),
        ("hard_sigmoid", "binary_crossentropy"),
        ("leaky_relu(0.1)", SPARSE(from_logits=True)),
        ("linear", "cosine_similarity"),
    ],
)
def test_what_can_learn_is_taken(activation, loss, rng):
    model = ending(activation)
    model.compile(fastbp.Adam(0.01), loss)
    x = rng.normal(size=(60, 4))
    classes = x[:, :3].argmax(axis=1)
    y = classes if isinstance(loss, SPARSE) else np.eye(3)[classes]
    history = model.fit(x, y, epochs=10, verbose=0).history["loss"]
    assert history[-1] < history[0]


def test_noise_at_the_end_hides_nothing():
    model = ending("linear", 1, fastbp.Dropout(0.1))
    with pytest.raises(ArgumentError, match="from_logits"):
        model.compile("sgd", "binary_crossentropy")


def test_layer_normalization_of_one_feature():
    with pytest.raises(ArgumentError, match=r"makes 0 of it.* more units"):
        Sequential([Dense(1), fastbp.LayerNormalization()])
    with pytest.raises(ArgumentError, match="makes 0 of it"):
        Sequential([Input(1), fastbp.LayerNormalization(), Dense(2)])
    Sequential([Dense(1), fastbp.LayerNormalization(rms_scaling=True)])
    Sequential([Dense(2), fastbp.LayerNormalization()])


@pytest.mark.parametrize(
    "make, message",
    [
        (
            lambda: Dense(3, use_bias=False, bias_regularizer="l2"),
            "no bias, which bias_regularizer",
        ),
        (
            lambda: Dense(3, use_bias=False, bias_regularizer="l2", bias_constraint="non_neg"),
            "bias_regularizer and bias_constraint would be for: .* or them",
        ),
        (lambda: fastbp.BatchNormalization(center=False, beta_regularizer="l1"), "no beta"),
        (lambda: fastbp.LayerNormalization(scale=False, gamma_regularizer="l1"), "no gamma"),
    ],
)
def test_settings_of_arrays_that_are_not_there(make, message):
    with pytest.raises(ArgumentError, match=message):
        make()


def test_muon_excludes_layers_that_are_there():
    model = ending("softmax")
    with pytest.raises(ArgumentError, match=r"'outptu', which none .*: output/kernel, output/bias"):
        model.compile(fastbp.Muon(exclude_layers=["output", "outptu"]), "kld")
    model.compile(fastbp.Muon(exclude_layers=["^out"]), "kld")
