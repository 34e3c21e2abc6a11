"""A model in a file is the model: it predicts the same, and training goes on exactly."""

import json
import os

import numpy as np
import pytest
from safetensors import safe_open

import fastbp
from fastbp import (
    SGD,
    Adagrad,
    Adam,
    AdamW,
    CosineDecay,
    Dense,
    Lion,
    ModelFileError,
    ModelFileWarning,
    Muon,
    Nadam,
    Normalization,
    PiecewiseConstantDecay,
    RMSprop,
    Rprop,
    Sequential,
)

OPTIMIZERS = [
    SGD(0.1),
    SGD(0.1, momentum=0.9, nesterov=True),
    RMSprop(momentum=0.5),
    Adam(),
    AdamW(),
    Adam(CosineDecay(0.01, 12), amsgrad=True),
    Adagrad(0.1, initial_accumulator_value=0.5, clipvalue=0.1),
    Nadam(PiecewiseConstantDecay([5, 9], [0.1, 0.05, 0.01])),
    Lion(weight_decay=0.1),
    Muon(CosineDecay(0.01, 12), exclude_layers=["^dense/"], clipvalue=0.1),
    Muon(0.01, ns_steps=2, gradient_accumulation_steps=3, adam_weight_decay=None),
    Rprop(variant="iplus"),
    Adam(clipnorm=0.1, gradient_accumulation_steps=3),
    SGD(0.1, global_clipnorm=0.1),
]


@pytest.mark.parametrize(
    ("optimizer", "dtype"),
    [
        (optimizer, dtype)
        for optimizer in OPTIMIZERS
        for dtype in ("float32", "float64")
        # What is kept does not depend on the type.
        if dtype == "float64" or isinstance(optimizer, Adam)
    ],
    ids=repr,
)
def test_training_goes_on_exactly(make, data, tmp_path, equal, optimizer, dtype):
    whole, first = make(optimizer, dtype=dtype), make(optimizer, dtype=dtype)
    history = whole.fit(*data, epochs=4, verbose=0)
    first.fit(*data, epochs=2, verbose=0)
    first.save(tmp_path / "model.safetensors")
    second = fastbp.load_model(tmp_path / "model.safetensors")
    assert np.array_equal(second.predict(data[0]), first.predict(data[0]))
    rest = second.fit(*data, epochs=4, initial_epoch=2, verbose=0)
    assert equal(second, whole)
    assert rest.history["accuracy"] == history.history["accuracy"][2:]
    assert (second.seed, second.dtype, second.layers) == (whole.seed, whole.dtype, whole.layers)
    assert (second.optimizer, second.loss, second.metrics) == (
        whole.optimizer,
        whole.loss,
        whole.metrics,
    )


def test_averages_are_kept(make, data, tmp_path, equal):
    """`fit` ends with them in the place of the weights, in both models."""
    optimizer = SGD(0.1, use_ema=True, ema_momentum=0.9, ema_overwrite_frequency=3)
    first = make(optimizer)
    first.fit(*data, epochs=2, verbose=0)
    first.save(tmp_path / "model.safetensors")
    second = fastbp.load_model(tmp_path / "model.safetensors")
    assert equal(first, second)
    assert second.optimizer == optimizer
    for model in (first, second):
        model.fit(*data, epochs=4, initial_epoch=2, verbose=0)
    assert equal(first, second)


def test_of_a_function_the_rate_reached_is_kept(make, data, tmp_path):
    """Not without a word; the model is saved all the same, and can be trained on."""
    model = make(Adam(lambda step: 0.1 / (1 + step)))
    model.fit(*data, epochs=1, batch_size=25, verbose=0)
    path = tmp_path / "model.safetensors"
    with pytest.warns(ModelFileWarning, match="has the rate reached, 0.02, instead"):
        model.save(path)
    loaded = fastbp.load_model(path)
    assert loaded.optimizer == Adam(0.1 / 5)
    assert np.array_equal(loaded.predict(data[0]), model.predict(data[0]))
    loaded.fit(*data, epochs=1, verbose=0)
    loaded.save(path)  # a number needs no warning


