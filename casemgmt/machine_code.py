"""Machine code kept between processes, so that a loop is compiled once and not in every process.

numba keeps it beside the source, or in the user's cache folder where that cannot be written; ``NUMBA_CACHE_DIR`` names
a folder in place of both. Three things are added here. A failure costs the time to compile and nothing else, where
numba stops when no folder can be written, the disk is full, or a file is damaged. Code that stands beside the source is
used when nothing can be written there any more, as in an image that was filled before it became read-only. And code is
used only while every compiled loop of the package is as it was: numba looks at the file of the loop alone, though the
loops of other files are part of its code.
"""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from numba.core import caching, config

PACKAGE = Path(__file__).resolve().parent
# numba 0.61 begins the name with an underscore.
_BesideSource: Any = getattr(caching, "InTreeCacheLocator", None) or caching._InTreeCacheLocator


@cache
def source_stamp() -> str:
    """The SHA-256 of all the package's compiled loops."""
    digest = hashlib.sha256()
    for path in sorted([*PACKAGE.rglob("*kernels.py"), PACKAGE / "compiling.py"]):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(PACKAGE).as_posix()} {len(content)}\n".encode() + content)
    return digest.hexdigest()


def _locators() -> list[Any]:
    """numba's places to look for a folder, in its order.

    A process without a home is told the folder ``~/.cache``, and numba would make one named ``~`` where it stands.
    """
    homeless = os.path.expanduser("~") == "~" and not os.environ.get("XDG_CACHE_HOME")  # noqa: PTH111
    places = caching.CompileResultCacheImpl._locator_classes
    return [place for place in places if not (homeless and "UserWide" in place.__name__)]


class _Code(caching.CompileResultCacheImpl):
    _locator_classes = _locators()


class _Store(caching.FunctionCache):
    """One folder's code of one loop, for these sources."""

    _impl_class = _Code

    def __init__(self, loop: Any) -> None:
        super().__init__(loop)
        name = self._impl.filename_base
        self._cache_file = caching.IndexDataCacheFile(self._cache_path, name, source_stamp())


class _ReadOnlyLocator(_BesideSource):
    def ensure_cache_path(self) -> None:
        """Only reading is meant, so nothing is made or tried."""


class _ReadOnlyCode(caching.CompileResultCacheImpl):
    _locator_classes = (_ReadOnlyLocator,)


class _ReadOnlyStore(_Store):
    _impl_class = _ReadOnlyCode


class KeptCode:
    """The machine code of one loop: what numba asks of a cache, without its failures.

    Parameters
    ----------
    loop : a function of a ``kernels`` module
    """

    def __init__(self, loop: Any) -> None:
        self._own: _Store | None = None
        with suppress(RuntimeError, OSError):  # numba's word for "no folder can be written"
            self._own = _Store(loop)
        beside = None if config.CACHE_DIR else _ReadOnlyStore(loop)
        if beside and self._own and beside.cache_path == self._own.cache_path:
            beside = None
        self._stores = [store for store in (self._own, beside) if store]

    @property
    def cache_path(self) -> str | None:
        """The folder that new code is written to; None where there is none."""
        return None if self._own is None else str(self._own.cache_path)

    def load_overload(self, signature: Any, target: Any) -> Any:
        """The code for these argument types, or None to compile it."""
        for store in self._stores:
            try:
                found = store.load_overload(signature, target)
            except Exception:  # a damaged file can raise anything; it is written again after compiling
                self.flush()
                continue
            if found is not None:
                return found
        return None

    def save_overload(self, signature: Any, code: Any) -> None:
        """Keep code, if that can be done."""
        if self._own is not None:
            with suppress(Exception):
                self._own.save_overload(signature, code)

    def flush(self) -> None:
        """Forget the code in the folder that is written to."""
        if self._own is not None:
            with suppress(OSError):
                self._own.flush()

    def enable(self) -> None:
        """Kept always."""

    disable = enable
