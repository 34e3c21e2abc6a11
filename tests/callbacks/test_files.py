"""Files that callbacks write while a model trains."""

import csv

import numpy as np
import pytest

import fastbp
from fastbp.callbacks import CSVLogger, ModelCheckpoint


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_model_an_epoch(make, data, tmp_path, equal):
    model = make()
    pattern = tmp_path / "new" / "m-{epoch:02d}-{loss:.1f}-{val_loss:.1f}.safetensors"
    history = model.fit(
        *data, epochs=3, verbose=0, validation_split=0.5, callbacks=ModelCheckpoint(pattern)
    )
    pairs = zip(history.history["loss"], history.history["val_loss"], strict=True)
    assert names(tmp_path / "new") == [
        f"m-{epoch:02d}-{loss:.1f}-{val_loss:.1f}.safetensors"
        for epoch, (loss, val_loss) in enumerate(pairs, 1)
    ]
    last = fastbp.load_model(tmp_path / "new" / names(tmp_path / "new")[-1])
    assert equal(last, model)


def test_training_goes_on_from_a_checkpoint(make, data, tmp_path, equal):
    """The order of the samples too: the file knows how many epochs there were."""
    whole = make()
    checkpoint = ModelCheckpoint(tmp_path / "{epoch}.safetensors")
    whole.fit(*data, epochs=4, verbose=0, callbacks=checkpoint)
    part = fastbp.load_model(tmp_path / "2.safetensors")
    part.fit(*data, epochs=4, initial_epoch=2, verbose=0)
    assert equal(part, whole)


def test_the_best_model_alone(make, data, tmp_path, capsys):
    path = tmp_path / "best.safetensors"
    checkpoint = ModelCheckpoint(path, "accuracy", save_best_only=True, verbose=1)
    history = make("rmsprop").fit(*data, epochs=8, verbose=0, callbacks=checkpoint)
    best = max(history.history["accuracy"])
    assert checkpoint.best == best
    said = capsys.readouterr().out.split("\n\n")
    first = history.history["accuracy"][0]
    expected = f"Epoch 1: accuracy improved from None to {first:.5f}, saving model to {path}"
    assert said[0].strip() == expected
    n_better = sum(
        value > max([-1.0, *history.history["accuracy"][:epoch]])
        for epoch, value in enumerate(history.history["accuracy"])
    )
    assert sum("improved from" in line for line in said) == n_better
    assert sum("did not improve from" in line for line in said) == 8 - n_better


def test_a_threshold(make, data, tmp_path):
    path = tmp_path / "best.safetensors"
    options = {"save_best_only": True, "initial_value_threshold": 1e-9}
    make().fit(*data, verbose=0, callbacks=ModelCheckpoint(path, "loss", **options))
    assert not path.exists()


def test_weights_alone(make, data, tmp_path, equal):
    model, other = make(), make(seed=6)
    path = tmp_path / "it.weights.safetensors"
    checkpoint = ModelCheckpoint(path, save_weights_only=True, verbose=1)
    model.fit(*data, epochs=2, verbose=0, callbacks=checkpoint)
    other.build(4)
    assert not equal(model, other)
    other.load_weights(path)
    assert equal(model, other)
    with pytest.raises(fastbp.ModelFileError, match="whole model"):
        fastbp.load_model(path)


def test_weights_of_a_whole_model(make, data, tmp_path, equal):
    model, other = make(), make(seed=6)
    model.fit(*data, verbose=0)
    model.save(tmp_path / "model.safetensors")
    other.build(4)
    other.load_weights(tmp_path / "model.safetensors")
    assert equal(model, other)
    narrow = fastbp.Sequential([fastbp.Input(4), fastbp.Dense(3)])
    with pytest.raises(fastbp.DataError, match="shape"):
        narrow.load_weights(tmp_path / "model.safetensors")
    named = fastbp.Sequential([fastbp.Input(4), fastbp.Dense(3, name="other")])
    with pytest.raises(fastbp.ModelFileError, match="other/kernel"):
        named.load_weights(tmp_path / "model.safetensors")


def test_a_model_every_so_many_batches(make, data, tmp_path, equal):
    """Counted across epochs; those files hold what training so far had reached."""
    model = make()
    pattern = tmp_path / "{epoch}-{batch}.safetensors"
    model.fit(
        *data, batch_size=25, epochs=3, verbose=0, callbacks=ModelCheckpoint(pattern, save_freq=5)
    )
    assert names(tmp_path) == ["2-1.safetensors", "3-2.safetensors"]
    twin = make()
    twin.fit(*data, batch_size=25, epochs=3, verbose=0)
    assert equal(model, twin)
    stopped = make()
    steps = []

    def stop(batch, logs):
        steps.append(batch)
        stopped.stop_training = len(steps) == 10

    watch = fastbp.callbacks.LambdaCallback(on_train_batch_end=stop)
    stopped.fit(*data, batch_size=25, epochs=3, verbose=0, callbacks=watch)
    kept = fastbp.load_model(tmp_path / "3-2.safetensors")
    assert equal(kept, stopped)
    assert kept.learner.network().steps == 10


