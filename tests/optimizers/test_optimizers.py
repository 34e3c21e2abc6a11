"""One contract for all optimizers: their rule's numbers, row by row."""

import re

import numpy as np
import pytest

from fastbp.errors import ArgumentError
from fastbp.kernels.rules import RULES, rule_of
from fastbp.optimizers import (
    SGD,
    Adadelta,
    Adagrad,
    Adam,
    Adamax,
    AdamW,
    Lion,
    Muon,
    Nadam,
    RMSprop,
    Rprop,
)
from fastbp.optimizers.schedules import ExponentialDecay

STEPS = np.array([1, 2, 10, 100_000], np.int64)


def alpha(t):
    """Adam's rate for 0.1."""
    return 0.1 * (1 - 0.999**t) ** 0.5 / (1 - 0.9**t)


def nadam(t):
    """Nadam's columns for 0.1, its product term by term."""
    momenta = [0.9 * (1 - 0.96**i / 2) for i in range(1, min(t, 5000) + 2)]
    product = np.prod(momenta[:-1])
    push = 0.1 * momenta[-1] / (1 - product * momenta[-1])
    pull = 0.1 * (1 - momenta[-2]) / (1 - product)
    return [push, pull, 1 - 0.9, 1 - 0.999, 1 / (1 - 0.999**t), 1e-7]


def muon(t):
    """Muon's columns for 0.1: Adam's, then those of matrices."""
    adam = [alpha(t), 1 - 0.9, 1 - 0.999, 1e-7, 0.1 * 0.004]
    return [*adam, 0.1 * 0.2, 0.1 * 0.004, 0.95, 1, 0.95, 3.4445, -4.775, 2.0315]


MOMENTS = {"momentum": 0, "velocity": 0}
MEANS = [1 - 0.9, 1 - 0.999, 1e-7]
RATIOS = [0.5, 1.2, 1e-6, 50]

# rule, slots with what they begin with, and the columns of `hyper` at update t
TABLE = [
    (SGD(0.1), "sgd", {}, lambda t: [0.1]),
    (SGD(0.1, momentum=0.9), "momentum", {"momentum": 0}, lambda t: [0.1, 0.9]),
    (SGD(0.1, 0.9, nesterov=True), "nesterov", {"momentum": 0}, lambda t: [0.1, 0.9]),
    (Adagrad(0.1), "adagrad", {"accumulator": 0.1}, lambda t: [0.1, 1e-7]),
    (Adagrad(0.1, 0.5, 1e-3), "adagrad", {"accumulator": 0.5}, lambda t: [0.1, 1e-3]),
    (
        Adadelta(0.1),
        "adadelta",
        {"gradient_square": 0, "step_square": 0},
        lambda t: [0.1, 0.95, 1e-7],
    ),
    (RMSprop(0.1, 0.8), "rmsprop", {"velocity": 0}, lambda t: [0.1, 0.8, 1e-7]),
    (
        RMSprop(0.1, momentum=0.5),
        "rmsprop_momentum",
        {"velocity": 0, "momentum": 0},
        lambda t: [0.1, 0.9, 1e-7, 0.5],
    ),
    (
        RMSprop(0.1, centered=True),
        "rmsprop_centered",
        {"velocity": 0, "mean": 0},
        lambda t: [0.1, 0.9, 1e-7],
    ),
    (
        RMSprop(0.1, momentum=0.5, centered=True),
        "rmsprop_centered_momentum",
        {"velocity": 0, "mean": 0, "momentum": 0},
        lambda t: [0.1, 0.9, 1e-7, 0.5],
    ),
    (Adam(0.1), "adam", MOMENTS, lambda t: [alpha(t), *MEANS]),
    (
        Adam(0.1, amsgrad=True),
        "amsgrad",
        {**MOMENTS, "velocity_hat": 0},
        lambda t: [alpha(t), *MEANS],
    ),
    (AdamW(0.1, 0.5), "adam+decay", MOMENTS, lambda t: [alpha(t), *MEANS, 0.1 * 0.5]),
    (AdamW(0.1, weight_decay=None), "adam", MOMENTS, lambda t: [alpha(t), *MEANS]),
    (Adamax(0.1), "adamax", MOMENTS, lambda t: [0.1 / (1 - 0.9**t), 1 - 0.9, 0.999, 1e-7]),
    (Nadam(0.1), "nadam", MOMENTS, nadam),
    (Lion(0.1), "lion", {"momentum": 0}, lambda t: [0.1, 0.9, 1 - 0.9, 0.99, 1 - 0.99]),
    (Muon(0.1), "muon", MOMENTS, lambda t: muon(t)),
    (
        Muon(
            0.1,
            0.8,
            weight_decay=0.5,
            adam_weight_decay=None,
            adam_lr_ratio=0.5,
            momentum=0.9,
            rms_rate=None,
            clipvalue=2,
            use_ema=True,
        ),
        "muon+clip+average",
        {**MOMENTS, "average": 0},
        lambda t: [
            *[0.05 * (1 - 0.999**t) ** 0.5 / (1 - 0.8**t), 1 - 0.8, 1 - 0.999, 1e-7, 0],
            *[0.1, 0.05, 0.9, 1, 0.9, 3.4445, -4.775, 2.0315],
            *[2, 0 if t == 1 else 0.99, 0],
        ],
    ),
    (
        Muon(0.1, nesterov=False),
        "muon",
        MOMENTS,
        lambda t: [*muon(t)[:8], 0, 1, *muon(t)[10:]],
    ),
    (Rprop(0.1), "rprop_iminus", {"step_size": 0.1, "gradient": 0}, lambda t: RATIOS),
    (
        Rprop(0.1, "iplus"),
        "rprop_iplus",
        {"step_size": 0.1, "gradient": 0, "loss": 0},
        lambda t: [*RATIOS, 0],
    ),
    (SGD(0.1, clipvalue=2), "sgd+clip", {}, lambda t: [0.1, 2]),
    (SGD(0.1, weight_decay=0.0), "sgd", {}, lambda t: [0.1]),
    (
        SGD(0.1, use_ema=True),
        "sgd+average",
        {"average": 0},
        lambda t: [0.1, 0 if t == 1 else 0.99, 0],
    ),
    (
        SGD(
            0.1,
            0.9,
            weight_decay=0.5,
            clipvalue=2,
            use_ema=True,
            ema_momentum=0.5,
            ema_overwrite_frequency=5,
        ),
        "momentum+decay+clip+average",
        {"momentum": 0, "average": 0},
        lambda t: [0.1, 0.9, 0.1 * 0.5, 2, 0 if t == 1 else 0.5, t % 5 == 0],
    ),
    (
        SGD(ExponentialDecay(0.1, 10, 0.5), weight_decay=0.5),
        "sgd+decay",
        {},
        lambda t: [0.1 * 0.5 ** ((t - 1) / 10), 0.5 * 0.1 * 0.5 ** ((t - 1) / 10)],
    ),
    (
        Lion(lambda step: 1 / (1 + step), 0.5, 0.5),
        "lion",
        {"momentum": 0},
        lambda t: [1 / t, *[0.5] * 4],
    ),
]


