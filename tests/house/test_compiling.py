"""Machine code kept between processes: where nothing can be written, and where what was kept is no longer right."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

import casemgmt as cm
from casemgmt.arrow import texts

PACKAGE = Path(cm.__file__).parent

# A package with one loop that Python calls and, in another file, one that only the first calls.
INNER = """
from casemgmt.compiling import compiled_within

@compiled_within
def grown(value):
    return value + {by}
"""
OUTER = """
from casemgmt.compiling import compiled
from casemgmt.inner.kernels import grown

@compiled
def sum_grown(values):
    total = 0
    for value in values:
        total += grown(value)
    return total
"""
RUN = """
import sys
import numpy as np
from casemgmt.outer.kernels import sum_grown
from casemgmt.kept_code import USED
total = sum_grown(np.arange(10))
places = {path.parent for path in USED.values()}
print(int(total), "compiled" if "numba" in sys.modules else "kept", *places or [None])
"""
# What a read-only file system answers in every folder.
NOTHING_WRITABLE = """
from casemgmt import kept_code
def refuse(path, content): raise PermissionError(13, "read-only")
kept_code._write = refuse
"""
SOURCE_READ_ONLY = """
from casemgmt import kept_code
def refuse(path, content, write=kept_code._write):
    if path.parent.name == "__pycache__": raise PermissionError(13, "read-only")
    write(path, content)
