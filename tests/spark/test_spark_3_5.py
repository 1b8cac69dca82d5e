"""The tests of this folder with pyspark 3.5, which the long-term runtimes of Databricks and Fabric have."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from importlib.metadata import version
from pathlib import Path

import pytest
from spark_session import why_no_spark
from worked_text import PROJECT

import casemgmt

WHY_NOT = why_no_spark()
pytestmark = [pytest.mark.long, pytest.mark.skipif(WHY_NOT is not None, reason=WHY_NOT or "there is Spark")]


@pytest.mark.skipif(WHY_NOT is None and version("pyspark").startswith("3.5."), reason="pyspark 3.5 runs these tests")
def test_all_of_these_pass_with_pyspark_3_5(tmp_path):
    """In an environment of its own: pyspark 3.5 in front of the packages that are here."""
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "venv")], check=True, capture_output=True)
    python = tmp_path / "venv" / "bin" / "python"
    [own] = (tmp_path / "venv" / "lib").glob("python*/site-packages")
    (own / "here.pth").write_text(sysconfig.get_path("purelib") + "\n")
    install = [str(python), "-m", "pip", "install", "--quiet", "pyspark==3.5.*"]
    if subprocess.run(install, capture_output=True, check=False).returncode:
        pytest.skip("pyspark 3.5 cannot be installed here: there is no package index")
    package = str(Path(casemgmt.__file__).resolve().parent.parent)
    environment = os.environ | {"PYTHONPATH": package}
    asked = [str(python), "-c", "import pyspark; print(pyspark.__version__)"]
    said = subprocess.run(asked, env=environment, capture_output=True, text=True, check=True).stdout
    assert said.startswith("3.5.")
    tests = [str(python), "-m", "pytest", "-n", "0", "-q", "-p", "no:cacheprovider", "tests/spark"]
    done = subprocess.run(tests, cwd=PROJECT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-5000:]
