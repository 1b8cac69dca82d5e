"""``casemgmt derive`` from files to files."""

from __future__ import annotations

from pathlib import Path

import pyarrow.csv as pc
import pyarrow.parquet as pq
from typer.testing import CliRunner

from casemgmt.cli import app

SYNTHEA = Path(__file__).parents[2] / "examples" / "synthea"


def run(*arguments):
    return CliRunner().invoke(app, ["derive", *map(str, arguments)])


def test_coded_rows_become_conditions_and_every_row_is_shown(tmp_path):
    columns = [
        argument for pair in ("PATIENT=patient_id", "CODE=code", "START=date") for argument in ("--column", pair)
    ]
    files = [tmp_path / name for name in ("out.parquet", "report.csv", "unmapped.csv")]
    done = run(
        SYNTHEA / "conditions.csv",
        *("--codelist", SYNTHEA / "codelists" / "synthea-conditions.csv", "--as-of", "2024-02-01", *columns),
        *("--out", files[0], "--report", files[1], "--unmapped", files[2]),
    )
    assert done.exit_code == 0, done.output
    for line in ("rows in     438", "used         26", "unmapped    408", "malformed     4"):
        assert line in done.output
    assert "hypertension                   6" in done.output
    assert "160903007   186" in done.output
    assert pq.read_table(files[0]).num_rows == 24
    assert pc.read_csv(files[1]).column("source_row").to_pylist() == [96, 132, 136, 137]
    assert pc.read_csv(files[2]).num_rows > 30
    again = run(SYNTHEA / "conditions.csv", "--codelist", "hfrs", "--as-of", "2024-02-01", "--out", files[0])
    assert again.exit_code == 4


def test_scores_are_written_where_a_model_is_named(tmp_path):
    rows = tmp_path / "rows.csv"
    rows.write_text("patient_id,code\nb,I21.9\na,F00.1\na,I21\n")
    out = tmp_path / "scores.csv"
    done = run(
        rows,
        *("--codelist", "charlson-quan-2005", "--as-of", "2024-02-01", "--undated-as-ever"),
        *("--model", "charlson", "--out", out),
    )
    assert done.exit_code == 0, done.output
    assert pc.read_csv(out).to_pylist() == [{"patient_id": "a", "score": 2}, {"patient_id": "b", "score": 1}]


def test_a_wrong_list_ends_in_one_message_and_writes_nothing(tmp_path):
    out = tmp_path / "out.csv"
    done = run(SYNTHEA / "conditions.csv", "--codelist", "charlson-quan", "--as-of", "2024-02-01", "--out", out)
    assert done.exit_code == 1
    assert "Did you mean 'charlson-quan-2005'" in done.output
    assert not out.exists()
