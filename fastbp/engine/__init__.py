"""Runs programs: arena, executor, team of workers, chunks."""

from fastbp.engine.network import Network
from fastbp.engine.profile import Profile, RowTime
from fastbp.engine.progress import Progress

__all__ = ["Network", "Profile", "Progress", "RowTime"]
