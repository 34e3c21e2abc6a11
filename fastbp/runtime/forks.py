"""What a forked child has to forget: the locks and marks of threads that it does not have."""

import os
from typing import Protocol
from weakref import WeakSet


class Shared(Protocol):
    """What several threads may use."""

    def forget_other_threads(self) -> None:
        """Go on as in a process that has this thread alone."""


_shared: WeakSet[Shared] = WeakSet()


def share(thing: Shared) -> None:
    """Begin to share it: its `forget_other_threads` is called now, and in every forked child."""
    thing.forget_other_threads()
    _shared.add(thing)


def _after_fork() -> None:
    for thing in list(_shared):
        thing.forget_other_threads()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