def test_wrong_checkpoints(make, data, tmp_path):
    with pytest.raises(fastbp.ArgumentError, match=r"Failed to format.*figure"):
        make().fit(*data, verbose=0, callbacks=ModelCheckpoint(tmp_path / "{figure}"))
    with pytest.raises(fastbp.ArgumentError, match="save_freq"):
        ModelCheckpoint(tmp_path / "a", save_freq=0)
    (tmp_path / "file").write_text("")
    with pytest.raises(fastbp.ArgumentError, match="folder"):
        make().fit(*data, verbose=0, callbacks=ModelCheckpoint(tmp_path / "file" / "model"))
    with pytest.raises(fastbp.ArgumentError, match="no validation data"):
        make().fit(*data, verbose=0, callbacks=ModelCheckpoint(tmp_path / "m", save_best_only=True))


def test_a_table_of_figures(make, data, tmp_path):
    path = tmp_path / "log.csv"
    history = make().fit(*data, epochs=3, verbose=0, callbacks=CSVLogger(path))
    with path.open() as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["epoch", "accuracy", "loss"]
    assert [float(row["loss"]) for row in rows] == history.history["loss"]
    assert [row["epoch"] for row in rows] == ["0", "1", "2"]


def test_a_table_goes_on_or_begins_anew(make, data, tmp_path):
    path = tmp_path / "log.csv"
    for append, n_lines in ((False, 3), (True, 5), (False, 3)):
        logger = CSVLogger(path, separator=";", append=append)
        make().fit(*data, epochs=2, verbose=0, callbacks=logger)
        lines = path.read_text().splitlines()
        assert len(lines) == n_lines
        assert lines[0] == "epoch;accuracy;loss"
        assert sum("epoch" in line for line in lines) == 1


def test_a_table_that_cannot_be_written(make, data, tmp_path):
    with pytest.raises(fastbp.ModelFileError, match="no folder"):
        make().fit(*data, verbose=0, callbacks=CSVLogger(tmp_path / "nowhere" / "log.csv"))
    with pytest.raises(fastbp.ArgumentError):
        CSVLogger(tmp_path / "log.csv", separator="; ")


def test_tensor_board(make, data, tmp_path, monkeypatch):
    """What a writer is given, by the tags that Keras uses; without the package there is a way to get it."""
    import sys
    import types

    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    with pytest.raises(fastbp.MissingExtraError, match=r"pip install 'fastbp\[tensorboard\]'"):
        fastbp.callbacks.TensorBoard()
    written = []

    class SummaryWriter:
        def __init__(self, folder):
            self.folder = folder

        def add_scalar(self, tag, value, global_step):
            written.append((self.folder, tag, value, global_step))

        def add_histogram(self, tag, values, global_step):
            written.append((self.folder, tag, np.shape(values), global_step))

        def flush(self):
            """Nothing to bring to the disk."""

        def close(self):
            written.append("closed")

    module = types.SimpleNamespace(SummaryWriter=SummaryWriter)
    monkeypatch.setitem(sys.modules, "tensorboardX", module)
    board = fastbp.callbacks.TensorBoard(tmp_path / "logs", histogram_freq=2)
    history = make().fit(*data, epochs=2, verbose=0, validation_split=0.5, callbacks=board)
    train, validation = str(tmp_path / "logs" / "train"), str(tmp_path / "logs" / "validation")
    assert written[:4] == [
        (train, "epoch_loss", history.history["loss"][0], 0),
        (train, "epoch_accuracy", history.history["accuracy"][0], 0),
        (validation, "epoch_loss", history.history["val_loss"][0], 0),
        (validation, "epoch_accuracy", history.history["val_accuracy"][0], 0),
    ]
    assert written[4] == (train, "dense/kernel", (4, 8), 0)
    assert len(written) == 4 + 4 + 4 + 2
    board.on_epoch_end(1, {"recall": [0.5, 0.25]})
    assert written[-2:] == [(train, "epoch_recall_0", 0.5, 1), (train, "epoch_recall_1", 0.25, 1)]


@pytest.mark.parametrize(
    "name, options, message",
    [
        ("{val_los}", {"validation_split": 0.2}, "'val_los', did you mean 'val_loss'"),
        ("{epoch}-{acuracy:.2f}", {}, "did you mean 'accuracy'"),
        ("{val_accuracy}", {}, "'val_accuracy', but fit has no validation data"),
        ("{epoch", {}, "cannot be filled in"),
    ],
)
def test_wrong_figures_in_the_name_are_refused_before_training(
    make, data, tmp_path, name, options, message
):
    model = make()
    epochs = []
    watch = fastbp.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: epochs.append(epoch))
    callbacks = [watch, ModelCheckpoint(tmp_path / name)]
    with pytest.raises(fastbp.ArgumentError, match=message):
        model.fit(*data, verbose=0, callbacks=callbacks, **options)
    assert epochs == []


def test_the_name_may_hold_what_another_callback_adds(make, data, tmp_path):
    class Adds(fastbp.Callback):
        def on_epoch_end(self, epoch, logs=None):
            logs["size"] = 3.0

    callbacks = [Adds(), ModelCheckpoint(tmp_path / "{size:.0f}")]
    make().fit(*data, verbose=0, callbacks=callbacks)
    assert (tmp_path / "3").exists()
