"""A CSV cell executes nothing in a spreadsheet, and is read back as it was."""

from __future__ import annotations

import csv
import io
import unicodedata

import hypothesis.strategies as st
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from publications import selection_of

import casemgmt as cm
from casemgmt.outputs import csv_text
from casemgmt.outputs.csv_text import read_csv, to_csv

# Text that a spreadsheet would run

STARTS = "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20\u2212\ufe66\ufe62\ufe63\ufe6b\u207a\u208b"


def payloads() -> list[str]:
    bodies = [
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        '=HYPERLINK("http://x","y")',
        "=cmd|' /C calc'!A0",
        '=DDE("a";"b")',
        "-2+3+cmd|' /C calc'!A0",
    ]
    fronts = [
        "",
        " ",
        "  ",
        "\t",
        "\r",
        "\n",
        "\r\n",
        "\u00a0",
        "\u3000",
        "\u200b",
        "\ufeff",
        "\x00",
        "\x0b",
        "\u2028",
        "\u202e",
        "'",
        "''",
        "' ",
    ]
    starts = [f"{start}1" for start in STARTS]
    quoted = ['"=1+1"', '","=1+1', '"\r\n=1+1', "'=1+1", "a=1", "plain", "", "'plain", "''", "1-2", "O'Brien"]
    return [
        *(front + body for front in fronts for body in bodies),
        *(f"{f}{s}" for f in fronts[:6] for s in starts),
        *quoted,
    ]


def runs_in_a_spreadsheet(cell: str) -> bool:
    """Whether a cell, after what spreadsheets drop from its start, begins like a formula."""
    shown = cell.lstrip("".join(chr(i) for i in (*range(33), 0x7F, 0xA0)) + "\u3000\u200b\ufeff\u2028\u202e")
    return (
        unicodedata.normalize("NFKC", shown[:1]).replace("\u2212", "-").startswith(tuple("=+-@"))
        or cell[:1] in "\t\r\n"
    )


def test_no_text_cell_or_header_of_a_csv_is_a_formula_and_each_survives():
    texts = payloads()
    assert len(texts) >= 200
    table = pa.table({"id": texts, "=1+1": texts[::-1], "n": [-1.5] * len(texts)})
    data = to_csv(table)
    rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    assert not any(cell and runs_in_a_spreadsheet(cell) for row in rows for cell in row[:2])
    assert rows[0] == ["id", "'=1+1", "n"]
    assert [row[2] for row in rows[1:]] == ["-1.5"] * len(texts)
    back = read_csv(data)
    assert back.column_names == ["id", "=1+1", "n"]
    assert back["id"].to_pylist() == texts
    assert back["=1+1"].to_pylist() == texts[::-1]
    changed = [a for a, b in zip(texts, (row[0] for row in rows[1:]), strict=True) if a != b]
    bare = [text.lstrip("'") for text in changed]
    assert all(runs_in_a_spreadsheet(text) or set("\t\r\n") & set(text) for text in bare)
    assert not set(changed) & {"plain", "'plain", "''", "a=1", "1-2", "O'Brien", ""}


@pytest.mark.parametrize("batch", [1, 3, 4, 100])
def test_stretches_of_a_table_are_the_files_of_its_slices_however_it_is_worked_through(batch, monkeypatch):
    repeated = ["=1+1", "a", "'=x", None, '"', ""]
    table = pa.table({"n": range(12), "t": repeated * 2, "one": [f"@{n}é" for n in range(12)], "same": ["=b"] * 12})
    parts = [(0, 12), (0, 0), (0, 3), (3, 1), (3, 6), (9, 3), (11, 1), (12, 0)]
    expected = [csv_text.to_csv(table.slice(*part)) for part in parts]
    assert len(set(expected)) == 7
    monkeypatch.setattr(csv_text, "_BATCH_ROWS", batch)
    assert csv_text.to_csv_parts(table, parts) == expected
    monkeypatch.setattr(csv_text, "_REPEATED", 10**9)  # no text stands so often: each is quoted by itself
    assert csv_text.to_csv_parts(table, parts) == expected


def test_formulas_in_carried_columns_ids_and_practice_codes_are_published_harmless(tmp_path):
    texts = [text for text in payloads() if "\x00" not in text]
    ids = [f"={i:04d}+1" if i % 2 else f"@p{i:04d}" for i in range(len(texts))]
    codes = ["=1+1", "@SUM(A1)", "-7", "+cmd"]
    columns = {
        "patient_id": ids,
        "practice_id": [codes[i % 4] for i in range(len(texts))],
        "age": [80] * len(texts),
        "care_home_type": ["nursing"] * len(texts),
        "nominated": [False] * len(texts),
        "nomination_order": [None] * len(texts),
        "score": [1.0] * len(texts),
        "=note": texts,
    }
    register = cm.read_register(pa.table(columns), as_of="2015-04-01", practice_pattern=".*")
    made = selection_of(register)
    assert made.to_arrow().num_rows == len(texts)
    folder = made.save(tmp_path / "out", include=["=note"])
    shown = {}
    for path in folder.rglob("*.csv"):
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.reader(file))
        numbers = {"score", "risk", "score_at_cut"}
        for row in rows[1:]:
            cells = [cell for name, cell in zip(rows[0], row, strict=True) if name not in numbers]
            assert not any(cell and runs_in_a_spreadsheet(cell) for cell in (*rows[0], *cells))
        if path.parent.name == "practices":
            back = read_csv(path.read_bytes())
            shown |= dict(zip(back["patient_id"].to_pylist(), back["register_=note"].to_pylist(), strict=True))
    assert shown == dict(zip(ids, texts, strict=True))


def test_a_csv_has_a_byte_order_mark_crlf_quoted_text_and_bare_numbers():
    table = pa.table({"t": ["a", "", None, 'q"q'], "n": [1, None, 3, -4], "b": [True, False, None, True]})
    expected = '\ufeff"t","n","b"\r\n"a",1,true\r\n"",,false\r\n,3,\r\n"q""q",-4,true\r\n'
    assert to_csv(table) == expected.encode()


@settings(deadline=None, max_examples=100)
@given(st.lists(st.tuples(st.text(), st.none() | st.text(), st.none() | st.floats(allow_nan=False)), max_size=20))
def test_any_text_and_any_number_is_read_back_as_it_was(rows):
    texts, others, numbers = ([row[i] for row in rows] for i in range(3))
    table = pa.table(
        {"a": pa.array(texts, pa.string()), "b": pa.array(others, pa.string()), "c": pa.array(numbers, pa.float64())}
    )
    back = read_csv(to_csv(table))
    assert back["a"].to_pylist() == texts
    assert back["b"].to_pylist() == others
    assert back["c"].cast(pa.float64()).to_pylist() == numbers


@pytest.mark.parametrize(
    "patient_id", ["0012", "9990000018", "9.43E+09x", "NA", "null", "1e5", "TRUE", "007 8", "é", "p'q", "1/2"]
)
def test_ids_are_byte_equal_when_read_as_text(patient_id):
    data = to_csv(pa.table({"patient_id": [patient_id], "n": [1]}))
    assert pd.read_csv(io.BytesIO(data), dtype=str, keep_default_na=False)["patient_id"].tolist() == [patient_id]


def test_a_large_table_is_written_in_pieces_and_read_back_whole():
    size = 150_000
    table = pa.table({"id": [f"p{i}" for i in range(size)], "n": list(range(size))})
    back = read_csv(to_csv(table))
    assert back["id"].to_pylist() == table["id"].to_pylist()
    assert back["n"].cast(pa.int64()).equals(table["n"])
