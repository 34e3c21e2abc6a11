"""How the names of a user's own functions begin, in options of kernels and in model files."""

#: Known by a fingerprint, the same in every process.
OWN = "own-"
#: Refers to what has no fingerprint: means nothing to another process, and is not kept on the disk.
PASSING = "passing-"


def is_own(option: object) -> bool:
    """Whether an option of a kernel names a user's function, which other processes do not have."""
    return isinstance(option, str) and option.startswith((OWN, PASSING))


def can_be_kept(option: object) -> bool:
    """Whether code with this option means the same in another process."""
    return not (isinstance(option, str) and option.startswith(PASSING))
