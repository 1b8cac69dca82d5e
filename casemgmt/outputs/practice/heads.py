"""The ends of a caseload's chains, as a selection made from it says them: whoever holds a list can tell them later.

A chain that was rewritten as a whole is whole; it no longer holds the event whose hash was printed on a list.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from casemgmt.errors import VerifyError
from casemgmt.outputs import layout
from casemgmt.outputs.manifest import read_manifest
from casemgmt.rule_files import MANIFEST_BYTES, path_of, read_bytes

SHOWN: Final = 16  # hexadecimal digits of a hash on paper; the manifest holds all 64


class PrintedHead(NamedTuple):
    """The last event of a practice's chain: its number, and its hash in hexadecimal."""

    number: int
    hash: str


def heads_in(facts: Mapping[str, Any]) -> dict[str, PrintedHead]:
    """The heads that a selection's facts hold, by practice; none where it was not made from a caseload."""
    found = facts.get("caseload", {}).get("heads", {})
    return {code: PrintedHead(int(number), str(digest)) for code, (number, digest) in found.items()}


def published_heads(folder: str | Path) -> dict[str, PrintedHead]:
    """The heads in the manifest of a publication, as ``heads=`` of :meth:`casemgmt.Caseload.verify` takes them.

    Raises
    ------
    VerifyError : there is no manifest, or it is damaged
    """
    path = path_of(folder, VerifyError, "A publication") / layout.MANIFEST
    try:
        manifest = read_manifest(read_bytes(path, VerifyError, MANIFEST_BYTES, "manifest"))
        return heads_in(manifest["facts"])
    except VerifyError:
        raise
    except (KeyError, TypeError, AttributeError, ValueError):
        raise VerifyError(f"'{layout.MANIFEST}' cannot be trusted: it is damaged, or was edited.") from None


def digest_of(heads: Mapping[str, PrintedHead]) -> str:
    """One hash of the ends of all chains, in hexadecimal; empty where there are none.

    SHA-256 of a line ``practice number hash`` a chain, in byte order of the codes. It may leave: how many events a
    practice had between two reports does not follow from it.
    """
    lines = [f"{code} {heads[code].number} {heads[code].hash}\n" for code in sorted(heads, key=str.encode)]
    return hashlib.sha256("".join(lines).encode()).hexdigest() if lines else ""


def in_words(head: PrintedHead | None) -> str:
    """A head as it is printed; empty where there is none."""
    return "" if head is None else f"event {head.number:,}, hash {head.hash[:SHOWN]}"
