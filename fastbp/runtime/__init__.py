"""Numba and the operating system: compile settings, cache folder, threads, processor features."""
