"""The page on R: its script reads a published folder as it was written, where R and readr are installed."""

from __future__ import annotations

import functools
import re
import shutil
import subprocess

import pyarrow as pa
import pytest
from worked_text import PROJECT, folder_of_examples, with_true_output

import casemgmt as cm

PAGE = PROJECT / "examples" / "in-r.md"
SCRIPT = PROJECT / "examples" / "in_r.R"


@functools.lru_cache
def why_not() -> str | None:
    """What is missing; None where nothing is."""
    if shutil.which("Rscript") is None:
        return "R is not installed"
    asked = ["Rscript", "-e", 'quit(status = !requireNamespace("readr", quietly = TRUE))']
    return "R has no package readr" if subprocess.run(asked, capture_output=True, check=False).returncode else None


needs_r = pytest.mark.skipif(why_not() is not None, reason=why_not() or "there is R")


def run(*arguments: str) -> str:
    done = subprocess.run(["Rscript", "--vanilla", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@needs_r
def test_the_script_prints_what_the_page_shows(tmp_path):
    text = PAGE.read_text(encoding="utf-8")
    with folder_of_examples(tmp_path):
        with_true_output(text)
        printed = run("examples/in_r.R", "out")
    shown = re.search(r"<!-- what it prints -->\n```text\n(.*?)```", text, re.DOTALL)[1]
    assert printed.partition("the Parquet file")[0] == shown
    assert "FALSE" not in printed.partition("the Parquet file")[2]


@needs_r
def test_every_value_of_a_list_is_in_r_what_it_is_here(tmp_path):
    people = cm.synthesise("C87606", as_of="2021-01-01", seed=0).to_arrow()
    ids = [f"{number:07d}" for number in range(people.num_rows)]
    register = cm.read_register(people, as_of="2021-01-01")
    model = cm.load_model("cambridge-multimorbidity-20")
    listed = cm.select(register, cm.load_scheme("rotherham-2015-16"), model=model).to_arrow()["patient_id"].to_pylist()
    for number, strange in enumerate(("=1+1", "'-5", "NA", "−7", "é 1")):
        ids[people["patient_id"].to_pylist().index(listed[number])] = strange
    place = people.column_names.index("patient_id")
    register = cm.read_register(people.set_column(place, "patient_id", pa.array(ids)), as_of="2021-01-01")
    selection = cm.select(register, cm.load_scheme("rotherham-2015-16"), model=model)
    selection.save(tmp_path / "out")
    asked = f"""
        source("{SCRIPT}")
        lists <- read_lists("{tmp_path}/out")
        said <- lapply(lists, function(column) if (is.double(column)) sprintf("%.17g", column) else format(column))
        said <- mapply(function(text, column) ifelse(is.na(column), "missing", trimws(text)), said, lists)
        writeLines(apply(said, 1, paste, collapse = "|"))
    """
    found = sorted(line for line in run("-e", asked).splitlines() if line)
    assert found == sorted("|".join(in_r(value) for value in row.values()) for row in selection.to_arrow().to_pylist())


def in_r(value: object) -> str:
    if value is None:
        return "missing"
    if isinstance(value, bool):
        return str(value).upper()
    return f"{value:.17g}" if isinstance(value, float) else str(value)


@needs_r
def test_a_list_with_a_column_of_another_kind_stops_the_script(tmp_path):
    (tmp_path / "practices").mkdir()
    (tmp_path / "practices" / "C87606.csv").write_text('"practice_id","patient_id","rank"\n"C87606","0012",1.5\n')
    done = subprocess.run(["Rscript", str(SCRIPT), str(tmp_path)], capture_output=True, text=True, check=False)
    assert done.returncode != 0 and "does not hold what it should" in done.stderr
