"""What a CSV register says, by Python's own csv module and the written rules, one row at a time."""

from __future__ import annotations

import csv
import re
import unicodedata
from collections import Counter, defaultdict
from typing import Any, NamedTuple

NEEDED = ("patient_id", "practice_id", "age")
LONGEST = 100_000


class Account(NamedTuple):
    """What became of each row of a file."""

    accepted: list[dict[str, Any]]
    merged: int
    quarantined: list[tuple[Any, ...]]
    corrected: list[tuple[Any, ...]]
    rows_in: int


def plain_outcome(data: bytes) -> Account | None:
    """The account of a file's rows; None where it must be refused."""
    lines = plain_lines(data)
    if lines is None:
        return None
    header = plain_values(lines[0])
    if isinstance(header, str):
        return None
    header = [name.strip() for name in header]
    if len(set(header)) < len(header) or not set(NEEDED) <= set(header):
        return None
    return account(header, lines[1:])


def plain_lines(data: bytes) -> list[str] | None:
    """The lines that are not blank; None where a file as a whole cannot be trusted."""
    try:
        if data.startswith((b"\xff\xfe", b"\xfe\xff")):
            text = data.decode("utf-16").removeprefix("\ufeff")
        else:
            text = data.removeprefix(b"\xef\xbb\xbf").decode("utf-8")
        text = text.replace("\r\n", "\n")
    except UnicodeDecodeError:
        return None
    lines = [line for line in text.split("\n") if line]
    if "\x00" in text or "\r" in text or not lines or any(line.count('"') % 2 for line in lines):
        return None
    return lines


def plain_values(line: str) -> list[str] | str:
    """The values of a line, or why it has none."""
    if len(line.encode()) > LONGEST:
        return f"a line of more than {LONGEST:,} bytes"
    try:
        return next(csv.reader([line], strict=True))
    except csv.Error:
        return "text after a closing quote; a quote inside a value is written twice"


def account(header: list[str], lines: list[str]) -> Account:
    """Look each rule up for each row on its own."""
    why: dict[int, tuple[str | None, str | None, str]] = {}
    rows: dict[int, dict[str, str]] = {}
    for number, line in enumerate(lines):
        values = plain_values(line)
        if isinstance(values, str):
            why[number] = (None, None, values)
        elif len(values) != len(header):
            count = "1 value" if len(values) == 1 else f"{len(values):,} values"
            why[number] = (None, None, f"{count} where the header has {len(header)}")
        else:
            rows[number] = dict(zip(header, values, strict=True))
    for name in ("patient_id", "practice_id"):
        trim_fixed_width(list(rows.values()), name)
    codes = Counter(row["practice_id"] for row in rows.values())
    same_id = defaultdict(list)
    for number, row in rows.items():
        shown = row["practice_id"] or None
        if fault := id_fault(row["patient_id"]):
            why[number] = (shown, "patient_id", fault)
            continue
        same_id[row["patient_id"]].append(number)
        if fault := practice_fault(row["practice_id"], codes):
            why[number] = (shown, "practice_id", fault)
    merged = set()
    for numbers in same_id.values():
        if any(rows[number] != rows[numbers[0]] for number in numbers):
            for number in numbers:
                why.setdefault(
                    number, (rows[number]["practice_id"] or None, "patient_id", "differing rows with one id")
                )
        else:
            merged.update(number for number in numbers[1:] if number not in why)
    accepted, corrected = [], []
    for number, row in rows.items():
        if number not in why and number not in merged:
            age, reason = plain_age(row["age"])
            accepted.append({name: value or None for name, value in row.items()} | {"age": age})
            if reason:
                corrected.append((number, row["practice_id"], "age", reason))
    return Account(accepted, len(merged), [(number, *why[number]) for number in sorted(why)], corrected, len(lines))


def id_fault(text: str) -> str | None:
    if not text.strip():
        return "missing"
    if any(unicodedata.category(sign) in ("Cc", "Cf", "Zl", "Zp") or sign in "\u00a0\u2007\u202f" for sign in text):
        return "a hidden character or a no-break space in the id"
    if text != text.strip():
        return "outer spaces around the id"
    if re.fullmatch(r"[0-9]+\.0*", text):
        return "an id that was turned into a decimal number"
    if re.fullmatch(r"[0-9]\.[0-9]+[eE]\+?[0-9]+|[0-9]+(\.[0-9]+)?[eE]\+[0-9]+", text):
        return "an id that a spreadsheet shortened to an exponent"
    if re.fullmatch(r"([0-9])\1{9}", text):
        return "ten times the same digit is a placeholder, not an id"
    return None


def trim_fixed_width(rows: list[dict[str, str]], name: str) -> None:
    """Where every value has one length and spaces on the same one side, they are padding."""
    given = [row[name] for row in rows if row[name]]
    after, before = all(text.endswith(" ") for text in given), all(text.startswith(" ") for text in given)
    if len({len(text) for text in given}) == 1 and after != before:
        for row in rows:
            row[name] = row[name].rstrip(" ") if after else row[name].lstrip(" ")


def practice_fault(code: str, codes: Counter[str]) -> str | None:
    if not code:
        return "missing"
    good = re.compile(r"[A-Z]?[0-9]{5}")
    folded = code.strip().casefold()
    twins = [other for other in codes if other and other != code and other.strip().casefold() == folded]
    if twins and (not good.fullmatch(code) or any(good.fullmatch(twin) for twin in twins)):
        return "differs from another code only in case or outer spaces; map it with values="
    return None if good.fullmatch(code) else "not a practice code of the expected pattern (practice_pattern)"


def plain_age(text: str) -> tuple[int | None, str | None]:
    bare = text.strip()
    if not bare or bare.casefold() in ("na", "n/a", "null", "\\n", "none", "nan", "nat", "-"):
        return None, None
    if not re.fullmatch(r"[+-]?[0-9]{1,18}(\.0*)?", bare):
        return None, "not a whole number"
    value = int(bare.partition(".")[0])
    if not 0 <= value <= 120:
        return None, "outside 0 to 120"
    return value, "outer spaces removed" if bare != text else None
