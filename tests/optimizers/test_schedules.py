"""One contract for all schedules: the published formula, step by step, the ends, and what they refuse."""

import json
import math
import re

import numpy as np
import pytest

from fastbp.errors import ArgumentError, UnknownNameError
from fastbp.optimizers import SGD
from fastbp.optimizers.schedules import (
    SCHEDULES,
    CosineDecay,
    CosineDecayRestarts,
    ExponentialDecay,
    FunctionSchedule,
    InverseTimeDecay,
    LearningRateSchedule,
    OneCycle,
    PiecewiseConstantDecay,
    PolynomialDecay,
)


def polynomial(step, *, first=0.1, steps=30, end=0.01, power=2.0, cycle=False):
    """Keras's, with its two cases."""
    if cycle:
        steps *= 1 if step == 0 else math.ceil(step / steps)
    else:
        step = min(step, steps)
    return (first - end) * (1 - step / steps) ** power + end


def cosine(step, *, steps=30, alpha=0.1, first=0.1):
    done = min(step, steps) / steps
    return first * ((1 - alpha) * 0.5 * (1 + math.cos(math.pi * done)) + alpha)


def warm_cosine(step):
    """Ten steps from 0.02 to 0.5."""
    if step < 10:
        return 0.02 + (0.5 - 0.02) * step / 10
    return cosine(step - 10, first=0.5)


def restarts(step, *, t_mul, m_mul, alpha, first=0.1, steps=10):
    """One fall after the other, which the formula finds by logarithms."""
    length, peak = float(steps), 1.0
    while step >= length:
        step -= length
        length *= t_mul
        peak *= m_mul
    return first * ((1 - alpha) * 0.5 * peak * (1 + math.cos(math.pi * step / length)) + alpha)


def one_cycle(step, *, total=40, share=0.3, straight=False):
    """PyTorch's phases."""
    turn, end = share * total - 1, total - 1
    step = min(step, end)
    low, high, last = 0.5 / 25, 0.5, 0.5 / 25 / 1e4
    begin, goal, done = (low, high, step / turn) if step <= turn else (
        high, last, (step - turn) / (end - turn)
    )  # fmt: skip
    if straight:
        return begin + done * (goal - begin)
    return goal + (begin - goal) / 2 * (1 + math.cos(math.pi * done))


