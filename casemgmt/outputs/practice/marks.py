"""The keyed mark of a row: it tells which row of which list a returned row is, and whether it stands as it was sent.

A mark is ``1-XXXXXXXXXXXXXXXX-YYYYYYYY``: the version; sixteen characters over practice, scheme, list date, selection,
sheet and patient; and eight over what the row showed as well. A row pasted from another practice, a sorted id column
and an id typed over fail the first part; any other column sorted by itself fails the second.

Without a key of the user's own it follows from the whole selection, all practices together. No practice holds that, and
nothing secret has to be stored, sent, or found again to read a return: the same selection gives the same marks. Marks
guard against slips; a practice that means to mislead can do so in its answers.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from casemgmt.errors import InputError
from casemgmt.rule_files import TooLargeError, plain_bytes

if TYPE_CHECKING:
    from casemgmt.selection.lists import Lists

VERSION = "1"
KEY_VARIABLE = "CASEMGMT_MARKS_KEY"
FEWEST_KEY_BYTES, MOST_KEY_BYTES = 16, 4096
_WHO, _SHOWN = 16, 8  # characters of 4 bits
_BETWEEN = "\x1f"
_NAMED = "Give the path of a file that holds the key, never the key itself."


@dataclass(frozen=True, slots=True, kw_only=True)
class Marker:
    """Marks the rows of one selection.

    Attributes
    ----------
    key : secret bytes, in no repr
    fingerprint : which selection it is, as the cover and a page's return say
    context : scheme and list date
    """

    key: bytes = field(repr=False)
    fingerprint: str
    context: tuple[str, ...]

    def mark(self, practice_id: str, sheet: str, row: str, shown: Iterable[str]) -> str:
        """The mark of a row.

        Parameters
        ----------
        row : the patient's id, or of an empty row its number
        shown : what the row's cells say, as text
        """
        who = (*self.context, self.fingerprint, practice_id, sheet, row)
        said = [same_text(each) for each in shown]
        return f"{VERSION}-{self._code(who, _WHO)}-{self._code((*who, *said), _SHOWN)}"

    def _code(self, values: Sequence[str], length: int) -> str:
        # No value holds the separator: ids and codes with hidden characters are quarantined, cells are one-spaced.
        digest = hmac.digest(self.key, _BETWEEN.join((VERSION, *values)).encode(), "sha256")
        return digest.hex()[:length]


def is_same_row(mark: str, expected: str) -> bool:
    """Whether a mark is that of the same row, whatever the row shows now."""
    head = len(VERSION) + _WHO + 1
    return hmac.compare_digest(mark[:head].encode(), expected[:head].encode())


def same_text(text: str) -> str:
    """A text as every spreadsheet gives it back: composed, spaces in a row as one, none at the ends."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def marker_of(lists: Lists, key: str | Path | None = None) -> Marker:
    """What marks the rows of a selection.

    Parameters
    ----------
    key : a file of 16 bytes or more that only the sender holds; without it the environment variable
        ``CASEMGMT_MARKS_KEY``, and without that what follows from the whole selection

    Raises
    ------
    InputError : a key that is too short, or cannot be read
    """
    own = _own_digest(lists)
    fingerprint = _fingerprint(own)
    given = _given_key(key)
    secret = hmac.digest(own if given is None else given, b"casemgmt marks", "sha256")
    return Marker(key=secret, fingerprint=fingerprint, context=(lists.scheme.id, lists.facts["as_of"]))


def fingerprint_of(lists: Lists) -> str:
    """Which selection it is, as :class:`Marker` says it, whatever the key."""
    return _fingerprint(_own_digest(lists))


def _fingerprint(own: bytes) -> str:
    return hashlib.sha256(b"casemgmt fingerprint" + own).hexdigest()[:16]


def _given_key(key: str | Path | None) -> bytes | None:
    if key is not None:
        found = _bytes_of(Path(key)).strip()
    elif KEY_VARIABLE in os.environ:
        found = os.fsencode(os.environ[KEY_VARIABLE]).strip()
    else:
        return None
    if len(found) < FEWEST_KEY_BYTES or len(set(found)) < FEWEST_KEY_BYTES // 2:
        raise InputError(
            f"The key of the marks is too weak: it needs {FEWEST_KEY_BYTES} bytes or more, made at random, such as by "
            "`openssl rand -hex 32`."
        )
    return found


def _bytes_of(path: Path) -> bytes:
    try:
        data = plain_bytes(path, MOST_KEY_BYTES)
    except TooLargeError:
        raise InputError(
            f"key: the file that it names is larger than {MOST_KEY_BYTES:,} bytes, and no key is."
        ) from None
    except (OSError, ValueError) as problem:  # what was given may be the key itself, and is not repeated
        reason = getattr(problem, "strerror", None) or "no file can have this name"
        raise InputError(f"key: the file that it names cannot be read: {reason}. {_NAMED}") from None
    if data is None:
        raise InputError(f"key: the path that it gives is no plain file. {_NAMED}")
    return data


def _own_digest(lists: Lists) -> bytes:
    """What no practice knows: everyone selected, in every practice, in order, under the scheme's text."""
    table = lists.to_arrow(reasons=False)
    digest = hashlib.sha256(json.dumps([lists.scheme.text, lists.facts["as_of"], lists.facts["ranked_by"]]).encode())
    for name in table.column_names:
        digest.update(name.encode())
        for value in table.column(name).to_pylist() if name in _TELLING else ():
            digest.update(f"{value}\x1f".encode())
    return digest.digest()


_TELLING = frozenset({"practice_id", "patient_id", "place", "rank", "score"})
