"""One worker or all: whichever has been faster lately."""

#: Chunks after which the slower way is tried again, times how much slower it was: few at first, since a first figure
#: may be an accident, and up to so many, since what else the machine does changes.
_TRY_AGAIN, _TRY_AGAIN_AT_MOST = 4, 64
#: How fast old figures are forgotten.
_FORGET = 0.3


class WorkerChoice:
    """Chooses between one worker and `most` by the time that a step took. The bits do not depend on it.

    Parameters
    ----------
    most : int

    Attributes
    ----------
    workers : int
        The number for the next chunk.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._seconds: dict[int, float] = {}
        self._chunks = -1
        self._next_try, self._interval = 0, _TRY_AGAIN
        self.workers = most

    def learn(self, seconds_per_step: float, took_part: int) -> None:
        """Take note of a chunk's time a step, and choose for the next chunk.

        A team of which a part came too late says nothing of a whole one.
        """
        self._chunks += 1
        if self._chunks == 0 or took_part != self.workers:
            # In the first chunk code is loaded and memory touched for the first time.
            return
        usual = min(self._seconds, key=self._seconds.__getitem__, default=self.workers)
        before = self._seconds.get(self.workers, seconds_per_step)
        # What was last seen long ago is replaced, what is seen all the time is averaged.
        weight = _FORGET if self.workers == usual else 1.0
        self._seconds[self.workers] = before + weight * (seconds_per_step - before)
        other = 1 if self.workers == self._most else self._most
        if other not in self._seconds:
            self.workers = other
            return
        self.workers = min(self._seconds, key=self._seconds.__getitem__)
        if self._chunks >= self._next_try:
            slower = max(self._seconds.values()) / min(self._seconds.values())
            if self._next_try:
                self.workers = max(self._seconds, key=self._seconds.__getitem__)
            self._next_try = self._chunks + int(self._interval * slower)
            self._interval = min(2 * self._interval, _TRY_AGAIN_AT_MOST)
