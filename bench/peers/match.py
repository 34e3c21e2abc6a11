"""One network trained by all: the same work is checked first, then each in its best mode, in turns."""

import itertools
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from benchmarks.workloads import Workload
from fastbp.runtime.threads import available_workers
from peers.contestants import CONTESTANTS, NotTheSameError
from peers.rooms import Room

# Two libraries did the same work if their losses differ by no more than this share of what training changed, and this
# share of the loss, for rounding.
_OF_CHANGE = {"float32": 1e-3, "float64": 1e-6}
_ROUNDING = {"float32": 2e-6, "float64": 1e-10}

# Threads of a library that has just been busy spin for a while before they sleep; the next shall have the cores.
_PAUSE = 0.05


@dataclass(frozen=True)
class Pace:
    """How much time is taken.

    Attributes
    ----------
    n_rounds : int
        Turns of each contestant.
    seconds : float
        A turn lasts so long, or an epoch.
    n_trials : int
        Epochs of each mode that are tried before the best is chosen ...
    trial_seconds : float
        ... unless they take longer than this.
    n_checked_steps : int
        The same work is checked after as many epochs as have so many steps.
    n_if_close : int
        Turns of each in all, if that is more, where somebody's median is less than `close` times fastbp's.
    close : float
    """

    n_rounds: int = 7
    seconds: float = 0.3
    n_trials: int = 5
    trial_seconds: float = 1.0
    n_checked_steps: int = 10
    n_if_close: int = 0
    close: float = 1.25


@dataclass
class Mode:
    """A way in which a contestant can train.

    Attributes
    ----------
    room : Room
    variant : str
    seconds : float
        The shortest epoch so far.
    """

    room: Room
    variant: str
    seconds: float = float("inf")

    @property
    def name(self) -> str:
        """What is told of it."""
        n = self.room.threads
        threads = f"{n} threads" if n != 1 else "1 thread"
        return f"{self.variant}, {threads}" if self.variant else threads


@dataclass
class Outcome:
    """What came out for one contestant.

    Attributes
    ----------
    contestant, mode : str
    loss, accuracy, mean_loss : float
        After the checked steps, in order: of the whole set, and the mean that the library recorded of the last epoch.
    same_work : bool
        Whether these are fastbp's.
    us : list of float
        Microseconds a step, one a round.
    remark : str
        Why it could not take part.
    """

    contestant: str
    mode: str = ""
    loss: float = float("nan")
    accuracy: float = float("nan")
    mean_loss: float = float("nan")
    same_work: bool = False
    us: list[float] = field(default_factory=list)
    remark: str = ""

    @property
    def median(self) -> float:
        """Median of the rounds."""
        return float(np.median(self.us))

    def figures(self) -> dict[str, Any]:
        """What there is to tell of it, without NaN, which is no JSON."""
        known = {name: value for name, value in asdict(self).items() if value == value}
        return known | {"median_us": self.median} if self.us else known


def allowed(ours: float, before: float, dtype: str = "float32") -> float:
    """How far losses may lie apart after the same training, which led from the loss `before` to `ours`.

    NaN, to which nothing compares, where training has changed too little to tell.
    """
    change = abs(before - ours)
    bound = _OF_CHANGE[dtype] * change + _ROUNDING[dtype] * abs(ours)
    return bound if bound < change / 2 else float("nan")


def same_work(ours: float, theirs: float, before: float, dtype: str = "float32") -> bool:
    """Whether two losses are those of the same training, which began with the loss `before`.

    >>> same_work(0.5, 0.50000001, 0.7), same_work(0.5, 0.7, 0.7), same_work(0.5, 0.4, 0.7)
    (True, False, False)
    >>> same_work(0.5, 0.50001, 0.7, "float32"), same_work(0.5, 0.50001, 0.7, "float64")
    (True, False)
    """
    return abs(theirs - ours) <= allowed(ours, before, dtype)


