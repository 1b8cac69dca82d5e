"""Machine code kept between processes, so that a loop is compiled once and not in every process.

It is kept in ``__pycache__`` of this package or, where nothing can be written there, in the user's cache folder;
``NUMBA_CACHE_DIR`` names a folder in place of both. Whatever folder can be read is looked in, so code that stands
beside the source is used when nothing can be written any more, as in an image that was filled before it became
read-only. A failure costs the time to compile and nothing else: no folder has to be writable, and a damaged file is
compiled anew.

Code is used only where everything that it was made from is the same: the source of every compiled loop of the package,
the kinds of the arguments, numba and LLVM, the processor, and numba's settings in the environment. All that stands in
the file's name by its digest; the file begins with the digest of the rest of it.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from casemgmt import system

PACKAGE = Path(__file__).resolve().parent
ENDING = ".loop"
NOTE = "loops-that-are-used.json"
_DIGEST = 64
# The files that this process has read or written, and those that no folder took.
USED: dict[str, Path] = {}
NOT_KEPT: set[str] = set()


class Code(NamedTuple):
    """Machine code of a loop for arguments of some kinds.

    Attributes
    ----------
    loop : the loop's name
    name : of the function in the object file
    returns : numba's names of what the loop returns, more than one for a tuple
    is_tuple : whether it returns a tuple
    object_file : as LLVM writes it
    """

    loop: str
    name: str
    returns: tuple[str, ...]
    is_tuple: bool
    object_file: bytes


def kept(loop: Callable[..., Any], kinds: tuple[Any, ...]) -> Code | None:
    """The code that was kept for these arguments, or None."""
    name = _file_name(loop, kinds)
    for folder in folders():
        with suppress(OSError, ValueError, TypeError):
            code = _opened((folder / name).read_bytes())
            USED[name] = folder / name
            return code
    return None


def is_anything_kept() -> bool:
    """Whether there is code of these sources at all, for whatever processor."""
    return bool(_kept_loops())


def is_kept(loop: Callable[..., Any]) -> bool:
    """Whether there was code of a loop when the process first asked, for whatever arguments and processor."""
    return _name_of(loop) in _kept_loops()


@cache
def _kept_loops() -> frozenset[str]:
    """The loops of which there is code of these sources."""
    found = f"*-{source_stamp()[:16]}-*{ENDING}"
    paths = (path for folder in folders() if folder.is_dir() for path in folder.glob(found))
    return frozenset(path.name.partition("-")[0] for path in paths)


def keep(loop: Callable[..., Any], kinds: tuple[Any, ...], code: Code) -> None:
    """Keep code in the first folder that can be written, if there is one."""
    described = json.dumps([code.loop, code.name, code.returns, code.is_tuple]).encode() + b"\n"
    content = described + code.object_file
    content = hashlib.sha256(content).hexdigest().encode() + content
    name = _file_name(loop, kinds)
    for folder in folders():
        with suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            _write(folder / name, content)
            _remove_older(folder, name)
            USED[name] = folder / name
            return
    NOT_KEPT.add(name)


def is_sound(path: Path) -> bool:
    """Whether a file is kept code, whole."""
    with suppress(OSError, ValueError, TypeError):
        _opened(path.read_bytes())
        return True
    return False


def note_path(folder: Path) -> Path:
    """Where it is noted which code of these sources and this machine is used."""
    return folder / f"casemgmt-{source_stamp()[:16]}-{_machine_stamp()[:16]}-{NOTE}"


def folders() -> list[Path]:
    """Where code may be kept, the first choice first."""
    return list(_folders(os.environ.get("NUMBA_CACHE_DIR")))


def _folders(named: str | None) -> Iterator[Path]:
    own = f"casemgmt-{hashlib.sha256(os.fsencode(PACKAGE)).hexdigest()[:16]}"
    if named:
        yield Path(named) / own
        return
    yield PACKAGE / "__pycache__"
    cache_home = os.environ.get("LOCALAPPDATA" if system.ON_WINDOWS else "XDG_CACHE_HOME")
    # A process without a home is told that it is "~".
    home = os.path.expanduser("~")  # noqa: PTH111
    if cache_home:
        yield Path(cache_home) / own
    elif home != "~":
        yield Path(home) / ("Library/Caches" if system.ON_MACOS else ".cache") / own


def _opened(content: bytes) -> Code:
    if hashlib.sha256(content[_DIGEST:]).hexdigest().encode() != content[:_DIGEST]:
        raise ValueError("Damaged.")
    end = content.index(b"\n")
    loop, name, returns, is_tuple = json.loads(content[_DIGEST:end])
    return Code(loop, name, tuple(returns), is_tuple, content[end + 1 :])


def _write(path: Path, content: bytes) -> None:
    """Write a file, whole or not at all; whoever may read the package may read it."""
    part = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        part.write_bytes(content)
        part.replace(path)
    except BaseException:
        with suppress(OSError):
            part.unlink()
        raise


def _remove_older(folder: Path, name: str) -> None:
    """Remove the loop's code of other sources; that of other processors and arguments stays."""
    loop, sources = name.split("-")[:2]
    for path in folder.glob(f"{loop}-*{ENDING}"):
        if path.name.split("-")[1] != sources:
            with suppress(OSError):
                path.unlink()


def _file_name(loop: Callable[..., Any], kinds: tuple[Any, ...]) -> str:
    return f"{_name_of(loop)}-{source_stamp()[:16]}-{_machine_stamp()[:16]}-{_digest(repr(kinds))[:32]}{ENDING}"


def _name_of(loop: Callable[..., Any]) -> str:
    return f"{loop.__module__.removeprefix('casemgmt.')}.{loop.__qualname__}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@cache
def source_stamp() -> str:
    """The SHA-256 of all the package's compiled loops, and of what makes code of them."""
    digest = hashlib.sha256()
    own = [PACKAGE / name for name in ("compiling.py", "kept_code.py", "loop_arguments.py", "machine_code.py")]
    for path in sorted([*PACKAGE.rglob("*kernels.py"), *own]):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(PACKAGE).as_posix()} {len(content)}\n".encode() + content)
    return digest.hexdigest()


@cache
def _machine_stamp() -> str:
    """The SHA-256 of what compiles: numba, LLVM, Python, the processor, and numba's settings."""
    import llvmlite.binding as llvm

    settings = {name: value for name, value in os.environ.items() if name.startswith("NUMBA_")}
    settings.pop("NUMBA_CACHE_DIR", None)
    with suppress(OSError):
        settings[".numba_config.yaml"] = Path(".numba_config.yaml").read_text(encoding="utf-8", errors="replace")
    processor = [llvm.get_process_triple(), llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()]
    versions = [_version("numba"), _version("llvmlite"), _version("numpy"), sys.version]
    return _digest(json.dumps([versions, processor, sorted(settings.items())]))


def _version(package: str) -> str:
    """The version of a package, without importing it."""
    from importlib.util import find_spec

    spec = find_spec(package)
    for folder in (spec and spec.submodule_search_locations) or []:
        for name in ("_version.py", "version.py"):
            with suppress(OSError):
                return _digest((Path(folder) / name).read_text(encoding="utf-8"))
    from importlib.metadata import version

    return version(package)
