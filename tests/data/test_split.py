"""Held-out samples: every class in proportion, the same in every run."""

import numpy as np
import pytest

from fastbp.data.split import hold_out


@pytest.mark.parametrize("fraction", [0.1, 0.25, 0.5])
def test_every_sample_goes_to_one_part_and_classes_in_proportion(fraction: float) -> None:
    classes = np.repeat([0, 1, 2], [40, 80, 200])
    train, test = hold_out(320, fraction, classes=classes, seed=3)
    np.testing.assert_array_equal(np.sort(np.concatenate([train, test])), np.arange(320))
    np.testing.assert_array_equal(np.bincount(classes[test]), fraction * np.array([40, 80, 200]))
    assert (np.diff(train) > 0).all()
    assert (np.diff(test) > 0).all()


def test_the_choice_is_drawn_by_the_seed_alone() -> None:
    first = hold_out(100, seed=1)[1]
    np.testing.assert_array_equal(hold_out(100, seed=1)[1], first)
    assert not np.array_equal(hold_out(100, seed=2)[1], first)
    assert not np.array_equal(first, np.arange(80, 100))


def test_a_class_of_one_sample_is_trained_on() -> None:
    train, test = hold_out(6, 0.9, classes=np.array([0, 0, 0, 0, 0, 1]))
    assert 5 in train
    assert len(test) == 4


def test_too_few_samples_leave_nothing_to_test_with() -> None:
    train, test = hold_out(2, 0.2)
    assert train.tolist() == [0, 1]
    assert test.size == 0
