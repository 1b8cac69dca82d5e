"""A real Spark session on this machine, where there is one to be had."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from uuid import uuid4

import pyarrow as pa
import pytest

import casemgmt

LEAST_JAVA = 17
# What Spark warns of itself.
LET_PASS = [
    pytest.mark.filterwarnings(f"ignore:{each}")
    for each in (
        "PySpark does not yet fully support pandas:FutureWarning",
        "unclosed <socket:ResourceWarning",  # Spark 4.0 leaves its own open
        "distutils Version classes are deprecated:DeprecationWarning",  # Spark 3.5
    )
]


def why_no_spark() -> str | None:
    """What is missing for a session; None where nothing is."""
    if find_spec("pyspark") is None:
        return "pyspark is not installed: pip install casemgmt[spark]"
    home = os.environ.get("JAVA_HOME")
    java = shutil.which("java", path=str(Path(home, "bin"))) if home else shutil.which("java")
    if java is None:
        return "Java is not installed; Spark needs Java 17 or later"
    told = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    version = re.search(r'version "(\d+)', told)
    if version is None or int(version[1]) < LEAST_JAVA:
        return f"this Java is too old; Spark needs Java {LEAST_JAVA} or later"
    return None


def needs_spark() -> list[pytest.MarkDecorator]:
    """The marks of tests of a session, which are left out where there is none."""
    why = why_no_spark()
    return [pytest.mark.skipif(why is not None, reason=why or "there is Spark"), *LET_PASS]


def frame_of(session: Any, table: pa.Table) -> Any:
    """An Arrow table as a Spark DataFrame; before Spark 4 by way of a file."""
    import pyspark

    if int(pyspark.__version__.partition(".")[0]) >= 4:
        return session.createDataFrame(table)
    from pyarrow import parquet

    path = Path(session.conf.get("spark.sql.warehouse.dir").removeprefix("file:"), f"{uuid4().hex}.parquet")
    path.parent.mkdir(parents=True, exist_ok=True)
    plain = [f"c{i}" for i in range(table.num_columns)]  # a file may not have two names that differ in case
    parquet.write_table(table.rename_columns(plain), path)
    return session.read.parquet(str(path)).toDF(*table.column_names)


@contextmanager
def spark_session(folder: Path) -> Iterator[Any]:
    """A session of two cores; one process has one, which ends with it, for a JVM takes its time to start."""
    from pyspark.sql import SparkSession

    yield SparkSession.getActiveSession() or _started(folder)


def _started(folder: Path) -> Any:
    """A session whose workers run the Python, and import the package, that these tests run and import."""
    from pyspark.sql import SparkSession

    package = str(Path(casemgmt.__file__).resolve().parent.parent)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYSPARK_PYTHON", sys.executable)
        patch.setenv("PYTHONPATH", os.pathsep.join([package, os.environ.get("PYTHONPATH", "")]))
        patch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
        settings = {
            # Small jobs end before a thorough compiler would have begun.
            "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
            "spark.driver.memory": "2g",
            "spark.local.dir": str(folder / "local"),
            "spark.sql.codegen.wholeStage": "false",
            "spark.sql.shuffle.partitions": "3",
            "spark.sql.warehouse.dir": str(folder / "warehouse"),
            "spark.ui.enabled": "false",
            "spark.ui.showConsoleProgress": "false",
        }
        builder = SparkSession.builder.master("local[2]").appName("casemgmt's tests")
        for name, value in settings.items():
            builder = builder.config(name, value)
        session = builder.getOrCreate()
    session.sparkContext.setLogLevel("OFF")
    return session
