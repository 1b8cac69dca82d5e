"""White space of any kind is a missing category, wherever the model is carried to."""

from __future__ import annotations

import shutil
import subprocess

import pyarrow as pa
import pytest
import sqlglot
from databases import database
from every_kind import agree, expected_of
from spark_session import LET_PASS

import casemgmt as cm
from casemgmt.risk.export.dialects import WHITE_SPACE

pytestmark = LET_PASS
MODEL = """
[model]
name = "smokers"
title = "Smokers"
source = "made up"
outcome = "none"
population = "nobody"
intended_use = "tests"
not_for = "anything else"
licence = "none"
version = "1.0"
link = "logistic"
horizon_days = 365
intercept = "0"

[[input]]
name = "smoking"
kind = "category"
values = {never = "0.1", "two words" = "0.2"}
other = "0.4"
missing = "0.8"
"""
VECTORS = "smoking,expected_score,expected_risk\n"


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models") / "smokers"
    folder.mkdir()
    (folder / "model.toml").write_text(MODEL)
    risks = {"never": "0.1", "two words": "0.2", "x": "0.4", "": "0.8"}
    lines = [f"{text},{score},{1 / (1 + 2.718281828459045 ** -float(score))!r}\n" for text, score in risks.items()]
    (folder / "vectors.csv").write_text(VECTORS + "".join(lines))
    return cm.load_model(folder)


@pytest.fixture(scope="module")
def table():
    texts = ["never", "two words", " never", "never\u00a0", "x", None, "", "   ", WHITE_SPACE, "\u200b", "\t\n"]
    texts += [*WHITE_SPACE]
    ids = [f"p{number}" for number in range(len(texts))]
    columns = {"patient_id": ids, "practice_id": ["C87001"] * len(ids), "age": [50] * len(ids)}
    return pa.table(columns | {"smoking": pa.array(texts, pa.string())})


@pytest.mark.parametrize("dialect", ["duckdb", "sqlite", "postgres", pytest.param("spark", marks=pytest.mark.long)])
@pytest.mark.parametrize("form", ["bands", "case"])
def test_white_space_is_missing_in_every_database(model, table, dialect, form, tmp_path):
    with database(dialect, tmp_path) as there:
        there.load("register", table)
        scores, risks = expected_of(model, table)
        assert agree(there.answer(model.to_sql(dialect, form=form)), scores, risks) == len(table)


def test_white_space_parses_for_sql_server(model):
    assert len(sqlglot.parse(model.to_sql("tsql"), read="tsql")) == 1


@pytest.mark.skipif(shutil.which("Rscript") is None, reason="R is not installed")
def test_white_space_is_missing_in_r(model, table, tmp_path):
    model.to_r().save(tmp_path)
    # R's own table of texts, each by the numbers of its letters: no file changes them on the way.
    texts = ["NA" if text is None else f'intToUtf8(c({",".join(str(ord(x)) for x in text)}))' for text in
             table["smoking"].to_pylist()]  # fmt: skip
    asked = (
        f'source("{tmp_path}/model.R"); register <- data.frame(patient_id = paste0("p", 0:{len(texts) - 1}), '
        f"smoking = c({', '.join(texts)}), stringsAsFactors = FALSE); "
        f'cat(casemgmt_score(register, casemgmt_table("{tmp_path}/model.csv"))[["score"]])'
    )
    said = subprocess.run(["Rscript", "-e", asked], capture_output=True, text=True, check=True).stdout.split()
    assert [float(each) for each in said] == list(expected_of(model, table)[0].values())
