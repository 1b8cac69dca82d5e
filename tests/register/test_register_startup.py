"""A light start: what importing, reading and selecting may import, and how long they may take."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from pyarrow import csv, parquet

import casemgmt as cm

ROOT = Path(cm.__file__).parents[1]
HEAVY = ("pandas", "numpy", "pyarrow", "numba", "sklearn", "scipy", "polars", "duckdb", "typer", "rich")


def run(code: str, *arguments: str, **variables: str) -> str:
    """What a fresh process prints."""
    kept = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    environment = kept | variables
    environment["PYTHONPATH"] = os.pathsep.join([str(ROOT), environment.get("PYTHONPATH", "")])
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def imported_by(code: str, *arguments: str) -> set[str]:
    """Which heavy packages a fresh process has imported after running some code."""
    printed = run(f"import sys\n{code}\nprint(*[name for name in {HEAVY} if name in sys.modules])", *arguments)
    return set(printed.splitlines()[-1].split()) if printed else set()


def test_importing_the_package_imports_nothing_heavy():
    assert imported_by("import casemgmt; dir(casemgmt); casemgmt.__version__") == set()


def test_listing_and_loading_shipped_files_imports_nothing_heavy_but_numpy():
    code = "import casemgmt as cm\ncm.load_scheme('rotherham-2015-16'); cm.list_schemes(); cm.list_models()"
    assert imported_by(code) <= {"numpy"}
    assert imported_by("import casemgmt as cm; cm.load_model('cambridge-multimorbidity-20')") <= {"numpy"}


def test_every_public_name_resolves_and_no_other_does():
    code = "import casemgmt\nprint(*[name for name in casemgmt.__all__ if getattr(casemgmt, name, None) is None])"
    assert run(code) == ""
    assert set(cm.__all__) <= set(dir(cm))
    assert not hasattr(cm, "no_such_name")


def test_importing_the_package_takes_less_than_half_as_long_as_pandas():
    code = "import time; start = time.perf_counter(); import {}; print(time.perf_counter() - start)"
    times: dict[str, list[float]] = {"casemgmt": [], "pandas": []}
    for _ in range(4):
        for name, taken in times.items():
            taken.append(float(run(code.format(name))))
    # The first of each may compile to bytecode, and the best is what a user meets.
    assert min(times["casemgmt"]) < 0.4 * min(times["pandas"])


READ = """
import casemgmt as cm
register = cm.read_register(sys.argv[1], as_of="2015-04-01")
cleaned = register.to_arrow()
again = cm.read_register(cleaned, as_of="2015-04-01")
assert again.to_arrow().equals(cleaned) and len(register) == 40 and register.quarantine.num_rows == 3
assert register.find("a1") == 1 and register.merged == 1 and register.corrections.num_rows == 2
"""
SELECT = """
MODEL = cm.load_model("cambridge-multimorbidity-20")
selection = cm.select(register, cm.load_scheme("rotherham-2015-16"), model=MODEL, max_quarantined="10%")
assert selection.to_arrow().num_rows and selection.summary().num_rows and not selection.queue().num_rows
"""


def small_register(folder: Path) -> Path:
    """A CSV of forty patients, with a repeat, rows to set aside and values to correct."""
    conditions = [each.name for each in cm.load_model("cambridge-multimorbidity-20").inputs if each.kind == "flag"]
    fields = ["date_of_birth", "sex", "ethnicity", "care_home_type", "nominated", "on_caseload", "last_review"]
    header = ["patient_id", "practice_id", *fields, *conditions]
    rows = [
        [f"a{row}", "C87002", f"19{30 + row}-02-28", "F", "White", "nursing" if row == 5 else "", "0", "", "2014-01-01"]
        + ["1" if row % 3 else "0"] * len(conditions)
        for row in range(40)
    ]
    rows[7][2], rows[8][4], rows[9][3] = "28/02/1937", "", "x"
    damaged = [["b", "c87002", *rows[0][2:]], ["9999.0", *rows[1][1:]], ["d", "?", *rows[2][2:]]]
    lines = [header, *rows, rows[3], *damaged]
    path = folder / "register.csv"
    path.write_text("".join(",".join(cells) + "\n" for cells in lines), encoding="utf-8")
    return path


def test_reading_a_file_and_giving_it_back_imports_no_pandas(tmp_path):
    path = small_register(tmp_path)
    assert imported_by(READ, str(path)) == {"numpy", "pyarrow"}
    types = {"nominated": "int8", "asthma": "bool", "date_of_birth": "string"}
    table = csv.read_csv(path, convert_options=csv.ConvertOptions(column_types=types, strings_can_be_null=True))
    parquet.write_table(table, tmp_path / "register.parquet")
    assert imported_by(READ, str(tmp_path / "register.parquet")) == {"numpy", "pyarrow"}


def test_selecting_on_a_small_register_imports_no_numba(tmp_path):
    assert not imported_by(READ + SELECT, str(small_register(tmp_path))) & {"numba", "sklearn", "scipy", "polars"}


def test_selecting_on_a_small_register_imports_no_pandas(tmp_path):
    assert imported_by(READ + SELECT, str(small_register(tmp_path))) == {"numpy", "pyarrow"}


@pytest.mark.parametrize("decoder", ["pyarrow", "polars"])
def test_scanning_a_file_and_selecting_imports_no_pandas(decoder, tmp_path):
    texts = csv.ConvertOptions(column_types={"nominated": "int8", "asthma": "bool", "date_of_birth": "string"})
    parquet.write_table(csv.read_csv(small_register(tmp_path), convert_options=texts), tmp_path / "register.parquet")
    scan = "import casemgmt as cm\nregister = cm.scan_register(sys.argv[1], as_of='2015-04-01', decoder=sys.argv[2])"
    found = imported_by(scan + SELECT, str(tmp_path / "register.parquet"), decoder)
    assert "numpy" in found and not found & {"pandas", "numba", "sklearn", "scipy"}


COMMAND = """
from casemgmt.cli import main
sys.argv = ["casemgmt", *sys.argv[1:]]
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
print()
"""
RANKED = ("--scheme", "rotherham-2015-16", "--model", "cambridge-multimorbidity-20")


@pytest.mark.parametrize(
    "words",
    [
        "select REGISTER --as-of 2015-04-01 RANKED --out OUT --removals REMOVALS",
        "score REGISTER --as-of 2015-04-01 --model cambridge-multimorbidity-20 --out SCORES",
        "check REGISTER --as-of 2015-04-01",
        "explain REGISTER a7 --as-of 2015-04-01 --model cambridge-multimorbidity-20",
        "compare REGISTER REGISTER --as-of-before 2014-04-01 --as-of 2015-04-01 RANKED",
        "verify PUBLISHED",
        "select REGISTER --as-of 2015-04-01 RANKED --out OUT --published-before PUBLISHED",
    ],
)
def test_no_command_on_a_small_register_imports_pandas_or_a_compiler(words, tmp_path):
    register = small_register(tmp_path)
    if "PUBLISHED" in words:
        scheme, model = cm.load_scheme(RANKED[1]), cm.load_model(RANKED[3])
        read = cm.read_register(register, as_of="2015-04-01", max_quarantined="10%")
        cm.select(read, scheme, model=model).save(tmp_path / "published")
    meant = {
        "REGISTER": [register],
        "RANKED": RANKED,
        **{name: [tmp_path / name.lower()] for name in ("OUT", "PUBLISHED")},
        **{name: [tmp_path / f"{name.lower()}.csv"] for name in ("SCORES", "REMOVALS")},
    }
    arguments = [str(each) for word in words.split() for each in meant.get(word, [word])]
    if "REGISTER" in words:  # three rows of forty-four are made to be set aside
        arguments += ["--max-quarantined", "10%"]
    assert imported_by(COMMAND, *arguments) == {"numpy", "pyarrow", "typer"}


@pytest.mark.long
@pytest.mark.parametrize(("kept", "most"), [("kept", 0.6), ("empty", 2.5)])
def test_selecting_a_practice_of_ten_thousand_takes_little_beside_two_imports(kept, most, tmp_path):
    register = cm.synthesise("C87009", "2021-01-01").to_arrow()
    assert register.num_rows > 10_000
    parquet.write_table(register, tmp_path / "register.parquet")
    options = ("--as-of", "2021-01-01", *RANKED, "--out", str(tmp_path / "out"), "--overwrite")
    taken: dict[str, list[float]] = {"select": [], "imports": []}
    for turn in range(8):
        folder = str(tmp_path / (kept if kept == "kept" else f"{kept}-{turn}"))
        start = time.perf_counter()
        run(f"import sys\n{COMMAND}", "select", str(tmp_path / "register.parquet"), *options, NUMBA_CACHE_DIR=folder)
        between = time.perf_counter()
        run("import pandas, sklearn.ensemble")
        taken["select"].append(between - start)
        taken["imports"].append(time.perf_counter() - between)
    assert min(taken["select"]) < most * min(taken["imports"])
