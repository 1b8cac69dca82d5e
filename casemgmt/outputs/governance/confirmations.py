"""Who confirmed what, when, and what they saw: stated by people in a file, never by the library."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from casemgmt.dates import as_date
from casemgmt.errors import CasemgmtError, InputError, did_you_mean
from casemgmt.rule_files import MEGABYTE, path_of, read_text, read_toml

# What somebody has to confirm of any run, and whose it usually is.
TO_CONFIRM = {
    "purpose": "the lawful basis and the assessment of data protection",
    "mapping": "how the columns of the extract are read",
    "scheme": "that the scheme file says what was agreed",
    "model": "that the model is fit for these patients",
    "hazards": "the hazard log, by a clinical safety officer",
    "opt_outs": "that objections reach the extract",
}
LIST = "list "  # and the practice's code: its clinician accepted the list


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """One thing that somebody confirmed.

    Attributes
    ----------
    what : a key of ``TO_CONFIRM``, or ``list`` and a practice's code
    who, role : the person
    on : the day
    saw : what they looked at, such as the checksum of a manifest
    note : anything else; may be empty
    """

    what: str
    who: str
    role: str
    on: dt.date
    saw: str
    note: str = ""


def read_confirmations(source: str | Path, practices: Sequence[str]) -> tuple[Confirmation, ...]:
    """Those of a TOML file: ``[[confirmation]]`` with what, who, role, on, saw, and perhaps note.

    Raises
    ------
    InputError : a key is missing or unknown, or something is confirmed that is not part of the run
    """
    path = path_of(source, InputError, "A file of confirmations")
    document = read_toml(
        read_text(path, InputError, MEGABYTE, "file of confirmations"), path.name, InputError, "file of confirmations"
    )
    given = document.pop("confirmation", None)
    if document or not isinstance(given, list) or not given:
        raise InputError(f"{path.name}: it holds [[confirmation]] tables, and nothing else.")
    known = [*TO_CONFIRM, *(f"{LIST}{practice}" for practice in practices)]
    return tuple(_confirmation(each, f"{path.name}: confirmation {i}", known) for i, each in enumerate(given, start=1))


def _confirmation(given: Any, where: str, known: Sequence[str]) -> Confirmation:
    needed = ("what", "who", "role", "on", "saw")
    if not isinstance(given, dict) or set(given) - {*needed, "note"} or not set(needed) <= set(given):
        raise InputError(f"{where} has the keys {', '.join(needed)}, and perhaps note.")
    texts = {name: given[name] for name in ("what", "who", "role", "saw", "note") if name in given}
    if not all(isinstance(text, str) and (text.strip() or name == "note") for name, text in texts.items()):
        raise InputError(f"{where}: what, who, role, saw and note are texts that say something.")
    if texts["what"] not in known:
        raise InputError(
            f"{where}: '{texts['what'][:60]}' is nothing to confirm of this run.{did_you_mean(texts['what'], known)} "
            f"Known: {', '.join(TO_CONFIRM)}, and '{LIST}CODE' of a practice."
        )
    try:
        on = as_date(given["on"], "on")
    except CasemgmtError:
        raise InputError(f"{where}: on is an ISO date, such as 2015-04-20.") from None
    return Confirmation(on=on, **texts)


def rows_of_confirmations(
    confirmations: Sequence[Confirmation], practices: Sequence[str], *, ranked_by_model: bool
) -> list[tuple[str, ...]]:
    """What was to confirm, each with who did, or that nobody did yet."""
    wanted = {name: words for name, words in TO_CONFIRM.items() if name != "model" or ranked_by_model}
    wanted |= {f"{LIST}{practice}": "that a clinician of the practice accepted or changed it" for practice in practices}
    rows: list[tuple[str, ...]] = []
    for what, words in wanted.items():
        own = [each for each in confirmations if each.what == what]
        rows += [(what, words, e.who, e.role, e.on.isoformat(), e.saw, e.note or "–") for e in own]
        if not own:
            rows.append((what, words, "not confirmed yet", "–", "–", "–", "–"))
    return rows
