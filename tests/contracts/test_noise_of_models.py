"""Layers of noise in a model: drawn in training alone, the same again where a run or a file goes on."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fastbp
from contracts.problems import digest
from contracts.test_compiles_nothing import counting
from fastbp.callbacks import BackupAndRestore, LambdaCallback


def data() -> tuple[np.ndarray, np.ndarray]:
    x = np.random.default_rng(1).normal(size=(105, 5))
    return x, x[:, :3].argmax(axis=1)


def build(seed: int = 4, rate: float = 0.3, **options: Any) -> fastbp.Sequential:
    layers = [
        fastbp.Dense(20, "tanh"),
        fastbp.Dropout(rate, **options),
        fastbp.Dense(8, "relu"),
        fastbp.GaussianNoise(0.1),
        fastbp.AlphaDropout(0.1, seed=1),
        fastbp.GaussianDropout(0.1),
        fastbp.Dense(3, "softmax"),
    ]
    model = fastbp.Sequential([fastbp.Input(5), *layers], seed=seed)
    model.compile("adam", "sparse_categorical_crossentropy", ["accuracy"])
    return model


def weights_after(model: fastbp.Sequential, **options: Any) -> str:
    model.fit(*data(), batch_size=10, verbose=0, **options)
    return digest(model.get_weights())


def test_a_file_goes_on_with_the_same_noise(tmp_path: Path) -> None:
    whole, part = build(), build()
    expected = weights_after(whole, epochs=4)
    weights_after(part, epochs=2)
    part.save(tmp_path / "model.safetensors")
    loaded = fastbp.load_model(tmp_path / "model.safetensors")
    assert loaded.layers == part.layers
    assert weights_after(loaded, epochs=4, initial_epoch=2) == expected
    np.testing.assert_array_equal(loaded.predict(data()[0]), whole.predict(data()[0]))


@pytest.mark.parametrize("step", [1, 11, 17])
def test_a_run_that_was_broken_off_goes_on_with_it(tmp_path: Path, step: int) -> None:
    """Within an epoch too, and with the seed of the backup."""
    expected = weights_after(build(), epochs=3)
    left = [step]

    def crash(batch: int, logs: object) -> None:
        left[0] -= 1
        if left[0] == 0:
            raise InterruptedError

    backup = BackupAndRestore(tmp_path, save_freq=1)
    with pytest.raises(InterruptedError):
        weights_after(
            build(), epochs=3, callbacks=[backup, LambdaCallback(on_train_batch_end=crash)]
        )
    resumed = build(seed=4 if step == 1 else 99)
    assert weights_after(resumed, epochs=3, callbacks=BackupAndRestore(tmp_path)) == expected


def test_a_step_at_a_time() -> None:
    """`train_on_batch` makes the noise that `fit` makes."""
    x, y = data()
    expected = weights_after(build(), epochs=2, shuffle=False)
    model = build()
    for _ in range(2):
        for begin in range(0, 100, 10):
            model.train_on_batch(x[begin : begin + 10], y[begin : begin + 10])
        # What a short last batch is in `fit`: another number of samples rounds otherwise.
        model.train_on_batch(x[100:], y[100:])
    again = build()
    weights_after(again, epochs=2, shuffle=False)
    assert digest(again.get_weights()) == expected
    for one, other in zip(model.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-5)


def test_gradients_are_those_of_the_next_step() -> None:
    x, y = data()
    model = build()
    model.compile(fastbp.SGD(0.1), "sparse_categorical_crossentropy")
    for _ in range(3):
        before = model.get_weights()
        loss, gradients = model.loss_and_gradients(x, y, training=True)
        assert loss != model.loss_and_gradients(x, y)[0]
        assert model.train_on_batch(x, y) == pytest.approx(loss, rel=1e-6)
        for old, new, gradient in zip(before, model.get_weights(), gradients, strict=True):
            np.testing.assert_allclose(new, old - 0.1 * gradient, rtol=0, atol=1e-6)
    report = fastbp.gradient_check(model, x, y, training=True)
    assert report.ok, str(report)


def test_seeds() -> None:
    """Of the model, unless the layer has its own."""
    alone, other = build(), build(rate=0.3, seed=4)
    assert weights_after(alone) == weights_after(other)
    start = build().get_weights()
    found = set()
    for layer_seed in (None, 1, 2):
        layers = [fastbp.Dense(20, "tanh"), fastbp.Dropout(0.3, seed=layer_seed), fastbp.Dense(3)]
        for seed in (4, 5):
            model = fastbp.Sequential([fastbp.Input(5), *layers], seed=seed)
            model.set_weights([*start[:2], np.ones((20, 3)), np.zeros(3)])
            model.compile("sgd", "mse")
            found.add((layer_seed, model.train_on_batch(data()[0], np.zeros((105, 3)))))
    assert len(found) == 4


def kernels(model: fastbp.Sequential) -> dict[bool, list[str]]:
    """Kernels of noise in programs, by whether these are of training."""
    found: dict[bool, list[str]] = {}
    for request, session in model.learner.network()._sessions.items():
        names = [name for name in session.names if name.startswith("noise")]
        found.setdefault(request.training, []).extend(names)
    return found


def test_noise_is_in_training_alone() -> None:
    x, y = data()
    model = build()
    model.fit(x, y, verbose=0, validation_split=0.2)
    model.evaluate(x, y, verbose=0)
    model.predict(x)
    model.loss_and_gradients(x, y)
    found = kernels(model)
    assert found[False] == []
    forward = ["noise drop", "noise add", "noise drop", "noise multiply"]
    assert found[True] == [*forward, *["noise_backward"] * 3]


def test_what_is_not_trained_needs_no_noise_backward() -> None:
    model = build()
    model.set_trainable(False, ["dense", "dense_1"])
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(*data(), verbose=0)
    assert len(kernels(model)[True]) == 4


def test_at_strength_0_nothing_is_there() -> None:
    """The program is that without the layers, row by row, and so are the numbers."""
    dense = [fastbp.Dense(20, "gelu"), fastbp.Dense(3, "softmax")]
    nothing = [fastbp.Dropout(0.0), fastbp.GaussianNoise(0.0), fastbp.AlphaDropout(0.0)]
    names, weights = [], []
    for layers in (dense, [nothing[0], dense[0], *nothing, dense[1], fastbp.GaussianDropout(0.0)]):
        model = fastbp.Sequential([fastbp.Input(5), *layers], seed=1)
        model.compile("adam", "sparse_categorical_crossentropy")
        weights.append(weights_after(model))
        names.append([s.names for s in model.learner.network()._sessions.values()])
    assert names[0] == names[1]
    assert weights[0] == weights[1]


def test_predictions_do_not_see_it() -> None:
    x, _ = data()
    noisy = build()
    plain = fastbp.Sequential(
        [
            fastbp.Input(5),
            fastbp.Dense(20, "tanh"),
            fastbp.Dense(8, "relu"),
            fastbp.Dense(3, "softmax"),
        ]
    )
    plain.set_weights(noisy.get_weights())
    np.testing.assert_array_equal(plain.predict(x), noisy.predict(x))


def test_other_rates_and_seeds_compile_nothing() -> None:
    weights_after(build())
    with counting() as names:
        weights_after(build(seed=8, rate=0.5))
        weights_after(build(seed=9, rate=0.1))
    assert names == []


def test_what_else_can_be_asked() -> None:
    x, y = data()
    model = build()
    lines: list[str] = []
    model.summary(lines.append)
    text = "\n".join(lines)
    for kind in ("Dropout, 0.3", "GaussianNoise, 0.1", "AlphaDropout, 0.1", "GaussianDropout, 0.1"):
        assert kind in text
    norms = model.layer_norms(x, y)
    assert [row.name for row in norms.rows][:3] == ["dense", "dropout", "dense_1"]
    assert norms.rows[0].activation == norms.rows[1].activation
    rows = {row.name: row for row in model.profile(x, y, seconds=0.01).rows}
    assert rows["noise drop"].n_bytes > 0
    first = fastbp.Sequential([fastbp.Input(5), fastbp.Dropout(0.5), fastbp.Dense(3, "softmax")])
    first.compile("sgd", "sparse_categorical_crossentropy")
    norm = first.layer_norms(x, y).rows[0]
    assert norm.activation == pytest.approx(np.sqrt(np.mean(x**2)), rel=1e-6)


def test_noise_helps_against_learning_by_heart() -> None:
    """Labels are random: a wide network learns them by heart, and with half of it dropped much less so."""
    random = np.random.default_rng(0)
    x, y = random.normal(size=(60, 10)), random.integers(0, 2, 60)
    losses = []
    for rate in (0.0, 0.7):
        layers = [fastbp.Dense(100, "relu"), fastbp.Dropout(rate), fastbp.Dense(2, "softmax")]
        model = fastbp.Sequential(layers, seed=1)
        model.compile("adam", "sparse_categorical_crossentropy")
        model.fit(x, y, epochs=60, verbose=0)
        losses.append(model.evaluate(x, y, verbose=0))
    assert losses[1] > 1.3 * losses[0]  # type: ignore[operator]
