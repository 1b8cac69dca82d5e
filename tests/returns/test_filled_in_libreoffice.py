"""A round trip by LibreOffice's own hand: sent, filled in, read back, and selected again, with counts that agree."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from practice_books import DAY, selection_of

import casemgmt as cm

OFFICE = shutil.which("soffice")
BRIDGE = "/usr/bin/python3"  # the one whose packages LibreOffice installs its bridge among
HAND = Path(__file__).parents[1] / "helpers" / "fill_in_office.py"


def has_bridge() -> bool:
    if OFFICE is None or not Path(BRIDGE).exists():
        return False
    return subprocess.run([BRIDGE, "-c", "import uno"], capture_output=True, check=False).returncode == 0


@pytest.mark.skipif(not has_bridge(), reason="LibreOffice, or its bridge for Python, is not installed")
def test_workbooks_filled_in_by_libreoffice_come_back_and_every_count_agrees(tmp_path):
    selection = selection_of()
    folder = selection.save(tmp_path / "lists", workbooks=True)
    (tmp_path / "back").mkdir()
    pipe = f"casemgmt{abs(hash(str(tmp_path)))}"
    start = [OFFICE, f"-env:UserInstallation=file://{tmp_path}/profile", "--headless", "--norestore"]
    office = subprocess.Popen([*start, f"--accept=pipe,name={pipe};urp;"], stdout=subprocess.DEVNULL)
    try:
        fill = [BRIDGE, str(HAND), pipe, str(folder / "practices"), str(tmp_path / "back")]
        done = subprocess.run(fill, capture_output=True, text=True, check=False, timeout=150)
        assert done.returncode == 0, done.stderr
    finally:
        office.terminate()
        office.wait(30)
    returned = cm.read_returns(tmp_path / "back", selection)
    assert returned.explained.num_rows == 0
    rows = returned.accepted.to_pylist()
    assert {row["who"] for row in rows} == {"Dr A, GP partner"} and {row["date"] for row in rows} == {DAY}
    summary = {row["practice_id"]: row for row in selection.summary().to_pylist() if row["route"] == "judgement"}
    chosen = {code: min(5, row["unused"]) for code, row in summary.items()}
    assert sum(row["sheet"] == "judgement" for row in rows) == sum(chosen.values())
    assert sum(row["answer"] == "declined" for row in rows) == len(selection.practices)
    later = selection_of(previous=selection, nominations=returned.nominations(), ended=returned.ended())
    held = {row["patient_id"] for row in rows if row["answer"] == "declined"}
    lost = {
        row["practice_id"]
        for row in selection.to_arrow().to_pylist()
        if row["patient_id"] in held and row["place"] == "judgement"
    }
    for row in later.summary().to_pylist():
        if row["route"] == "judgement":
            before = summary[row["practice_id"]]["used"] - (row["practice_id"] in lost)
            assert row["used"] == before + chosen[row["practice_id"]]
