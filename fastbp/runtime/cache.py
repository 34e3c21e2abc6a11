"""Compiled code on disk, so that each kernel is compiled once a machine.

The folder is named by a hash of everything that the code depends on: the sources of the kernels and of the executor,
the versions of Numba and llvmlite, and the processor. A file that cannot be read, or whose content does not fit the
checksum in front of it, is compiled again and replaced.

The files are pickles, hence the folder must belong to this user and be writable by nobody else.
"""

import ctypes
import gc
import hashlib
import itertools
import os
import pickle
import platform
import sys
import tempfile
import uuid
import warnings
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, cached_property
from pathlib import Path
from types import FunctionType
from typing import Any

import llvmlite
import llvmlite.binding as llvm
import numba
from numba.core import compiler
from numba.core.bytecode import FunctionIdentity
from numba.core.caching import NullCache
from numba.core.ccallback import CFunc
from numba.core.compiler_lock import global_compiler_lock
from numba.core.registry import cpu_target
from numba.core.runtime import rtsys
from numba.core.typing.ctypes_utils import to_ctypes

from fastbp.errors import CacheWarning
from fastbp.runtime.passes import KernelCompiler
from fastbp.runtime.processor import processor

#: The variable that names another folder, or is ``off``.
CACHE_VARIABLE = "FASTBP_CACHE_DIR"

_PACKAGE = Path(__file__).parent.parent
#: Folders, and a file whose types are numbers in compiled code.
_COMPILED = ("kernels/**/*.py", "engine/**/*.py", "runtime/**/*.py", "source.py")
_CHECKSUM_BYTES = 4
_OPTIONS = {"boundscheck": False, "error_model": "numpy"}

if hasattr(os, "register_at_fork"):
    # A fork waits until no other thread is in the compiler, whose lock a child would never get again.
    os.register_at_fork(
        before=global_compiler_lock.acquire,
        after_in_parent=global_compiler_lock.release,
        after_in_child=global_compiler_lock.release,
    )

#: What this process compiled, in order; the rest came from the disk.
compiled_here: list[str] = []


def cache_root() -> Path | None:
    """The folder of all versions, or None where the cache is off."""
    asked = os.environ.get(CACHE_VARIABLE)
    if asked:
        return None if asked == "off" else Path(asked)
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "fastbp"


@cache
def _version() -> str:
    """A hash of all that the machine code depends on."""
    digest = hashlib.sha256()
    for files in _COMPILED:
        for file in sorted(_PACKAGE.glob(files)):
            digest.update(file.relative_to(_PACKAGE).as_posix().encode())
            digest.update(file.read_bytes())
    found = processor()
    facts = (numba.__version__, llvmlite.__version__, platform.python_version(), platform.machine())
    digest.update(
        repr((facts, found, compiler.config.CPU_NAME, compiler.config.CPU_FEATURES)).encode()
    )
    return digest.hexdigest()[:20]


def _is_private(folder: Path) -> bool:
    """Whether nobody else can have put code there."""
    if not hasattr(os, "getuid"):
        return True
    status = folder.stat()
    return status.st_uid in (0, os.getuid()) and not status.st_mode & 0o022


def _readable_folder() -> Path | None:
    """The folder of this version if code can be loaded from it, be it writable or not."""
    folder = cache_folder()
    try:
        if folder is not None and folder.is_dir() and _is_private(folder):
            return folder
    except OSError:
        # Not to be entered: whoever wants to write there says so.
        pass
    return None


@cache
def _writable_folder() -> Path | None:
    """The folder of this version, made if need be; None (after one warning) where nothing can be kept."""
    folder = cache_folder()
    if folder is None:
        return None
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not _is_private(folder):
            raise PermissionError("it must belong to you and be writable by nobody else")
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        problem = error.strerror or str(error)
        warnings.warn(
            f"the cache folder {folder} cannot be used ({problem}): compiled code is not kept",
            CacheWarning,
            stacklevel=2,
        )
        return None
    return folder


def cache_folder() -> Path | None:
    """The folder of this version of the code, whether it exists or not; None where the cache is off."""
    root = cache_root()
    return None if root is None else root / _version()


def kept_labels() -> set[str]:
    """The labels of what the disk holds."""
    folder = _readable_folder()
    return set() if folder is None else {file.stem[:-9] for file in folder.glob("*.code")}


def can_keep() -> bool:
    """Whether what is compiled can be put on the disk, for other processes to find."""
    return _writable_folder() is not None


def _sealed(payload: bytes) -> bytes:
    """A file's content, with its checksum in front: machine code that is damaged may do anything."""
    return zlib.crc32(payload).to_bytes(_CHECKSUM_BYTES, "little") + payload


def _unsealed(content: bytes) -> memoryview:
    """What was sealed, or an error if it is not what it was."""
    payload = memoryview(content)[_CHECKSUM_BYTES:]
    if zlib.crc32(payload) != int.from_bytes(content[:_CHECKSUM_BYTES], "little") or not payload:
        raise ValueError("the file is damaged")
    return payload


