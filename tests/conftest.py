"""Fixtures that several files of tests share, and the run in a simulation of Windows."""

from __future__ import annotations

import os
import sys
from pathlib import Path

# Each worker fills a core: what it learns from people uses one thread, and no others that wait for it.
if "PYTEST_XDIST_WORKER" in os.environ:
    for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(_name, "1")

import pytest
import windows_exceptions
import windows_layer
from register_tools import LIBRARIES

TESTS = Path(__file__).parent
# The benchmarks are no part of the wheel. Last on the path, so that what is installed is what is tested.
sys.path.append(str(TESTS.parent))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Which worker runs what: a file is one worker's, so that what its tests share is made once, and so is Spark."""
    from xdist.scheduler import LoadScopeScheduling

    class ByFile(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            file, _, test = nodeid.partition("::")
            return "spark" if "/spark/test_" in file or test.startswith("test_spark") else file

    config.option.loadscopereorder = False  # by the number of tests, with those of few long ones last
    return ByFile(config, log)


@pytest.fixture(autouse=True, scope="session")
def _every_loop_can_be_kept():
    """No compiled loop calls what its machine code cannot bring along: it would be compiled anew in every process."""
    from casemgmt import machine_code

    make = machine_code._made

    def made(loop, kinds, arguments):
        code = make(loop, kinds, arguments)
        assert code is not None, f"{loop.__module__}.{loop.__name__} cannot be kept; it took {kinds}"
        return code

    machine_code._made = made
    yield
    machine_code._made = make


@pytest.fixture(params=list(LIBRARIES))
def as_library(request, tmp_path):
    """Turns an Arrow table into what one library of data frames, or one kind of file, makes of it."""
    return lambda table: LIBRARIES[request.param](table, tmp_path)


@pytest.fixture
def on_windows(tmp_path):
    """A simulation of Windows around one test; its folder is made before."""
    with windows_layer.as_windows():
        yield


def pytest_addoption(parser):
    parser.addoption("--as-windows", action="store_true", help="run the tests in a simulation of Windows")


def pytest_configure(config):
    if config.getoption("--as-windows"):
        windows_layer.hide_zones()


def pytest_collection_modifyitems(config, items):
    if not config.getoption("--as-windows"):
        return
    left_out = [
        item
        for item in items
        if windows_exceptions.reason_of(item.path.relative_to(TESTS).as_posix(), item.name) is not None
    ]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item):
    if not item.config.getoption("--as-windows"):
        return (yield)
    item.config._tmp_path_factory.getbasetemp()
    with windows_layer.as_windows():
        return (yield)
