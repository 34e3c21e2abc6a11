"""The compiled operations, one family a file."""
