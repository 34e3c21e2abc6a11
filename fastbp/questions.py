"""What a trained model can be asked. It checks and delegates; it computes nothing."""

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastbp.data.source import check_finite
from fastbp.errors import ArgumentError
from fastbp.nn import figures_by_name
from fastbp.specification import real_number, truth_value, whole_number
from fastbp.training import (
    NOBODY,
    Batches,
    Callback,
    CallbackList,
    LayerNorms,
    Learner,
    Threads,
    Verbosity,
    check_batch_size,
    check_threads,
    evaluate,
    figures,
    given_inputs,
    given_samples,
    gives_batches,
    layer_norms,
    predict,
)

if TYPE_CHECKING:
    from fastbp.engine import Profile

Array = NDArray[np.floating[Any]]
Figures = float | list[Any] | dict[str, Any]


class Questions:
    """Evaluation, predictions, gradients, and where the time goes."""

    learner: Learner

    @property
    def metrics_names(self) -> tuple[str, ...]:
        """The names of the figures that `evaluate` returns: the loss, then the metrics."""
        return self.learner.names

    def evaluate(
        self,
        x: ArrayLike | Iterable[Any],
        y: ArrayLike | None = None,
        batch_size: int | None = None,
        verbose: Verbosity = "auto",
        sample_weight: ArrayLike | None = None,
        steps: int | None = None,
        callbacks: Callback | Iterable[Callback] | None = None,
        return_dict: bool = False,
        threads: Threads = "auto",
    ) -> Figures:
        """Measure the loss and the metrics.

        Parameters
        ----------
        x, y, sample_weight : array_like
            As in `fit`; `x` may give batches, too.
        batch_size : int, optional
            Samples at a time; only speed depends on it, and from 12 down rounding.
        steps : int, optional
            Batches to take where `x` gives batches; None means all.
        verbose : {"auto", 0, 1, 2}
            0: silent; else a line with the figures.
        callbacks : list of Callback, optional
            `on_test_begin` and `on_test_end` are called.
        return_dict : bool, default False
            Whether the figures come by name.
        threads : int or "auto"
            How many workers.

        Returns
        -------
        float, list of float or dict
            The loss; with metrics, the loss and these. A metric with a number for each threshold or output is a list.
        """
        if batch_size is not None:
            batch_size = whole_number("batch_size", batch_size)
        given = given_samples(self.learner, x, y, sample_weight, steps=steps)
        inputs = given.first[0] if isinstance(given, Batches) else given.inputs
        network = self.learner.network(inputs.n_columns)
        watchers = self._watchers(callbacks)
        watchers.call("on_test_begin", None)
        row = evaluate(network, given, batch_size, check_threads(threads)).tolist()
        found = self._by_name(row)
        watchers.call("on_test_end", found)
        if verbose:
            sys.stdout.write(f"{figures(found)}\n")
        return self._answer(row, return_dict)

    def predict(
        self,
        x: ArrayLike | Iterable[Any],
        batch_size: int | None = None,
        verbose: Verbosity = "auto",
        steps: int | None = None,
        callbacks: Callback | Iterable[Callback] | None = None,
        threads: Threads = "auto",
    ) -> Array:
        """Compute the outputs.

        Parameters
        ----------
        x : array_like (n_samples, n_columns), or a source of batches
            As in `fit`; targets that come with batches are not looked at.
        batch_size : int, optional
            Samples at a time; only speed depends on it, and from 12 down rounding.
        verbose : {"auto", 0, 1, 2}
            Taken for Keras's sake: `predict` shows nothing.
        steps : int, optional
            Batches to take where `x` gives batches; None means all.
        callbacks : list of Callback, optional
            `on_predict_begin` and `on_predict_end` are called.
        threads : int or "auto"
            How many workers.

        Returns
        -------
        ndarray (n_samples, n_outputs)
            In the model's dtype.
        """
        if batch_size is not None:
            batch_size = whole_number("batch_size", batch_size)
        threads, watchers = check_threads(threads), self._watchers(callbacks)
        given = (
            given_inputs(self.learner, x, steps)
            if gives_batches(x)
            else self.learner.inputs(x, looks=False)
        )
        first = given.first[0] if isinstance(given, Batches) else given
        network = self.learner.network(first.n_columns)
        watchers.call("on_predict_begin", None)
        if isinstance(given, Batches):
            outputs = predict(network, given, threads)
        else:
            outputs = network.predict(given, batch_size=batch_size, threads=threads)
            # Mostly the network has seen them all.
            check_finite(given, dtype=self.learner.dtype)
        watchers.call("on_predict_end", None)
        return outputs

    def test_on_batch(
        self,
        x: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        return_dict: bool = False,
    ) -> Figures:
        """Measure the loss and the metrics of these samples: `evaluate` of one batch, without a word.

        Parameters
        ----------
        x, y, sample_weight : array_like
            As in `fit`.
        return_dict : bool, default False
            Whether the figures come by name.

        Returns
        -------
        float, list of float or dict
            The loss; with metrics, the loss and these.
        """
        return self.evaluate(x, y, sample_weight=sample_weight, return_dict=return_dict, verbose=0)

    def predict_on_batch(self, x: ArrayLike) -> Array:
        """Compute the outputs of these samples: `predict` of one batch.

        Parameters
        ----------
        x : array_like
            As in `predict`.

        Returns
        -------
        ndarray (n_samples, n_outputs)
        """
        return self.predict(x)

    def __call__(self, x: ArrayLike, training: bool = False) -> Array:
        """Compute the outputs of these samples, as `predict` does.

        Raises
        ------
        ArgumentError
            With ``training=True``: what layers do in training alone is seen by `loss_and_gradients`.
        """
        if truth_value("training", training):
            raise ArgumentError(
                "a model that is called predicts: leave training=True away; loss_and_gradients(x, y, training=True) "
                "looks at what layers do in training alone"
            )
        return self.predict(x)

    def profile(
        self,
        x: ArrayLike,
        y: ArrayLike,
        batch_size: int | None = None,
        sample_weight: ArrayLike | None = None,
        threads: Threads = "auto",
        seconds: float = 1.0,
    ) -> "Profile":
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
        self,
        x: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        training: bool = False,
    ) -> tuple[float, list[Array]]:
        """Compute the loss of these samples, penalties included, and its gradients.

        Parameters
        ----------
        x, y, sample_weight : array_like
            As in `fit`; all of it is one batch.
        training : bool, default False
            Whether layers do what they do in training alone. Then this is what the next update with these samples
            would go by.

        Returns
        -------
        loss : float
        gradients : list of ndarray
            One for every array of `get_weights`, of its shape.
        """
        samples = self.learner.samples(x, y, sample_weight)
        network = self.learner.network(samples.inputs.n_columns)
        return network.gradients(
            samples.inputs,
            samples.targets,
            samples.sample_weight,
            training=truth_value("training", training),
        )

    def layer_norms(
        self, x: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> LayerNorms:
        """Compute how large activations, weights and gradients are, layer by layer.

        Gradients that shrink from layer to layer towards the input vanish; those that grow explode. A layer whose
        outputs are all 0 has died. All activations of the samples are held at once, a layer at a time.

        Parameters
        ----------
        x, y, sample_weight : array_like
            As in `fit`; all of it is one batch, and some hundreds of samples are enough.

        Returns
        -------
        LayerNorms
            A row for each layer; ``print`` shows it as a table.

        Examples
        --------
        >>> from fastbp import Dense, Sequential
        >>> model = Sequential([Dense(3, "relu"), Dense(1)], seed=1)
        >>> model.compile("sgd", "mean_squared_error")
        >>> norms = model.layer_norms([[1.0, -2.0], [0.5, 3.0]], [1.0, 0.0])
        >>> [row.name for row in norms.rows]
        ['dense', 'dense_1']
        """
        return layer_norms(self.learner, x, y, sample_weight)

    def _watchers(self, callbacks: Callback | Iterable[Callback] | None) -> CallbackList:
        return NOBODY if callbacks is None else CallbackList(callbacks, self)

    def _answer(self, row: list[float], by_name: bool) -> Figures:
        """The figures as Keras returns them: a number alone, several in a list, or by name."""
        found = self._by_name(row)
        if by_name:
            return found
        return found["loss"] if len(found) == 1 else list(found.values())

    def _by_name(self, row: list[float]) -> dict[str, Any]:
        return figures_by_name(self.learner.metrics, row)
