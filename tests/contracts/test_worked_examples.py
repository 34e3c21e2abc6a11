"""Small examples whose every number is known."""

from collections.abc import Callable

import numpy as np
import pytest

from fastbp import SGD, Dense, Input, Sequential

# Mazur, "A step by step backpropagation example", 2015, with biases that are not trained.
INPUTS, TARGETS = np.array([[0.05, 0.10]]), np.array([[0.01, 0.99]])
FIRST = [0.15, 0.20, 0.25, 0.30], [0.35, 0.35], [0.40, 0.45, 0.50, 0.55], [0.60, 0.60]
AFTER_ONE_STEP = [
    [0.149780716, 0.199561432, 0.249751144, 0.299502287],
    [0.358916480, 0.408666186, 0.511301270, 0.561370121],
]


@pytest.fixture(params=["float64", "float32"])
def model(request: pytest.FixtureRequest) -> Sequential:
    """The 2-2-2 network: the loss of its two outputs is the sum of halved squares."""
    layers = [Dense(2, "sigmoid", bias_trainable=False) for _ in range(2)]
    model = Sequential([Input((2,)), *layers], seed=0, dtype=request.param)
    # The example numbers weights by the unit they lead to.
    model.set_weights([np.reshape(w, (2, 2)).T if len(w) == 4 else w for w in FIRST])
    model.compile(SGD(0.5), "mean_squared_error")
    return model


@pytest.fixture
def close(model: Sequential) -> Callable[[object, float], object]:
    """Equal to the printed digits in float64, to single precision in float32."""

    def approximately(expected: object, digit: float) -> object:
        return pytest.approx(np.array(expected), abs=digit if model.dtype == "float64" else 2e-7)

    return approximately


def kernels(model: Sequential) -> list[np.ndarray]:
    weights = model.get_weights()
    return [weights[0].T.ravel(), weights[2].T.ravel()]


def test_first_loss(model: Sequential, close: Callable[[object, float], object]) -> None:
    assert model.evaluate(INPUTS, TARGETS, verbose=0) == close(0.298371109, 5e-10)
    assert model.predict(INPUTS) == close([[0.75136507, 0.772928465]], 5e-9)


def test_one_step(model: Sequential, close: Callable[[object, float], object]) -> None:
    assert model.train_on_batch(INPUTS, TARGETS) == close(0.298371109, 5e-10)
    for computed, expected in zip(kernels(model), AFTER_ONE_STEP, strict=True):
        assert computed == close(expected, 5e-10)
    assert model.evaluate(INPUTS, TARGETS, verbose=0) == close(0.2910277737, 5e-11)
    biases = model.get_weights()[1::2]
    assert np.array_equal(biases, np.array([[0.35, 0.35], [0.60, 0.60]], model.dtype))


def test_many_steps(model: Sequential) -> None:
    model.fit(INPUTS, TARGETS, epochs=9_999, verbose=0)
    loss = model.evaluate(INPUTS, TARGETS, verbose=0)
    assert loss == pytest.approx(3.51085e-5, rel=2e-6 if model.dtype == "float64" else 1e-3)


def test_the_gradient_by_hand() -> None:
    """d loss / d w5 = 0.082167041 (the example's first gradient)."""
    layers = [Dense(2, "sigmoid", bias_trainable=False) for _ in range(2)]
    model = Sequential([Input((2,)), *layers], seed=0, dtype="float64")
    model.set_weights([np.reshape(w, (2, 2)).T if len(w) == 4 else w for w in FIRST])
    model.compile(SGD(0.5), "mean_squared_error")
    _, gradients = model.loss_and_gradients(INPUTS, TARGETS)
    assert gradients[2][0, 0] == pytest.approx(0.082167041, abs=5e-10)
