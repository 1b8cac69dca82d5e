"""One session of Spark for all tests of a process."""

from __future__ import annotations

import pytest
from spark_session import spark_session


@pytest.fixture(scope="session")
def spark(tmp_path_factory):
    with spark_session(tmp_path_factory.mktemp("spark")) as session:
        yield session
