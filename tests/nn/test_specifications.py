"""Every specification can be written down and made again, and says what is wrong with its settings."""

import json

import pytest

from fastbp.errors import ArgumentError, UnknownNameError
from fastbp.nn import (
    CONSTRAINTS,
    ELU,
    INITIALIZERS,
    L1,
    L1L2,
    L2,
    LAYERS,
    LOSSES,
    REGULARIZERS,
    Activation,
    BatchNormalization,
    BinaryFocalCrossentropy,
    CategoricalCrossentropy,
    CategoricalFocalCrossentropy,
    Dense,
    Embedding,
    Flatten,
    Huber,
    Input,
    LayerNormalization,
    LeakyReLU,
    MaxNorm,
    MinMaxNorm,
    Orthogonal,
    OrthogonalRegularizer,
    PReLU,
    Quantile,
    RandomNormal,
    ReLU,
    Rescaling,
    Reshape,
    Softmax,
    UnitNorm,
    VarianceScaling,
)
from fastbp.optimizers import OPTIMIZERS, SGD, Adam, AdamW, RMSprop
from fastbp.optimizers.schedules import CosineDecay

FAMILIES = [CONSTRAINTS, INITIALIZERS, LOSSES, REGULARIZERS, OPTIMIZERS]
OTHERS = [
    (LAYERS, Input((4,), name="pixels")),
    (LAYERS, Input((28, 28))),
    (LAYERS, Activation("silu")),
    (LAYERS, Activation("threshold", threshold=0.1, default_value=-1e-30, name="above")),
    (LAYERS, Dense(3, "threshold(0.1,2)")),
    (LAYERS, Dense(4, "glu")),
    (LAYERS, ReLU(6, 0.1, 0.5, "cut")),
    (LAYERS, ReLU()),
    (LAYERS, LeakyReLU(0.1)),
    (LAYERS, ELU(2)),
    (LAYERS, Softmax()),
    (LAYERS, Flatten(name="flat")),
    (LAYERS, Reshape((7, -1))),
    (LAYERS, Rescaling(1 / 127.5, offset=-1)),
    (LAYERS, Embedding(10, 4)),
    (LAYERS, Embedding(10, 4, RandomNormal(stddev=0.1), L2(0.25), "max_norm", [3, 5], "v", False)),
    (LAYERS, Dense(3)),
    (LAYERS, Dense(3, use_bias=False)),
    (
        LAYERS,
        Dense(
            3,
            "relu",
            kernel_initializer=RandomNormal(stddev=0.1),
            kernel_regularizer=L1(0.5),
            bias_regularizer=L2(0.25),
            kernel_constraint=MaxNorm(3, [0, 1]),
            bias_constraint="non_neg",
            bias_trainable=False,
            name="first",
        ),
    ),
    (LAYERS, LayerNormalization(epsilon=0.1, scale=False, rms_scaling=True, trainable=False)),
    (LAYERS, BatchNormalization(momentum=0.5, center=False, gamma_regularizer=L1(0.5), name="b")),
    (LAYERS, LayerNormalization(beta_constraint="unit_norm", gamma_constraint=MaxNorm(3))),
    (LAYERS, PReLU(alpha_constraint="non_neg")),
    (LAYERS, BatchNormalization(moving_variance_initializer=RandomNormal(mean=1.0))),
    (LAYERS, PReLU(alpha_initializer=RandomNormal(), alpha_regularizer="l2")),
    (LOSSES, Huber(delta=0.3)),
    (LOSSES, Quantile(0.9)),
    (LOSSES, BinaryFocalCrossentropy(True, 0.3, 1.5, True, 0.1)),
    (LOSSES, CategoricalFocalCrossentropy(0.3, 1.5, True, 0.1)),
    (LOSSES, CategoricalCrossentropy(from_logits=True, label_smoothing=0.1)),
    (INITIALIZERS, VarianceScaling(3.0, "fan_out", "untruncated_normal")),
    (INITIALIZERS, Orthogonal(2.0)),
    (INITIALIZERS, RandomNormal(stddev=0.1, seed=7)),
    (REGULARIZERS, L1L2(0.1, 0.2)),
    (REGULARIZERS, OrthogonalRegularizer(0.1, "columns")),
    (CONSTRAINTS, MinMaxNorm(0.1, 0.2, 0.3, 1)),
    (CONSTRAINTS, UnitNorm([0, 1])),
    (OPTIMIZERS, Adam(name="first")),
    (OPTIMIZERS, SGD(0.5, momentum=0.9, nesterov=True)),
    (OPTIMIZERS, RMSprop(0.5, rho=0.5, momentum=0.5, epsilon=0.5)),
    (OPTIMIZERS, Adam(0.5, 0.5, 0.5, 0.5)),
    (OPTIMIZERS, AdamW(0.5, weight_decay=0.5)),
]
ALL = [(family, family.resolve(name)) for family in FAMILIES for name in family.names] + OTHERS