kept_code._write = refuse
"""
DISK_FULL = """
import io
from pathlib import Path
def refuse(self, data): raise OSError(28, "No space left on device")
Path.write_bytes = refuse
"""


def run(folder: Path, code: str, *arguments: str, **environment: str | None) -> str:
    """What a fresh process prints that imports the package from ``folder``; warnings are errors, and it says none."""
    changed = {"PYTHONPATH": str(folder), "NUMBA_CACHE_DIR": None, "PYTHONDONTWRITEBYTECODE": "1", **environment}
    own = {key: value for key, value in {**os.environ, **changed}.items() if value is not None}
    command = [sys.executable, "-W", "error", "-c", code, *arguments]
    done = subprocess.run(command, env=own, cwd=folder, capture_output=True, text=True, check=False, timeout=600)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.strip()


def small_package(folder: Path, by: int = 1) -> Path:
    """A package whose loops compile in no time, built on the real ``compiling`` and what it stands on."""
    package = folder / "casemgmt"
    for name in ("", "inner", "outer"):
        (package / name).mkdir(parents=True, exist_ok=True)
        (package / name / "__init__.py").touch()
    for name in ("compiling.py", "kept_code.py", "system.py", "loop_arguments.py", "machine_code.py"):
        shutil.copy(PACKAGE / name, package / name)
    (package / "inner" / "kernels.py").write_text(INNER.format(by=by), encoding="utf-8")
    (package / "outer" / "kernels.py").write_text(OUTER, encoding="utf-8")
    return package


def test_a_loop_is_compiled_once_and_kept_for_other_processes(tmp_path):
    package = small_package(tmp_path)
    beside = str(package / "__pycache__")
    assert run(tmp_path, RUN) == f"55 compiled {beside}"
    assert run(tmp_path, RUN) == f"55 kept {beside}"


def test_numbas_own_setting_names_another_folder(tmp_path):
    small_package(tmp_path)
    kept = {"NUMBA_CACHE_DIR": str(tmp_path / "kept")}
    assert run(tmp_path, RUN, **kept).startswith(f"55 compiled {tmp_path / 'kept'}")
    assert run(tmp_path, RUN, **kept).startswith(f"55 kept {tmp_path / 'kept'}")
    assert not list((tmp_path / "casemgmt").rglob("*.loop"))


def test_a_change_in_a_loop_of_another_file_is_never_answered_by_old_code(tmp_path):
    small_package(tmp_path)
    assert run(tmp_path, RUN).startswith("55 compiled")
    small_package(tmp_path, by=2)
    assert run(tmp_path, RUN).startswith("65 compiled")
    assert run(tmp_path, RUN).startswith("65 kept")


def test_code_kept_beside_the_source_is_used_when_nothing_can_be_written_any_more(tmp_path):
    small_package(tmp_path)
    assert run(tmp_path, NOTHING_WRITABLE + RUN) == "55 compiled None"
    said = run(tmp_path, RUN)
    assert said.startswith("55 compiled")
    assert run(tmp_path, NOTHING_WRITABLE + RUN) == said.replace("compiled", "kept")


def test_code_kept_beside_the_source_is_used_where_only_another_folder_can_be_written(tmp_path):
    small_package(tmp_path)
    home = {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    run(tmp_path, RUN)
    assert run(tmp_path, SOURCE_READ_ONLY + RUN, **home).startswith(f"55 kept {tmp_path / 'casemgmt'}")
    assert not list((tmp_path / "cache").rglob("*.loop"))
    shutil.rmtree(tmp_path / "casemgmt" / "__pycache__")
    assert run(tmp_path, SOURCE_READ_ONLY + RUN, **home).startswith(f"55 compiled {tmp_path / 'cache'}")
    assert run(tmp_path, SOURCE_READ_ONLY + RUN, **home).startswith(f"55 kept {tmp_path / 'cache'}")


def test_a_named_folder_is_the_only_one_that_is_read(tmp_path):
    small_package(tmp_path)
    run(tmp_path, RUN)
    assert run(tmp_path, RUN, NUMBA_CACHE_DIR=str(tmp_path / "empty")).startswith(f"55 compiled {tmp_path / 'empty'}")


def test_a_process_without_a_home_makes_no_folder_of_that_name(tmp_path):
    package = small_package(tmp_path)
    (package / "__pycache__").touch()
    homeless = "import os.path; os.path.expanduser = lambda path: path\n"
    assert run(tmp_path, homeless + RUN, HOME=None, XDG_CACHE_HOME=None) == "55 compiled None"
    assert not (tmp_path / "~").exists()


def test_a_full_disk_costs_the_time_to_compile_and_nothing_else(tmp_path):
    small_package(tmp_path)
    assert run(tmp_path, DISK_FULL + RUN).startswith("55 compiled")
    assert not list(tmp_path.rglob("*.loop"))


def cut(content: bytes) -> bytes:
    return content[:-1]


def turned(content: bytes) -> bytes:
    return content[:-40] + bytes([content[-40] ^ 1]) + content[-39:]


@pytest.mark.parametrize("damage", [cut, turned, lambda content: b"", lambda content: b"not machine code\n" * 9])
def test_damaged_files_are_compiled_anew_and_replaced(tmp_path, damage):
    small_package(tmp_path)
    run(tmp_path, RUN)
    (file,) = tmp_path.rglob("*.loop")
    file.write_bytes(damage(file.read_bytes()))
    assert run(tmp_path, RUN).startswith("55 compiled")
    assert run(tmp_path, RUN).startswith("55 kept")


def test_code_of_sources_that_changed_makes_room_and_that_of_other_settings_stays(tmp_path):
    small_package(tmp_path)
    run(tmp_path, RUN)
    assert run(tmp_path, RUN, NUMBA_OPT="1").startswith("55 compiled")
    assert len(list(tmp_path.rglob("*.loop"))) == 2
    small_package(tmp_path, by=2)
    run(tmp_path, RUN)
    assert len(list(tmp_path.rglob("*.loop"))) == 1


def test_a_loop_is_compiled_for_each_kind_of_argument_and_answers_each_alike(tmp_path):
    small_package(tmp_path)
    code = """
