"""Spark as others have it: pyspark 3.5, of Databricks' long-term runtimes and Fabric, and Spark Connect.

Each in an environment of its own, with the packages that are here behind those that it installs.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
from spark_session import why_no_spark
from worked_text import PROJECT

import casemgmt

WHY_NOT = why_no_spark()
pytestmark = [pytest.mark.long, pytest.mark.skipif(WHY_NOT is not None, reason=WHY_NOT or "there is Spark")]


def python_with(folder: Path, *packages: str) -> str:
    """The Python of a new environment with these packages; the test is left out where they are not to be had."""
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True, capture_output=True)
    [own] = (folder / "lib").glob("python*/site-packages")
    (own / "here.pth").write_text(sysconfig.get_path("purelib") + "\n")
    python = str(folder / "bin" / "python")
    install = [python, "-m", "pip", "install", "--quiet", *packages]
    if subprocess.run(install, capture_output=True, check=False).returncode:
        pytest.skip(f"{', '.join(packages)} cannot be installed here: there is no package index")
    return python


def run(python: str, *arguments: str) -> str:
    package = str(Path(casemgmt.__file__).resolve().parent.parent)
    paths = os.pathsep.join([package, str(PROJECT / "tests" / "helpers")])
    environment = os.environ | {"PYTHONPATH": paths, "PYSPARK_PYTHON": python, "SPARK_LOCAL_IP": "127.0.0.1"}
    command = [python, *arguments]
    done = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-5000:]
    return done.stdout


def test_all_tests_of_this_folder_pass_with_pyspark_3_5(tmp_path):
    python = python_with(tmp_path / "venv", "pyspark==3.5.*")
    assert run(python, "-c", "import pyspark; print(pyspark.__version__)").startswith("3.5.")
    ours = ["--deselect", "tests/spark/test_other_sparks.py", "tests/spark"]
    ours += ["tests/risk/test_sql.py", "tests/risk/test_blank_texts.py"]
    leave = "not a_million_patients and not a_longer_search and not a_hundred_thousand"
    every = ["-m", "long or not long", "-k", leave]
    said = run(python, "-m", "pytest", "-n", "0", "-q", "-p", "no:cacheprovider", *every, *ours).splitlines()[-1]
    assert re.match(r"\d+ passed", said) and "skipped" not in said, said


def test_spark_connect_gives_the_rows_of_the_local_engine(tmp_path):
    python = python_with(tmp_path / "venv", "grpcio", "grpcio-status", "googleapis-common-protos", "zstandard")
    said = run(python, "-W", "ignore", "tests/helpers/connect_child.py", "local[2]", str(tmp_path / "rows.parquet"))
    assert said.splitlines()[-1].startswith("the same")
