"""What is built from this folder holds all that it should, and works where this folder is not."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
VERSION = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
NOT_COPIED = shutil.ignore_patterns(".git", ".venv", "*cache*", ".hypothesis", "casemgmt-demo", "node_modules", "dist")
pytestmark = pytest.mark.long


def run(*command, cwd):
    """What a program prints, run where nothing points to this folder."""
    env = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")}
    done = subprocess.run(
        [str(each) for each in command], cwd=cwd, env=env, check=False, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A folder with the sdist, and the wheel that is built from the sdist alone."""
    folder = tmp_path_factory.mktemp("built")
    shutil.copytree(PROJECT, folder / "copy", ignore=NOT_COPIED)
    run(sys.executable, "-m", "build", "--outdir", folder / "dist", folder / "copy", cwd=folder)
    return folder / "dist"


@pytest.fixture(scope="module")
def wheel(built):
    return next(built.glob("*.whl"))


@pytest.fixture(scope="module")
def programs(wheel, tmp_path_factory):
    """The folder of programs of a fresh environment that holds the wheel, and sees this one's other packages."""
    folder = tmp_path_factory.mktemp("fresh") / "env"
    run(sys.executable, "-m", "venv", "--without-pip", folder, cwd=folder.parent)
    programs = folder / ("Scripts" if os.name == "nt" else "bin")
    own = run(programs / "python", "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=folder).strip()
    others = [path for path in sys.path if Path(path).name in ("site-packages", "dist-packages")]
    others = [path for path in others if path != own] or [sysconfig.get_path("purelib")]
    (Path(own) / "others.pth").write_text("\n".join(others) + "\n", encoding="utf-8")
    quiet = ("--quiet", "--no-deps", "--no-index", "--disable-pip-version-check", "--ignore-installed")
    run(sys.executable, "-m", "pip", "--python", programs / "python", "install", *quiet, wheel, cwd=folder)
    return programs


def files_of_the_package():
    """Every file that the package should hold, by its path in the wheel."""
    inside = {path: f"casemgmt/{path.relative_to(PROJECT / 'casemgmt')}" for path in (PROJECT / "casemgmt").rglob("*")}
    inside |= {path: f"casemgmt/shipped_models/{path.relative_to(PROJECT / 'models')}" for path in MODELS.rglob("*")}
    return {name for path, name in inside.items() if path.is_file() and "__pycache__" not in path.parts}


MODELS = PROJECT / "models"


def test_the_wheel_holds_every_file_of_the_package_and_no_other(wheel):
    held = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert held == files_of_the_package()
    for name in ("casemgmt/py.typed", "casemgmt/cli/pipeline/templates/.github/workflows/tests.yml.j2"):
        assert name in held


def test_its_metadata_names_version_and_licences(wheel):
    with zipfile.ZipFile(wheel) as archive:
        inside = {name.partition(".dist-info/")[2]: name for name in archive.namelist() if ".dist-info/" in name}
        metadata = archive.read(inside["METADATA"]).decode()
    assert f"\nVersion: {VERSION}\n" in metadata and "\nLicense-Expression: MIT\n" in metadata
    assert len([name for name in inside if name.startswith("licenses/")]) == 3


def test_the_sdist_holds_what_a_release_is_checked_with(built):
    with tarfile.open(next(built.glob("*.tar.gz"))) as archive:
        held = {name.partition("/")[2] for name in archive.getnames()}
    for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "CITATION.cff", "LICENSE"):
        assert name in held, name
    for folder in ("tests", "examples", "benchmarks", "models"):
        known = {str(path.relative_to(PROJECT)) for path in (PROJECT / folder).rglob("*") if path.is_file()}
        known = {name for name in known if "cache" not in name and "results" not in name}
        assert known - held == set(), folder


def test_the_demonstration_runs_where_nothing_but_the_wheel_is(programs, tmp_path):
    where = run(programs / "python", "-c", "import casemgmt; print(casemgmt.__file__)", cwd=tmp_path)
    assert Path(where.strip()).is_relative_to(programs.parent)
    assert "Saved in made" in run(programs / "casemgmt", "demo", "--out", "made", cwd=tmp_path)
    assert "intact" in run(programs / "casemgmt", "verify", "made", cwd=tmp_path)


def test_all_that_ships_is_found_there(programs, tmp_path):
    here = subprocess.run(
        [sys.executable, "-c", SHIPPED], cwd=PROJECT, env={**os.environ, "PYTHONPATH": str(PROJECT)}, check=True,
        capture_output=True, text=True,
    )  # fmt: skip
    there = run(programs / "python", "-c", SHIPPED, cwd=tmp_path)
    assert there == here.stdout
    assert there.count("True") > 20


SHIPPED = """
import casemgmt as cm
for name in cm.list_models():
    print(name, bool(cm.load_model(name).text))
for name in cm.list_schemes():
    print(name, bool(cm.load_scheme(name).text))
for name in cm.list_codelists():
    print(name, bool(cm.load_codelist(name)))
"""


def test_pages_reports_caseloads_and_pipelines_are_made_there(programs, tmp_path):
    casemgmt = programs / "casemgmt"
    rules = ("--as-of", "2021-01-01", "--scheme", "rotherham-2015-16", "--model", "cambridge-multimorbidity-20")
    run(casemgmt, "synthesise", "C87606", "--to", "r.parquet", cwd=tmp_path)
    run(casemgmt, "select", "r.parquet", *rules, "--pages", "--workbooks", "--out", "lists", cwd=tmp_path)
    report = ("report", "r.parquet", "--as-of", "2021-01-01", "--selection", "lists", "--out", "told")
    run(casemgmt, *report, "--tariff", "rotherham-2015-16-example", cwd=tmp_path)
    run(casemgmt, "governance", "lists", "--out", "pack", cwd=tmp_path)
    run(casemgmt, "caseload", "init", "c.sqlite", "--review-every", "3", cwd=tmp_path)
    run(casemgmt, "caseload", "propose", "c.sqlite", "lists", cwd=tmp_path)
    run(casemgmt, "new-pipeline", "monthly", *rules[2:], cwd=tmp_path)
    for made in ("lists/practices/C87606.html", "told/report.html", "pack/index.html", "monthly/.gitlab-ci.yml"):
        assert (tmp_path / made).stat().st_size > 100
    run(sys.executable, "-m", "build", "--wheel", "monthly", cwd=tmp_path)
    assert len(list((tmp_path / "monthly/dist").glob("monthly-0.1.0-*.whl"))) == 1
