"""Why there is no comparison."""


class UnknownRevisionError(Exception):
    """There is no such revision."""


class NotMeasuredError(Exception):
    """A version could not be had, or did not train."""