import numpy as np
from casemgmt.outer.kernels import sum_grown
wide = np.arange(20)
wide.flags.writeable = False
kinds = [wide, wide[:10], wide[::2], np.arange(10, dtype=np.int16), np.arange(10, dtype=np.uint8), np.arange(0)]
print([int(sum_grown(each)) for each in kinds], len(sum_grown.ways))
"""
    for _ in range(2):
        assert run(tmp_path, code) == "[210, 55, 100, 55, 55, 0] 5"


@pytest.mark.parametrize("broken", ["_MEMORY = 'no assembly'", "_is_cell = lambda found, expected: False"])
def test_a_numba_or_an_llvm_that_is_not_as_known_is_left_to_itself(tmp_path, broken):
    small_package(tmp_path)
    assert run(tmp_path, f"from casemgmt import machine_code\nmachine_code.{broken}\n{RUN}").startswith("55 compiled")


def test_without_a_compiler_the_loops_run_as_plain_python(tmp_path):
    small_package(tmp_path)
    code = "import numpy as np; from casemgmt.outer.kernels import sum_grown; print(sum_grown(np.arange(10)))"
    assert run(tmp_path, code, NUMBA_DISABLE_JIT="1") == "55"


READ = """
import sys
import casemgmt as cm
from casemgmt import compiling
compiling.COMPILE_FROM = 0
register = cm.read_register(sys.argv[1], as_of="2015-04-01")
scheme, model = cm.load_scheme("rotherham-2015-16"), cm.load_model("cambridge-multimorbidity-20")
"""
# Scoring takes a third of the loops that selecting takes; all are compiled and kept in one way.
SCORE = """
import pyarrow as pa
found = pa.table({"score": pa.array(model.score(register))})
"""
SELECT = """
found = cm.select(register, scheme, model=model, threads=2).to_arrow()
"""
WRITE = """
from pyarrow import parquet
from casemgmt.kept_code import USED
parquet.write_table(found, sys.argv[2])
print(len(register), len(USED), "numba" in sys.modules, cm.__file__)
"""


def registered(rows: int, path: Path) -> Path:
    """A register of practices of 100, with every condition of the model in some patients."""
    draw = np.random.default_rng(7)
    names = [each.name for each in cm.load_model("cambridge-multimorbidity-20").inputs if each.kind == "flag"]
    columns = {
        "patient_id": texts(f"p{row:07d}" for row in range(rows)),
        "practice_id": texts(f"C{10_000 + row // 100}" for row in range(rows)),
        "age": pa.array(draw.integers(0, 100, rows).astype(np.int16)),
        "nominated": pa.array(np.arange(rows) % 100 == 50),
        "care_home_type": pa.array(np.where(draw.random(rows) < 0.02, "nursing", "none")),
        **{name: pa.array(draw.random(rows) < 0.1) for name in names},
    }
    parquet.write_table(pa.table(columns), path)
    return path


def read_only_copy(folder: Path) -> Path:
    """A package where nothing can be written: not even by root, for a file stands where numba would make a folder."""
    shutil.copytree(PACKAGE, folder / "casemgmt", ignore=shutil.ignore_patterns("__pycache__"))
    models = PACKAGE / "shipped_models"
    if not models.is_dir():
        shutil.copytree(PACKAGE.parent / "models", folder / "casemgmt" / "shipped_models")
    for inside in [path for path in folder.rglob("*") if path.is_dir()]:
        (inside / "__pycache__").touch()
    for path in folder.rglob("*"):
        path.chmod(0o555 if path.is_dir() else 0o444)
    return folder


def assert_works_in_a_read_only_install(work: str, rows: int, folder: Path) -> None:
    """What a read-only copy works out in compiled loops, without a home, is what NumPy alone does."""
    source = registered(rows, folder / "register.parquet")
    copy = read_only_copy(folder / "installed")
    nowhere = "/dev/null/nowhere"
    out, twin = folder / "compiled.parquet", folder / "twin.parquet"
    code = READ + work + WRITE
    said = run(copy, code, str(source), str(out), HOME=nowhere, XDG_CACHE_HOME=None, USERPROFILE=nowhere)
    assert said == f"{rows} 0 True {copy / 'casemgmt' / '__init__.py'}"
    assert not list(folder.rglob("*.loop"))
    assert not any(path.stat().st_mode & stat.S_IWUSR for path in copy.rglob("*"))
    code = code.replace("COMPILE_FROM = 0", "COMPILE_FROM = 10**9")
    assert run(copy, code, str(source), str(twin)).split()[:3] == [str(rows), "0", "False"]
    assert parquet.read_table(out).equals(parquet.read_table(twin))
    assert parquet.read_table(out).num_rows > rows // 50


def test_a_read_only_install_without_a_home_scores_in_compiled_loops(tmp_path):
    assert_works_in_a_read_only_install(SCORE, 2_000, tmp_path)


@pytest.mark.long
def test_a_read_only_install_without_a_home_selects_half_a_million_patients(tmp_path):
    assert_works_in_a_read_only_install(SELECT, 500_000, tmp_path)
