"""Where a run stands, so that it can go on there to the same bits."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastbp.errors import ArgumentError
from fastbp.training.callbacks import CallbackList, State
from fastbp.training.history import History
from fastbp.training.learner import Learner
from fastbp.training.learner_state import learner_state, restore_learner
from fastbp.training.plan import Plan
from fastbp.training.safe_point import TrainingState

# Under this name the settings of a model file hold what belongs to the run and not to the model.
_KEY = "training"


@dataclass
class Position:
    """Where a run stands.

    Attributes
    ----------
    epoch, step : int
        Which step of which epoch is the next.
    sums : list of float
        Loss and metrics summed over the samples of the epoch so far.
    seen : int
        The number of these samples.
    batch_size : int
        Of batches that are not alike, the size of the largest so far; 0 where nobody needs it.
    stopped : bool
        Whether a callback has ended training here.
    """

    epoch: int
    step: int = 0
    sums: list[float] | None = None
    seen: int = 0
    batch_size: int = 0
    stopped: bool = False


def take_state(
    learner: Learner, plan: Plan, position: Position, history: History, callbacks: CallbackList
) -> TrainingState:
    """All that a run needs to go on from here."""
    settings, arrays = learner_state(learner)
    states = {}
    for kind, state in {**callbacks.states(), "history": history.get_state()}.items():
        states[kind] = _without_arrays(kind, state, arrays)
    settings[_KEY] = {
        "position": asdict(position),
        "fit": _facts(plan),
        "states": states,
    }
    return TrainingState(settings, arrays)


def put_state(
    state: TrainingState,
    learner: Learner,
    plan: Plan,
    history: History,
    callbacks: CallbackList,
) -> None:
    """Put model, history and callbacks where they were."""
    training = state.settings[_KEY]
    restore_learner(learner, state.settings, state.arrays)
    states = {
        kind: _with_arrays(kind, given, state.arrays) for kind, given in training["states"].items()
    }
    history.set_state(states.pop("history"))
    callbacks.set_states(states)


def position_of(state: TrainingState, plan: Plan) -> Position:
    """Where a run is to go on.

    Raises
    ------
    ArgumentError
        If it was another run.
    """
    try:
        training = state.settings[_KEY]
        position = Position(**training["position"])
        before = training["fit"]
    except (KeyError, TypeError):
        raise ArgumentError("the file holds a model, but not where its training stood") from None
    for name, value in _facts(plan).items():
        if before.get(name) != value:
            raise ArgumentError(
                f"the backup is of a run with {name}={before.get(name)!r}, not {value!r}; "
                "give fit the same as before, or delete the backup"
            )
    return position


def _facts(plan: Plan) -> dict[str, Any]:
    """What must be the same for the bits to be."""
    return {
        "samples": plan.n_samples,
        "batch_size": plan.batch_size,
        "steps": plan.n_steps,
        "shuffle": plan.shuffle,
    }


def _without_arrays(kind: str, state: State, arrays: dict[str, NDArray[Any]]) -> dict[str, Any]:
    """The part of a callback's state that JSON can hold; its lists of arrays go into `arrays`."""
    plain: dict[str, Any] = {}
    for name, value in state.items():
        if isinstance(value, list) and value and isinstance(value[0], np.ndarray):
            for i, array in enumerate(value):
                arrays[f"{_KEY}/{kind}/{name}/{i}"] = array
            plain[name] = {"n_arrays": len(value)}
        else:
            plain[name] = value
    return plain


def _with_arrays(kind: str, state: State, arrays: Mapping[str, NDArray[Any]]) -> State:
    whole: State = {}
    for name, value in state.items():
        if isinstance(value, dict) and list(value) == ["n_arrays"]:
            value = [arrays[f"{_KEY}/{kind}/{name}/{i}"] for i in range(value["n_arrays"])]
        whole[name] = value
    return whole
