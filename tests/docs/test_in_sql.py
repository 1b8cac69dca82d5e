"""The page on databases: what is for PostgreSQL runs there; what is for SQL Server is T-SQL, as far as can be told."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest
import sqlglot
from databases import postgres, why_no_postgres
from worked_text import PROJECT, folder_of_examples, with_true_output

import casemgmt as cm

TEXT = (PROJECT / "examples" / "in-sql.md").read_text(encoding="utf-8")
WHY_NOT = why_no_postgres() or (None if shutil.which("psql") else "psql is not installed")


def statements(database: str) -> list[str]:
    return re.findall(rf"```sql\n-- {database}\n(.*?)```", TEXT, re.DOTALL)


@pytest.mark.skipif(WHY_NOT is not None, reason=WHY_NOT or "there is PostgreSQL")
def test_postgresql_takes_the_lists_as_the_page_says(tmp_path):
    with folder_of_examples(tmp_path), postgres(tmp_path / "pg") as server:
        with_true_output(TEXT[: TEXT.index("## DuckDB")])
        told = ["psql", "-h", str(tmp_path / "pg"), "-U", "postgres", "-v", "ON_ERROR_STOP=1", "-At", "postgres"]
        done = subprocess.run(
            told, input="".join(statements("PostgreSQL")), capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        selection = cm.load_selection("out").to_arrow()
        names = selection.column_names
        found = server.answer(f"SELECT {', '.join(names)} FROM listed ORDER BY practice_id, patient_id")
    assert found == [tuple(row[name] for name in names) for row in selection.to_pylist()]
    said = [row for row in done.stdout.splitlines() if row.startswith("C87606|")]
    ranked = len(selection) - selection["rank"].null_count
    assert said == [f"C87606|{len(selection)}|{ranked}|{sum(selection['case_managed'].to_pylist())}"]


def test_what_is_written_for_sql_server_parses_as_its_dialect_and_uses_no_column_that_is_not_there(tmp_path):
    found = [each for text in statements("SQL Server") for each in sqlglot.parse(text, dialect="tsql")]
    assert [type(each).__name__ for each in found] == ["Create", "Create", "Insert", "Select"]
    text, table, insert, _ = found
    made = [column.name for column in table.this.expressions if isinstance(column, sqlglot.exp.ColumnDef)]
    assert [column.name for column in insert.this.expressions] == made
    assert len(insert.expression.selects) == len(made)
    given = {column.name for column in text.this.expressions}
    assert {column.name for column in insert.expression.find_all(sqlglot.exp.Column)} <= given
