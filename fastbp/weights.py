"""The weights of a model: got, set, and kept in files. It checks and delegates; it computes nothing."""

import os
import warnings
from collections.abc import Mapping, Sequence
from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastbp.errors import ArgumentError, ModelFileError, ModelFileWarning
from fastbp.nn import count
from fastbp.specification import truth_value
from fastbp.storage import load_model_file, save_model_file
from fastbp.training import Learner, learner_state

Array = NDArray[np.floating[Any]]


class Weights:
    """What is learned, in memory and in files."""

    name: str
    learner: Learner
    metadata: dict[str, Any]

    def get_weights(self) -> list[Array]:
        """Copies of all weights in Keras's order: of a Dense the kernel (n_in, n_out), then the bias (n_out,)."""
        return self.learner.network().weights()

    @property
    def weights(self) -> list[Array]:
        """Copies of all weights, as `get_weights` returns them; to change these there is `set_weights`."""
        return [_read_only(array) for array in self.get_weights()]

    @property
    def trainable_weights(self) -> list[Array]:
        """Those of `weights` that training changes."""
        return [array for array, trained in self._told() if trained]

    @property
    def non_trainable_weights(self) -> list[Array]:
        """Those of `weights` that training does not change by gradients: of frozen layers, and moving statistics."""
        return [array for array, trained in self._told() if not trained]

    def _told(self) -> list[tuple[Array, bool]]:
        arrays = self.weights
        assert self.learner.n_inputs is not None
        layers = self.learner.stack.weights(self.learner.n_inputs)
        trained = [weight.trained for weights in layers for weight in weights]
        return list(zip(arrays, trained, strict=True))

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

    def save(
        self,
        filepath: str | PathLike[str],
        overwrite: bool = True,
        *,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        """Write the model to a file: layers, weights, normalization, and all that training needs to go on.

        Parameters
        ----------
        filepath : path-like
            Usually ends in ".safetensors". The file is whole at all times: a new one takes its place at once.
        overwrite : bool, default True
            Whether the file may be there already.
        metadata : mapping, optional
            Anything that JSON can hold; becomes `metadata` of this model and of the one that is loaded.

        Raises
        ------
        ModelFileError
            If the file cannot or must not be written; what was there before is still there.
        ArgumentError
            If the metadata do not go into JSON.

        Warns
        -----
        ModelFileWarning
            If the learning rate is a Python function: the file has the rate that was reached instead.
        """
        _check_free(filepath, overwrite)
        settings, arrays = learner_state(self.learner)
        settings["name"] = self.name
        kept = dict(self.metadata if metadata is None else metadata)
        try:
            save_model_file(filepath, settings, arrays, metadata=kept)
        except TypeError as error:
            raise ArgumentError(f"metadata must be what JSON can hold: {error}") from error
        self.metadata = kept
        optimizer = self.learner.optimizer
        reached = None if optimizer is None else settings["optimizer"]["learning_rate"]
        if isinstance(reached, float) and optimizer and optimizer.learning_rate != reached:
            warnings.warn(
                f"the learning_rate is a Python function, which a file cannot hold: {filepath} has the rate reached, "
                f"{reached:g}, instead; one of fastbp.optimizers.schedules would be kept",
                ModelFileWarning,
                stacklevel=2,
            )

    def save_weights(self, filepath: str | PathLike[str], overwrite: bool = True) -> None:
        """Write the weights alone to a file; `save` writes all that training needs to go on.

        Parameters
        ----------
        filepath : path-like
            Usually ends in ".safetensors". The file is whole at all times.
        overwrite : bool, default True
            Whether the file may be there already.

        Raises
        ------
        ModelFileError
            If the file cannot or must not be written; what was there before is still there.
        """
        _check_free(filepath, overwrite)
        names = self.learner.stack.weight_names
        arrays = dict(zip(names, self.get_weights(), strict=True))
        save_model_file(
            filepath, {"weights": names}, {f"weights/{name}": arrays[name] for name in names}
        )

    def load_weights(self, filepath: str | PathLike[str]) -> None:
        """Take the weights of a file that `save_weights` or `save` wrote; the optimizer's state stays.

        Parameters
        ----------
        filepath : path-like

        Raises
        ------
        ModelFileError
            If the file is missing, corrupt, or does not hold these weights.
        DataError
            If their number or shapes do not fit.
        """
        settings, arrays, _ = load_model_file(filepath)
        names = settings.get("weights", self.learner.stack.weight_names)
        missing = [name for name in names if f"weights/{name}" not in arrays]
        if missing:
            raise ModelFileError(f"{filepath} does not hold the weights {', '.join(missing)}")
        self.learner.set_weights([arrays[f"weights/{name}"] for name in names])


def _read_only(array: Array) -> Array:
    array.flags.writeable = False
    return array


def _check_free(path: str | PathLike[str], overwrite: bool) -> None:
    if not truth_value("overwrite", overwrite) and os.path.lexists(path):
        raise ModelFileError(f"{path} is there already, and overwrite=False")
