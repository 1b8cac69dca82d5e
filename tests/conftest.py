"""Fixtures that several files of tests share."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from register_tools import LIBRARIES

# The benchmarks are no part of the wheel. Last on the path, so that what is installed is what is tested.
sys.path.append(str(Path(__file__).parent.parent))


@pytest.fixture(params=list(LIBRARIES))
def as_library(request, tmp_path):
    """Turns an Arrow table into what one library of data frames, or one kind of file, makes of it."""
    return lambda table: LIBRARIES[request.param](table, tmp_path)
