"""Importing fastbp takes less time than importing Numba: what only some processes need is imported there."""

from contracts import children

SCRIPT = """
import json, sys
import fastbp
print(json.dumps([name for name in ("numba", "llvmlite", "safetensors", "pandas") if name in sys.modules]))
"""


def test_importing_loads_neither_compiler_nor_files() -> None:
    assert children.run(SCRIPT) == []
