"""One network trained by all: the same work is checked first, then each in its best mode, in turns."""

from dataclasses import dataclass, field

import numpy as np

from benchmarks.workloads import Workload
from peers.contestants import CONTESTANTS, NotTheSameError, whole_loss
from peers.rooms import Room

# Two libraries did the same work if their losses differ by no more than this share of what training changed, and this
# share of the loss, for rounding.
_OF_CHANGE = 1e-3
_ROUNDING = 2e-6

# How many epochs of each mode are tried before the best one is chosen, unless they take longer than this in seconds.
_TRIALS = 5
_TRIAL_SECONDS = 1.0


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
        threads = f"{self.room.threads} thread{'s' * (self.room.threads > 1)}"
        return f"{self.variant}, {threads}" if self.variant else threads


@dataclass
class Outcome:
    """What came out for one contestant.

    Attributes
    ----------
    contestant, mode : str
    loss, mean_loss : float
        After the first epoch, in order: of the whole set, and the mean that the library recorded of that epoch's steps.
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
    mean_loss: float = float("nan")
    same_work: bool = False
    us: list[float] = field(default_factory=list)
    remark: str = ""

    @property
    def median(self) -> float:
        """Median of the rounds."""
        return float(np.median(self.us))


def same_work(ours: float, theirs: float, before: float) -> bool:
    """Whether two losses are those of the same training, which began with the loss `before`.

    >>> same_work(0.5, 0.50000001, 0.7), same_work(0.5, 0.7, 0.7), same_work(0.5, 0.4, 0.7)
    (True, False, False)
    """
    change = abs(before - ours)
    bound = _OF_CHANGE * change + _ROUNDING * abs(ours)
    return bound < change / 2 and abs(theirs - ours) <= bound


def compare(
    workload: Workload, optimizer: str, rooms: list[Room], n_rounds: int, seconds: float
) -> list[Outcome]:
    """Train in all rooms; the outcomes in the order of the contestants."""
    outcomes: dict[str, Outcome] = {}
    best: dict[str, Mode] = {}
    for room in rooms:
        for variant in CONTESTANTS[room.contestant].variants:
            mode = Mode(room, variant)
            outcome = Outcome(room.contestant, mode.name)
            try:
                _try(mode, outcome, workload, optimizer)
            except NotTheSameError as error:
                outcomes.setdefault(room.contestant, Outcome(room.contestant, remark=str(error)))
                continue
            if room.contestant not in best or mode.seconds < best[room.contestant].seconds:
                outcomes[room.contestant] = outcome
                best[room.contestant] = mode
    _judge(outcomes, workload)
    for mode in best.values():
        mode.room.prepare(workload.name, optimizer, mode.variant)
        mode.room.train(1, True)
    for _ in range(n_rounds):
        for contestant, mode in best.items():
            n_epochs = max(1, round(seconds / mode.seconds))
            taken, _ = mode.room.train(n_epochs, True)
            outcomes[contestant].us.append(1e6 * taken / (n_epochs * workload.n_steps))
    return list(outcomes.values())


def _try(mode: Mode, outcome: Outcome, workload: Workload, optimizer: str) -> None:
    """Train an epoch in order, to see what comes out, and a few more, to see how long they take."""
    mode.room.prepare(workload.name, optimizer, mode.variant)
    _, outcome.mean_loss = mode.room.train(1, False)
    outcome.loss = mode.room.loss()
    mode.room.train(1, True)
    spent = 0.0
    for _ in range(_TRIALS):
        taken, _ = mode.room.train(1, True)
        mode.seconds = min(mode.seconds, taken)
        spent += taken
        if spent > _TRIAL_SECONDS:
            break


def _judge(outcomes: dict[str, Outcome], workload: Workload) -> None:
    """Mark those whose losses are fastbp's."""
    before = whole_loss(workload, workload.weights())
    ours = outcomes["fastbp"]
    for outcome in outcomes.values():
        outcome.same_work = same_work(ours.loss, outcome.loss, before) and same_work(
            ours.mean_loss, outcome.mean_loss, before
        )
