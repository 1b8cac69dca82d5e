"""Ids that differ by leading zeros alone are warned of: a spreadsheet makes two people of one so."""

from __future__ import annotations

import random
import warnings
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet
from register_tools import people
from typer.testing import CliRunner

import casemgmt as cm
from casemgmt.cli import app
from casemgmt.errors import InputWarning
from casemgmt.register.lost_zeros import lost_zeros
from casemgmt.scanned.scanning import ScannedRegister

AS_OF = "2015-04-01"
USUAL = [f"{number}" for number in range(1_000_000_000, 1_000_000_080)]


def register_of(ids: list[Any], kind: Any) -> pa.Table:
    table = people(len(ids))
    return table.set_column(0, "patient_id", pa.array(ids, pa.string()).cast(kind))


def notes_through_every_door(table: pa.Table, tmp_path: Any) -> list[tuple[Any, list[str]]]:
    """What is noted, and what is warned of, of a register in memory, scanned, packed and split."""
    parquet.write_table(table, tmp_path / "r.parquet", row_group_size=30)
    half = table.num_rows // 2
    for name, part in (("a", table.slice(0, half)), ("b", table.slice(half))):
        parquet.write_table(part, tmp_path / f"{name}.parquet")
    found = []

    def look(make: Any) -> Any:
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            register = make()
            register.check_limits()
            notes = register.notes
        found.append((notes, [str(each.message) for each in said if issubclass(each.category, InputWarning)]))
        return register

    whole = look(lambda: cm.read_register(table, as_of=AS_OF))
    for decoder in ("polars", "pyarrow"):
        look(lambda decoder=decoder: cm.scan_register(tmp_path / "r.parquet", as_of=AS_OF, decoder=decoder))
    parts = [tmp_path / "a.parquet", tmp_path / "b.parquet"]
    scanned: ScannedRegister = look(lambda: cm.scan_register(parts, as_of=AS_OF))
    for number, register in enumerate((whole, scanned)):
        register.save_packed(tmp_path / f"p{number}.parquet")

        def packed(path: Any = tmp_path / f"p{number}.parquet") -> Any:
            opened = cm.scan_register(path, as_of=AS_OF)
            opened.passed(lambda *part: None)
            return opened

        look(packed)
    return found


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.string_view()], ids=str)
@pytest.mark.parametrize(
    ("ids", "count"),
    [
        (["0123", "123"], 1),
        (["0123", "00123", "123", "0456", "456", "078"], 2),
        (["0123", "00123"], 1),
        (["0123", "0123"], 0),  # one row twice
        (["0123", "124", None, "", "0", "000", "00a1", "a1", "0 12", "12"], 0),
        (["00123", "45678"], 0),
        ([], 0),
    ],
)
def test_ids_that_differ_by_leading_zeros_alone_are_noted_and_warned_of(ids, count, kind, tmp_path):
    table = register_of([*USUAL, *ids], kind)
    said = "id stands" if count == 1 else "ids stand"
    for notes, warned in notes_through_every_door(table, tmp_path):
        assert [note.partition(" here")[0] for note in notes] == (
            [f"patient_id, leading zeros: {count} {said}"] if count else []
        )
        assert list(notes) == warned
        assert all("123" not in note for note in notes)


def test_ids_of_one_length_are_none_of_it():
    register = cm.read_register(register_of([f"{number:010d}" for number in range(100)], pa.string()), as_of=AS_OF)
    assert register.notes == ()


def test_the_count_is_that_of_a_plain_count():
    choose = random.Random(2)
    for _ in range(200):
        ids = [choose.choice(["", "0", "00"]) + str(choose.randrange(1, 60)) for _ in range(choose.randrange(0, 60))]
        forms: dict[str, set[str]] = {}
        for each in ids:
            forms.setdefault(each.lstrip("0"), set()).add(each)
        assert lost_zeros(pa.chunked_array([pa.array(ids, pa.string())])) == sum(
            len(ways) > 1 for ways in forms.values()
        )


@pytest.mark.parametrize("more", ["--scan", "--no-scan"])
def test_the_command_line_says_it_on_the_screen(tmp_path, more):
    table = register_of([*USUAL, "0123", "123"], pa.string()).append_column("points", pa.array(range(82)))
    parquet.write_table(table, tmp_path / "r.parquet")
    words = ["select", tmp_path / "r.parquet", "--as-of", AS_OF, "--scheme", "prism-top-half-percent"]
    options = ["--score", "points", more, "--out", tmp_path / "out"]
    result = CliRunner().invoke(app, [str(word) for word in (*words, *options)])
    assert result.exit_code == 0, result.output
    assert "1 id stands here both with leading zeros and with fewer" in " ".join(result.output.split())


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.string_view()], ids=str)
def test_zeros_are_found_wherever_the_pieces_of_a_long_column_begin(kind, monkeypatch):
    from casemgmt.texts import long_texts

    plain = [str(number) for number in range(100_000, 100_300)]
    ids = [*plain, "0100007", "0100290", "0999999"]
    column = pa.chunked_array([pa.array(ids[:151]).cast(kind), pa.array(ids[151:]).cast(kind)])
    found = []
    for rows in (7, 64, 1 << 19):
        monkeypatch.setattr(long_texts, "_PIECE", rows)
        found.append(lost_zeros(column))
    assert found == [2, 2, 2]
