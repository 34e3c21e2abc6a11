"""Errors: one root, the kinds that Python programs expect, and messages that help."""

import pickle

import pytest

from fastbp import errors

KINDS = [
    (errors.ArgumentError, ValueError),
    (errors.UnknownNameError, errors.ArgumentError),
    (errors.FrozenSpecificationError, errors.ArgumentError),
    (errors.FrozenSpecificationError, AttributeError),
    (errors.DataError, ValueError),
    (errors.NotReadyError, RuntimeError),
    (errors.DivergedError, ArithmeticError),
    (errors.ModelFileError, OSError),
    (errors.MissingExtraError, ImportError),
]


@pytest.mark.parametrize(("error", "kind"), KINDS)
def test_each_is_caught_as_the_packages_own_and_as_pythons(
    error: type[Exception], kind: type[Exception]
) -> None:
    assert issubclass(error, errors.FastbpError)
    assert issubclass(error, kind)


def test_no_error_is_forgotten() -> None:
    defined = {
        each
        for each in vars(errors).values()
        if isinstance(each, type) and issubclass(each, errors.FastbpError)
    }
    assert defined == {error for error, _ in KINDS} | {errors.FastbpError}


def test_divergence_names_epoch_and_step_and_survives_pickling() -> None:
    error = pickle.loads(pickle.dumps(errors.DivergedError(3, 17)))
    assert (error.epoch, error.step) == (3, 17)
    assert "epoch 3, step 17" in str(error)
    error = pickle.loads(pickle.dumps(errors.DivergedError(3, 17, validation=True)))
    assert "validation loss is not finite after epoch 3" in str(error)
    assert "learning rate" not in str(error)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("adm", "did you mean 'Adam'"),
        ("SGDD", "did you mean 'SGD'"),
        ("sgd", "did you mean 'SGD'"),
        (7, None),
        ("quantum", None),
    ],
)
def test_the_nearest_right_name_is_offered(name: object, hint: str | None) -> None:
    message = str(errors.unknown_name("optimizer", name, ["SGD", "Adam"]))
    assert message.startswith(f"unknown optimizer {name!r}")
    assert message.endswith("(known: Adam, SGD)")
    assert (hint or "unknown") in message
    assert ("did you mean" in message) == (hint is not None)


def test_a_missing_extra_says_how_to_get_it() -> None:
    error = errors.missing_extra("rich", "cli", "the command line")
    assert str(error) == "the command line needs rich: pip install 'fastbp[cli]'"
    assert error.name == "rich"