@pytest.mark.parametrize("optimizer, rule, slots, row", TABLE)
def test_rule_slots_and_numbers(optimizer, rule, slots, row):
    hyper = optimizer.hyper(STEPS)
    assert (optimizer.rule, optimizer.slots) == (rule, slots)
    assert (hyper.dtype, hyper.flags.c_contiguous) == (np.dtype("float64"), True)
    assert hyper == pytest.approx(np.array([row(int(t)) for t in STEPS]), rel=1e-13)


@pytest.mark.parametrize("setting", ["clipnorm", "global_clipnorm"])
def test_behind_the_numbers_of_the_rule(setting):
    """Come the limit of a norm, and what a sum of gradients is multiplied by at each step; t counts updates."""
    optimizer = Adam(0.1, use_ema=True, gradient_accumulation_steps=2, **{setting: 3})
    assert optimizer.slots == {**MOMENTS, "average": 0, "gradient_accumulator": 0}
    rows = [[alpha(t), *MEANS, 0 if t == 1 else 0.99, 0, 3] for t in (1, 1, 2, 2)]
    expected = [[*row, part] for row, part in zip(rows, [0, 0.5, 0, 0.5], strict=True)]
    assert optimizer.hyper(np.arange(1, 5)) == pytest.approx(np.array(expected), rel=1e-13)
    assert not SGD(0.1, gradient_accumulation_steps=2).hyper_is_constant
    assert SGD(0.1, **{setting: 3}).hyper_is_constant


def named(value: object) -> str:
    """As it is written, without addresses, which differ from process to process."""
    return re.sub(" at 0x[0-9a-f]+", "", repr(value))


@pytest.mark.parametrize("optimizer", [row[0] for row in TABLE], ids=named)
def test_constant_means_that_one_row_serves_all(optimizer):
    hyper = optimizer.hyper(STEPS)
    assert optimizer.hyper_is_constant == bool((hyper == hyper[0]).all())


@pytest.mark.parametrize("optimizer", [row[0] for row in TABLE], ids=named)
def test_the_kernels_know_the_rule(optimizer):
    """As many slots and numbers as the specification has."""
    rule = rule_of(optimizer.rule)
    assert (rule.n_slots, rule.n_hyper) == (len(optimizer.slots), optimizer.hyper(STEPS).shape[1])


def test_every_rule_has_a_specification():
    assert {optimizer.own_rule for optimizer, *_ in TABLE} == set(RULES) - {
        "rprop_plus",
        "rprop_minus",
    }
    assert {Rprop(variant=name).rule for name in ("plus", "minus")} == {
        "rprop_plus",
        "rprop_minus",
    }


