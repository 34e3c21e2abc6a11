"""The order of samples is a function of (seed, epoch) and of nothing else."""

import itertools
from collections import Counter

import numpy as np
import pytest

from fastbp.data.order import epoch_order


@pytest.mark.parametrize("n_samples", [1, 2, 7, 1000])
@pytest.mark.parametrize("seed", [0, 1, -1, 2**63, 2**64 - 1])
def test_every_sample_comes_once(n_samples: int, seed: int) -> None:
    order = epoch_order(n_samples, seed, 3)
    assert order.dtype == np.int64
    np.testing.assert_array_equal(np.sort(order), np.arange(n_samples))


def test_it_depends_on_seed_and_epoch() -> None:
    keys = list(itertools.product(range(5), range(5)))
    orders = {tuple(epoch_order(50, seed, epoch).tolist()) for seed, epoch in keys}
    assert len(orders) == len(keys)


def test_it_depends_on_nothing_else() -> None:
    first = epoch_order(100, 7, 4)
    epoch_order(100, 7, 3)
    np.testing.assert_array_equal(epoch_order(100, 7, 4), first)


def test_all_orders_are_equally_likely() -> None:
    n_epochs = 24 * 200
    counts = Counter(tuple(epoch_order(4, 11, epoch).tolist()) for epoch in range(n_epochs))
    assert len(counts) == 24
    chi_square = sum((count - 200) ** 2 / 200 for count in counts.values())
    assert chi_square < 49.7  # 23 degrees of freedom: exceeded once in a thousand seeds
