"""The compiled operations, one family a file, each against NumPy or a higher precision."""
