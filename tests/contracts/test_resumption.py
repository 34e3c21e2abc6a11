"""A run that is stopped at any moment and started again comes to the same bits, within epochs too."""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fastbp
from contracts import children, killed_runs
from contracts.problems import digest
from fastbp.callbacks import (
    BackupAndRestore,
    Callback,
    EarlyStopping,
    LambdaCallback,
    LearningRateScheduler,
)
from fastbp.storage import replace

N_KILLS = int(os.environ.get("FASTBP_TEST_KILLS", "12"))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs children that begin with compiled code")
@pytest.mark.parametrize("save_freq", [7, "epoch"])
def test_killed_runs(save_freq: int | str) -> None:
    """Killed by SIGKILL at random moments: same bits, no file unreadable, no more lost than one interval."""
    script = f"""
    import json
    from contracts.killed_runs import kill_often
    print(json.dumps(vars(kill_often({N_KILLS // 2}, {save_freq!r}))))
    """
    outcome = children.run(script)
    assert outcome["failures"] == []
    assert outcome["wrong"] == 0
    assert outcome["kills"] == N_KILLS // 2
    assert outcome["lost"] <= outcome["allowed"]


@pytest.mark.parametrize(
    ("fault", "status"),
    [({}, 0), ({"wrong": 1}, 1), ({"failures": ["no model file"]}, 1), ({"lost": 8}, 1)],
)
def test_the_program_that_kills_fails_where_something_went_wrong(
    fault: dict[str, Any], status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcomes = [killed_runs.Outcome(allowed=7), killed_runs.Outcome(allowed=7, **fault)]
    monkeypatch.setattr(killed_runs, "kill_often", lambda *_: outcomes.pop())
    monkeypatch.setattr(killed_runs.sys, "argv", ["killed_runs", "4"])
    assert killed_runs.main() == status


class Stopped(Exception):
    """Ends a run as a crash would."""


def data() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(105, 5))
    return x, x[:, :3].argmax(axis=1)


def build(seed: int | None = 4, units: int = 6) -> fastbp.Sequential:
    layers = [fastbp.Dense(units, "tanh"), fastbp.Dense(3, "softmax")]
    model = fastbp.Sequential(layers, seed=seed)
    model.compile("rmsprop", "sparse_categorical_crossentropy", ["accuracy"])
    return model


def crash_after(n_steps: int) -> Callback:
    """Raises between two steps."""
    left = [n_steps]

    def count(batch: int, logs: object) -> None:
        left[0] -= 1
        if left[0] == 0:
            raise Stopped

    return LambdaCallback(on_train_batch_end=count)


def outcome(model: fastbp.Sequential, history: fastbp.History) -> str:
    network = model.learner.network()
    text = np.frombuffer(json.dumps([history.history, history.epoch]).encode(), np.uint8)
    return digest([*network.weights(), *network.optimizer_state().values(), text])


@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize("step", [1, 10, 11, 12, 21, 22, 23, 32])
def test_every_kind_of_place(tmp_path: Path, step: int, shuffle: bool) -> None:
    """The first and the last step of an epoch, a short last batch, the last step of all; a schedule goes on, too."""
    options = {"batch_size": 10, "epochs": 3, "verbose": 0, "shuffle": shuffle}

    def callbacks() -> list[Callback]:
        schedule = LearningRateScheduler(lambda epoch, rate: rate * 0.5)
        return [schedule, EarlyStopping("loss", patience=5, restore_best_weights=True)]

    whole = build()
    expected = outcome(whole, whole.fit(*data(), callbacks=callbacks(), **options))
    backup = BackupAndRestore(tmp_path, save_freq=1)
    with pytest.raises(Stopped):
        build().fit(*data(), callbacks=[backup, *callbacks(), crash_after(step)], **options)
    # The backup's seed is the one that counts, once there is a backup.
    resumed = build(seed=4 if step == 1 else 99)
    backup = BackupAndRestore(tmp_path, save_freq=1)
    history = resumed.fit(*data(), callbacks=[backup, *callbacks()], **options)
    assert outcome(resumed, history) == expected
    assert resumed.seed == 4
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    "optimizer",
    [
        fastbp.Adam(use_ema=True, ema_momentum=0.9, ema_overwrite_frequency=5),
        fastbp.SGD(fastbp.ExponentialDecay(0.5, 10, 0.5), momentum=0.9),
        fastbp.SGD(lambda step: 0.5 / (1 + step)),
        fastbp.AdamW(),
    ],
    ids=["averages", "schedule", "function", "decay"],
)
def test_optimizers_that_change_as_they_go(
    tmp_path: Path, optimizer: fastbp.optimizers.Optimizer
) -> None:
    options = {"batch_size": 10, "epochs": 3, "verbose": 0}

    def compiled() -> fastbp.Sequential:
        model = build()
        model.compile(optimizer, "sparse_categorical_crossentropy")
        return model

    whole = compiled()
    expected = outcome(whole, whole.fit(*data(), **options))
    backup = BackupAndRestore(tmp_path, save_freq=1, delete_checkpoint=False)
    with pytest.raises(Stopped):
        compiled().fit(*data(), callbacks=[backup, crash_after(14)], **options)
    for _ in range(2):  # from the middle, and from the end
        resumed = compiled()
        assert outcome(resumed, resumed.fit(*data(), callbacks=backup, **options)) == expected
        assert resumed.optimizer == optimizer


