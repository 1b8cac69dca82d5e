"""The governance pack: what was used, what could go wrong and who confirmed it, on pages that say what they are for."""

from __future__ import annotations

import ast
import json
import re
import stat
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from publications import CANARY
from typer.testing import CliRunner

import casemgmt as cm
from casemgmt.cli import app
from casemgmt.errors import InputError, PublishError
from casemgmt.outputs.csv_text import read_csv
from casemgmt.outputs.governance.hazards import hazards
from casemgmt.outputs.purpose import PURPOSE

ROOT = Path(__file__).parents[3]
FLAGS = [name for name in cm.load_model("cambridge-multimorbidity-20").columns if name not in ("age", "sex")]
PAGES = ("index", "data", "opt-outs", "model", "scheme", "hazards", "confirmations")
CONFIRMED = """
[[confirmation]]
what = "scheme"
who = "A. Commissioner"
role = "programme lead"
on = 2015-04-20
saw = "scheme.toml of the pack"

[[confirmation]]
what = "list C87001"
who = "Dr B"
role = "partner"
on = "2015-04-21"
saw = "manifest 1234"
note = "two removed <b>"
"""


def register_of(**changed: Any) -> Any:
    size = 120
    columns: dict[str, Any] = {
        "patient_id": [f"p{i:04d}" for i in range(size)],
        "practice_id": [f"C8700{1 + i % 2}" for i in range(size)],
        "age": [i % 100 for i in range(size)],
        "care_home_type": ["nursing" if i % 9 == 0 else "none" for i in range(size)],
        "nominated": [False] * size,
        "objected": [i % 9 == 0 and i % 2 == 0 for i in range(size)],
        "comment": [CANARY] * size,
        **{name: [i % 3 == 0 for i in range(size)] for name in FLAGS},
    }
    return cm.read_register(pa.table(columns | changed), as_of="2015-04-01")


@pytest.fixture(scope="module")
def selection() -> Any:
    return cm.select(
        register_of(points=[float(i) for i in range(120)]), cm.load_scheme("rotherham-2015-16"), score="points"
    )


