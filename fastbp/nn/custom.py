"""A user's own activations, losses and metrics, from functions that `numba.njit` compiled."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from fastbp.errors import ArgumentError
from fastbp.nn.activations import KNOWN_KEYS, known_key
from fastbp.nn.losses import LOSSES
from fastbp.nn.losses.loss import REDUCTIONS, LossFunction
from fastbp.nn.metrics.kind import Kind
from fastbp.nn.metrics.kinds import KINDS
from fastbp.nn.metrics.metric import Metric
from fastbp.specification import choose


def own_activation(forward: Any, derivative: Any) -> str:
    """Return the key by which kernels know an activation of a user's own: its name, and a fingerprint of the functions.

    Raises
    ------
    ArgumentError
        If these are no compiled functions of one number.
    """
    _check("activation", forward, 0.5)
    _check("derivative", derivative, 0.5)
    from fastbp.kernels.own import add_activation  # imports Numba

    key = add_activation(_checked_name(None, forward), forward, derivative)
    KNOWN_KEYS.add(key)
    return key


@dataclass(frozen=True, init=False)
class Loss(LossFunction):
    """A loss of your own: the mean over a sample's outputs of a term, compiled into the kernels: ``mean(value(y, p))``.

    Parameters
    ----------
    value : function of numba.njit
        ``value(target, prediction)``, of two numbers.
    gradient : function of numba.njit
        ``gradient(target, prediction)``, its derivative by the prediction; `gradient_check` tells whether it is right.
    name : str, optional
        Letters, digits and _; None means the name of `value`.
    reduction : {"sum_over_batch_size", "mean_with_sample_weight"}, default "sum_over_batch_size"
        By keyword, as of all losses.

    Attributes
    ----------
    kind : str
        The name with a fingerprint of the functions, as model files keep it. They hold no code: to load one, make the
        same loss first.

    Raises
    ------
    ArgumentError
        If these are no compiled functions of two numbers.

    References
    ----------
    Keras 3's `keras.losses.Loss`, from which a user derives instead.
    """

    kind: str  # type: ignore[misc]

    def __init__(
        self,
        value: Callable[[float, float], float],
        gradient: Callable[[float, float], float],
        name: str | None = None,
        *,
        reduction: str = REDUCTIONS[0],
    ) -> None:
        _check("value", value, 0.5, 0.25)
        _check("gradient", gradient, 0.5, 0.25)
        from fastbp.kernels.own import add_loss  # imports Numba

        plain = _checked_name(name, value)
        key = add_loss(plain, value, gradient)
        KNOWN_KEYS.add(key)
        choose(self, kind=key, reduction=reduction, name=plain)
        self.__post_init__()


class MeanMetricWrapper(Metric):
    """The mean over samples and outputs of a function of your own, ``mean(fn(y, p))``, or a loss under another name.

    Parameters
    ----------
    fn : function of numba.njit, LossFunction or str
        ``fn(target, prediction)``, of two numbers; or a loss, one of `Loss` too, or its name.
    name : str, optional
        The key in `History.history`; None means that of the function or loss.

    Raises
    ------
    ArgumentError
        If it is no compiled function of two numbers.

    Notes
    -----
    Keras's takes a function of tensors; here it becomes part of the compiled step. A model file holds no code: make the
    same metric before `load_model`.

    References
    ----------
    Keras 3's `keras.metrics.MeanMetricWrapper`.

    Examples
    --------
    >>> MeanMetricWrapper("mae", "how far off").kind
    'mean_absolute_error'
    """

    def __init__(self, fn: Any, name: str | None = None) -> None:
        if isinstance(fn, (str, LossFunction)):
            loss = LOSSES.resolve(fn)
            if loss.label_smoothing or loss.output_activation is not None:
                raise ArgumentError(
                    f"metrics see targets as they are and outputs as the loss does: leave label_smoothing and "
                    f"from_logits of {loss.kind!r} away"
                )
            if isinstance(loss, Loss):
                KINDS.setdefault(loss.kind, Kind(minimize=True))
            super().__init__(name or loss.name or loss.kind, loss.kind, loss.numbers)
            return
        _check("fn", fn, 0.5, 0.25)
        from fastbp.kernels.own import add_metric  # imports Numba

        plain = _checked_name(None, fn)
        key = add_metric(plain, fn)
        KNOWN_KEYS.add(key)
        # Nobody but the user knows which way is better.
        KINDS.setdefault(key, Kind(minimize=None))
        super().__init__(name or plain, key)


def loss_from_config(config: Mapping[str, Any]) -> LossFunction:
    """Return the loss whose `to_config` gave `config`; a custom one must have been made in this process."""
    if config.get("class") != "Loss":
        return LOSSES.from_config(config)
    loss = object.__new__(Loss)
    reduction = config.get("reduction", REDUCTIONS[0])
    # In older files the key is the name.
    key = known_key(config.get("kind", config["name"]))
    choose(loss, kind=key, reduction=reduction, name=key.split("-")[1])
    return loss


def _check(argument: str, function: Any, *numbers: float) -> None:
    """That it is compiled, and gives a number for so many"""
    if not hasattr(function, "py_func"):
        raise ArgumentError(
            f"{argument} must be a function that numba.njit compiled, not {type(function).__name__}"
        )
    try:
        result = function(*numbers)
    except Exception as error:
        reason = str(error).strip().splitlines()[0] if str(error) else type(error).__name__
        raise ArgumentError(
            f"{argument} must take {len(numbers)} number{'s' * (len(numbers) > 1)}: {reason}"
        ) from error
    if not isinstance(result, (int, float)):
        raise ArgumentError(f"{argument} must give a number, not {type(result).__name__}")


def _checked_name(name: str | None, function: Any) -> str:
    if name is None:
        return re.sub(r"\W", "_", function.py_func.__name__)
    if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z0-9_]+", name):
        raise ArgumentError(f"name must consist of letters, digits and _, not {name!r}")
    return name