def test_a_planted_fault_is_seen(tmp_path: Path) -> None:
    """With one step forgotten, the bits are others."""
    options = {"batch_size": 10, "epochs": 3, "verbose": 0}
    whole = build()
    expected = outcome(whole, whole.fit(*data(), **options))
    backup = BackupAndRestore(tmp_path, save_freq=5)
    with pytest.raises(Stopped):
        build().fit(*data(), callbacks=[backup, crash_after(17)], **options)
    path = tmp_path / "latest.safetensors"
    settings, arrays, metadata = fastbp.storage.load_model_file(path)
    assert settings["training"]["position"]["step"] == 4
    settings["training"]["position"]["step"] = 5
    fastbp.storage.save_model_file(path, settings, arrays, metadata=metadata)
    resumed = build()
    assert outcome(resumed, resumed.fit(*data(), callbacks=[backup], **options)) != expected


def test_a_run_that_had_ended_stays_so(tmp_path: Path) -> None:
    """Also one that a callback had ended."""
    options = {"epochs": 50, "verbose": 0}

    def callbacks() -> list[Callback]:
        stop = EarlyStopping("loss", min_delta=1.0, patience=2, restore_best_weights=True)
        return [BackupAndRestore(tmp_path, delete_checkpoint=False), stop]

    first, second = build(), build()
    expected = outcome(first, first.fit(*data(), callbacks=callbacks(), **options))
    history = second.fit(*data(), callbacks=callbacks(), **options)
    assert len(history.epoch) == 3
    assert outcome(second, history) == expected


def test_more_epochs_than_before(tmp_path: Path) -> None:
    whole, part = build(), build()
    expected = outcome(whole, whole.fit(*data(), epochs=5, verbose=0))
    backup = BackupAndRestore(tmp_path, delete_checkpoint=False)
    part.fit(*data(), epochs=2, verbose=0, callbacks=backup)
    rest = build()
    assert outcome(rest, rest.fit(*data(), epochs=5, verbose=0, callbacks=backup)) == expected


def test_a_backup_is_a_model(tmp_path: Path) -> None:
    model = build()
    backup = BackupAndRestore(tmp_path / "new" / "folder", delete_checkpoint=False)
    model.fit(*data(), epochs=2, verbose=0, callbacks=backup)
    loaded = fastbp.load_model(backup.path)
    assert np.array_equal(loaded.predict(data()[0]), model.predict(data()[0]))
    model.fit(*data(), epochs=3, initial_epoch=2, verbose=0)
    loaded.fit(*data(), epochs=3, initial_epoch=2, verbose=0)
    assert np.array_equal(loaded.predict(data()[0]), model.predict(data()[0]))


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_failed_backup_leaves_the_one_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """The process ends within the third write; nobody tidies up before the next one."""
    options = {"epochs": 6, "verbose": 0}
    whole = build()
    expected = outcome(whole, whole.fit(*data(), **options))
    script = f"""
    import os, signal
    from contracts.test_resumption import build, data
    from fastbp.callbacks import BackupAndRestore
    from fastbp.storage import replace
    calls, step = [], replace.os.{step}
    def end(*arguments):
        calls.append(0)
        if len(calls) == {5 if step == "fsync" else 3}:
            os.kill(os.getpid(), signal.SIGKILL)
        return step(*arguments)
    replace.os.{step} = end
    build().fit(*data(), epochs=6, verbose=0, callbacks=BackupAndRestore({str(tmp_path)!r}))
    """
    children.run(script, expected=-9)
    assert len(os.listdir(tmp_path)) == 2  # the file, and what was to replace it
    settings, _, _ = fastbp.storage.load_model_file(tmp_path / "latest.safetensors")
    assert settings["training"]["position"]["epoch"] == 2
    resumed = build()
    history = resumed.fit(*data(), callbacks=BackupAndRestore(tmp_path), **options)
    assert outcome(resumed, history) == expected
    assert os.listdir(tmp_path) == []
    assert replace.os is os


def test_other_runs_are_refused(tmp_path: Path) -> None:
    backup = BackupAndRestore(tmp_path, delete_checkpoint=False)
    x, y = data()
    build().fit(x, y, epochs=2, verbose=0, callbacks=backup)
    options = {"epochs": 3, "verbose": 0, "callbacks": backup}
    with pytest.raises(fastbp.ArgumentError, match="batch_size=32, not 10"):
        build().fit(x, y, batch_size=10, **options)
    with pytest.raises(fastbp.ArgumentError, match="samples=105, not 104"):
        build().fit(x[:-1], y[:-1], **options)
    with pytest.raises(fastbp.ArgumentError, match="other layers"):
        build(units=7).fit(x, y, **options)
    model = build()
    model.compile("sgd", "sparse_categorical_crossentropy", ["accuracy"])
    with pytest.raises(fastbp.ArgumentError, match="update rule"):
        model.fit(x, y, **options)
    model.save(backup.path)
    with pytest.raises(fastbp.ArgumentError, match="not where its training stood"):
        build().fit(x, y, **options)
    backup.path.write_bytes(backup.path.read_bytes()[:-1])
    with pytest.raises(fastbp.ModelFileError, match="damaged"):
        build().fit(x, y, **options)


def test_wrong_arguments(tmp_path: Path) -> None:
    with pytest.raises(fastbp.ArgumentError, match="save_freq"):
        BackupAndRestore(tmp_path, save_freq=0)
    with pytest.raises(fastbp.ArgumentError, match="backup_dir"):
        BackupAndRestore("")
    (tmp_path / "file").write_text("")
    with pytest.raises(fastbp.ArgumentError, match="folder"):
        build().fit(*data(), verbose=0, callbacks=BackupAndRestore(tmp_path / "file" / "backup"))
