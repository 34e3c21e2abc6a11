"""What a user trains, asks and saves. It checks and delegates; it computes nothing."""

import sys
import warnings
from collections.abc import Iterable, Mapping, Sequence
from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastbp.engine import Profile
from fastbp.errors import ArgumentError, ModelFileWarning
from fastbp.nn import Loss, Metric, count, figures_by_name
from fastbp.optimizers import Optimizer
from fastbp.specification import real_number, whole_number
from fastbp.storage import save_model_file
from fastbp.training import (
    Callback,
    CallbackList,
    Display,
    History,
    Learner,
    Threads,
    Training,
    Verbosity,
    check_batch_size,
    check_threads,
    figures,
    make_plan,
)

Array = NDArray[np.floating[Any]]
Figures = float | list[float] | dict[str, float]


class Model:
    """What can be compiled, trained, asked and saved, however its layers are arranged.

    Attributes
    ----------
    name : str
        Shown in `summary`.
    learner : Learner
        What the model holds: layers, network, and what it was compiled with.
    history : History or None
        What the last `fit` recorded, also where it was interrupted.
    stop_training : bool
        A callback sets it to end `fit`.
    metadata : dict
        Anything that JSON can hold; `save` keeps it with the model.
    """

    def __init__(self, learner: Learner, name: str) -> None:
        self.name = name
        self.history: History | None = None
        self.stop_training = False
        self.metadata: dict[str, Any] = {}
        self.learner = learner
        self._whole_set = np.empty((1, 0), np.int64)

    @property
    def seed(self) -> int:
        """The seed, also where it was drawn."""
        return self.learner.seed

    @property
    def dtype(self) -> str:
        """What the model computes in."""
        return self.learner.dtype

    @property
    def built(self) -> bool:
        """Whether there are weights yet."""
        return self.learner.built

    @property
    def n_inputs(self) -> int | None:
        """The number of input columns, None before anything said so."""
        return self.learner.n_inputs

    @property
    def n_outputs(self) -> int:
        """The number of outputs."""
        return self.learner.stack.n_outputs

    @property
    def optimizer(self) -> Optimizer | None:
        """What `compile` was given, as a specification."""
        return self.learner.optimizer

    @property
    def loss(self) -> Loss | None:
        """What `compile` was given, as a specification."""
        return self.learner.loss

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """What `compile` was given, as specifications."""
        return self.learner.metrics

    @property
    def metrics_names(self) -> tuple[str, ...]:
        """The names of the figures that `evaluate` returns: the loss, then the metrics."""
        return self.learner.names

    def compile(
        self,
        optimizer: str | Optimizer = "rmsprop",
        loss: str | Loss | None = None,
        metrics: Iterable[str | Metric] | str | None = None,
    ) -> None:
        """Say how to train. What an optimizer had gathered before is forgotten, the weights are not.

        Parameters
        ----------
        optimizer : str or Optimizer, default "rmsprop"
            "sgd", "adam", "adamw", "lion", ... (docs/optimizers.md), or one with its settings:
            ``SGD(0.1, momentum=0.9)``.
        loss : str or Loss
            What to minimize: "mean_squared_error", "sparse_categorical_crossentropy", ...
        metrics : list of str, optional
            What to report besides: "accuracy", or the name of a loss.

        Raises
        ------
        UnknownNameError
            If there is no such optimizer, loss or metric.
        ArgumentError
            If they do not go together.
        """
        self.learner.compile(optimizer, loss, metrics)

    def fit(
        self,
        x: ArrayLike,
        y: ArrayLike | None = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: Verbosity = "auto",
        callbacks: Callback | Iterable[Callback] | None = None,
        validation_split: float = 0.0,
        validation_data: Sequence[ArrayLike] | None = None,
        shuffle: bool = True,
        sample_weight: ArrayLike | None = None,
        initial_epoch: int = 0,
        validation_batch_size: int | None = None,
        threads: Threads = "auto",
    ) -> History:
        """Train.

        Parameters
        ----------
        x : array_like (n_samples, n_columns)
            Numbers of any type and memory layout, also a pandas frame or a memory map; never copied, never written.
        y : array_like (n_samples, n_outputs) or (n_samples,)
            Targets: a number for every output, or class numbers 0, 1, ... for the sparse loss.
        batch_size : int, optional
            Samples in a step; None means 32, or all of a smaller set; for an optimizer that wants it, as `Rprop`, all.
        epochs : int, default 1
            The number of the last epoch; `initial_epoch` says where to begin.
        verbose : {"auto", 0, 1, 2}
            0: silent; 1 and "auto": a line an epoch that lives on a terminal; 2: plain lines.
        callbacks : list of Callback, optional
            Called between epochs, batches or chunks.
        validation_split : float in [0, 1), default 0
            The share of the last samples that is not trained on and evaluated after every epoch.
        validation_data : tuple (x, y) or (x, y, sample_weight), optional
            Evaluated after every epoch, instead of a split.
        shuffle : bool, default True
            Whether every epoch has an order of its own.
        sample_weight : array_like (n_samples,), optional
            Factors of each sample's loss.
        initial_epoch : int, default 0
            The first epoch's number.
        validation_batch_size : int, optional
            Samples at a time in the validation; None means `batch_size`.
        threads : int or "auto"
            How many workers; results do not depend on it.

        Returns
        -------
        History
            The figures of every epoch.

        Raises
        ------
        NotReadyError
            If the model was not compiled.
        DataError, ArgumentError
            If data or numbers cannot be used; nothing has been trained then.
        DivergedError
            If the loss is no longer finite; the weights are the last finite ones.
        """
        learner = self.learner
        samples = learner.samples(x, y, sample_weight)
        validation = None
        if validation_data is not None:
            if not isinstance(validation_data, (tuple, list)) or len(validation_data) not in (2, 3):
                raise ArgumentError("validation_data must be (x, y) or (x, y, sample_weight)")
            n_columns = samples.inputs.n_columns
            validation = learner.samples(
                *validation_data, prefix="validation ", n_columns=n_columns
            )
        elif validation_split != 0:
            samples, validation = samples.split(validation_split)
        plan = make_plan(
            samples,
            validation,
            metrics=learner.metrics,
            batch_size=batch_size,
            validation_batch_size=validation_batch_size,
            first_epoch=initial_epoch,
            epochs=epochs,
            shuffle=shuffle,
            seed=learner.seed,
            epochs_seen=learner.epochs_seen,
            threads=threads,
            optimizer=learner.optimizer,
        )
        display = Display(verbose, epochs=plan.epochs, n_samples=samples.n_samples)
        watchers = CallbackList(callbacks, self)
        network = learner.network(samples.inputs.n_columns)
        self.stop_training = False
        training = Training(network, plan, watchers, display, lambda: self.stop_training)
        self.history = training.history
        try:
            training.run()
        finally:
            learner.epochs_seen += training.epochs_done
        return training.history

    def train_on_batch(
        self,
        x: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        return_dict: bool = False,
        threads: Threads = "auto",
    ) -> Figures:
        """Make one update with all of these samples.

        It is that of a `fit` with as many in a batch. A short last batch of `fit` may be rounded otherwise.

        Parameters
        ----------
        x, y, sample_weight : array_like
            As in `fit`.
        return_dict : bool, default False
            Whether the figures come by name.
        threads : int or "auto"
            How many workers.

        Returns
        -------
        float, list of float or dict
            The loss before the update; with metrics, the loss and these.
        """
        samples = self.learner.samples(x, y, sample_weight)
        threads = check_threads(threads)
        n_samples = samples.n_samples
        if self._whole_set.shape[1] != n_samples:
            self._whole_set = np.arange(n_samples)[None]
        network = self.learner.network(samples.inputs.n_columns)
        row = network.train(
            samples.inputs,
            samples.targets,
            samples.sample_weight,
            self._whole_set,
            batch_size=n_samples,
            threads=threads,
        )[0]
        return self._answer(row, return_dict)

    def evaluate(
        self,
        x: ArrayLike,
        y: ArrayLike,
        batch_size: int | None = None,
        verbose: Verbosity = "auto",
        sample_weight: ArrayLike | None = None,
        return_dict: bool = False,
        threads: Threads = "auto",
    ) -> Figures:
        """Measure the loss and the metrics.

        Parameters
        ----------
        x, y, sample_weight : array_like
            As in `fit`.
        batch_size : int, optional
            Samples at a time; only speed depends on it, and from 12 down rounding.
        verbose : {"auto", 0, 1, 2}
            0: silent; else a line with the figures.
        return_dict : bool, default False
            Whether the figures come by name.
        threads : int or "auto"
            How many workers.

        Returns
        -------
        float, list of float or dict
            The loss; with metrics, the loss and these.
        """
        samples = self.learner.samples(x, y, sample_weight)
        if batch_size is not None:
            batch_size = whole_number("batch_size", batch_size)
        network = self.learner.network(samples.inputs.n_columns)
        row = network.evaluate(
            samples.inputs,
            samples.targets,
            samples.sample_weight,
            batch_size=batch_size,
            threads=check_threads(threads),
        )
        if verbose:
            sys.stdout.write(f"{figures(self._by_name(row))}\n")
        return self._answer(row, return_dict)

    def predict(
        self,
        x: ArrayLike,
        batch_size: int | None = None,
        verbose: Verbosity = "auto",
        threads: Threads = "auto",
    ) -> Array:
        """Compute the outputs.

        Parameters
        ----------
        x : array_like (n_samples, n_columns)
            As in `fit`.
        batch_size : int, optional
            Samples at a time; only speed depends on it, and from 12 down rounding.
        verbose : {"auto", 0, 1, 2}
            Taken for Keras's sake: `predict` shows nothing.
        threads : int or "auto"
            How many workers.

        Returns
        -------
        ndarray (n_samples, n_outputs)
            In the model's dtype.
        """
        inputs = self.learner.inputs(x)
        if batch_size is not None:
            batch_size = whole_number("batch_size", batch_size)
        network = self.learner.network(inputs.n_columns)
        return network.predict(inputs, batch_size=batch_size, threads=check_threads(threads))

    def profile(
        self,
        x: ArrayLike,
        y: ArrayLike,
        batch_size: int | None = None,
        sample_weight: ArrayLike | None = None,
        threads: Threads = "auto",
        seconds: float = 1.0,
    ) -> Profile:
        """Find out where the time of a training step goes. The model stays as it was.

        Parameters
        ----------
        x, y, batch_size, sample_weight, threads
            As in `fit`; "auto" means all, and any optimizer takes any batch size.
        seconds : float, default 1.0
            How long to measure, about.

        Returns
        -------
        Profile
            A row for each kernel that a step calls, with its time, arithmetic, memory traffic and share of the
            processor's peak; ``print`` shows it as a table.
        """
        learner = self.learner
        samples = learner.samples(x, y, sample_weight)
        return learner.network(samples.inputs.n_columns).profile(
            samples.inputs,
            samples.targets,
            samples.sample_weight,
            np.arange(samples.n_samples),
            batch_size=check_batch_size(batch_size, samples.n_samples),
            threads=check_threads(threads),
            seconds=real_number("seconds", seconds, above=0.0),
        )

    def loss_and_gradients(
        self, x: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> tuple[float, list[Array]]:
        """Compute the loss of these samples, penalties included, and its gradients.

        Parameters
        ----------
        x, y, sample_weight : array_like
            As in `fit`; all of it is one batch.

        Returns
        -------
        loss : float
        gradients : list of ndarray
            One for every array of `get_weights`, of its shape.
        """
        samples = self.learner.samples(x, y, sample_weight)
        network = self.learner.network(samples.inputs.n_columns)
        return network.gradients(samples.inputs, samples.targets, samples.sample_weight)

    def get_weights(self) -> list[Array]:
        """Copies of all weights: kernel (n_in, n_out), then bias (n_out,), layer by layer."""
        return self.learner.network().weights()

    def set_weights(self, weights: Sequence[ArrayLike]) -> None:
        """Replace all weights.

        Parameters
        ----------
        weights : list of array_like
            As `get_weights` returns them.

        Raises
        ------
        DataError
            If number, shapes or values do not fit.
        """
        self.learner.set_weights(weights)

    def count_params(self) -> int:
        """The number of weights."""
        return count(self.learner.weight_shapes())

    def save(self, path: str | PathLike[str], metadata: Mapping[str, Any] | None = None) -> None:
        """Write the model to a file: layers, weights, normalization, and all that training needs to go on.

        Parameters
        ----------
        path : path-like
            Usually ends in ".safetensors". The file is whole at all times: a new one takes its place at once.
        metadata : mapping, optional
            Anything that JSON can hold; becomes `metadata` of this model and of the one that is loaded.

        Raises
        ------
        ModelFileError
            If the file cannot be written; what was there before is still there.
        ArgumentError
            If the metadata do not go into JSON.

        Warns
        -----
        ModelFileWarning
            If the learning rate is a Python function: the file has the rate that was reached instead.
        """
        settings, arrays = self.learner.state()
        settings["name"] = self.name
        kept = dict(self.metadata if metadata is None else metadata)
        try:
            save_model_file(path, settings, arrays, metadata=kept)
        except TypeError as error:
            raise ArgumentError(f"metadata must be what JSON can hold: {error}") from error
        self.metadata = kept
        optimizer = self.optimizer
        reached = None if optimizer is None else settings["optimizer"]["learning_rate"]
        if isinstance(reached, float) and optimizer and optimizer.learning_rate != reached:
            warnings.warn(
                f"the learning_rate is a Python function, which a file cannot hold: {path} has the rate reached, "
                f"{reached:g}, instead; one of fastbp.optimizers.schedules would be kept",
                ModelFileWarning,
                stacklevel=2,
            )

    def _answer(self, row: NDArray[np.float64], by_name: bool) -> Figures:
        """The figures as Keras returns them: a number alone, several in a list, or by name."""
        found = self._by_name(row)
        if by_name:
            return found
        return found["loss"] if len(found) == 1 else list(found.values())

    def _by_name(self, row: NDArray[np.float64]) -> dict[str, float]:
        return figures_by_name(self.metrics, row.tolist())
