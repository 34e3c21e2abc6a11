"""Weights start as Keras's do, and depend on the seed and the array alone."""

import numpy as np
import pytest

from fastbp.nn import INITIALIZERS, RandomNormal, RandomUniform, initialize

N_IN, N_OUT = 300, 500
FAN = {"glorot": (N_IN + N_OUT) / 2, "he": N_IN / 2, "lecun": N_IN}


def draw(name, seed=1, index=0, shape=(N_IN, N_OUT)):
    return initialize(INITIALIZERS.resolve(name), shape, seed, index)


@pytest.mark.parametrize("family", FAN)
@pytest.mark.parametrize("kind", ["uniform", "normal"])
def test_variance_scaling(family, kind):
    weights = draw(f"{family}_{kind}")
    variance = 1 / FAN[family]
    limit = (
        np.sqrt(3 * variance) if kind == "uniform" else 2 * np.sqrt(variance) / 0.8796256610342398
    )
    assert weights.var() == pytest.approx(variance, rel=0.02)
    assert weights.mean() == pytest.approx(0, abs=0.01 * np.sqrt(variance))
    assert 0.999 * limit < np.abs(weights).max() <= limit


def test_plain_distributions():
    assert draw("normal").std() == pytest.approx(0.05, rel=0.02)
    assert draw(RandomNormal(mean=3, stddev=0.5)).mean() == pytest.approx(3, rel=0.01)
    uniform = draw(RandomUniform(minval=2, maxval=3))
    assert (uniform.min() >= 2, uniform.max() < 3) == (True, True)
    assert uniform.mean() == pytest.approx(2.5, rel=0.01)
    assert not draw("zeros").any()
    assert (draw("ones") == 1).all()


@pytest.mark.parametrize("name", ["glorot_uniform", "he_normal", "normal"])
def test_a_draw_depends_on_seed_and_index_alone(name):
    assert np.array_equal(draw(name), draw(name))
    assert not np.array_equal(draw(name), draw(name, seed=2))
    assert not np.array_equal(draw(name), draw(name, index=1))
    assert np.unique(draw(name)).size > 0.99 * N_IN * N_OUT


def test_uniform_numbers_never_change():
    numbers = [0.03325354439343789, -0.014633408479655087, -0.04143040705155855]
    assert draw("uniform", seed=7, shape=(3,)) == pytest.approx(numbers, rel=1e-12)