TABLE = [
    (ExponentialDecay(0.1, 30, 0.5), lambda s: 0.1 * 0.5 ** (s / 30)),
    (ExponentialDecay(0.1, 30, 0.5, staircase=True), lambda s: 0.1 * 0.5 ** (s // 30)),
    (InverseTimeDecay(0.1, 30, 0.5), lambda s: 0.1 / (1 + 0.5 * s / 30)),
    (InverseTimeDecay(0.1, 30, 0.5, True), lambda s: 0.1 / (1 + 0.5 * (s // 30))),
    (PolynomialDecay(0.1, 30), lambda s: polynomial(s, end=0.0001, power=1.0)),
    (PolynomialDecay(0.1, 30, 0.01, 2.0), polynomial),
    (PolynomialDecay(0.1, 30, 0.01, 2.0, cycle=True), lambda s: polynomial(s, cycle=True)),
    (
        PiecewiseConstantDecay([10, 50], [0.1, 0.2, 0.05]),
        lambda s: 0.1 if s <= 10 else 0.2 if s <= 50 else 0.05,
    ),
    (PiecewiseConstantDecay([], [0.1]), lambda s: 0.1),
    (CosineDecay(0.1, 30, 0.1), cosine),
    (CosineDecay(0.02, 30, 0.1, warmup_target=0.5, warmup_steps=10), warm_cosine),
    (CosineDecay(0.02, 30, 0.1, warmup_target=0.1), cosine),
    (
        CosineDecayRestarts(0.1, 10, 2.0, 0.5, 0.1),
        lambda s: restarts(s, t_mul=2, m_mul=0.5, alpha=0.1),
    ),
    (CosineDecayRestarts(0.1, 10, 3.0), lambda s: restarts(s, t_mul=3, m_mul=1, alpha=0)),
    (CosineDecayRestarts(0.1, 10, 1.0), lambda s: restarts(s, t_mul=1, m_mul=1, alpha=0)),
    (OneCycle(0.5, 40), one_cycle),
    (OneCycle(0.5, 40, anneal_strategy="linear"), lambda s: one_cycle(s, straight=True)),
    (FunctionSchedule(lambda s: 0.1 / (1 + s)), lambda s: 0.1 / (1 + s)),
]
ALL = [row[0] for row in TABLE]


def named(value: object) -> str:
    """As it is written, without addresses, which differ from process to process."""
    return re.sub(" at 0x[0-9a-f]+", "", repr(value))[:60]


@pytest.mark.parametrize("schedule, formula", TABLE, ids=named)
def test_formula(schedule, formula):
    steps = np.arange(500)
    rates = schedule.rates(steps)
    assert (rates.shape, rates.dtype) == ((500,), np.dtype("float64"))
    np.testing.assert_allclose(rates, [formula(int(s)) for s in steps], rtol=1e-12, atol=1e-17)
    # one by one, and any part of them, the same bits
    assert [schedule(int(s)) for s in steps[::50]] == rates[::50].tolist()
    np.testing.assert_array_equal(schedule.rates(steps[17:40]), rates[17:40])


def test_restarts_begin_where_they_should():
    """Logarithms would put some of them one step late: of 3**5, for instance."""
    schedule = CosineDecayRestarts(1.0, 1, 3.0)
    begins = [(3**k - 1) // 2 for k in range(1, 30)]
    assert schedule.rates(np.array(begins)).tolist() == [1.0] * len(begins)
    assert (schedule.rates(np.array(begins[3:]) - 1) < 0.01).all()


@pytest.mark.parametrize("schedule", ALL, ids=named)
def test_rates_are_finite_after_any_number_of_updates(schedule):
    steps = np.array([0, 2**31 - 1, 2**31, 2**31 + 1, 2**53], np.int64)
    assert np.isfinite(SGD(schedule).hyper(steps + 1)).all()


@pytest.mark.parametrize("schedule", ALL[:-1], ids=named)
def test_what_json_has_kept_is_the_same_schedule(schedule):
    config = json.loads(json.dumps(schedule.to_config()))
    assert SCHEDULES.from_config(config) == schedule
    assert schedule in SCHEDULES
    optimizer = SGD(schedule)
    config = json.loads(json.dumps(optimizer.to_config()))
    config.pop("class")
    assert SGD(**config) == optimizer
    assert hash(optimizer) == hash(SGD(schedule))
    assert optimizer.storable(5) is optimizer


def test_a_function_is_stored_as_the_rate_reached():
    optimizer = SGD(lambda step: 1 / (1 + step), momentum=0.5)
    assert isinstance(optimizer.learning_rate, LearningRateSchedule)
    assert optimizer.learning_rate not in SCHEDULES
    assert optimizer.storable(5) == SGD(0.2, momentum=0.5)
    assert SGD(0.1).storable(5) == SGD(0.1)


def test_a_function_is_called_with_the_number_of_updates_before():
    seen = []
    SGD(lambda step: seen.append(step) or 0.1).hyper(np.array([1, 2, 7]))
    assert seen == [0, 1, 6]
    assert {type(step) for step in seen} == {int}


@pytest.mark.parametrize(
    "value", [np.float32(0.5), np.float64(0.5), np.array(0.5), np.int64(1), 1], ids=repr
)
def test_a_function_may_return_any_number(value):
    assert SGD(lambda _: value).hyper(np.array([1])) == [[float(value)]]


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: ExponentialDecay(-0.1, 10, 0.5), "initial_learning_rate"),
        (lambda: ExponentialDecay(0.1, 0, 0.5), "decay_steps"),
        (lambda: ExponentialDecay(0.1, 10, -0.5), "decay_rate"),
        (lambda: InverseTimeDecay(0.1, 10, 0.5, staircase=1), "staircase"),
        (lambda: PolynomialDecay(0.1, 10, -0.1), "end_learning_rate"),
        (lambda: PolynomialDecay(0.1, 10, power=-1), "power"),
        (lambda: PiecewiseConstantDecay([10], [0.1]), "one more than boundaries"),
        (lambda: PiecewiseConstantDecay([10, 10], [0.1, 0.2, 0.3]), "must rise"),
        (lambda: PiecewiseConstantDecay(10, [0.1, 0.2]), "boundaries must be a list"),
        (lambda: PiecewiseConstantDecay([10], [0.1, -0.2]), "values"),
        (lambda: CosineDecay(0.1, 10, warmup_target=-1), "warmup_target"),
        (lambda: CosineDecay(0.1, 10, warmup_steps=-1), "warmup_steps"),
        (lambda: CosineDecayRestarts(0.1, 10, t_mul=0.5), "t_mul"),
        (lambda: OneCycle(0.1, 1), "total_steps"),
        (lambda: OneCycle(0.1, 10, pct_start=1), "pct_start"),
        (lambda: OneCycle(0.1, 10, anneal_strategy="sin"), "anneal_strategy"),
    ],
)
def test_a_setting_that_cannot_be_is_named(make, message):
    with pytest.raises(ArgumentError, match=message):
        make()


def test_the_nearest_name_is_in_the_error():
    with pytest.raises(UnknownNameError, match="did you mean 'cosine_decay'"):
        SCHEDULES.from_config({"class": "CosineDecays"})


def test_one_cycle_is_that_of_pytorch():
    torch = pytest.importorskip("torch")
    for strategy in ("cos", "linear"):
        for share in (0.25, 0.3):
            optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1)
            theirs = torch.optim.lr_scheduler.OneCycleLR(
                optimizer, 0.5, total_steps=40, pct_start=share, anneal_strategy=strategy
            )
            rates = []
            for _ in range(40):
                rates.append(theirs.get_last_lr()[0])
                optimizer.step()
                if len(rates) < 40:
                    theirs.step()
            ours = OneCycle(0.5, 40, share, strategy).rates(np.arange(40))
            np.testing.assert_allclose(ours, rates, rtol=1e-12)
