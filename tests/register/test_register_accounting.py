"""Rows in = accepted + merged repeats + quarantined: corrupted registers against a plain reader of the same lines."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plain_csv import account, plain_values
from register_tools import AS_OF, ids_of, told

import casemgmt as cm
from casemgmt.register import csv_reading
from casemgmt.register.csv_reading import _BAD_QUOTES, _line_table

HEADER = ["patient_id", "practice_id", "age", "surname"]
DECIMAL = "an id that was turned into a decimal number"
PLACEHOLDER = "ten times the same digit is a placeholder, not an id"
SPACES = "outer spaces around the id"
HIDDEN = "a hidden character or a no-break space in the id"
TWIN = "differs from another code only in case or outer spaces; map it with values="
PATTERN = "not a practice code of the expected pattern (practice_pattern)"
QUOTES = "text after a closing quote; a quote inside a value is written twice"
DIFFER = "differing rows with one id"


class Account(NamedTuple):
    """What became of each row of a file."""

    accepted: list[tuple[str, int | None]]
    merged: int
    quarantined: list[tuple[int, str | None, str | None, str]]
    corrected: list[tuple[int, str, str, str]]


def plain_account(lines: list[str]) -> Account:
    """What the plain reader makes of the lines below the header."""
    found = account(HEADER, [line for line in lines if line])
    accepted = [(row["patient_id"], row["age"]) for row in found.accepted]
    return Account(accepted, found.merged, found.quarantined, found.corrected)


# Corruption


def corrupted_lines(seed: int) -> list[str]:
    """The lines below the header of a register in which much has gone wrong."""
    choose = random.Random(seed)
    practices = ["C87002", "C87003", "Y00001"]
    lines = []
    for number in range(choose.choice([0, 1, 2, 5, 20, 40])):
        row = [f"a{number}", choose.choice(practices), str(choose.randint(0, 110)), choose.choice(["X", '"X, Y"'])]
        if choose.random() < 0.3:
            spoil(choose, row)
        lines.append(",".join(row))
    for _ in range(choose.choice([0, 0, 1, 4])):
        if lines:
            lines.insert(choose.randrange(len(lines) + 1), repeat(choose, choose.choice(lines)))
    return lines


def spoil(choose: random.Random, row: list[str]) -> None:
    """Damage one row in one way; a cell that is left out or added leaves it with the wrong number of values."""
    ids = ["", "   ", "0000000000", " a1", "a2 ", "\u00a0a3", f"{row[0][1:]}.0", "a1", "a2"]
    codes = ["", "c87002", "C87002 ", "y00001", "CON", "../x", "Z99999", "z88888"]
    ages = ["", " ", "-1", "121", "5ft", "1e400", "70.0", " 70", "70.5", "−1", "NaN", "999"]
    match choose.randrange(5):
        case 0:
            row[0] = choose.choice(ids)
        case 1:
            row[1] = choose.choice(codes)
        case 2:
            row[2] = choose.choice(ages)
        case 3:
            row.insert(choose.randrange(5), choose.choice(["", "x"]))
        case _:
            del row[choose.randrange(4) :]


def repeat(choose: random.Random, line: str) -> str:
    """The line again, the line with another surname, or a blank line."""
    return choose.choice([line, line, line + "Z", ""])


def read(lines: list[str], path: Path):
    path.write_text("\n".join([",".join(HEADER), *lines, ""]), encoding="utf-8", newline="")
    return cm.read_register(path, as_of=AS_OF)


def assert_accounted(lines: list[str], path: Path, seed: int) -> Account:
    expected, register = plain_account(lines), read(lines, path)
    ages = register.to_arrow()["age"].to_pylist()
    found = Account(
        list(zip(ids_of(register), ages, strict=True)),
        register.merged,
        told(register.quarantine),
        told(register.corrections),
    )
    assert found == expected, f"seed {seed}"
    assert register.rows_in == sum(bool(line) for line in lines) == len(register) + found.merged + len(found[2])
    return found


def test_corrupted_registers_are_accounted_for_row_by_row(tmp_path):
    reasons = Counter()
    for seed in range(300):
        found = assert_accounted(corrupted_lines(seed), tmp_path / "register.csv", seed)
        reasons.update(reason for *_, reason in found.quarantined + found.corrected)
        reasons["merged"] += found.merged
    expected = {DECIMAL, PLACEHOLDER, SPACES, HIDDEN, TWIN, PATTERN, QUOTES, DIFFER, "missing", "merged"}
    assert expected | {"outside 0 to 120", "not a whole number", "outer spaces removed"} <= set(reasons)


@pytest.mark.long
def test_ten_thousand_corrupted_registers_are_accounted_for_row_by_row(tmp_path):
    for seed in range(1000, 11_000):
        assert_accounted(corrupted_lines(seed), tmp_path / "register.csv", seed)


def test_the_plain_reader_finds_what_a_person_finds():
    lines = ["a1,C87002,70,X", "", "a1,C87002,70,X", "a2,c87002,70,X", "a3,C87002,70", "a2,C87002,999,X"]
    assert plain_account(lines) == Account(
        accepted=[("a1", 70)],
        merged=1,
        quarantined=[
            (2, "c87002", "practice_id", TWIN),
            (3, None, None, "3 values where the header has 4"),
            (4, "C87002", "patient_id", DIFFER),
        ],
        corrected=[],
    )


@pytest.mark.parametrize("seed", range(20))
def test_many_files_are_accounted_for_as_one_and_every_row_names_its_file(tmp_path, seed):
    lines = [line for line in corrupted_lines(seed) if line]
    halves = [lines[: len(lines) // 3], lines[len(lines) // 3 :]]
    paths = [tmp_path / "north.csv", tmp_path / "south.csv"]
    for path, half in zip(paths, halves, strict=True):
        path.write_text("\n".join([",".join(HEADER), *half]), encoding="utf-8")
    whole, parted = read(lines, tmp_path / "whole.csv"), cm.read_register(paths, as_of=AS_OF)
    assert parted.to_arrow().equals(whole.to_arrow())
    assert (parted.rows_in, parted.merged) == (whole.rows_in, whole.merged)
    starts = {"north.csv": 0, "south.csv": len(halves[0])}
    for name in ("quarantine", "corrections"):
        found = [row | {"source_row": row["source_row"] + starts[row["source_file"]]} for row in rows(parted, name)]
        assert [row | {"source_file": "whole.csv"} for row in found] == rows(whole, name)
    assert [part.rows for part in parted.parts] == [len(half) for half in halves]


def rows(register, name: str) -> list[dict]:
    return getattr(register, name).to_pylist()


@given(
    lines=st.lists(
        st.one_of(
            st.text('",a ;é', max_size=9),
            st.lists(st.sampled_from(["", "a", '"a"', '"a,b"', '""', '"a""b"', 'a"b"', '"a" ', ' "a"', '"é,"'])).map(
                ",".join
            ),
        ).filter(lambda line: line and line.count('"') % 2 == 0),
        min_size=1,
        max_size=5,
    )
)
def test_a_line_holds_as_many_values_as_pythons_own_reader_finds(lines):
    found = _line_table("\n".join(lines).encode(), "register.csv", ",", 0).values.tolist()
    expected = [plain_values(line) for line in lines]
    assert found == [_BAD_QUOTES if isinstance(values, str) else len(values) for values in expected]


def plain_or_nearly(seed: int) -> str:
    """A file in which each value may be quoted, and of which at most one line asks for more care."""
    choose = random.Random(seed)
    lines = [",".join(choose.choice(["a", "", '"é,"', '"b"', '""']) for _ in range(3)) for _ in range(9)]
    spoilt = choose.choice(
        ["", "a,b", "a,b,c,d", 'a"b",c,d', '"a""b",c,d', '"a"b,c,d', ' "a",b,c', '"a,b,c', f"{'x' * 70},b,c"]
    )
    if choose.random() < 0.5:
        lines.insert(choose.randrange(len(lines) + 1), spoilt)
    return "\n".join(["h,i,j", *lines]) + choose.choice(["", "\n"])


def all_that_is_said(data: bytes) -> tuple[Any, ...] | str:
    try:
        table, rows, unsplit = csv_reading.read_csv(data, "register.csv")
    except cm.InputError as error:
        return str(error)
    return table.to_pydict(), None if rows is None else rows.tolist(), unsplit


@pytest.mark.parametrize("seed", range(0, 400, 100))
def test_a_file_that_is_split_at_once_reads_as_one_whose_lines_are_counted(monkeypatch, seed):
    monkeypatch.setattr(csv_reading, "LONGEST_LINE", 60)
    files = [plain_or_nearly(each).encode() for each in range(seed, seed + 100)]
    monkeypatch.setattr(csv_reading, "_read_plain", lambda *_: None)
    counted = [all_that_is_said(data) for data in files]
    monkeypatch.undo()
    monkeypatch.setattr(csv_reading, "LONGEST_LINE", 60)
    monkeypatch.setattr(csv_reading, "_BLOCK", 80)
    monkeypatch.setattr(csv_reading, "_AT_ONCE", 50)
    assert [all_that_is_said(data) for data in files] == counted
    at_once = [csv_reading._read_plain(data, "register.csv", ",") is not None for data in files]
    assert 30 < sum(at_once) < 70


@pytest.mark.parametrize("block", [1, 2, 3, 64])
def test_the_first_line_that_is_no_utf8_is_named_whatever_is_looked_at_at_a_time(monkeypatch, block):
    monkeypatch.setattr(csv_reading, "_BLOCK", block)
    sound = "é,€\nj𝒳,ok\n".encode() * 3
    assert csv_reading._first_not_utf8(sound) is None
    for bad in (b"\xff", b"\xc3", b"\x80\x80\x80\x80", b"\xe2\x82", b"\xed\xa0\x80"):
        for place in (0, 6, 7, len(sound)):
            data = sound[:place] + bad + sound[place:]
            with pytest.raises(UnicodeDecodeError) as error:
                data.decode()
            assert data[: csv_reading._first_not_utf8(data)].count(b"\n") == data[: error.value.start].count(b"\n")
