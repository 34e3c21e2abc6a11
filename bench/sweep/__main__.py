"""Trains random networks with fastbp and its peers: on which is somebody quicker?

Dense networks of 1 to 6 layers, 1 to 3000 units, batches of 1 to 2000, drawn from a seed; activations, losses,
optimizers and dtypes are mixed. fastbp chooses its threads itself; of each peer the quickest mode counts, which is
tried before; compiling is not counted. Each has three turns, or nine where somebody's median is then less than 1.25
times fastbp's. Each result is written to the file at once. The same command goes on where an interrupted one stopped.
The exit code is 1 where somebody did other work, or failed.
"""

import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.workloads import Workload
from commandline import Parser, count, duration
from fastbp.kernels.peak import measure_peak
from fastbp.runtime.threads import available_workers
from peers.contestants import CONTESTANTS
from peers.match import Pace, compare
from peers.rates import with_a_rate
from peers.rooms import Room, RoomError, open_rooms
from peers.spelling import spell
from sweep.draw import draw
from sweep.record import Record
from sweep.summary import best_peer, summarize, trouble_of
from tables import describe, machine, short

PACE = Pace(n_rounds=3, seconds=0.1, n_trials=3, trial_seconds=0.1, n_checked_steps=2, n_if_close=9)


def open_all(peers: list[str]) -> tuple[list[Room], list[str]]:
    """The rooms of fastbp, which decides on threads itself, and of its peers."""
    ours, _ = open_rooms(["fastbp"], ("auto",))
    theirs, missing = open_rooms([name for name in peers if name != "fastbp"])
    return ours + theirs, missing


def measure(workload: Workload, rooms: list[Room], without: list[str]) -> dict[str, Any]:
    """The figures of one network."""
    workload = with_a_rate(workload)
    peak = measure_peak(workload.dtype) * available_workers()
    outcomes = [outcome.figures() for outcome in compare(workload, rooms, PACE, without)]
    us = outcomes[0]["median_us"]
    peer = best_peer(outcomes)
    return {
        "flops": workload.flops,
        "n_steps": workload.n_steps,
        "learning_rate": workload.learning_rate,
        "us": us,
        "peak_gflops": peak,
        "share_of_peak": workload.flops / us / 1e3 / peak,
        "ratio": peer and peer["median_us"] / us,
        "outcomes": outcomes,
    }


def tell(result: dict[str, Any], n_done: int, n_networks: int, seconds_left: float) -> None:
    """A line about a network that is done."""
    line = trouble_of(result)
    if "us" in result:
        peer = best_peer(result["outcomes"])
        line = f"{short(result['us'])} us, {result['share_of_peak']:.1%} of peak; " + (
            f"{peer['contestant']} {short(result['ratio'])} x {line}" if peer else line
        )
    print(f"{n_done} of {n_networks}  {result['network']}: {line}", flush=True)
    if sys.stderr.isatty():
        left = f"some {seconds_left / 60:.0f} minutes left"
        print(f"{left:30}\r", end="", file=sys.stderr, flush=True)


def main() -> int:
    """Sweep, and print."""
    parser = Parser("sweep", __doc__)
    parser.add_argument("--networks", type=count, default=150, help="how many")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=Path, metavar="FILE", default=Path("sweep.jsonl"))
    parser.add_argument("--peers", nargs="+", choices=CONTESTANTS, default=list(CONTESTANTS))
    parser.add_argument(
        "--compiled", action="store_true", help="let PyTorch compile, which is slow"
    )
    parser.add_argument("--limit-seconds", type=duration, help="stop before the next network then")
    options = parser.parse_args()
    if options.seed < 0:
        parser.error("--seed is below 0")

    began = time.perf_counter()
    facts = machine("sweep")
    peers = [name for name in CONTESTANTS if name in options.peers and name != "fastbp"]
    without = [] if options.compiled else ["compiled"]
    try:
        settings = {"seed": options.seed, "peers": peers, "compiled": options.compiled}
        record = Record(options.output, settings, facts)
    except (OSError, ValueError) as error:
        parser.error(str(error))
    rooms, missing = open_all(peers)
    print(describe(facts))
    print(", ".join(dict.fromkeys(room.versions for room in rooms)))
    for line in missing:
        print(line)
    if without and "PyTorch" in peers:
        print("PyTorch: eager only, as compiling takes some 20 s a network; --compiled has it")
    todo = [number for number in range(options.networks) if number not in record.numbers]
    started = time.perf_counter()
    for i, number in enumerate(todo):
        if options.limit_seconds and time.perf_counter() - began > options.limit_seconds:
            print(f"stopped after {options.limit_seconds:.0f} s: {len(todo) - i} networks are left")
            break
        workload = draw(options.seed, number)
        result = {"number": number, "network": spell(workload)}
        try:
            result |= measure(workload, rooms, without)
        except RoomError as error:
            result["failure"] = str(error)
            for room in rooms:
                room.close()
            rooms, _ = open_all(peers)
        record.add(result)
        left = (time.perf_counter() - started) / (i + 1) * (len(todo) - i - 1)
        tell(result, len(record.results), options.networks, left)
    for room in rooms:
        room.close()
    results = [result for result in record.results if result["number"] < options.networks]
    print(f"\n{summarize(results)}")
    return 1 if any(map(trouble_of, results)) else 0


if __name__ == "__main__":
    sys.exit(main())
