"""The files of a release say the same version, and each release can be asked who is selected otherwise."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import casemgmt as cm

PROJECT = Path(__file__).resolve().parents[2]
CITATION = (PROJECT / "CITATION.cff").read_text(encoding="utf-8")


def test_every_file_says_the_same_version():
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    newest = re.search(r"^## (\S+)", (PROJECT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)[1]
    cited = re.search(r"^version: (\S+)$", CITATION, re.MULTILINE)[1]
    assert {project["version"], newest, cited} == {cm.__version__}
    assert re.search(r"^license: (\S+)$", CITATION, re.MULTILINE)[1] == project["license"]


def test_the_citation_has_what_the_format_needs():
    keys = re.findall(r"^([a-z-]+):", CITATION, re.MULTILINE)
    assert {"cff-version", "message", "title", "authors"} <= set(keys)
    assert len(keys) == len(set(keys))


def test_every_release_before_this_one_is_frozen():
    releases = re.findall(r"^## (\S+)$", (PROJECT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    frozen = {path.name for path in (PROJECT / "tests" / "releases").iterdir() if re.fullmatch(r"[\d.]+", path.name)}
    assert frozen == set(releases) - {cm.__version__}


def test_the_security_page_says_where_to_write_and_what_counts():
    page = (PROJECT / "SECURITY.md").read_text(encoding="utf-8")
    for heading in ("Telling us of a weakness", "What counts", "Versions"):
        assert f"## {heading}" in page
    assert "never send a patient's data" in page.replace("\n", " ")


def test_the_metadata_and_the_code_agree_on_the_oldest_python():
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
    oldest = project["project"]["requires-python"].removeprefix(">=")
    assert project["tool"]["ruff"]["target-version"] == f"py{oldest.replace('.', '')}"
    assert project["tool"]["mypy"]["python_version"] == oldest
