"""Runs that are killed at random moments and started again, until they come to their end.

``python -m contracts.killed_runs 300``, with `tests` on the path, kills 300 times and prints what came of it as JSON;
it ends with 1 if something went wrong.
"""

import json
import os
import random
import signal
import struct
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

import fastbp
from contracts.problems import digest
from fastbp.callbacks import (
    BackupAndRestore,
    Callback,
    CSVLogger,
    EarlyStopping,
    ModelCheckpoint,
    ReduceLROnPlateau,
)

N_SAMPLES, N_COLUMNS, BATCH, EPOCHS = 1000, 20, 32, 12
#: The last batch of an epoch has 8 samples.
N_STEPS = -(-N_SAMPLES // BATCH)
#: Batches from one backup to the next; no divisor of an epoch's.
INTERVAL = 7


class Reporter(Callback):
    """Tells a pipe how many steps are done."""

    def __init__(self, pipe: int) -> None:
        self._pipe = pipe

    def on_chunk_end(self, epoch: int, step: int, n_steps: int, logs: Any = None) -> None:
        os.write(self._pipe, struct.pack("q", epoch * n_steps + step))


def problem() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(N_SAMPLES, N_COLUMNS)).astype(np.float32)
    return x, (x[:, :4] + rng.normal(size=(N_SAMPLES, 4))).argmax(axis=1)


def train(folder: Path, backup: BackupAndRestore | None, pipe: int | None = None) -> str:
    """The run; a digest of all that it leaves."""
    layers = [fastbp.Dense(96, "tanh"), fastbp.Dense(64, "relu"), fastbp.Dense(4, "softmax")]
    model = fastbp.Sequential(layers, seed=7)
    model.compile("adam", "sparse_categorical_crossentropy", ["accuracy"])
    callbacks: list[Callback] = [] if backup is None else [backup]
    callbacks += [
        EarlyStopping(patience=8, restore_best_weights=True),
        ReduceLROnPlateau(factor=0.5, patience=1, min_delta=0.01),
        CSVLogger(folder / "log.csv"),
        ModelCheckpoint(folder / "best.safetensors", save_best_only=True),
    ]
    if pipe is not None:
        callbacks.append(Reporter(pipe))
    x, y = problem()
    history = model.fit(
        x,
        y,
        batch_size=BATCH,
        epochs=EPOCHS,
        verbose=0,
        validation_data=(x[:100], y[:100]),
        callbacks=callbacks,
        threads=1,
    )
    state = model.learner.network().optimizer_state()
    best = fastbp.load_model(folder / "best.safetensors")
    figures = json.dumps([history.history, history.epoch, model.learner.epochs_seen])
    texts = [
        np.frombuffer(text.encode(), np.uint8)
        for text in (figures, (folder / "log.csv").read_text())
    ]
    return digest([*model.get_weights(), *state.values(), *best.get_weights(), *texts])


@dataclass
class Outcome:
    """What came of many kills."""

    kills: int = 0
    runs: int = 0
    wrong: int = 0
    #: Steps that a kill lost, at most, and how many are allowed.
    lost: int = 0
    allowed: int = 0
    within_epochs: int = 0
    in_writes: int = 0
    failures: list[str] = field(default_factory=list)

    @property
    def is_right(self) -> bool:
        """Whether each run came to the same bits, and no kill lost more than is allowed."""
        return self.wrong == 0 and not self.failures and self.lost <= self.allowed


def kill_often(n_kills: int, save_freq: Any, seed: int = 0) -> Outcome:
    """Kill and start again until there were so many kills, and the last run has come to its end."""
    random.seed(seed)
    interval = N_STEPS if save_freq == "epoch" else save_freq
    outcome = Outcome(allowed=interval)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        begin = time.perf_counter()
        expected = train(folder, None)  # compiles, too
        begin = time.perf_counter()
        train(folder, BackupAndRestore(folder / "backup", save_freq))
        seconds = time.perf_counter() - begin
        while outcome.kills < n_kills:
            outcome.runs += 1
            found = _run_to_the_end(folder, save_freq, seconds, outcome, n_kills)
            outcome.wrong += found != expected
            if (folder / "backup" / "latest.safetensors").exists():
                outcome.failures.append("a backup was left")
    return outcome


def _run_to_the_end(
    folder: Path, save_freq: Any, seconds: float, outcome: Outcome, n_kills: int
) -> str:
    while True:
        steps, answers = os.pipe(), os.pipe()
        child = os.fork()
        if child == 0:
            _child(folder, save_freq, steps[1], answers[1])
        os.close(steps[1])
        os.close(answers[1])
        if outcome.kills < n_kills:
            time.sleep(random.uniform(0, 0.5 * seconds))
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        reported, answer = _read(steps[0]), _read(answers[0])
        if os.WIFEXITED(status):
            if os.WEXITSTATUS(status):
                outcome.failures.append(answer.decode())
            return answer.decode()
        outcome.kills += 1
        done = struct.unpack("q", reported[-8:])[0] if reported else 0
        _look(folder / "backup", done, outcome)


def _child(folder: Path, save_freq: Any, steps: int, answers: int) -> None:
    try:
        answer, status = train(folder, BackupAndRestore(folder / "backup", save_freq), steps), 0
    except BaseException as error:
        answer, status = repr(error), 1
    os.write(answers, answer.encode())
    os._exit(status)


def _read(pipe: int) -> bytes:
    with os.fdopen(pipe, "rb") as file:
        return file.read()


def _look(folder: Path, done: int, outcome: Outcome) -> None:
    """What the kill has left: a file that can be read, or none, and not long ago."""
    path = folder / "latest.safetensors"
    outcome.in_writes += any(folder.glob(".fastbp-*")) if folder.exists() else 0
    reached = 0
    if path.exists():
        try:
            settings, _, _ = fastbp.storage.load_model_file(path)
            fastbp.load_model(path)
        except fastbp.ModelFileError as error:
            outcome.failures.append(str(error))
            return
        position = settings["training"]["position"]
        reached = position["epoch"] * N_STEPS + position["step"]
        outcome.within_epochs += position["step"] > 0
    elif done >= N_STEPS * EPOCHS:
        return  # the run had come to its end, and its backup was removed
    outcome.lost = max(outcome.lost, done - reached)


def main() -> int:
    """Kill as often as the command line says, half of it with a backup an epoch; 0 if all went well."""
    n_kills = int(sys.argv[1])
    outcomes = []
    for save_freq in (INTERVAL, "epoch"):
        outcomes.append(kill_often(n_kills // 2, save_freq))
        print(json.dumps({"save_freq": save_freq} | vars(outcomes[-1])))  # noqa: T201
    return 0 if all(outcome.is_right for outcome in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
