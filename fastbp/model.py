"""What a user trains, asks and saves. It checks and delegates; it computes nothing."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from numpy.typing import ArrayLike

from fastbp.nn import LossFunction, Metric, MetricsWanted
from fastbp.optimizers import Optimizer
from fastbp.questions import Figures, Questions
from fastbp.training import (
    Callback,
    CallbackList,
    Display,
    History,
    Learner,
    Threads,
    Training,
    Verbosity,
    check_class_weight,
    check_threads,
    given_to_fit,
    make_plan,
    with_class_weight,
)
from fastbp.weights import Weights


class Model(Questions, Weights):
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
    def input_shape(self) -> tuple[int | None, ...]:
        """The shape of a batch of inputs, None for what is not known: ``(None, 784)``."""
        shape = self.learner.stack.input_shape
        return (None, *(shape or (self.n_inputs,)))

    @property
    def output_shape(self) -> tuple[int | None, ...]:
        """The shape of a batch of outputs: ``(None, n_outputs)``."""
        return (None, self.n_outputs)

    @property
    def n_outputs(self) -> int:
        """The number of outputs."""
        return self.learner.stack.n_outputs

    @property
    def optimizer(self) -> Optimizer | None:
        """What `compile` was given, as a specification.

        Other settings of the same optimizer may take its place, and what it has gathered stays:
        ``model.optimizer = dataclasses.replace(model.optimizer, learning_rate=1e-4)``.
        """
        return self.learner.optimizer

    @optimizer.setter
    def optimizer(self, optimizer: str | Optimizer) -> None:
        self.learner.set_optimizer(optimizer)

    @property
    def loss(self) -> LossFunction | None:
        """What `compile` was given, as a specification."""
        return self.learner.loss

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """What `compile` was given, as specifications."""
        return self.learner.metrics

    def compile(
        self,
        optimizer: str | Optimizer = "rmsprop",
        loss: str | LossFunction | None = None,
        metrics: MetricsWanted = None,
        weighted_metrics: MetricsWanted = None,
    ) -> None:
        """Say how to train. What an optimizer had gathered before is forgotten, the weights are not.

        Parameters
        ----------
        optimizer : str or Optimizer, default "rmsprop"
            "sgd", "adam", "adamw", "lion", ... (docs/optimizers.md), or one with its settings:
            ``SGD(0.1, momentum=0.9)``.
        loss : str or LossFunction
            What to minimize: "mean_squared_error", "sparse_categorical_crossentropy", ...
        metrics : list of str, Metric or LossFunction, optional
            What to report besides: "accuracy", "auc", ``Precision(0.3)``, or a loss (docs/losses.md). All samples count
            the same.
        weighted_metrics : list of str, Metric or LossFunction, optional
            The same, but samples count by their weights. Where the name is taken, "weighted_" goes before it.

        Raises
        ------
        UnknownNameError
            If there is no such optimizer, loss or metric.
        ArgumentError
            If they do not go together.
        """
        self.learner.compile(optimizer, loss, metrics, weighted_metrics)

    def fit(
        self,
        x: ArrayLike | Iterable[Any],
        y: ArrayLike | None = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: Verbosity = "auto",
        callbacks: Callback | Iterable[Callback] | None = None,
        validation_split: float = 0.0,
        validation_data: Sequence[ArrayLike] | Iterable[Any] | None = None,
        shuffle: bool = True,
        class_weight: Mapping[int, float] | None = None,
        sample_weight: ArrayLike | None = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        validation_batch_size: int | None = None,
        validation_freq: int | Collection[int] = 1,
        threads: Threads = "auto",
    ) -> History:
        """Train.

        Parameters
        ----------
        x : array_like (n_samples, n_columns)
            Numbers of any type and memory layout, also a pandas frame or a memory map; never copied, never written.
            Or a source of batches ``(x, y)`` or ``(x, y, sample_weight)``: an object with ``__len__`` and
            ``__getitem__`` as Keras's PyDataset, one with ``__len__`` and ``__iter__``, or an iterator. The next
            batches are fetched in a thread while the program runs.
        y : array_like (n_samples, n_outputs) or (n_samples,)
            Targets: a number for every output, or class numbers 0, 1, ... for the sparse loss.
        batch_size : int, optional
            Samples in a step, at most all of them; None means 32; for an optimizer that wants it, as `Rprop`, all.
        epochs : int, default 1
            The number of the last epoch; `initial_epoch` says where to begin.
        verbose : {"auto", 0, 1, 2}
            0: silent; 1 and "auto": a line an epoch that lives on a terminal; 2: plain lines.
        callbacks : list of Callback, optional
            Called between epochs, batches or chunks.
        validation_split : float in [0, 1), default 0
            The share of the last samples that is not trained on and evaluated after every epoch.
        validation_data : tuple (x, y) or (x, y, sample_weight), or a source of batches, optional
            Evaluated after every epoch, instead of a split.
        shuffle : bool, default True
            Whether every epoch has an order of its own: of the samples, or of the batches that are got by number.
        class_weight : dict, optional
            Factors of the loss by class, 1 where a class is not named: ``{0: 1.0, 1: 5.0}``. They multiply
            `sample_weight`, and do not count in the validation.
        sample_weight : array_like (n_samples,), optional
            Factors of each sample's loss. The loss of a batch is the sum over its samples by their number, not by the
            sum of their weights.
        initial_epoch : int, default 0
            The first epoch's number.
        steps_per_epoch, validation_steps : int, optional
            Batches of an epoch and of the validation, where these are given in batches.
        validation_batch_size : int, optional
            Samples at a time in the validation; None means `batch_size`.
        validation_freq : int or list of int, default 1
            After each so many epochs there is a validation, or after those epochs, counted from 1.
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
        samples, validation = given_to_fit(
            learner,
            x,
            y,
            sample_weight=sample_weight,
            class_weight=class_weight,
            validation_split=validation_split,
            validation_data=validation_data,
            steps_per_epoch=steps_per_epoch,
            validation_steps=validation_steps,
            batch_size=batch_size,
        )
        plan = make_plan(
            samples,
            validation,
            metrics=learner.metrics,
            batch_size=batch_size,
            validation_batch_size=validation_batch_size,
            validation_freq=validation_freq,
            first_epoch=initial_epoch,
            epochs=epochs,
            shuffle=shuffle,
            threads=threads,
            optimizer=learner.optimizer,
        )
        display = Display(verbose, epochs=plan.epochs, n_samples=plan.n_samples)
        watchers = CallbackList(callbacks, self)
        network = learner.network(plan.n_columns)
        self.stop_training = False
        training = Training(learner, network, plan, watchers, display, lambda: self.stop_training)
        self.history = training.history
        self.history.set_model(self)
        training.run()
        return training.history

    def train_on_batch(
        self,
        x: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        class_weight: Mapping[int, float] | None = None,
        return_dict: bool = False,
        threads: Threads = "auto",
    ) -> Figures:
        """Make one update with all of these samples.

        It is that of a `fit` with as many in a batch. A short last batch of `fit` may be rounded otherwise.

        Parameters
        ----------
        x, y, sample_weight, class_weight
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
        plain = sample_weight is None and class_weight is None
        if plain:
            found = self.learner.update(x, y, threads)
            if found is not None:
                return self._answer(found, return_dict)
        samples = self.learner.samples(x, y, sample_weight)
        if class_weight is not None:
            weights = check_class_weight(class_weight, self.n_outputs)
            samples = with_class_weight(samples, weights, self.n_outputs)
        threads = check_threads(threads)
        n_samples = samples.n_samples
        network = self.learner.network(samples.inputs.n_columns)
        row = network.train(
            samples.inputs,
            samples.targets,
            samples.sample_weight,
            None,
            batch_size=n_samples,
            threads=threads,
        )[0]
        if plain:
            self.learner.remember(x, y, samples, threads)
        return self._answer(row.tolist(), return_dict)
