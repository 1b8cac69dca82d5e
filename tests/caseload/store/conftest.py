"""Stores to test: a file of SQLite, and a database of PostgreSQL where that is installed."""

from __future__ import annotations

import pytest
from a_server import server, why_no_server

import casemgmt as cm


@pytest.fixture(scope="session")
def postgresql():
    if why_no_server():
        pytest.skip(why_no_server())
    with server() as running:
        yield running


@pytest.fixture(params=["sqlite", "postgresql"])
def where(request, tmp_path):
    """The place of a store that is not there yet."""
    if request.param == "sqlite":
        return str(tmp_path / "caseload.sqlite")
    return request.getfixturevalue("postgresql").new_database()


@pytest.fixture
def caseload(where):
    """An empty caseload."""
    with cm.open_caseload(where, create=True, review_every_months=3) as made:
        yield made
