"""What other reports say of periods on a caseload, which a reader can hold beside a new one."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from casemgmt.outputs import layout
from casemgmt.outputs.disclosure.earlier import REPLACED
from casemgmt.outputs.manifest import REPORT, is_report, read_manifest

PERIOD = "period"
EARLIER = "periods_replaced"  # in a manifest: periods that reports told which stood in the folder before


def periods_told(target: Path | None, named: Sequence[Path]) -> list[Mapping[str, Any]]:
    """The periods of the reports beside a folder, in it, and as named; each once.

    Parameters
    ----------
    target : where the new report goes; None where it goes nowhere
    named : folders of reports and of other publications
    """
    folders = {os.path.realpath(each): each for each in (*named, *_beside(target))}
    found: list[Mapping[str, Any]] = []
    for folder in folders.values():
        found += [each for each in periods_in(folder) if each not in found]
    return found


def _beside(target: Path | None) -> Iterable[Path]:
    if target is None:
        return ()
    try:
        return sorted(entry for entry in target.parent.iterdir() if not entry.name.startswith("."))
    except OSError:
        return ()


def periods_in(folder: Path) -> list[Mapping[str, Any]]:
    """What an intact report says of periods, and those that it replaced; nothing where there is none."""
    try:
        raw = (folder / layout.MANIFEST).read_bytes()
        manifest = read_manifest(raw, REPORT) if is_report(raw) else {}
        said = [manifest.get("said", {}), *manifest.get(REPLACED, ())]
        periods = [*(each[PERIOD] for each in said if PERIOD in each), *manifest.get(EARLIER, ())]
        return [each for place, each in enumerate(periods) if each not in periods[:place]]
    except (OSError, ValueError):
        return []
