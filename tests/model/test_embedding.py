"""Models of categories: what they learn, what they refuse, what files keep."""

import numpy as np
import pytest

import fastbp
from fastbp import Dense, Embedding, Flatten, Input, Normalization, Sequential
from fastbp.callbacks import BackupAndRestore

N, N_CATEGORIES = 400, 12
RANDOM = np.random.default_rng(8)
CATEGORIES = RANDOM.integers(0, N_CATEGORIES, (N, 2))


def categorical(dtype="float32", optimizer="adam", **options):
    """Two columns of categories."""
    layers = [
        Input(2),
        Embedding(N_CATEGORIES, 4, **options),
        Flatten(),
        Dense(8, "tanh"),
        Dense(1),
    ]
    model = Sequential(layers, seed=4, dtype=dtype)
    model.compile(optimizer, "mse")
    return model


def test_learns_a_table():
    """The product of two hidden numbers, one for each category: no function of the category's number."""
    hidden = RANDOM.normal(size=N_CATEGORIES)
    y = hidden[CATEGORIES[:, 0]] * hidden[CATEGORIES[:, 1]]
    model = categorical(optimizer=fastbp.Adam(0.01))
    model.fit(CATEGORIES, y, epochs=150, verbose=0)
    assert model.evaluate(CATEGORIES, y, verbose=0) < 0.02 * y.var()


def mixed(n_rows=N):
    """Two numbers, one of them large, and two columns of categories, of which a class depends on all."""
    random = np.random.default_rng(5)
    numbers = random.normal(size=(n_rows, 2)) * [1.0, 1000.0]
    codes = random.integers(0, [30, 5], (n_rows, 2))
    y = (numbers[:, 0] + numbers[:, 1] / 1000 + np.sin(7 * codes[:, 0]) + codes[:, 1] % 2) > 0.5
    return np.column_stack([numbers[:, :1], codes[:, :1], numbers[:, 1:], codes[:, 1:]]), y


def test_numbers_and_categories():
    """A normalization in front changes the numbers alone; tables follow each other from the last column on."""
    x, y = mixed()
    normalization = Normalization()
    normalization.adapt(x)
    layers = [
        normalization,
        Embedding(5, 2, columns=3),
        Embedding(30, 4, columns=1),
        Dense(16, "relu"),
        Dense(1, "sigmoid"),
    ]
    model = Sequential(layers, seed=1)
    model.compile(fastbp.Adam(0.01), "binary_crossentropy", ["accuracy"])
    model.fit(x, y, epochs=60, verbose=0)
    assert model.evaluate(x, y, verbose=0, return_dict=True)["accuracy"] > 0.97
    assert fastbp.gradient_check(model, x[:20], y[:20]).ok
    # by hand
    small, large, *dense = (np.asarray(array, np.float64) for array in model.get_weights())
    scaled = (x - normalization.mean) * normalization.scale
    codes = x.astype(int)
    features = [scaled[:, [0, 2]], small[codes[:, 3]], large[codes[:, 1]]]
    hidden = np.maximum(np.concatenate(features, axis=1) @ dense[0] + dense[1], 0)
    expected = 1 / (1 + np.exp(-hidden @ dense[2] - dense[3]))
    np.testing.assert_allclose(model.predict(x, verbose=0), expected, atol=1e-5)
    norms = model.layer_norms(x, y)
    assert [row.name for row in norms.rows] == ["embedding", "embedding_1", "dense", "dense_1"]
    assert all(row.gradient > 0 for row in norms.rows)


def changed(place, value, dtype=np.float64):
    x = CATEGORIES.astype(dtype)
    x[place] = value
    return x


WRONG = [
    (changed((7, 1), N_CATEGORIES, np.int64), "x holds 12 at row 7, column 1 .*input_dim=12 .* from 0 to 11"),
    (changed((7, 1), -1, np.int32), "x holds -1 at row 7, column 1"),
    (changed((399, 0), 200, np.uint8), "x holds 200 at row 399, column 0"),
    (changed((0, 0), 2.5), "x holds 2.5 at row 0, column 0 .* whole numbers"),
    (changed((5, 0), -0.5, np.float32), "x holds -0.5 at row 5, column 0"),
    (changed((5, 0), np.nan), "x holds nan at row 5, column 0"),
]  # fmt: skip


