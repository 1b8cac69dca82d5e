"""Every public function, called with one wrong argument at a time, answers in a sentence: no error is a raw one."""

from __future__ import annotations

import datetime as dt
import inspect
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import casemgmt as cm
from casemgmt.codes.codelist import Entry

SCHEME = "rotherham-2015-16"
INTERNAL = ("rows",)  # arrays that the library passes to itself
WRONG: dict[str, Any] = {
    "None": None,
    "a whole number": 7,
    "a negative number": -1,
    "a huge number": 10**400,
    "nan": float("nan"),
    "infinity": float("inf"),
    "true": True,
    "bytes": b"C87001",
    "an empty text": "",
    "a text": "something else",
    "a lone surrogate": "\ud800",
    "a null in a text": "a\0b",
    "a path of a null": "./a\0b",
    "a list": ["age"],
    "a list of None": [None],
    "a list of lists": [[1], [2]],
    "a dict": {"age": "something"},
    "a dict of odd keys": {3: None, None: []},
    "a dict of odd values": {"sex": 3, "age": {"x": object()}},
    "an object": object(),
    "a class": int,
    "a folder": Path(),
    "a path of a null, as a path": Path("a\0b"),
    "a date": dt.date(2015, 4, 1),
    "a frame": pd.DataFrame({"a": [1, None], "b": ["x", None]}),
    "an empty frame": pd.DataFrame(),
    "a series": pd.Series([1.0, None]),
    "a table": pa.table({"a": [1, 2], "b": ["x", None]}),
    "an array": np.array([[1.0, 2.0]]),
    "an array of objects": np.array([object(), None], dtype=object),
    "an Arrow array": pa.array([1, None]),
    "a function": len,
    "a set": {"age"},
}


def register() -> Any:
    rows = range(120)
    return cm.read_register(
        pa.table(
            {
                "patient_id": [f"p{i}" for i in rows],
                "practice_id": ["C87001"] * 60 + ["C87002"] * 60,
                "age": [i % 100 for i in rows],
                "care_home_type": ["none"] * 120,
                "nominated": [i % 60 == 0 for i in rows],
                "mine": [i / 7 for i in rows],
            }
        ),
        as_of="2015-04-01",
    )


def episodes() -> pa.Table:
    return pa.table(
        {
            "patient_id": ["p1", "p2"],
            "admitted_on": ["2015-01-01", "2015-02-01"],
            "discharged_on": ["2015-01-03", "2015-02-02"],
            "admission_method": ["21", "11"],
            "code": ["J449", "I10"],
        }
    )


def events() -> pa.Table:
    return pa.table({"patient_id": ["p1", "p2"], "code": ["M10", "I10"], "date": ["2015-01-01", "2014-01-01"]})


def gout() -> cm.CodeList:
    return cm.CodeList(name="gout", system="icd10", entries=(Entry("M10", "gout", "prefix"),))


def calls(folder: Path) -> Iterator[tuple[str, Callable[..., Any], dict[str, Any]]]:
    """Each public function and method, with arguments that are right."""
    frame, scheme, codes = register(), cm.load_scheme(SCHEME), gout()
    made = cm.select(frame, scheme, score="mine")
    scored = cm.load_model("lace")
    source = pa.table({"patient_id": ["p1"], "practice_id": ["C87001"], "age": [40]})
    pq = pytest.importorskip("pyarrow.parquet")
    pq.write_table(source, folder / "r.parquet")
    as_of = {"as_of": "2015-04-01"}
    functions: dict[str, dict[str, Any]] = {
        "read_register": {"source": source, **as_of},
        "scan_register": {"sources": folder / "r.parquet", **as_of},
        "load_model": {"source": "lace"},
        "load_scheme": {"source": SCHEME},
        "load_codelist": {"source": "charlson-quan-2005"},
        "load_selection": {"folder": made.save(folder / "out")},
        "select": {"register": frame, "scheme": scheme, "score": "mine"},
        "compare": {"before": made, "after": made},
        "synthesise": {"practices": "C87616", "seed": 1},
        "count_admissions": {"episodes": episodes(), **as_of},
        "avoidable_admissions": {"episodes": episodes(), **as_of},
        "derive_conditions": {"events": events(), "codelists": codes, **as_of},
        "build_register": {"demographics": source, "events": events(), "codelists": codes, **as_of},
        "CodeList": {"name": "gout", "system": "icd10", "entries": (Entry("M10", "gout", "prefix"),)},
    }
    for name, right in functions.items():
        yield name, getattr(cm, name), right
    methods: list[tuple[Any, str, dict[str, Any]]] = [
        (made, "to_arrow", {}),
        (made, "to_pandas", {}),
        (made, "practice", {"practice_id": "C87001"}),
        (made, "by", {"column": "age"}),
        (made, "explain", {"patient_id": "p1"}),
        (made, "waterfall", {"patient_id": "p1"}),
        (made, "save", {"folder": folder / "elsewhere", "overwrite": True}),
        (frame, "column", {"name": "age"}),
        (frame, "find", {"patient_id": "p1"}),
        (frame, "save_packed", {"path": folder / "packed.parquet"}),
        (scored, "score", {"register": frame}),
        (scored, "explain", {"register": frame, "patient_id": "p1"}),
        (scored, "score_of", {"values": {"length_of_stay": 3}}),
        (scored, "bands_of", {"scores": [1.0]}),
        (codes, "conditions_of", {"code": "M10"}),
        (codes, "renamed", {"names": {"gout": "other"}}),
        (cm.compare(made, made), "practice", {"practice_id": "C87001"}),
    ]
    for owner, name, right in methods:
        yield f"{type(owner).__name__}.{name}", getattr(owner, name), right


def arguments_of(function: Callable[..., Any]) -> list[str]:
    kinds = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    known = inspect.signature(function).parameters.items()
    return [name for name, each in known if each.kind in kinds and name not in INTERNAL]


def faults(folder: Path) -> list[str]:
    """What was raised that is no answer, by function, argument and value."""
    found = []
    for name, function, right in calls(folder):
        for argument in arguments_of(function):
            for what, value in WRONG.items():
                try:
                    function(**{**right, argument: value})
                except (cm.CasemgmtError, TypeError) as problem:
                    if len(str(problem)) < 10:
                        found.append(f"{name}({argument}={what}): {type(problem).__name__} says nothing")
                except BaseException as problem:
                    found.append(f"{name}({argument}={what}): {type(problem).__name__}: {str(problem)[:100]!r}")
    return found


def test_no_wrong_argument_is_answered_by_a_raw_error(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = faults(tmp_path)
    assert not found, "\n".join([f"{len(found)} raw errors:", *found])


def test_every_public_name_is_called():
    covered = {name.partition(".")[0] for name in NAMES}
    functions = {name for name in cm.__all__ if inspect.isfunction(getattr(cm, name)) and not name.startswith("list_")}
    assert functions - {"fields"} <= covered  # it takes no argument


NAMES = (
    *("read_register", "scan_register", "load_model", "load_scheme", "load_codelist", "load_selection", "select"),
    *("compare", "synthesise", "count_admissions", "avoidable_admissions", "derive_conditions", "build_register"),
)
