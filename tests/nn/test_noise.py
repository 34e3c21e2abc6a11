"""Layers of noise as specifications."""

from typing import Any

import pytest

import fastbp
from fastbp import AlphaDropout, ArgumentError, Dropout, GaussianDropout, GaussianNoise
from fastbp.nn import LAYERS

BY_RATE = [Dropout, AlphaDropout, GaussianDropout]


@pytest.mark.parametrize(
    "layer",
    [
        Dropout(0.2),
        Dropout(0, seed=3, name="drop"),
        AlphaDropout(0.999, None, 3),
        GaussianDropout(0.5, 3),
        GaussianNoise(2.5, 0),
    ],
    ids=str,
)
def test_plain_values(layer: fastbp.nn.Layer) -> None:
    assert LAYERS.from_config(layer.to_config()) == layer


@pytest.mark.parametrize("kind", BY_RATE)
@pytest.mark.parametrize("rate", [-0.1, 1.0, 20, float("nan"), "0.2", None, True])
def test_wrong_rates(kind: Any, rate: object) -> None:
    with pytest.raises(ArgumentError, match="rate must be a finite number at least 0 and below 1"):
        kind(rate)


def test_other_wrong_settings() -> None:
    with pytest.raises(ArgumentError, match="stddev must be a finite number at least 0"):
        GaussianNoise(-1.0)
    for kind in (Dropout, AlphaDropout):
        with pytest.raises(ArgumentError, match="noise_shape must be None"):
            kind(0.5, (1, 3))
    for kind in (*BY_RATE, GaussianNoise):
        for seed in (-1, 0.5, 1 << 63):
            with pytest.raises(ArgumentError, match="seed must be"):
                kind(0.5, seed=seed)
        with pytest.raises(ArgumentError, match="name must be"):
            kind(0.5, name=3)
