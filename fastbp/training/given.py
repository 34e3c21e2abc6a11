"""What `fit`, `evaluate` and `predict` were given, checked: arrays, or a source of batches."""

from fastbp.errors import ArgumentError
from fastbp.training.batches import Batches, gives_batches
from fastbp.training.class_weights import check_class_weight, with_class_weight
from fastbp.training.inputs import Samples
from fastbp.training.learner import Learner
from fastbp.training.stage import Parts, Sources

Given = Samples | Batches


def given_samples(
    learner: Learner,
    x: object,
    y: object,
    sample_weight: object = None,
    *,
    class_weight: object = None,
    steps: int | None = None,
    is_training: bool = False,
    prefix: str = "",
    n_columns: int | None = None,
) -> Given:
    """Return what is trained on or evaluated.

    Parameters
    ----------
    x, y, sample_weight, class_weight
        As the user gave them.
    steps : int, optional
        Batches of an epoch, where `x` is a source of batches.
    is_training : bool
        Whether an epoch must have an end.
    prefix : str
        Put before the names in messages.
    n_columns : int, optional
        What the input has where the model does not know.

    Raises
    ------
    DataError, ArgumentError
        If it cannot be used.
    """
    weights = None
    if class_weight is not None:
        weights = check_class_weight(class_weight, learner.stack.n_outputs)

    def check(
        x: object, y: object, sample_weight: object, prefix: str, columns: int | None
    ) -> Samples:
        samples = learner.samples(x, y, sample_weight, prefix=prefix, n_columns=columns)
        if weights is None:
            return samples
        return with_class_weight(samples, weights, learner.stack.n_outputs)

    if not gives_batches(x):
        if steps is not None:
            raise ArgumentError(
                "a number of steps goes with a source of batches; arrays say themselves how many there are"
            )
        return check(x, y, sample_weight, prefix, n_columns)
    if y is not None or sample_weight is not None:
        raise ArgumentError(
            f"{prefix}x gives batches (x, y) or (x, y, sample_weight): there can be no y beside it"
        )
    known = [n_columns]

    def check_batch(parts: Parts, prefix: str) -> Sources:
        samples = check(*parts, prefix, known[0])
        known[0] = samples.inputs.n_columns
        return samples.inputs, samples.targets, samples.sample_weight

    if is_training and steps is None and hasattr(x, "__next__"):
        raise ArgumentError(
            f"{prefix}x is an iterator: say with steps_per_epoch how many batches an epoch has"
        )
    return Batches(x, check_batch, steps, f"{prefix}x")


def given_inputs(learner: Learner, x: object, steps: int | None) -> Batches:
    """Return the batches to be predicted; targets that come with them are not looked at."""

    def check(parts: Parts, prefix: str) -> Sources:
        return learner.inputs(parts[0], prefix), None, None

    return Batches(x, check, steps, "x", n_parts=1)


def given_to_fit(
    learner: Learner,
    x: object,
    y: object,
    *,
    sample_weight: object,
    class_weight: object,
    validation_split: float,
    validation_data: object,
    steps_per_epoch: int | None,
    validation_steps: int | None,
    batch_size: int | None,
) -> tuple[Given, Given | None]:
    """Return what is trained on, and what is evaluated after every epoch, if anything."""
    samples = given_samples(
        learner,
        x,
        y,
        sample_weight,
        class_weight=class_weight,
        steps=steps_per_epoch,
        is_training=True,
    )
    if isinstance(samples, Batches):
        if batch_size is not None:
            raise ArgumentError("batch_size must not be given where x gives batches")
        if validation_split:
            raise ArgumentError(
                "validation_split needs arrays; give validation_data where x gives batches"
            )
    if validation_data is None:
        if validation_steps is not None:
            raise ArgumentError("validation_steps goes with validation_data that give batches")
        return (
            samples.split(validation_split)
            if isinstance(samples, Samples) and validation_split
            else (samples, None)
        )
    parts = (validation_data, None) if gives_batches(validation_data) else validation_data
    if not isinstance(parts, (tuple, list)) or len(parts) not in (2, 3):
        raise ArgumentError(
            "validation_data must be (x, y), (x, y, sample_weight) or a source of batches"
        )
    if hasattr(parts[0], "__next__") and validation_steps is None:
        raise ArgumentError(
            "validation_data is an iterator: say with validation_steps how many batches to take"
        )
    inputs = samples.inputs if isinstance(samples, Samples) else samples.first[0]
    validation = given_samples(
        learner,
        *parts,
        steps=validation_steps,
        prefix="validation ",
        n_columns=inputs.n_columns,
    )
    return samples, validation
