#!/usr/bin/env python
"""Prints the coefficients of fastbp/kernels/math.py, highest power first: rational minimax by Remez."""

from collections.abc import Callable
from typing import Any

import mpmath as mp

Function = Callable[[Any], Any]
Coefficients = list[Any]


def value(coefficients: Coefficients, x: Any) -> Any:
    return mp.polyval(coefficients[::-1], x)


def solve(
    f: Function, weight: Function, points: Coefficients, degrees: tuple[int, int], first: int
) -> tuple[Coefficients, Coefficients]:
    """P and Q with (P / Q - f) * weight = E, -E, E, ... at the points; Q(0) = 1, and P(0) = f(0) if first is 1."""
    n, m = degrees
    size, q, error = len(points), [mp.mpf(1)], mp.mpf(0)
    fixed = [f(mp.mpf(0))] if first else []
    for _ in range(30):
        matrix, right = mp.matrix(size, size), mp.matrix(size, 1)
        for i, x in enumerate(points):
            unit = (-1) ** i / weight(x)
            row = [x**k for k in range(first, n + 1)]
            # E Q is a product of unknowns: the E here is a correction, Q that of the round before.
            row += [-(f(x) + unit * error) * x**k for k in range(1, m + 1)] + [-unit * value(q, x)]
            matrix[i, :] = mp.matrix([row])
            right[i] = f(x) + unit * error - sum(fixed)
        *found, change = mp.lu_solve(matrix, right)
        p, q = fixed + found[: n + 1 - first], [mp.mpf(1), *found[n + 1 - first :]]
        error += change
        if abs(change) < abs(error) * mp.mpf(10) ** -12:
            break
    return p, q


def minimax(
    f: Function,
    weight: Function,
    ends: tuple[Any, Any],
    degrees: tuple[int, int],
    first: int = 0,
    warp: int = 1,
) -> tuple[Coefficients, Coefficients, Any]:
    """The P and Q for which the largest |P / Q - f| * weight between the ends is least, and that.

    first  1 where P(0) = f(0) is wanted, which is zero's error then
    warp   the power by which points gather at the left end
    """
    low, high = map(mp.mpf, ends)
    size = sum(degrees) + 2 - first

    def at(share: Any) -> Any:
        return low + (high - low) * share**warp

    points = [at((1 - mp.cos(mp.pi * (i + mp.mpf(0.5)) / size)) / 2) for i in range(size)]
    grid = [at(mp.mpf(i + 0.5) / 1500) for i in range(1500)]
    while True:
        p, q = solve(f, weight, points, degrees, first)
        runs: list[tuple[Any, Any]] = []
        for x in [low + (grid[0] - low) / 1000, *grid, high]:
            error = (value(p, x) / value(q, x) - f(x)) * weight(x)
            if not runs or (runs[-1][1] > 0) != (error > 0):
                runs.append((x, error))
            elif abs(error) > abs(runs[-1][1]):
                runs[-1] = (x, error)
        while len(runs) > size:
            runs.pop(0 if abs(runs[0][1]) < abs(runs[-1][1]) else -1)
        points = [x for x, _ in runs]
        largest = max(abs(error) for _, error in runs)
        if largest < 1.001 * min(abs(error) for _, error in runs):
            return p, q, largest


def tanh_ratio(z: Any) -> Any:
    return mp.tanh(mp.sqrt(z)) / mp.sqrt(z) if z else mp.mpf(1)


def log1p_ratio(x: Any) -> Any:
    return mp.log1p(x) / x if x else mp.mpf(1)


def exp_rest(r: Any) -> Any:
    return (mp.exp(r) - 1 - r) / r**2


def mills(z: Any) -> Any:
    """The upper tail of the normal distribution over exp(-z**2 / 2)"""
    return mp.erfc(z / mp.sqrt(2)) * mp.exp(z * z / 2) / 2


if __name__ == "__main__":
    mp.mp.dps = 50
    # Of the ends about 8, one that leaves little error when the coefficients are rounded.
    widest = mp.mpf("7.9") ** 2
    half_step = mp.log(2) / 2 * mp.mpf("1.0002")
    for name, fit in {
        "exp": minimax(exp_rest, lambda r: r**2 / mp.exp(r), (-half_step, half_step), (4, 0)),
        "exp, float64": minimax(
            exp_rest, lambda r: r**2 / mp.exp(r), (-half_step, half_step), (10, 0)
        ),
        "log1p": minimax(log1p_ratio, lambda x: 1 / log1p_ratio(x), (0, 1), (2, 3), first=1),
        "tanh": minimax(
            tanh_ratio, lambda z: 1 / tanh_ratio(z), (0, widest), (4, 4), first=1, warp=2
        ),
        "normal tail": minimax(
            mills, lambda z: 1 / (mills(z) * (1 + z * z)), (0, "13.3"), (3, 4), warp=3
        ),
        "normal tail, float64": minimax(
            mills, lambda z: 1 / mills(z), (0, "37.7"), (9, 10), warp=3
        ),
    }.items():
        p, q, error = fit
        print(f"{name}: error {mp.nstr(error, 3)}")
        digits = 18 if "float64" in name else 11
        print("  P", [mp.nstr(c, digits) for c in p[::-1]])
        print("  Q", [mp.nstr(c, digits) for c in q[::-1]])