@pytest.fixture(scope="module")
def pack(selection, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("pack")
    (folder / "confirmed.toml").write_text(CONFIRMED)
    selection.save(folder / "lists")
    return selection.governance_pack(folder / "out", confirmations=folder / "confirmed.toml")


def page(pack: Path, name: str) -> str:
    return " ".join((pack / f"{name}.html").read_text().split())


# The hazard log


def names_of_tests(path: str) -> set[str]:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_every_test_that_the_hazard_log_names_is_there():
    named = [each for hazard in hazards() for each in hazard.tests]
    gone = []
    for each in named:
        path, _, name = each.partition("::")
        if not (ROOT / path).is_file() or name not in names_of_tests(path):
            gone.append(each)
    assert gone == []


def test_every_hazard_is_controlled_by_a_test_and_leaves_something_to_people():
    ids = [hazard.id for hazard in hazards()]
    assert len(ids) == len(set(ids)) >= 15
    for hazard in hazards():
        assert hazard.tests and hazard.control and hazard.left
        assert hazard.severity in ("minor", "considerable", "major")


# The pages


def test_the_intended_purpose_stands_on_every_page(pack):
    assert "no medical device" in PURPOSE
    for name in PAGES:
        assert page(pack, name).count(PURPOSE) == 2, name
    assert PURPOSE in (pack / "model-card.md").read_text()


def test_every_page_leads_to_the_others_and_to_nothing_else(pack):
    for name in PAGES:
        text = (pack / f"{name}.html").read_text()
        links = set(re.findall(r'href="([^"]+)"', text)) - {"#main"}
        assert links == {f"{other}.html" for other in PAGES if other != name}
        assert "default-src 'none'" in text
        assert not re.search(r"<script|https?:|<img|@import", text)


def test_data_are_named_with_the_reason_for_each_column(pack, selection):
    text = page(pack, "data")
    for name in ("patient_id", "care_home_type", "objected", "nominated"):
        assert f'<th scope="row">{name}</th>' in text
    assert "the route care home asks for it" in text
    assert "nothing in this run asks for it" in text  # diabetes, and the comment
    assert "120" in text
    assert "last_review" in text.partition("did not have them")[2] or "last_review" in text


def test_inputs_of_a_model_are_reasons_too(tmp_path):
    model = cm.load_model("cambridge-multimorbidity-20")
    lists = cm.select(register_of(), cm.load_scheme("rotherham-2015-16"), model=model)
    pack = lists.governance_pack(tmp_path / "pack")
    assert "an input of the model cambridge-multimorbidity-20" in page(pack, "data")
    assert "TRIPOD+AI" in page(pack, "model")
    assert "TRIPOD+AI" in (pack / "model-card.md").read_text()


def test_opt_outs_are_counted_and_looked_up(pack, selection):
    objected = sum(row["objected"] for row in selection.summary().to_pylist() if row["route"] == "highest_risk")
    assert objected > 0
    text = page(pack, "opt-outs")
    assert f"{objected} patients on the lists object" in text
    assert "none has a score or a rank" in text


def test_a_register_that_cannot_say_who_objects_is_called_out(tmp_path):
    table = pa.table({"patient_id": ["a", "b"], "practice_id": ["C87001"] * 2, "age": [80, 40], "points": [1.0, 2.0]})
    table = table.append_column("care_home_type", pa.array(["none"] * 2)).append_column(
        "nominated", pa.array([False] * 2)
    )
    lists = cm.select(cm.read_register(table, as_of="2015-04-01"), cm.load_scheme("rotherham-2015-16"), score="points")
    pack = lists.governance_pack(tmp_path / "pack")
    assert "no objection could be applied" in page(pack, "opt-outs")


def test_the_scheme_stands_there_in_its_own_words(pack, selection):
    assert (pack / "scheme.toml").read_text() == selection.scheme.text
    assert "3%, at most" in page(pack, "scheme")


def test_what_nobody_confirmed_is_said(pack):
    rows = {row["what"]: row for row in read_csv((pack / "confirmations.csv").read_bytes()).to_pylist()}
    assert rows["scheme"]["who"] == "A. Commissioner"
    assert rows["list C87001"]["on"] == "2015-04-21"
    assert rows["list C87002"]["who"] == "not confirmed yet"
    assert "model" not in rows  # the scores were given
    text = page(pack, "confirmations")
    assert "Nobody has confirmed 5 things of 7 yet" in text
    assert "two removed &lt;b&gt;" in text


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (CONFIRMED.replace('"scheme"', '"the weather"'), "nothing to confirm"),
        (CONFIRMED.replace("C87001", "C99999"), "nothing to confirm"),
        (CONFIRMED.replace('who = "Dr B"\n', ""), "has the keys"),
        (CONFIRMED.replace('who = "Dr B"', 'who = ""'), "texts that say something"),
        (CONFIRMED.replace("2015-04-20", '"20 April"'), "ISO date"),
        (CONFIRMED + "\n[other]\n", "and nothing else"),
        ("", "and nothing else"),
    ],
)
def test_confirmations_that_say_something_else_are_refused(selection, tmp_path, text, why):
    (tmp_path / "c.toml").write_text(text)
    with pytest.raises(InputError, match=why):
        selection.governance_pack(tmp_path / "pack", confirmations=tmp_path / "c.toml")
    assert not (tmp_path / "pack").exists()


# The folder


def test_the_pack_is_private_whole_the_same_again_and_holds_no_patient(pack, selection, tmp_path):
    files = {path.name: path.read_bytes() for path in pack.iterdir()}
    manifest = json.loads(files.pop("manifest.json"))
    assert set(manifest["files"]) == set(files)
    assert re.fullmatch(r"[0-9a-f]{64}", manifest["of_manifest"])
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in pack.iterdir())
    assert not [name for name, data in files.items() if re.search(rb"\bp0\d{3}\b|" + CANARY.encode(), data)]
    (tmp_path / "c.toml").write_text(CONFIRMED)
    again = selection.governance_pack(tmp_path / "again", confirmations=tmp_path / "c.toml")
    assert {path.name: path.read_bytes() for path in again.iterdir() if path.name != "manifest.json"} == files
    with pytest.raises(PublishError, match="earlier governance pack"):
        selection.governance_pack(tmp_path / "again")
    selection.governance_pack(tmp_path / "again", overwrite=True)


def test_another_model_than_the_one_that_ranked_is_refused(selection, tmp_path):
    with pytest.raises(InputError, match="ranked by given scores"):
        selection.governance_pack(tmp_path / "pack", model=cm.load_model("lace"))


def test_the_command_writes_the_pack_of_a_published_selection(tmp_path):
    model = cm.load_model("cambridge-multimorbidity-20")
    cm.select(register_of(), cm.load_scheme("rotherham-2015-16"), model=model).save(tmp_path / "lists")
    (tmp_path / "c.toml").write_text(CONFIRMED)
    words = ["governance", tmp_path / "lists", "--out", tmp_path / "pack", "--confirmed", tmp_path / "c.toml"]
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exit_code == 0, result.output
    assert "Cambridge" in page(tmp_path / "pack", "model")
    assert "not at hand" in page(tmp_path / "pack", "data")
