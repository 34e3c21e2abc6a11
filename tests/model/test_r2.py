"""The coefficient of determination: against its definition and scikit-learn, for targets far from 0, and constant."""

import numpy as np
import pytest

import fastbp
from fastbp.kernels import tallies
from fastbp.nn.metrics import kinds as metric_kinds

N, N_COLUMNS = 203, 3


@pytest.fixture
def x(rng):
    return rng.normal(size=(N, N_COLUMNS))


def figures(made, x, y, weights=None, **options):
    return made.evaluate(x, y, sample_weight=weights, verbose=0, return_dict=True, **options)


def test_beside_scikit_learn(rng, x):
    reference = pytest.importorskip("sklearn.metrics").r2_score
    y, weights = np.stack([3.0 * x[:, 0] + 2.0, 0.1 * x[:, 1] ** 2], axis=1), rng.uniform(size=N)
    metrics = [
        fastbp.R2Score(),
        fastbp.R2Score("variance_weighted_average", name="by variance"),
        fastbp.R2Score(num_regressors=N_COLUMNS, name="adjusted"),
    ]
    made = fastbp.Sequential([fastbp.Dense(5, "tanh"), fastbp.Dense(2)], seed=3, dtype="float64")
    made.compile("adam", "mse", metrics, metrics)
    made.fit(x, y, epochs=30, verbose=0)
    found, p = figures(made, x, y, weights, batch_size=16), made.predict(x)
    for prefix, given in (("", None), ("weighted_", weights)):
        plain = reference(y, p, sample_weight=given)
        assert found[f"{prefix}r2_score"] == pytest.approx(plain, rel=1e-12)
        assert found[f"{prefix}by variance"] == pytest.approx(
            reference(y, p, sample_weight=given, multioutput="variance_weighted"), rel=1e-12
        )
        assert found[f"{prefix}adjusted"] == pytest.approx(
            1.0 - (1.0 - plain) * (N - 1) / (N - N_COLUMNS - 1), rel=1e-12
        )


@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-9), ("float32", 1e-4)])
@pytest.mark.parametrize("mean", [0.0, 1e3, 1e6])
def test_does_not_cancel(rng, x, dtype, tolerance, mean):
    """Targets far from 0: what tells their variance is summed after the first of them has been taken off.

    In float64, sum(y**2) / n - mean**2 would be wrong in the fifth digit; in float32, all of it would be.
    """
    y = (mean + x[:, 0] + 0.1 * rng.normal(size=N)).astype(dtype)
    made = fastbp.Sequential([fastbp.Input(N_COLUMNS), fastbp.Dense(1)], seed=1, dtype=dtype)
    made.compile("sgd", "mse", "r2_score")
    made.set_weights([[[1.0], [0.0], [0.0]], [mean]])
    p = made.predict(x)[:, 0].astype(np.float64)
    exact = y.astype(np.float64)
    expected = 1.0 - ((exact - p) ** 2).sum() / ((exact - exact.mean()) ** 2).sum()
    assert expected > 0.9
    for batch_size in (1, 7, 64, N):
        found = figures(made, x, y, batch_size=batch_size)["r2_score"]
        assert 1.0 - found == pytest.approx(1.0 - expected, rel=tolerance), batch_size


def test_of_constant_targets(x):
    made = fastbp.Sequential([fastbp.Input(N_COLUMNS), fastbp.Dense(1)], seed=1)
    made.compile("sgd", "mse", ["r2_score"])
    made.set_weights([np.zeros((N_COLUMNS, 1)), [2.0]])
    assert figures(made, x, np.full(N, 2.0))["r2_score"] == 1.0
    assert figures(made, x, np.full(N, 3.0))["r2_score"] == 0.0
    few = fastbp.R2Score(num_regressors=2)
    made.compile("sgd", "mse", [few])
    assert figures(made, x[:3], [1.0, 2.0, 6.0])["r2_score"] == pytest.approx(1 - 17 / 14)


def test_what_the_kernel_keeps():
    """The specifications do not import the kernels, but count their sums."""
    assert metric_kinds._DEVIATIONS == tallies.DEVIATIONS
