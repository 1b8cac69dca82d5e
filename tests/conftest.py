"""Fixtures that several files of tests share."""

from __future__ import annotations

import pytest
from register_tools import LIBRARIES


@pytest.fixture(params=list(LIBRARIES))
def as_library(request, tmp_path):
    """Turns an Arrow table into what one library of data frames, or one kind of file, makes of it."""
    return lambda table: LIBRARIES[request.param](table, tmp_path)