@pytest.mark.parametrize(
    "family, specification", ALL, ids=lambda value: getattr(value, "kind", repr(value)[:60])
)
def test_what_json_has_kept_is_the_same_specification(family, specification):
    config = json.loads(json.dumps(specification.to_config()))
    assert family.from_config(config) == specification


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.kind)
def test_a_name_a_class_and_a_specification_mean_the_same(family):
    for name in family.names:
        specification = family.resolve(name)
        assert family.resolve(type(specification)) == specification
        assert family.resolve(type(specification).__name__) == specification
        assert family.resolve(specification) is specification


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.kind)
def test_the_nearest_name_is_in_the_error(family):
    name = family.names[-1]
    with pytest.raises(UnknownNameError, match=f"{family.kind} '{name}x', did you mean '{name}'"):
        family.resolve(f"{name}x")
    with pytest.raises(ArgumentError, match=family.kind):
        family.resolve(3)


@pytest.mark.parametrize(
    "alias, name",
    [("mse", "mean_squared_error"), ("mae", "mean_absolute_error"), ("Huber", "huber")],
)
def test_keras_aliases_of_losses(alias, name):
    assert LOSSES.resolve(alias).kind == name


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: Dense(0), "units"),
        (lambda: Dense(2.5), "units"),
        (lambda: Dense(True), "units"),
        (lambda: Dense(3, "rellu"), "did you mean 'relu'"),
        (lambda: Dense(3, activation=max), "activation must be a name"),
        (lambda: Dense(3, "treshold(1, 2)"), "did you mean 'threshold'"),
        (lambda: Dense(3, "threshold"), "takes threshold and default_value: write .*0.5, 0.5"),
        (lambda: Dense(3, "glu"), "one half .* must be even, not 3"),
        (lambda: Dense(3, "threshold(1)"), "takes threshold and default_value"),
        (lambda: Dense(3, "threshold(1, x)"), "takes threshold and default_value"),
        (lambda: Dense(3, "threshold(1, 2, 3)"), "takes threshold and default_value"),
        (lambda: Dense(3, "threshold(1, inf)"), "default_value must be a finite number"),
        (lambda: Dense(3, "tanh(1)"), "'tanh' takes no numbers"),
        (lambda: Activation("threshold", threshold=1), "takes threshold and default_value"),
        (lambda: Activation("threshold(1, 2)", threshold=1), "takes threshold and"),
        (lambda: Activation("tanh", threshold=1), "'tanh' takes no threshold"),
        (lambda: Activation("relu", slope=1), "takes negative_slope and max_value and threshold"),
        (lambda: Dense(3, "elu(0.5, 1)"), "'elu' takes alpha"),
        (lambda: Dense(3, "relu(nan)"), "negative_slope must be a finite number"),
        (lambda: Dense(3, "leaky_relu(inf)"), "negative_slope must be a finite number"),
        (lambda: Dense(3, "celu(0)"), "alpha must be a finite number above 0"),
        (lambda: Dense(3, "squareplus(-4)"), "b must be a finite number above 0"),
        (lambda: Activation("hard_shrink", threshold=-1), "threshold must be .* at least 0"),
        (lambda: Dense(3, "soft_shrink(0.5, 1)"), "takes threshold: write .soft_shrink.0.5"),
        (lambda: ReLU(-1), "max_value must be a finite number at least 0"),
        (lambda: ReLU(threshold=-0.5), "threshold"),
        (lambda: LeakyReLU(-0.1), "negative_slope"),
        (lambda: LeakyReLU(None), "negative_slope"),
        (lambda: ELU("1"), "alpha"),
        (lambda: Softmax(0), "axis must be -1"),
        (lambda: Dense(3, use_bias=1), "use_bias"),
        (lambda: Dense(3, kernel_initializer="glorot"), "did you mean 'glorot_"),
        (lambda: Dense(3, kernel_regularizer="l3"), "unknown regularizer 'l3'"),
        (lambda: Dense(3, name=3), "name"),
        (lambda: Dense(3, kernel_constraint="maxnorm"), "did you mean 'max_norm'"),
        (lambda: Dense(3, kernel_constraint=UnitNorm(2)), "kernel_constraint .*not axis=2"),
        (lambda: Dense(3, kernel_constraint=UnitNorm([0, -2])), r"not axis=\(0, -2\)"),
        (lambda: Dense(3, bias_constraint=UnitNorm(1)), "bias_constraint of 1 axis takes axis=0 "),
        (lambda: MaxNorm(0), "max_value"),
        (lambda: MaxNorm(axis=0.5), "axis must be .* not 0.5"),
        (lambda: MaxNorm(axis=[]), "axis must be"),
        (lambda: MinMaxNorm(rate=2), "rate"),
        (lambda: MinMaxNorm(2, 1), "min_value=2 lies above max_value=1"),
        (lambda: OrthogonalRegularizer(-1), "factor"),
        (lambda: OrthogonalRegularizer(mode="both"), "mode 'both'"),
        (lambda: Dense(3, bias_regularizer=OrthogonalRegularizer()), "as kernel_regularizer"),
        (lambda: L2(-1), "l2 must be a finite number at least 0, not -1"),
        (lambda: Input(()), "shape of an Input"),
        (lambda: Input((28, 0)), "length of an axis"),
        (lambda: Embedding(0, 4), "input_dim"),
        (lambda: Embedding(4, 2.5), "output_dim"),
        (lambda: Embedding(4, 2, "unifrom"), "did you mean 'uniform'"),
        (lambda: Embedding(4, 2, columns=[]), "one or more columns"),
        (lambda: Embedding(4, 2, embeddings_constraint=UnitNorm(2)), "embeddings_constraint of 2"),
        (lambda: Embedding(4, 2, columns=[1, 1]), "each once"),
        (lambda: Embedding(4, 2, columns=-1), "a column of an Embedding must be a whole number"),
        (lambda: Embedding(4, 2, columns="ab"), "a column of an Embedding must be a whole number"),
        (lambda: Reshape(()), "target_shape"),
        (lambda: Reshape((-1, -1)), "one length of -1"),
        (lambda: Reshape((0,)), "length in target_shape"),
        (lambda: Rescaling(0), "scale must not be 0"),
        (lambda: Rescaling(1, offset=float("inf")), "offset must be a finite number"),
        (lambda: Input(0), "columns"),
        (lambda: SGD(float("nan")), "learning_rate"),
        (lambda: SGD(-0.1), "learning_rate"),
        (lambda: SGD("fast"), "learning_rate"),
        (lambda: SGD(momentum=1.0), "momentum must be a finite number at least 0 and below 1"),
        (lambda: Adam(epsilon=0), "epsilon"),
        (lambda: AdamW(weight_decay=-1), "weight_decay"),
    ],
)
def test_a_setting_that_cannot_be_is_named(make, message):
    with pytest.raises(ArgumentError, match=message):
        make()


def test_specifications_are_values():
    assert Dense(3, "relu") == Dense(3, "relu")
    assert len({Dense(3), Dense(3), Dense(4)}) == 2
    with pytest.raises(AttributeError):
        Dense(3).units = 4


@pytest.mark.parametrize("name", ["l1_l2", "l1l2", "L1L2"])
def test_names_of_both_penalties_at_once(name):
    assert REGULARIZERS.resolve(name) == L1L2(0.0, 0.0)


def test_names_for_keras_sake():
    assert Adam(name="mine") == Adam()
    assert "name='mine'" in repr(Adam(0.1, name="mine"))
    assert Adam(CosineDecay(0.1, 100, name="mine")) == Adam(CosineDecay(0.1, 100))
    kept = OPTIMIZERS.from_config(Adam(CosineDecay(0.1, 100, name="rate"), name="mine").to_config())
    assert (kept.name, kept.learning_rate.name) == ("mine", "rate")
    with pytest.raises(ArgumentError, match="name must be a string, not 3"):
        Adam(name=3)
