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
    return _text({**manifest, OWN_SUM: _own_sum(manifest)})


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


def _own_sum(manifest: Mapping[str, Any]) -> str:
    return sha256(_text({key: value for key, value in manifest.items() if key != OWN_SUM}))


def _text(manifest: Mapping[str, Any]) -> bytes:
    text = json.dumps(manifest, sort_keys=True, indent=2, ensure_ascii=False, allow_nan=False)
    return f"{text}\n".encode()


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
