"""Metrics that are lists of numbers, wherever figures go."""

import json

import numpy as np
import pytest

import fastbp
from fastbp.callbacks import CSVLogger, EarlyStopping, LambdaCallback, ModelCheckpoint
from fastbp.errors import ArgumentError

LISTS = [fastbp.F1Score(), fastbp.Recall([0.2, 0.4, 0.6, 0.8])]


@pytest.fixture
def made(make):
    """A classifier of three classes whose metrics are lists, and one that is none."""
    model = make()
    metrics = [*LISTS, fastbp.F1Score("macro", name="macro")]
    model.compile(fastbp.Adam(0.05), "sparse_categorical_crossentropy", metrics)
    return model


def test_history(made, data, capsys):
    seen = []
    watch = LambdaCallback(on_train_batch_end=lambda batch, logs: seen.append(logs["f1_score"]))
    history = made.fit(*data, epochs=3, validation_data=data, callbacks=watch)
    assert np.shape(history.history["f1_score"]) == (3, 3)
    assert np.shape(history.history["val_recall"]) == (3, 4)
    assert np.shape(seen) == (3 * 4, 3)
    assert json.loads(json.dumps(history.history)) == history.history
    found = made.evaluate(*data, verbose=0, return_dict=True)
    assert history.history["val_f1_score"][-1] == found["f1_score"]
    shown = " ".join(f"{value:.4f}" for value in history.history["recall"][-1])
    said = capsys.readouterr().out
    assert f"recall [{shown}]" in said
    assert f"recall [{shown}]" in repr(history)


def test_answers(made, data):
    for answer in (made.evaluate(*data, verbose=0), made.train_on_batch(*data)):
        loss, f1, recall, macro = answer
        assert isinstance(loss, float)
        assert [len(f1), len(recall)] == [3, 4]
        assert macro == pytest.approx(np.mean(f1))


def test_files(made, data, tmp_path):
    table, pattern = tmp_path / "table.csv", tmp_path / "{recall[0]:.2f}.safetensors"
    history = made.fit(
        *data, epochs=2, verbose=0, callbacks=[CSVLogger(table), ModelCheckpoint(pattern)]
    )
    lines = table.read_text().splitlines()
    assert lines[0] == "epoch,f1_score,loss,macro,recall"
    assert lines[2].endswith(f'"{history.history["recall"][1]}"')
    first = [f"{each[0]:.2f}.safetensors" for each in history.history["recall"]]
    assert all((tmp_path / name).exists() for name in first)
    bad = ModelCheckpoint(tmp_path / "{recall:.2f}.safetensors")
    with pytest.raises(ArgumentError, match="Failed to format this callback filepath"):
        made.fit(*data, verbose=0, callbacks=bad)


@pytest.mark.parametrize("mode", ["auto", "max"])
def test_what_cannot_be_watched(made, data, mode):
    before = made.predict(data[0])
    for name in ("f1_score", "recall"):
        stop = EarlyStopping(name, mode=mode)
        with pytest.raises(ArgumentError, match=r"a list of [34] numbers: .*F1Score\('macro'\)"):
            made.fit(*data, verbose=0, callbacks=stop)
    assert np.array_equal(made.predict(data[0]), before)
    stop = EarlyStopping("macro", mode=mode)
    history = made.fit(*data, epochs=2, verbose=0, callbacks=stop).history
    assert stop.best == max(history["macro"])
