"""The order of samples is a function of (seed, epoch) and of nothing else."""

import itertools
from collections import Counter

import numpy as np
import pytest

from fastbp.data.order import epoch_orders

WORD = 2**64


def mixed(value: int) -> int:
    """SplitMix64's mix, in whole numbers without end."""
    value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9 % WORD
    value = (value ^ (value >> 27)) * 0x94D049BB133111EB % WORD
    return value ^ (value >> 31)


def naive_order(n_samples: int, seed: int, epoch: int) -> list[int]:
    """Fisher and Yates, from the formula."""
    step = 0x9E3779B97F4A7C15
    start = mixed((mixed((seed + step) % WORD) + epoch) % WORD)
    order = list(range(n_samples))
    for place in reversed(range(1, n_samples)):
        other = mixed((start + place * step) % WORD) * (place + 1) // WORD
        order[place], order[other] = order[other], order[place]
    return order


@pytest.mark.parametrize("n_samples", [1, 2, 7, 1000])
@pytest.mark.parametrize("seed", [0, 1, -1, 2**63, 2**64 - 1])
def test_every_sample_comes_once_where_the_formula_has_it(n_samples: int, seed: int) -> None:
    (order,) = epoch_orders(n_samples, 1, seed, first_epoch=3)
    assert order.dtype == np.int64
    np.testing.assert_array_equal(np.sort(order), np.arange(n_samples))
    np.testing.assert_array_equal(order, naive_order(n_samples, seed, 3))


def test_it_depends_on_seed_and_epoch() -> None:
    keys = list(itertools.product(range(-2, 3), range(5)))
    orders = {epoch_orders(50, 1, seed, epoch).tobytes() for seed, epoch in keys}
    assert len(orders) == len(keys)


def test_it_does_not_depend_on_the_epochs_before() -> None:
    orders = epoch_orders(100, 6, seed=7)
    np.testing.assert_array_equal(epoch_orders(100, 2, 7, 4), orders[4:])


def test_all_orders_are_equally_likely() -> None:
    counts = Counter(map(tuple, epoch_orders(4, 24 * 500, seed=11).tolist()))
    assert len(counts) == 24
    chi_square = sum((count - 500) ** 2 / 500 for count in counts.values())
    assert 7.5 < chi_square < 49.7  # 23 degrees of freedom: outside once in a thousand seeds


def test_every_sample_comes_to_every_place_equally_often() -> None:
    n_samples, n_epochs = 20, 8000
    orders = epoch_orders(n_samples, n_epochs, seed=5)
    counts = np.stack([np.bincount(column, minlength=n_samples) for column in orders.T])
    expected = n_epochs / n_samples
    chi_square = ((counts - expected) ** 2 / expected).sum()
    assert 280 < chi_square < 455  # 361 degrees of freedom
