"""A quiet end to training whose loss is no longer a number."""

from fastbp.training import Callback, announce


class TerminateOnNaN(Callback):
    """End `fit` without an error when a loss is NaN or infinite.

    Every step's loss is looked at, with this callback and without; without it `fit` raises `DivergedError`. The weights
    are the last finite ones.

    References
    ----------
    Keras 3's `keras.callbacks.TerminateOnNaN`.
    """

    def on_diverged(self, epoch: int, batch: int) -> bool:
        """Say so, and end training."""
        announce(f"Batch {batch}: Invalid loss, terminating training")
        self.model.stop_training = True
        return True