def compare(
    workload: Workload,
    rooms: list[Room],
    pace: Pace,
    without: Sequence[str] = (),
) -> list[Outcome]:
    """Train in all rooms; the outcomes in the order of the contestants. Variants named in `without` take no part."""

    def enter(room: Room) -> list[tuple[Mode, Outcome]]:
        return _enter(room, workload, pace, without)

    # Who chooses its threads by what it sees must not see a crowd.
    entries = [enter(room) for room in rooms if room.threads == "auto"]
    with ThreadPoolExecutor(available_workers()) as pool:
        # Nothing is timed yet, and compiling is what takes long.
        entries += pool.map(enter, [room for room in rooms if room.threads != "auto"])
    outcomes: dict[str, Outcome] = {}
    best: dict[str, Mode] = {}
    for mode, outcome in itertools.chain.from_iterable(entries):
        name = outcome.contestant
        if outcome.remark:
            outcomes[name] = outcome
            continue
        _try(mode, pace)
        if name not in best or mode.seconds < best[name].seconds:
            outcomes[name], best[name] = outcome, mode
    _judge(outcomes, rooms[0].begins().loss, workload.dtype)
    _take_turns(best, outcomes, workload, pace.n_rounds, pace.seconds)
    if _are_close(outcomes, pace.close):
        more = pace.n_if_close - pace.n_rounds
        _take_turns(best, outcomes, workload, more, pace.seconds)
    return list(outcomes.values())


def _take_turns(
    best: dict[str, Mode],
    outcomes: dict[str, Outcome],
    workload: Workload,
    n_rounds: int,
    seconds: float,
) -> None:
    """Train each in its best mode so many times; a turn is so long."""
    for _ in range(n_rounds):
        for contestant, mode in best.items():
            time.sleep(_PAUSE)
            n_epochs = max(1, round(seconds / mode.seconds))
            taken, _ = mode.room.train(mode.variant, n_epochs, True)
            outcomes[contestant].us.append(1e6 * taken / (n_epochs * workload.n_steps))


def _are_close(outcomes: dict[str, Outcome], close: float) -> bool:
    """Whether somebody's median is less than so many times fastbp's."""
    medians = {name: outcome.median for name, outcome in outcomes.items() if outcome.us}
    ours = medians.pop("fastbp")
    return any(theirs < close * ours for theirs in medians.values())


def _enter(
    room: Room, workload: Workload, pace: Pace, without: Sequence[str]
) -> list[tuple[Mode, Outcome]]:
    """Train a little in order in all modes of a room, to see what comes out."""
    every = CONTESTANTS[room.contestant].variants
    variants = tuple(variant for variant in every if variant not in without)
    try:
        room.prepare(workload, variants)
    except NotTheSameError as error:
        return [(Mode(room, ""), Outcome(room.contestant, remark=str(error)))]
    entries = []
    for variant in variants:
        mode = Mode(room, variant)
        n_epochs = -(-pace.n_checked_steps // workload.n_steps)
        _, mean_loss = room.train(variant, n_epochs, False)
        whole = room.reached(variant)
        outcome = Outcome(room.contestant, mode.name, whole.loss, whole.accuracy, mean_loss)
        entries.append((mode, outcome))
    return entries


def _try(mode: Mode, pace: Pace) -> None:
    """Train a few epochs, to see how long they take."""
    spent = 0.0
    time.sleep(_PAUSE)
    for _ in range(pace.n_trials):
        taken, _ = mode.room.train(mode.variant, 1, True)
        mode.seconds = min(mode.seconds, taken)
        spent += taken
        if spent > pace.trial_seconds:
            break


def _judge(outcomes: dict[str, Outcome], before: float, dtype: str) -> None:
    """Mark those whose losses are fastbp's; `before` training all had the same."""
    ours = outcomes["fastbp"]
    bound = allowed(ours.loss, before, dtype)
    for outcome in outcomes.values():
        outcome.same_work = (
            abs(outcome.loss - ours.loss) <= bound
            and abs(outcome.mean_loss - ours.mean_loss) <= bound
        )
