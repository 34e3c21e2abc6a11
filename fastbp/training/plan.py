"""What one `fit` is to do, checked before any of it is done."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from fastbp.errors import ArgumentError
from fastbp.nn import Metric, figures_by_name, n_sums
from fastbp.optimizers import Optimizer
from fastbp.specification import truth_value, whole_number
from fastbp.training.batches import Batches
from fastbp.training.given import Given

Threads = int | Literal["auto"]

# Keras's; a smaller set is one batch.
_BATCH_SIZE = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What one `fit` is to do; everything in it has been checked.

    Attributes
    ----------
    samples : Samples or Batches
        What is trained on.
    validation : Samples, Batches or None
        What is evaluated after every epoch.
    metrics : tuple of Metric
        What is reported besides the loss.
    batch_size, validation_batch_size : int
        Samples in a step.
    validation_freq : int or frozenset of int
        After each so many epochs there is a validation, or after those, counted from 1.
    first_epoch, epochs : int
        The first epoch, counted from 0, and the one that is not reached.
    shuffle : bool
        Whether every epoch has an order of its own.
    threads : int or "auto"
        How many workers.
    """

    samples: Given
    validation: Given | None
    metrics: tuple[Metric, ...]
    batch_size: int
    validation_batch_size: int
    validation_freq: int | frozenset[int]
    first_epoch: int
    epochs: int
    shuffle: bool
    threads: Threads

    @property
    def n_sums(self) -> int:
        """What the network adds up: the loss, and what the metrics need."""
        return n_sums(self.metrics)

    def logs(self, sums: NDArray[np.float64]) -> dict[str, Any]:
        """The figures by name, from sums divided by the number of samples."""
        return figures_by_name(self.metrics, sums.tolist())

    @property
    def n_columns(self) -> int:
        """The columns of the inputs."""
        samples = self.samples
        return (samples.first[0] if isinstance(samples, Batches) else samples.inputs).n_columns

    @property
    def n_samples(self) -> int | None:
        """The samples of an epoch, None where batches do not tell."""
        return None if isinstance(self.samples, Batches) else self.samples.n_samples

    @property
    def n_steps(self) -> int:
        """The steps of an epoch."""
        if isinstance(self.samples, Batches):
            assert self.samples.n_steps is not None
            return self.samples.n_steps
        return -(-self.samples.n_samples // self.batch_size)

    def validates(self, epoch: int) -> bool:
        """Whether there is a validation after this epoch, counted from 0."""
        if self.validation is None:
            return False
        if isinstance(self.validation_freq, int):
            return (epoch + 1) % self.validation_freq == 0
        return epoch + 1 in self.validation_freq

    @property
    def names_in_logs(self) -> tuple[str, ...]:
        """The names of the figures of an epoch, as callbacks get them."""
        names = ("loss", *(metric.name for metric in self.metrics))
        return names if self.validation is None else (*names, *(f"val_{name}" for name in names))


def make_plan(
    samples: Given,
    validation: Given | None,
    *,
    metrics: tuple[Metric, ...],
    batch_size: int | None,
    validation_batch_size: int | None,
    validation_freq: int | Collection[int] = 1,
    first_epoch: int,
    epochs: int,
    shuffle: bool,
    threads: Threads,
    optimizer: Optimizer | None = None,
) -> Plan:
    """Check the numbers that a user gave to `fit` and fill in those that were not given.

    Raises
    ------
    ArgumentError
        Naming the number that cannot be.
    """
    epochs = whole_number("epochs", epochs, minimum=0)
    first_epoch = whole_number("initial_epoch", first_epoch, minimum=0)
    if first_epoch > epochs:
        raise ArgumentError(
            f"initial_epoch={first_epoch} lies behind epochs={epochs}, the number of the last epoch"
        )
    if isinstance(samples, Batches):
        if optimizer is not None and optimizer.takes_whole_set:
            raise ArgumentError(
                f"{type(optimizer).__name__} takes all samples in a step: give them as arrays, or use another "
                "optimizer, such as RMSprop or Adam"
            )
        batch_size = samples.batch_size
    else:
        batch_size = check_batch_size(batch_size, samples.n_samples, optimizer)
    if validation_batch_size is not None:
        validation_batch_size = whole_number("validation_batch_size", validation_batch_size)
    return Plan(
        samples=samples,
        validation=validation,
        metrics=metrics,
        batch_size=batch_size,
        validation_batch_size=validation_batch_size or batch_size,
        validation_freq=_check_frequency(validation_freq),
        first_epoch=first_epoch,
        epochs=epochs,
        shuffle=truth_value("shuffle", shuffle),
        threads=check_threads(threads),
    )


def check_batch_size(
    batch_size: int | None, n_samples: int, optimizer: Optimizer | None = None
) -> int:
    """Return the samples in a step: those asked for, or the default, at most the `n_samples` there are.

    An optimizer that wants all samples in a step gets them, and no others may be asked for.

    Examples
    --------
    >>> check_batch_size(None, 1000), check_batch_size(None, 7), check_batch_size(5, 7), check_batch_size(9, 7)
    (32, 7, 5, 7)
    """
    takes_all = optimizer is not None and optimizer.takes_whole_set
    if batch_size is None:
        return n_samples if takes_all else min(_BATCH_SIZE, n_samples)
    batch_size = min(whole_number("batch_size", batch_size), n_samples)
    if takes_all and batch_size < n_samples:
        name = type(optimizer).__name__
        raise ArgumentError(
            f"{name} compares the gradients of successive updates, which must be of the same samples: "
            f"leave batch_size away or make it {n_samples}, all of the training set, instead of {batch_size}; "
            "for mini-batches use another optimizer, such as RMSprop or Adam"
        )
    return batch_size


def _check_frequency(given: int | Collection[int]) -> int | frozenset[int]:
    if isinstance(given, (list, tuple, set, frozenset)):
        return frozenset(whole_number("an epoch of validation_freq", each) for each in given)
    return whole_number("validation_freq", given)


def check_threads(threads: Threads) -> Threads:
    """Return the number of threads if it is one, or "auto".

    Examples
    --------
    >>> check_threads("auto"), check_threads(2)
    ('auto', 2)
    """
    return "auto" if threads == "auto" else whole_number("threads", threads)
