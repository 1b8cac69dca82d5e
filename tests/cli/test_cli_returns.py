"""``casemgmt select --workbooks`` and ``casemgmt returns``, as a user types them, and back into ``select``."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from practice_books import AS_OF, edited, people
from typer.testing import CliRunner

from casemgmt.cli import app

SELECT = ("--as-of", AS_OF.isoformat(), "--scheme", "rotherham-2015-16", "--score", "score", "--over-cap", "queue")


def run(*arguments, code=0) -> str:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == code, result.output
    return result.output


@pytest.fixture
def sent(tmp_path):
    pq.write_table(pa.table(people()), tmp_path / "r.parquet")
    run(
        *("select", tmp_path / "r.parquet", *SELECT, "--out", tmp_path / "lists", "--workbooks"),
        *("--reply-by", "2015-04-30", "--contact", "team@example.nhs.uk"),
    )
    return tmp_path


def test_answers_go_round_and_into_the_next_selection(sent):
    book = sent / "lists/practices/C87001.xlsx"
    answers = lambda sheets: [sheets["judgement"].answer(0, "accept"), sheets["list"].answer(1, "declined")]  # noqa: E731
    (sent / "back.xlsx").write_bytes(edited(book.read_bytes(), answers))
    wanted = ("accepted", "explained", "nominations", "ended", "overflow")
    files = [part for name in wanted for part in (f"--{name}", sent / f"{name}.csv")]
    said = run("returns", sent / "lists", sent / "back.xlsx", *files)
    assert "1 practice of 3 answered." in said and "p0" not in said
    tables = {name: pyarrow.csv.read_csv(sent / f"{name}.csv") for name in wanted}
    assert [tables[name].num_rows for name in ("accepted", "explained", "ended", "overflow")] == [2, 0, 1, 0]
    assert "is there already" in run("returns", sent / "lists", sent / "back.xlsx", *files, code=4)
    said = run(
        *("select", sent / "r.parquet", *SELECT, "--out", sent / "next", "--previous", sent / "lists"),
        *("--same-extract", "--nominations", sent / "nominations.csv", "--ended", sent / "ended.csv"),
    )
    assert "Saved in" in said
    nominated = tables["accepted"].filter(pa.compute.equal(tables["accepted"]["sheet"], "judgement"))["patient_id"]
    listed = (sent / "next/practices/C87001.csv").read_text(encoding="utf-8-sig")
    assert f'"{nominated[0].as_py()}"' in listed


def test_what_was_wrong_is_said_by_file_and_by_problem(sent):
    (sent / "back").mkdir()
    (sent / "back/damaged.xlsx").write_bytes(b"PK")
    book = (sent / "lists/practices/C87001.xlsx").read_bytes()
    (sent / "back/odd.xlsx").write_bytes(
        edited(book, lambda sheets: [sheets["list"].answer(i, "yes") for i in range(3)])
    )
    said = " ".join(run("returns", sent / "lists", sent / "back").split())
    assert "damaged.xlsx: cannot be read as a workbook" in said
    assert "3 rows: has an answer that is none of" in said
    assert "no file" in run("returns", sent / "lists", sent / "none.xlsx", code=1)


def test_a_key_is_asked_for_again(sent):
    (sent / "key").write_text("0123456789abcdef0123456789abcdef")
    run(
        *("select", sent / "r.parquet", *SELECT, "--out", sent / "keyed", "--workbooks", "--key", sent / "key"),
    )
    book = (sent / "keyed/practices/C87001.xlsx").read_bytes()
    (sent / "back.xlsx").write_bytes(edited(book, lambda sheets: sheets["list"].answer(0, "accept")))
    assert "mark that is not this patient's" in run("returns", sent / "keyed", sent / "back.xlsx")
    assert "mark" not in run("returns", sent / "keyed", sent / "back.xlsx", "--key", sent / "key")


def test_two_answers_are_not_written_into_one_file(sent):
    book, out = sent / "lists/practices/C87001.xlsx", sent / "out.csv"
    said = run("returns", sent / "lists", book, "--accepted", out, "--explained", out, code=2)
    assert "the same" in said and not out.exists()