@pytest.mark.parametrize("x, message", WRONG, ids=[row[1] for row in WRONG])
def test_what_is_no_category(x, message):
    model = categorical()
    before, y = model.get_weights(), np.zeros(N)
    for call in (
        lambda: model.fit(x, y, verbose=0),
        lambda: model.fit(CATEGORIES, y, validation_data=(x, y), verbose=0),
        lambda: model.fit(iter([(x, y)]), steps_per_epoch=1, verbose=0),
        lambda: model.evaluate(x, y, verbose=0),
        lambda: model.predict(x, verbose=0),
        lambda: model.predict(iter([x]), verbose=0),
        lambda: model.train_on_batch(x, y),
        lambda: model.loss_and_gradients(x, y),
    ):
        with pytest.raises(fastbp.DataError, match=message):
            call()
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))


def test_only_columns_that_are_embedded_are_looked_at():
    x, y = mixed()
    model = Sequential([Embedding(5, 2, columns=3), Embedding(30, 4, columns=[1]), Dense(1)])
    model.compile("sgd", "mse")
    model.fit(x[:20], y[:20], verbose=0)
    x[11, 1] = 30
    with pytest.raises(fastbp.DataError, match=r"x holds 30.0 at row 11, column 1 .*input_dim=30"):
        model.fit(x[:20], y[:20], verbose=0)
    with pytest.raises(fastbp.ArgumentError, match="counts columns of its input"):
        Sequential([Embedding(5, 2, columns=3), Dense(1)]).build(3)


def test_more_categories_than_float32_holds():
    with pytest.raises(fastbp.ArgumentError, match="dtype='float64'"):
        Sequential([Embedding((1 << 24) + 1, 1), Flatten(), Dense(1)])
    model = Sequential([Embedding((1 << 24) + 1, 1), Flatten(), Dense(1)], dtype="float64")
    assert model.layers[0].input_dim == (1 << 24) + 1


@pytest.mark.parametrize("optimizer", ["sgd", fastbp.Adam(use_ema=True, weight_decay=0.01)])
def test_a_file_keeps_all(tmp_path, equal, optimizer):
    y = np.sin(CATEGORIES.sum(axis=1))
    model = categorical(optimizer=optimizer, embeddings_regularizer=fastbp.L2(0.01))
    model.fit(CATEGORIES, y, epochs=2, verbose=0)
    model.save(tmp_path / "model.safetensors")
    loaded = fastbp.load_model(tmp_path / "model.safetensors")
    assert loaded.layers == model.layers
    for each in (model, loaded):
        each.fit(CATEGORIES, y, epochs=2, verbose=0)
    assert equal(model, loaded)
    other = categorical(optimizer=optimizer)
    model.save_weights(tmp_path / "weights.safetensors")
    other.load_weights(tmp_path / "weights.safetensors")
    assert equal(model, other)


def test_a_run_goes_on(tmp_path, equal):
    y = np.sin(CATEGORIES.sum(axis=1))
    whole, broken = categorical(), categorical()
    whole.fit(CATEGORIES, y, epochs=5, verbose=0)
    backup = tmp_path / "backup.safetensors"

    def stop(epoch, logs):
        if epoch == 2:
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        broken.fit(
            CATEGORIES,
            y,
            epochs=5,
            verbose=0,
            callbacks=[
                BackupAndRestore(backup),
                fastbp.callbacks.LambdaCallback(on_epoch_end=stop),
            ],
        )
    again = categorical()
    again.fit(CATEGORIES, y, epochs=5, verbose=0, callbacks=[BackupAndRestore(backup)])
    assert equal(whole, again)


def test_summary_and_profile():
    model, lines = categorical(), []
    model.summary(lines.append)
    embedding = next(line for line in lines if line.startswith("embedding")).split("  ")
    assert [word.strip() for word in embedding if word] == [
        "embedding",
        "Embedding",
        "(2, 4)",
        "48",
    ]
    assert "parameters: 129" in lines
    report = str(model.profile(CATEGORIES, np.zeros(N), batch_size=64, seconds=0.01))
    assert all(name in report for name in ("embed ", "embedding_sums", "embedding_gradient adam"))


def test_frozen_vectors():
    model = categorical()
    model.set_trainable(False, "embedding")
    model.compile("adam", "mse")
    before = model.get_weights()
    model.fit(CATEGORIES, np.sin(CATEGORIES.sum(axis=1)), verbose=0)
    same = [np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True)]
    assert same == [True, False, False, False, False]


def test_every_vector_begins_by_itself():
    """Uniform in [-0.05, 0.05), as in Keras, and of its seed and position alone."""
    table = categorical().get_weights()[0]
    assert table.shape == (N_CATEGORIES, 4)
    assert (np.abs(table) <= 0.05).all()
    assert len(np.unique(table)) == table.size
    np.testing.assert_array_equal(table, categorical().get_weights()[0])
