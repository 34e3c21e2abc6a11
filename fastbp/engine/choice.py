"""One worker or all: whichever has been faster lately."""

#: Chunks after which the slower way is tried again: few at first, since a first figure may be an accident, and up to so
#: many, since what else the machine does changes.
_TRY_AGAIN, _TRY_AGAIN_AT_MOST = 4, 32
#: Share of all time that trying may cost.
_WORTH_TRYING = 0.02
#: Chunks of a trial, of which the fastest counts: a processor that was idle takes some milliseconds to come to speed.
_CHUNKS_OF_A_TRIAL = 3
#: A trial ends at a chunk that takes so many times what the better way takes.
_HOPELESS = 2.0
#: How fast a figure is forgotten that was better.
_FORGET = 0.3
#: A chunk that took longer than so many times what was known counts as this.
_BELIEVED = 1.5


class WorkerChoice:
    """Chooses between one worker and `most` by the time that a step took. The bits do not depend on it.

    Parameters
    ----------
    most : int

    Attributes
    ----------
    workers : int
        The number for the next chunk.
    tries : bool
        Whether the next chunk is there to see how fast these are, and better short.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._seconds: dict[int, float] = {}
        self._trial: list[float] = []
        self._chunks = -1
        self._next_try, self._interval = 0, _TRY_AGAIN
        self._spent = self._lost = 0.0
        self.workers, self.tries = most, False

    def learn(self, seconds_per_step: float, took_part: int, n_steps: int = 1) -> None:
        """Take note of a chunk of so many steps, and choose for the next chunk.

        A team of which a part came too late says nothing of a whole one.
        """
        self._chunks += 1
        if self._chunks == 0 or took_part != self.workers:
            # In the first chunk code is loaded and memory touched for the first time.
            if self.tries and len(self._seconds) == 2:
                self._end_trial()
            return
        self._spend(seconds_per_step, n_steps)
        if self.tries:
            self._trial.append(seconds_per_step)
            is_hopeless = seconds_per_step > _HOPELESS * min(self._seconds.values())
            if len(self._trial) < _CHUNKS_OF_A_TRIAL and not is_hopeless:
                return
            seconds_per_step = min(self._trial)
        before = self._seconds.get(self.workers, seconds_per_step)
        # What else the machine does only adds, much at a time perhaps.
        slower = min(seconds_per_step, _BELIEVED * before) - before
        self._seconds[self.workers] = min(seconds_per_step, before + _FORGET * slower)
        if len(self._seconds) == 1:
            self._begin_trial()
            return
        self._end_trial()
        fastest = self.workers
        if not self._next_try and fastest != self._most:
            # All workers are not given up for one figure, which may be an accident: it costs most in short calls.
            self._next_try = self._chunks
        if self._chunks >= self._next_try > 0 and self._lost <= _WORTH_TRYING * self._spent:
            self._begin_trial()
        if self.tries or not self._next_try:
            self._next_try = self._chunks + self._interval
            self._interval = min(2 * self._interval, _TRY_AGAIN_AT_MOST)

    def _spend(self, seconds_per_step: float, n_steps: int) -> None:
        """Count the time of a chunk, and how much of it the better way would not have taken."""
        self._spent += n_steps * seconds_per_step
        if self.tries:
            self._lost += n_steps * max(0.0, seconds_per_step - min(self._seconds.values()))

    def _begin_trial(self) -> None:
        self.workers, self.tries = 1 + self._most - self.workers, True

    def _end_trial(self) -> None:
        self.workers, self.tries = min(self._seconds, key=self._seconds.__getitem__), False
        self._trial.clear()
