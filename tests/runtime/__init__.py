"""Numba and the operating system."""
