"""A model in R: a plain table and a short script, which give the kernel's scores where R is installed."""

from __future__ import annotations

import csv
import io
import re
import shutil
import subprocess
from dataclasses import replace

import pyarrow as pa
import pyarrow.csv as pacsv
import pytest
from every_kind import COLUMNS, agree, everything, expected_of, rows_of

import casemgmt as cm
from casemgmt.errors import InputError

RUN_R = """source("model.R")
register <- read.csv("register.csv", colClasses = c(patient_id = "character"), na.strings = "", encoding = "UTF-8")
out <- casemgmt_score(register, casemgmt_table("model.csv"))
write.csv(format(out, digits = 17), "scores.csv", row.names = FALSE, quote = FALSE)
"""


@pytest.fixture(scope="module")
def every_kind(tmp_path_factory):
    return everything(tmp_path_factory.mktemp("models"))


def in_r(model, table: pa.Table, folder) -> list[tuple]:
    if shutil.which("Rscript") is None:
        pytest.skip("R is not installed")
    model.to_r().save(folder)
    pacsv.write_csv(table, folder / "register.csv")
    (folder / "run.R").write_text(RUN_R, encoding="utf-8")
    done = subprocess.run(["Rscript", "--vanilla", "run.R"], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    rows = csv.reader((folder / "scores.csv").read_text(encoding="utf-8").splitlines()[1:])
    numbers = [(row[0].strip(), *(None if "NA" in cell else float(cell) for cell in row[1:])) for row in rows]
    return numbers


def test_r_gives_the_kernels_scores(every_kind, tmp_path):
    pools = {name: pool for name, pool in COLUMNS.items() if name != "objected"}
    table = rows_of(pools, 5_000, 4)
    answer = in_r(every_kind, table, tmp_path)
    scores, risks = expected_of(every_kind, table)
    assert agree(answer, scores, risks) > 250


@pytest.mark.parametrize("name", ["lace", "electronic-frailty-index", "parr-30", "cambridge-multimorbidity-20"])
def test_r_gives_the_vectors_of_shipped_models(name, tmp_path):
    model = cm.load_model(name)
    inputs = {each.name: each for each in model.inputs}
    rows = list(csv.DictReader(io.StringIO(model.vectors_text)))
    if model.nested:  # the other model's score cannot be given to R: its own vectors are run instead
        model = next(iter(model.nested.values()))
        inputs = {each.name: each for each in model.inputs}
        rows = list(csv.DictReader(io.StringIO(model.vectors_text)))
    names = [column for column in rows[0] if column in inputs]
    # A missing sex is U in a register, which no vector can say.
    rows = [row for row in rows if row.get("sex", "F")]
    table = pa.table({"patient_id": [str(n) for n in range(len(rows))], **{c: [row[c] for row in rows] for c in names}})
    for column in set(inputs) - set(names):
        table = table.append_column(column, pa.array([""] * len(rows)))
    answer = in_r(model, table, tmp_path)
    for row, (_, score, _) in zip(rows, answer, strict=True):
        above, _, under = row["expected_score"].partition("/")
        assert score == (float(above) / float(under or 1) if above else None)


def test_an_id_that_occurs_twice_has_no_score_in_r(tmp_path):
    table = pa.table({"patient_id": ["a", "b", "b", "c"], "frailty_deficits": [1, 2, 3, 36]})
    answer = in_r(cm.load_model("electronic-frailty-index-count"), table, tmp_path)
    assert [score for _, score, _ in answer] == [1 / 36, None, None, 1.0]


def test_a_column_that_r_cannot_read_or_does_not_find_stops_it(every_kind, tmp_path):
    table = rows_of(COLUMNS, 5, 4)
    for name, values, message in (
        ("lives_alone", ["perhaps"] * 5, "neither true nor false"),
        ("falls", ["1.5"] * 5, "whole numbers"),
        ("falls", None, "lacks the column falls"),
    ):
        changed = table.drop([name])
        changed = changed if values is None else changed.append_column(name, pa.array(values))
        with pytest.raises(AssertionError, match=message):
            in_r(every_kind, changed, tmp_path)


def test_the_table_is_plain_and_says_every_cell(every_kind):
    made = every_kind.to_r()
    rows = list(csv.DictReader(io.StringIO(made.table)))
    assert {row["model"] for row in rows} == {"1", "2"}
    pair = [row for row in rows if row["name"] == "housing with glucose"]
    assert {"flat, 7.8 and under", "any other, over 7.8", "missing"} < {row["band"] for row in pair}
    assert made.script.startswith("# every-kind 1: Every kind of input\n")
    assert not re.search("<[A-Z_]+>", made.script)


def test_a_text_that_no_table_can_hold_on_a_line_is_refused(every_kind):
    housing = every_kind.input_named("housing")
    torn = replace(housing, name="flat\nhouse")
    model = cm.load_model("electronic-frailty-index-count")
    with pytest.raises(InputError, match="line break"):
        replace(model, inputs=(*model.inputs, torn)).to_r()


def test_a_folder_that_cannot_be_written_to_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="folder cannot be written to"):
        cm.load_model("lace").to_r().save(tmp_path / "file")