@pytest.mark.parametrize("optimizer", [row[0] for row in TABLE], ids=named)
def test_numbers_are_finite_after_any_number_of_updates(optimizer):
    steps = np.array([1, 1000, 2**31 - 1, 2**31, 2**31 + 1, 2**53], np.int64)
    hyper = optimizer.hyper(steps)
    assert np.isfinite(hyper).all()
    assert np.isfinite(hyper.astype(np.float32)).all()


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: Rprop(variant="improved"), "variant of Rprop 'improved'"),
        (lambda: Rprop(ExponentialDecay(0.1, 10, 0.5)), "a number instead of a schedule"),
        (lambda: Rprop(gradient_accumulation_steps=2), "leave gradient_accumulation_steps away"),
        (lambda: Rprop(eta_plus=1), "eta_plus"),
        (lambda: Rprop(eta_minus=1), "eta_minus"),
        (lambda: Rprop(minimum_step=1, maximum_step=0.5), "minimum_step=1.0 lies above"),
        (lambda: Adagrad(initial_accumulator_value=-1), "initial_accumulator_value"),
        (lambda: Adam(epsilon=1e-40), "epsilon"),
        (lambda: SGD(clipvalue=0), "clipvalue"),
        (lambda: SGD(weight_decay=-1), "weight_decay"),
        (lambda: SGD(use_ema=1), "use_ema"),
        (lambda: SGD(use_ema=True, ema_momentum=1), "ema_momentum"),
        (lambda: SGD(use_ema=True, ema_overwrite_frequency=0), "ema_overwrite_frequency"),
        (lambda: SGD(ema_overwrite_frequency=5), "add use_ema=True"),
        (lambda: SGD(clipnorm=0), "clipnorm must be"),
        (lambda: SGD(global_clipnorm=-1), "global_clipnorm must be"),
        (lambda: SGD(global_clipnorm=np.inf), "global_clipnorm must be"),
        (lambda: SGD(clipnorm=1, clipvalue=1), "clipvalue and clipnorm .* choose one"),
        (lambda: Adam(clipnorm=1, global_clipnorm=1), "clipnorm and global_clipnorm .* choose"),
        (lambda: SGD(gradient_accumulation_steps=1), "whole number of at least 2, not 1"),
        (lambda: SGD(gradient_accumulation_steps=2.0), "gradient_accumulation_steps"),
        (lambda: Muon(exclude_layers="output"), r'must be a list .* such as \["output"\]'),
        (lambda: Muon(exclude_layers=[3]), "must be a list"),
        (lambda: Muon(exclude_layers=["dense", "a("]), r"'a\(', which is no .* 'a\\\\\('"),
        (lambda: Muon(ns_steps=0), "ns_steps"),
        (lambda: Muon(rms_rate=0), "rms_rate"),
        (lambda: Muon(momentum=1), "momentum"),
        (lambda: Muon(adam_beta_1=1), "adam_beta_1"),
        (lambda: Muon(adam_weight_decay=-1), "adam_weight_decay"),
        (lambda: Muon(muon_a=np.nan), "muon_a"),
        (lambda: Muon(adam_lr_ratio=-1), "adam_lr_ratio"),
        (lambda: Muon(exclude_embeddings=1), "exclude_embeddings"),
        (lambda: SGD(ExponentialDecay), "not a class"),
        (lambda: SGD(nesterov=True), "nesterov=True does nothing .* momentum=0.9"),
        (lambda: SGD(lambda: 0.1), "without arguments.* lambda step.* LearningRateScheduler"),
        (lambda: SGD("fast"), "learning_rate"),
        (lambda: SGD({"class": "Exponential"}), "ExponentialDecay|learning-rate schedule"),
    ],
)
def test_a_setting_that_cannot_be_is_named(make, message):
    with pytest.raises(ArgumentError, match=message):
        make()


@pytest.mark.parametrize(
    "function, message",
    [
        (lambda step: -1.0, "after 0 updates must be a finite number at least 0, not -1.0"),
        (lambda step: np.nan if step else 1.0, "after 1 updates must be .* not nan"),
        (lambda step: None, "after 0 updates must be .* not None"),
        (ExponentialDecay(1.0, 1, 2.0), "after 99999 updates must be .* not inf"),
    ],
)
def test_a_rate_that_cannot_be_is_named(function, message):
    with pytest.raises(ArgumentError, match=f"learning_rate {message}"):
        SGD(function).hyper(STEPS)


def test_what_is_shown_is_what_was_chosen():
    assert repr(SGD(0.1)) == "SGD(learning_rate=0.1, momentum=0.0, nesterov=False)"
    assert "clipvalue=2.0" in repr(SGD(0.1, clipvalue=2))
    assert "weight_decay" not in repr(Adam())
    assert "weight_decay=0.004" in repr(AdamW())
