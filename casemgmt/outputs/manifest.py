"""The manifest: what a publication was made from, and the SHA-256, size and row count of each of its files.

It is written in one way only (sorted keys, two spaces, no clock, no user, no path) and ends in its own checksum, so a
manifest that differs by one bit is refused like any other file.
"""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from casemgmt.version import __version__

if TYPE_CHECKING:
    from casemgmt.risk.model import Model
    from casemgmt.selection.lists import Lists

FORMAT = "casemgmt selection"
REPORT = "casemgmt commissioner report"
FORMAT_VERSION = 1
OWN_SUM = "manifest_sha256"
GIVEN = "given scores"
_PLAINLY: Any = {"ensure_ascii": False, "allow_nan": False}
_NESTED = (dict, list, tuple)
_FILES_DEPTH = 2  # of what is said of one file


def sha256(data: bytes | memoryview) -> str:
    """In hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def make_manifest(
    lists: Lists, include: Sequence[str], files: Mapping[str, Mapping[str, Any]], counts: Mapping[str, int]
) -> dict[str, Any]:
    """Everything but the manifest's own checksum.

    Parameters
    ----------
    include : register columns that were added
    files : by path inside the folder: sha256, bytes, rows and, for a practice's file, practice_id
    counts : as counted in the written files
    """
    scheme, model = lists.scheme, lists.workings.model if lists.workings else None
    return {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "versions": versions(),
        "facts": lists.facts,
        "include": list(include),
        "scheme": {"id": scheme.id, "text": scheme.text},
        "model": GIVEN if model is None else _model(model),
        "counts": dict(counts),
        "files": {name: dict(entry) for name, entry in files.items()},
    }


def canonical(manifest: Mapping[str, Any]) -> bytes:
    """The one way to write a manifest, its own checksum included."""
    lines = {key: _line(key, value) for key, value in manifest.items() if key != OWN_SUM}
    own_sum = sha256(_text(lines))
    return _text({**lines, OWN_SUM: _line(OWN_SUM, own_sum)})


def read_manifest(data: bytes, kind: str = FORMAT) -> dict[str, Any]:
    """The manifest in a file's bytes.

    Parameters
    ----------
    kind : what it is to be the manifest of: ``FORMAT``, or ``REPORT``

    Raises
    ------
    ValueError : it is damaged, or of another kind or version; the message says which
    """
    try:
        manifest: dict[str, Any] = json.loads(data.decode("utf-8"))
        intact = isinstance(manifest, dict) and canonical(manifest) == data
    except (ValueError, RecursionError):
        intact = False
    if not intact:
        raise ValueError("it is damaged, or was edited")
    if manifest.get("format") != kind:
        raise ValueError(f"it is not the manifest of a {kind.removeprefix('casemgmt ')}")
    if manifest.get("format_version") != FORMAT_VERSION:
        raise ValueError(
            f"it is of format version {manifest.get('format_version')}, and this library reads version {FORMAT_VERSION}"
        )
    return manifest


def is_publication(data: bytes) -> bool:
    """Whether a manifest names itself one of this library's, of whatever version."""
    return format_of(data) == FORMAT


def is_report(data: bytes) -> bool:
    """Whether it names itself the manifest of a report."""
    return format_of(data) == REPORT


def format_of(data: bytes) -> object:
    """What a manifest names itself; None where it is none."""
    try:
        manifest = json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError):
        return None
    return manifest.get("format") if isinstance(manifest, dict) else None


def _text(lines: Mapping[str, str]) -> bytes:
    return "{{\n{}\n}}\n".format(",\n".join(lines[key] for key in sorted(lines))).encode()


def _line(key: str, value: Any) -> str:
    """A key with its value, as ``json.dumps`` with an indent of two spaces writes it within braces."""
    return f"  {_compact(key)}: {_indented(value, 1)}"


def _indented(value: Any, depth: int) -> str:
    """The same of a value at a depth. Dictionaries of plain values, which are many, need no encoder in Python."""
    if depth <= _FILES_DEPTH and isinstance(value, dict) and value and all(isinstance(key, str) for key in value):
        inner, outer = "\n" + "  " * (depth + 1), "\n" + "  " * depth
        if any(isinstance(each, _NESTED) for each in value.values()):
            items = f",{inner}".join(f"{_compact(key)}: {_indented(value[key], depth + 1)}" for key in sorted(value))
        else:
            items = json.dumps(value, sort_keys=True, separators=(f",{inner}", ": "), **_PLAINLY)[1:-1]
        return f"{{{inner}{items}{outer}}}"
    return json.dumps(value, sort_keys=True, indent=2, **_PLAINLY).replace("\n", "\n" + "  " * depth)


def _compact(value: Any) -> str:
    return json.dumps(value, **_PLAINLY)


def versions() -> dict[str, str]:
    """Of this library and of what its numbers depend on."""
    import numpy as np
    import pyarrow as pa

    return {
        "casemgmt": __version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "pyarrow": pa.__version__,
    }


def _model(model: Model) -> dict[str, Any]:
    """The model file in full, and those of the models it takes scores from."""
    return {
        "name": model.name,
        "version": model.version,
        "text": model.text,
        "vectors_sha256": sha256(model.vectors_text.encode()),
        "score_inputs": {name: _model(other) for name, other in model.nested.items()},
    }
