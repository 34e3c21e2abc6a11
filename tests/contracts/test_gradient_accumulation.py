"""Sums of gradients that wait for more batches: in runs that go on, in files, from epoch to epoch."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fastbp
from contracts.problems import digest
from contracts.test_resumption import Stopped, crash_after, data, outcome
from fastbp.callbacks import BackupAndRestore, LambdaCallback
from fastbp.optimizers import SGD, Adam, Optimizer

RESUMED = [
    Adam(0.01, gradient_accumulation_steps=4, global_clipnorm=0.1),
    SGD(
        fastbp.CosineDecay(0.1, 30),
        momentum=0.9,
        gradient_accumulation_steps=3,
        use_ema=True,
        clipnorm=0.1,
    ),
]


def build(optimizer: Optimizer) -> fastbp.Sequential:
    layers = [fastbp.Dense(6, "tanh"), fastbp.Dense(3, "softmax")]
    model = fastbp.Sequential(layers, seed=4)
    model.compile(optimizer, "sparse_categorical_crossentropy", ["accuracy"])
    return model


@pytest.mark.parametrize("optimizer", RESUMED, ids=repr)
@pytest.mark.parametrize("step", [1, 6, 10, 11, 13, 22])
def test_runs_go_on_in_the_middle_of_a_sum(tmp_path: Path, step: int, optimizer: Optimizer) -> None:
    """Eleven steps an epoch are no whole number of updates."""
    options: dict[str, Any] = {"batch_size": 10, "epochs": 3, "verbose": 0}
    whole = build(optimizer)
    expected = outcome(whole, whole.fit(*data(), **options))
    backup = str(tmp_path / "backup")
    with pytest.raises(Stopped):
        build(optimizer).fit(
            *data(),
            **options,
            callbacks=[BackupAndRestore(backup, save_freq=1), crash_after(step)],
        )
    again = build(optimizer)
    history = again.fit(*data(), **options, callbacks=[BackupAndRestore(backup, save_freq=1)])
    assert outcome(again, history) == expected


@pytest.mark.parametrize("optimizer", RESUMED, ids=repr)
def test_a_file_has_the_sum(tmp_path: Path, optimizer: Optimizer) -> None:
    first = build(optimizer)
    first.fit(*data(), batch_size=10, epochs=1, verbose=0)
    first.save(tmp_path / "model.safetensors")
    second = fastbp.load_model(tmp_path / "model.safetensors")
    assert second.optimizer == optimizer
    state = second.learner.network().optimizer_state()
    assert any(state[f"gradient_accumulator/{i}"].any() for i in range(4))
    for model in (first, second):
        model.fit(*data(), batch_size=10, epochs=2, initial_epoch=1, verbose=0)
    states = [model.learner.network().optimizer_state().values() for model in (first, second)]
    assert digest(list(states[0])) == digest(list(states[1]))


def test_steps_of_an_epoch_that_are_no_whole_number_of_updates() -> None:
    """Two epochs of 11 steps, by three: seven updates, and one step that waits for two more."""
    model, plain = build(SGD(0.1, gradient_accumulation_steps=3)), build(SGD(0.1))
    moves: list[bool] = []
    before = [[np.zeros(0)]]

    def look(batch: int, logs: object) -> None:
        weights = model.get_weights()
        moves.append(not all(np.array_equal(a, b) for a, b in zip(weights, before[0], strict=True)))
        before[0] = weights

    model.fit(*data(), epochs=0, verbose=0)
    before[0] = model.get_weights()
    watcher = LambdaCallback(on_train_batch_end=look)
    model.fit(*data(), batch_size=10, epochs=2, verbose=0, callbacks=watcher)
    plain.fit(*data(), batch_size=10, epochs=2, verbose=0)
    assert [step for step, moved in enumerate(moves, 1) if moved] == [3, 6, 9, 12, 15, 18, 21]
    assert model.learner.network().steps == plain.learner.network().steps == 22


def test_the_number_of_batches_cannot_change_on_the_way() -> None:
    model = build(SGD(0.1, gradient_accumulation_steps=3))
    model.fit(*data(), verbose=0)
    model.learner.set_optimizer(SGD(0.2, gradient_accumulation_steps=3))
    for other in (SGD(0.1, gradient_accumulation_steps=4), SGD(0.1), SGD(0.1, clipnorm=1)):
        with pytest.raises(fastbp.ArgumentError, match="compile the model with it"):
            model.learner.set_optimizer(other)
