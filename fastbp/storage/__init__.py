"""Model files, and nothing about training."""

from fastbp.storage.model_file import (
    ModelFile,
    load_model_file,
    read_format_version,
    save_model_file,
)
from fastbp.storage.replace import check_can_write, clear_partial_files, replace_file

__all__ = [
    "ModelFile",
    "check_can_write",
    "clear_partial_files",
    "load_model_file",
    "read_format_version",
    "replace_file",
    "save_model_file",
]