def test_normalization_and_metadata_are_kept(data, tmp_path):
    normalization = Normalization(name="scaling")
    normalization.adapt(data[0] * 50)
    model = Sequential([normalization, Dense(3, kernel_regularizer="l1")], seed=1, name="small")
    model.build()
    path = tmp_path / "model.safetensors"
    model.save(path, metadata={"labels": ["Rose", "Ähre"], "table": {"column": [1, 2.5, None]}})
    loaded = fastbp.load_model(path)
    assert np.array_equal(loaded.predict(data[0]), model.predict(data[0]))
    assert (
        loaded.metadata
        == model.metadata
        == {"labels": ["Rose", "Ähre"], "table": {"column": [1, 2.5, None]}}
    )
    assert (loaded.name, loaded.layers[0].name, loaded.optimizer) == ("small", "scaling", None)
    loaded.save(path)
    assert fastbp.load_model(path).metadata == model.metadata


def test_the_file_holds_nothing_but_arrays_and_text(make, data, tmp_path):
    path = tmp_path / "model.safetensors"
    model = make()
    model.fit(*data, verbose=0)
    model.save(path)
    with safe_open(path, "numpy") as file:
        architecture = json.loads(file.metadata()["architecture"])
        assert "weights/dense/kernel" in file.keys()  # noqa: SIM118
    assert [layer["class"] for layer in architecture["layers"]] == ["Dense", "Dense"]


def test_a_path_that_cannot_be_written_changes_nothing(make, data, tmp_path):
    model = make()
    model.fit(*data, verbose=0)
    with pytest.raises(ModelFileError, match="no folder"):
        model.save(tmp_path / "nowhere" / "model.safetensors")
    path = tmp_path / "model.safetensors"
    model.save(path)
    before = path.read_bytes()
    with pytest.raises(fastbp.ArgumentError, match="JSON"):
        model.save(path, metadata={"labels": {1, 2}})
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["model.safetensors"]
    assert model.metadata == {}


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda a: a.update(dtype="float16"), "dtype|float16"),
        (lambda a: a.pop("seed"), "seed"),
        (lambda a: a["layers"][0].update({"class": "Convolution"}), "unknown layer 'Convolution'"),
        (lambda a: a["layers"][0].update(units=9), "shape"),
        (lambda a: a["layers"][0].update(pooling=2), "pooling"),
        (lambda a: a["layers"].pop(), "belong to no layer"),
        (lambda a: a.update(epochs_seen="many"), "epochs_seen"),
        (lambda a: a["layers"].append({"class": "Dense", "units": 3}), "dense_2"),
        (lambda a: a.update(layers=3), "model"),
    ],
)
def test_a_file_that_does_not_fit_together(make, data, tmp_path, monkeypatch, change, message):
    from fastbp import weights as module

    save = module.save_model_file

    def changed(path, architecture, arrays, *, metadata):
        architecture = json.loads(json.dumps(architecture))
        change(architecture)
        save(path, architecture, arrays, metadata=metadata)

    monkeypatch.setattr(module, "save_model_file", changed)
    model = make()
    model.fit(*data, verbose=0)
    model.save(tmp_path / "model.safetensors")
    with pytest.raises(ModelFileError, match=message):
        fastbp.load_model(tmp_path / "model.safetensors")


def test_other_files(tmp_path):
    path = tmp_path / "model.safetensors"
    with pytest.raises(ModelFileError, match="no file"):
        fastbp.load_model(path)
    path.write_bytes(b"not a model")
    with pytest.raises(ModelFileError):
        fastbp.load_model(path)


@pytest.mark.parametrize("method", ["save", "save_weights"])
def test_a_file_that_must_stay(make, data, tmp_path, method):
    path = tmp_path / "model.safetensors"
    model = make()
    model.build(4)
    getattr(model, method)(path, overwrite=False)
    before = path.read_bytes()
    model.fit(*data, verbose=0)
    with pytest.raises(fastbp.ModelFileError, match="there already, and overwrite=False"):
        getattr(model, method)(path, overwrite=False)
    assert path.read_bytes() == before
    getattr(model, method)(path)
    assert path.read_bytes() != before


def test_a_model_without_what_it_was_compiled_with(make, data, tmp_path, equal):
    model = make()
    model.fit(*data, verbose=0)
    model.save(tmp_path / "model.safetensors", metadata={"of": "a test"})
    loaded = fastbp.load_model(tmp_path / "model.safetensors", compile=False)
    assert (loaded.optimizer, loaded.loss, loaded.metrics) == (None, None, ())
    assert loaded.metadata == {"of": "a test"}
    assert equal(loaded, model)
    np.testing.assert_array_equal(loaded.predict(data[0]), model.predict(data[0]))
    with pytest.raises(fastbp.NotReadyError, match="compile"):
        loaded.fit(*data, verbose=0)
