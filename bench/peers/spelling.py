"""Networks as one writes them on a command line: ``784-100-10:tanh:64``."""

from importlib.util import find_spec
from itertools import pairwise

from benchmarks.workloads import LOSSES, OPTIMIZERS, Workload
from peers.formulas import ACTIVATIONS

_DTYPES = ("float32", "float64")
_FORM = "SIZES[:ACTIVATIONS][:BATCH][:LOSS][:DTYPE][:OPTIMIZER]"

#: What is too large to be meant, or to be measured.
_MOST_WEIGHTS = 2**28
_MOST_NUMBERS = 2**28

# An epoch lasts some 10 ms, at least two steps, and its samples stay below 64 MiB of float32 where that is possible.
_FLOPS_OF_AN_EPOCH = 1_000_000_000
_NUMBERS_OF_AN_EPOCH = 2**24
_STEPS = (2, 500)


def parse(text: str) -> Workload:
    """The workload that is spelled so; what is left out is relu, 32, softmax, float32, sgd.

    Raises
    ------
    ValueError
        If it makes no sense; the message says why in one line.

    Examples
    --------
    >>> parse("784-100-50-10:64:tanh-gelu").hidden
    ('tanh', 'gelu')
    >>> parse("8-1:softmax")
    Traceback (most recent call last):
    ValueError: 8-1:softmax: softmax of one output is always 1; mse and bce are the other losses
    """
    first, *parts = text.split(":")
    sizes = tuple(_number(text, size, "a size") for size in first.split("-"))
    if len(sizes) < 2:
        raise _nonsense(text, "inputs and outputs are needed, at least")
    found: dict[str, str] = {}
    for part in parts:
        kind = _kind(text, part)
        if kind in found:
            raise _nonsense(text, f"{found[kind]} and {part} are two of a kind")
        found[kind] = part
    workload = Workload(
        sizes,
        _number(text, found.get("batch", "32"), "a batch"),
        n_steps=1,
        n_epochs=1,
        activations=tuple(found.get("activations", "relu").split("-")),
        loss=found.get("loss", "softmax"),
        dtype=found.get("dtype", "float32"),
        optimizer=found.get("optimizer", "sgd"),
    )
    _check(text, workload)
    return with_steps(workload, _STEPS, _FLOPS_OF_AN_EPOCH)


def with_steps(workload: Workload, limits: tuple[int, int], flops: int) -> Workload:
    """The same with as many steps in an epoch as fit into so much arithmetic, within limits."""
    fewest, most = limits
    numbers = workload.batch_size * (workload.sizes[0] + workload.sizes[-1])
    n_steps = min(flops // workload.flops, _NUMBERS_OF_AN_EPOCH // numbers)
    return Workload(**{**vars(workload), "n_steps": max(fewest, min(n_steps, most))})


def spell(workload: Workload) -> str:
    """As `parse` reads it, with nothing left out but the activations where there is no hidden layer.

    >>> spell(parse("3-4-5-2:8"))
    '3-4-5-2:relu:8:softmax:float32:sgd'
    """
    names = workload.activations if len(set(workload.hidden)) > 1 else workload.hidden[:1]
    parts = [workload.name, "-".join(names), str(workload.batch_size), workload.loss]
    return ":".join(filter(None, [*parts, workload.dtype, workload.optimizer]))


def _kind(text: str, part: str) -> str:
    """What a part of a spelling says."""
    for kind, names in (("loss", LOSSES), ("dtype", _DTYPES), ("optimizer", OPTIMIZERS)):
        if part in names:
            return kind
    if part[:1].isdigit() or part[:1] == "-":
        return "batch"
    unknown = [name for name in part.split("-") if name not in ACTIVATIONS]
    if not unknown:
        return "activations"
    known = ", ".join([*ACTIVATIONS, *LOSSES, *_DTYPES, *OPTIMIZERS])
    raise _nonsense(text, f"{unknown[0]!r} is none of {known}; write {_FORM}")


def _check(text: str, workload: Workload) -> None:
    """What only the whole tells."""
    n_hidden = len(workload.sizes) - 2
    if len(workload.activations) not in (1, n_hidden):
        n_names = len(workload.activations)
        raise _nonsense(text, f"{n_names} activations for {n_hidden} hidden layers")
    if workload.loss == "softmax" and workload.sizes[-1] == 1:
        raise _nonsense(text, "softmax of one output is always 1; mse and bce are the other losses")
    if sum(n_in * n_out for n_in, n_out in pairwise(workload.sizes)) > _MOST_WEIGHTS:
        raise _nonsense(text, f"more than {_MOST_WEIGHTS:,} weights")
    if _STEPS[0] * workload.batch_size * max(workload.sizes) > _MOST_NUMBERS:
        raise _nonsense(text, f"two batches of more than {_MOST_NUMBERS:,} numbers")
    if "gelu" in workload.hidden and find_spec("scipy") is None:
        raise _nonsense(text, "gelu is checked with SciPy, which is not installed")


def _number(text: str, digits: str, what: str) -> int:
    """A whole number above 0."""
    if not (digits.isascii() and digits.isdigit() and int(digits) > 0):
        raise _nonsense(text, f"{digits!r} is not {what}, a whole number above 0; write {_FORM}")
    return int(digits)


def _nonsense(text: str, why: str) -> ValueError:
    return ValueError(f"{text}: {why}")
