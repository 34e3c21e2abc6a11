"""The process that measures one version: ``python -m compare.measure``.

Its fastbp, of which it uses the public API alone, is that version; all else is the newer version's. Told the cases as
JSON, it prepares them and answers with the file from which fastbp was imported; told the number of a case, it trains
and answers with the seconds of a step.
"""

import json
import os
import sys

import fastbp
from compare.cases import Case


def main() -> None:
    """Answer until nobody asks any more."""
    cases = [Case(*each) for each in json.loads(sys.stdin.readline())]
    # On all cores: the threads that are started here may use them all for good.
    fits = [case.fit() for case in cases]
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    _tell(fastbp.__file__)
    for line in sys.stdin:
        index = int(line)
        if cores:
            # The same cores in all processes, and the last ones: the first is interrupted most.
            os.sched_setaffinity(0, cores[-cases[index].threads :])
        _tell(fits[index].run())


def _tell(answer: object) -> None:
    print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