class _CodeCache(NullCache):
    """One function's file, in the form that Numba's compilers ask for."""

    def __init__(self, label: str) -> None:
        self._label = label

    def _file(self, folder: Path | None, sig: Any) -> Path | None:
        if folder is None:
            return None
        kind = hashlib.sha256(str(sig).encode()).hexdigest()[:8]
        return folder / f"{self._label.replace(' ', '_')}-{kind}.code"

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        file = self._file(_readable_folder(), sig)
        if file is None or not file.exists():
            return None
        # Numba would load all of its implementations here, which takes longer than the rest of a warm start. Code
        # that is compiled already needs but the runtime's symbols.
        rtsys.initialize(target_context)
        try:
            payload = pickle.loads(_unsealed(file.read_bytes()))
            return compiler.CompileResult._rebuild(target_context, *payload)
        except Exception:
            # Damaged or foreign: whatever it was, compiling again replaces it.
            return None

    def save_overload(self, sig: Any, cres: Any) -> None:
        compiled_here.append(self._label)
        file = self._file(_writable_folder(), sig)
        if file is None:
            return
        content = _sealed(pickle.dumps(self._payload(cres), protocol=4))
        try:
            handle, temporary = tempfile.mkstemp(dir=file.parent)
            try:
                with os.fdopen(handle, "wb") as stream:
                    stream.write(content)
                os.replace(temporary, file)
            finally:
                # What was written only in part.
                Path(temporary).unlink(missing_ok=True)
        except OSError as error:
            warnings.warn(
                f"{file} cannot be written ({error.strerror})", CacheWarning, stacklevel=2
            )

    def _payload(self, cres: Any) -> Any:
        return cres._reduce()


class _KernelCache(_CodeCache):
    """The file of a function that only C calls: its symbol and its object code, nothing that Numba knows of it."""

    def load(self, sig: Any) -> int | None:
        """Where the code is now, or None where there is none.

        What Numba does for functions that compiled code may call by name takes four times as long.
        """
        file = self._file(_readable_folder(), sig)
        if file is None or not file.exists():
            return None
        try:
            symbol, code = pickle.loads(_unsealed(file.read_bytes()))
            with global_compiler_lock:
                context = cpu_target.target_context
                # Before anything is linked: LLVM ends the process where a symbol is missing.
                rtsys.initialize(context)
                engine = context.codegen()._engine
                engine._ee.add_object_file(llvm.ObjectFileRef.from_data(code))
                engine.finalize_object()
                return engine.get_function_address(symbol) or None
        except Exception:
            # As above.
            return None

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        return None

    def _payload(self, cres: Any) -> Any:
        cres.library._ensure_finalized()
        return cres.fndesc.llvm_cfunc_wrapper_name, cres.library._get_compiled_object()


class LoadedKernel:
    """A function that C can call, found on the disk.

    Attributes
    ----------
    address : int
    """

    def __init__(self, address: int, signature: Any) -> None:
        self.address, self._signature = address, signature

    @cached_property
    def ctypes(self) -> Any:
        """The same for ctypes to call."""
        kinds = [to_ctypes(each) for each in (self._signature.return_type, *self._signature.args)]
        return ctypes.CFUNCTYPE(*kinds)(self.address)


@contextmanager
def _own_names() -> Iterator[None]:
    """Numbers functions, as Numba does in their symbols, from a number that no other process uses.

    Numba counts from 1 in each process, so that two of them give different closures the same symbol; loaded from the
    disk into a third, one would silently stand in for the other.
    """
    with global_compiler_lock:
        before = FunctionIdentity._unique_ids
        FunctionIdentity._unique_ids = itertools.count(uuid.uuid4().int >> 66)
        try:
            yield
        finally:
            FunctionIdentity._unique_ids = before


@contextmanager
def _without_collection() -> Iterator[None]:
    """Compiling makes so many objects that looking for those that nobody needs any more takes a tenth of its time."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def compile_callable(
    label: str, make: Callable[[], FunctionType], signature: Any, *, keep: bool = True
) -> CFunc | LoadedKernel:
    """A function that C can call, compiled or loaded from the disk.

    Parameters
    ----------
    label : str
        Names the code: two functions of one label are the same function.
    make : callable
        Gives the Python function.
    signature : numba signature
    keep : bool, default True
        Whether the disk keeps it, and may have it already.
    """
    kept = _KernelCache(label)
    address = kept.load(signature) if keep else None
    if address is not None:
        return LoadedKernel(address, signature)
    kernel = CFunc(
        make(),
        (signature.args, signature.return_type),
        {},
        dict(_OPTIONS, _nrt=False),
        KernelCompiler,
    )
    if keep:
        kernel._cache = kept
    with _own_names(), _without_collection():
        kernel.compile()
    return kernel


def compile_function(label: str, function: FunctionType, signature: Any, **options: Any) -> Any:
    """A function that Python can call, compiled for one signature or loaded from the disk."""
    if not options.get("parallel"):
        options |= {"pipeline_class": KernelCompiler, "_nrt": False}
    dispatcher = numba.njit(nogil=True, **_OPTIONS, **options)(function)
    dispatcher._cache = _CodeCache(label)
    with _own_names(), _without_collection():
        dispatcher.compile(signature)
    dispatcher.disable_compile()
    return dispatcher
