"""What a sweep has found, for people."""

from typing import Any

import numpy as np

from tables import short, table

_N_WORST = 15


def best_peer(outcomes: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The quickest of the peers that took part."""
    peers = [each for each in outcomes if each["contestant"] != "fastbp" and each["us"]]
    return min(peers, key=lambda each: float(each["median_us"]), default=None)


def summarize(results: list[dict[str, Any]]) -> str:
    """On how many networks fastbp is ahead of every peer's best mode, and the networks where it is least so."""
    measured = [result for result in results if result.get("ratio")]
    lines = []
    if measured:
        ratios = np.array([result["ratio"] for result in measured])
        n_ahead = int((ratios > 1).sum())
        lines += [
            f"fastbp is ahead of every peer on {n_ahead} of {len(measured)} networks; "
            f"the best peer takes {short(float(np.median(ratios)))} times as long in the median, "
            f"{short(float(ratios.min()))} times at least",
            "",
            table(_HEADER, [_row(result) for result in worst(measured)]),
        ]
    for result in results:
        if trouble := trouble_of(result):
            lines.append(f"{result['number']} {result['network']}: {trouble}")
    return "\n".join(lines)


_HEADER = ["network", "no.", "fastbp, us", "of peak", "best peer", "us", "mode", "ratio"]


def worst(measured: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The networks with the lowest ratios, the lowest first."""
    return sorted(measured, key=lambda result: float(result["ratio"]))[:_N_WORST]


def _row(result: dict[str, Any]) -> list[str]:
    peer = best_peer(result["outcomes"])
    assert peer is not None  # where there is a ratio, there is a peer
    return [
        result["network"],
        str(result["number"]),
        short(result["us"]),
        f"{result['share_of_peak']:.1%}",
        peer["contestant"],
        short(peer["median_us"]),
        peer["mode"],
        f"{short(result['ratio'])} x",
    ]


def trouble_of(result: dict[str, Any]) -> str:
    """Why a network's figures are not to be trusted; nothing, if they are."""
    if "failure" in result:
        return str(result["failure"].strip().splitlines()[-1])
    others = [
        each["contestant"]
        for each in result["outcomes"]
        if not (each["same_work"] or each["remark"])
    ]
    return f"NOT THE SAME work: {', '.join(others)}" if others else ""
