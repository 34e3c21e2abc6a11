"""`python -m fastbp` is the `fastbp` command."""

from fastbp.cli import main

main()
