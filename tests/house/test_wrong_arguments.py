"""Every public function, called with one wrong argument at a time, answers in a sentence: no error is a raw one."""

from __future__ import annotations

import datetime as dt
import functools
import inspect
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from model_folders import HEAD, write_model
from sklearn.linear_model import LogisticRegression

import casemgmt as cm
from casemgmt.codes.codelist import Entry
from casemgmt.pseudonyms.key import new_key
from casemgmt.register.limits import Limits
from casemgmt.scheme.routes import Scheme
from casemgmt.selection.expected import Expected

SCHEME = "rotherham-2015-16"
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

DIED = {"practice_id": "C87001", "kind": "died", "patient_id": "p1", "happened_on": "2015-04-01"}

# Raw errors of Python and NumPy that happen to be TypeErrors.
OF_PYTHON = (
    *(
        "object is not",
        "object has no",
        "object cannot be",
        "not supported between",
        "unhashable",
        "unsupported operand",
    ),
    *(
        "argument must be",
        "has no len",
        "missing ",
        "got an unexpected",
        "expected str",
        "must be real number",
        "only length-1",
    ),
)


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
                "gout": [i % 3 == 0 for i in rows],
                "mine": [i / 7 for i in rows],
                "risk": [(i % 23) / 23 for i in rows],
            }
        ),
        as_of="2015-04-01",
    )


def people_at_risk() -> Any:
    """A practice with a risk each, and what happened to them."""
    random = np.random.default_rng(0)
    risk = random.beta(1, 9, 2000)
    table = pa.table(
        {
            "patient_id": [f"p{i}" for i in range(2000)],
            "practice_id": ["C87001"] * 2000,
            "age": [i % 100 for i in range(2000)],
            "care_home_type": ["none"] * 2000,
            "nominated": [False] * 2000,
            "mine": risk.tolist(),
            "happened": (random.random(2000) < risk).tolist(),
        }
    )
    return cm.read_register(table, as_of="2015-04-01")


def episodes() -> pa.Table:
    return pa.table(
        {
            "patient_id": ["p1", "p2"],
            "admission_date": ["2015-01-01", "2015-02-01"],
            "discharge_date": ["2015-01-03", "2015-02-02"],
            "admission_method": ["21", "11"],
        }
    )


def admitted() -> dict[str, Any]:
    """Episodes of two practices, and their lists, as the measures of a programme's aims need them."""
    days = [dt.date(2014, 1, 1) + dt.timedelta(days=7 * week) for week in range(52)] * 2
    same = {"patient_id": [f"p{i}" for i in range(104)], "practice_id": ["C87001"] * 52 + ["C87002"] * 52}
    lists = pa.table({"practice_id": ["C87001", "C87002"], "year": ["2014"] * 2, "list_size": [1000, 2000]})
    told = {"year": "calendar", "base_year": "2014", "covers": ("2014-01-01", "2014-12-31")}
    episodes = pa.table({**same, "admission_date": days, "admission_method": ["21"] * 104})
    return {"episodes": episodes, "lists": lists, **told}


def events() -> pa.Table:
    return pa.table({"patient_id": ["p1", "p2"], "code": ["M10", "I10"], "date": ["2015-01-01", "2014-01-01"]})


def gout() -> cm.CodeList:
    return cm.CodeList(name="gout", system="icd10", entries=(Entry("M10", "gout", "prefix"),))


def coded_episodes() -> pa.Table:
    """Episodes as the count of avoidable admissions needs them."""
    same = {"episode_status": "3", "episode_order": "1", "admission_method": "21", "admission_source": "19"}
    same |= {"episode_type": "1", "patient_class": "1", "age": "70", "sex": "1"}
    codes = {"diagnoses": pa.array([["J449"], ["I48X"]]), "procedures": pa.array([[], []], pa.list_(pa.string()))}
    return pa.table({name: [value] * 2 for name, value in same.items()} | codes)


def risks_of(register: Any) -> pa.Array:
    """The risks of a register, as a fit answers."""
    return register.to_arrow().column("risk")


class Objects:
    """What the public functions answer, one of each kind, and what they were made from."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.as_of = folder, {"as_of": "2015-04-01"}
        self.source = pa.table({"patient_id": ["p1"], "practice_id": ["C87001"], "age": [40]})
        pq = pytest.importorskip("pyarrow.parquet")
        pq.write_table(self.source, folder / "r.parquet")
        self.register, self.scheme, self.codes = register(), cm.load_scheme(SCHEME), gout()
        self.register.save_packed(folder / "p.parquet")
        pq.write_table(self.register.to_arrow(), folder / "whole.parquet")
        self.model = one_flag(folder, "gout")
        self.selection = cm.select(self.register, self.scheme, score="mine")
        self.evaluated = cm.evaluate("risk", "gout", self.register, self.scheme, replicates=100)
        self.stable = cm.stability(self.register, lambda _: risks_of, refits=2)
        self.even = [row % 2 == 0 for row in range(120)]
        self.frame = pd.DataFrame({"age": [row % 100 for row in range(120)]})
        self.estimator = LogisticRegression().fit(self.frame, self.even)
        self.explained = cm.select(self.register, self.scheme, model=self.model)
        self.published = self.selection.save(folder / "out")
        self.key = folder / "practice.key"
        self.key.write_bytes(new_key())
        self.key.chmod(0o600)
        # Numbers of the range that is kept for tests.
        self.numbered = pa.table({"patient_id": ["9990000018", "9990000026"], "practice_id": ["C87001"] * 2})
        self.lookup = cm.pseudonym_lookup(self.numbered, key=self.key)
        records = {"events": events(), "codelists": self.codes, **self.as_of}
        self.book = self.selection.workbook("C87001", folder / "C87001.xlsx")
        self.returned = cm.read_returns(self.book, self.selection)
        self.risky, planned = people_at_risk(), {"score": "mine", "shares": ["3%", "10%"]}
        self.judged = cm.select(self.risky, self.scheme, score="mine")
        self.effect = cm.effect_at_cut(self.judged, "happened", base_rate=0.3)
        self.plan = cm.plan(self.risky, self.scheme, **planned)
        self.drift = cm.drift(self.risky, self.risky, outcome="happened")
        self.caseload = cm.open_caseload(folder / "caseload.sqlite", create=True, review_every_months=3)
        self.caseload.propose(self.selection)
        self.exported = self.caseload.export(folder / "exported")
        self.caseload.record([{**DIED, "kind": "accepted", "by": "AB"}])
        self.admissions = cm.count_admissions(episodes(), **self.as_of)
        self.built = cm.build_register(self.source, episodes=episodes(), **records)
        self.outcomes = cm.outcomes(**admitted())
        self.answers: tuple[Any, ...] = (
            *(self.register, self.scheme, self.codes, self.explained, self.admissions, self.built, self.built.derived),
            *(cm.scan_register(folder / f"{name}.parquet", **self.as_of) for name in ("whole", "p")),
            *(cm.load_selection(self.published), cm.compare(self.selection, self.selection), self.model),
            *(cm.avoidable_admissions(coded_episodes()), cm.derive_conditions(**records)),
            *(cm.synthesise("C87616", seed=1), cm.fields(), cm.show(self.source)),
            *(cm.synthesise("C87616", seed=1), cm.fields(), self.returned),
            *(cm.synthesise("C87616", seed=1), cm.fields(), cm.commissioner_report(self.selection)),
            *(cm.synthesise("C87616", seed=1), cm.fields(), self.model.to_r(), self.stable),
            *(self.evaluated, self.evaluated.judged, self.effect, self.plan, self.plan.tariff, self.drift),
            *(self.outcomes, cm.draft_config(self.source), cm.Warmed(folder=folder, loops=1, bytes=1, seconds=0.0)),
            *(self.caseload, self.caseload.verify(), self.caseload.on("2015-04-02"), self.caseload.homes("2015-04-02")),
            *(self.caseload.propose(self.selection), self.caseload.decide([])),
        )

    def functions(self) -> dict[str, dict[str, Any]]:
        """Each public function and class that can be called, with arguments that are right."""
        records = {"events": events(), "codelists": self.codes, **self.as_of}
        entries = (Entry("M10", "gout", "prefix"),)
        evaluated = {"register": self.register, "scheme": self.scheme, "replicates": 100}
        quick = {"kind": "logistic", "bags": 1}
        return {
            "read_register": {"source": self.source, **self.as_of},
            "draft_config": {"source": self.source},
            "scan_register": {"paths": self.folder / "r.parquet", **self.as_of},
            "load_model": {"source": "lace"},
            "load_scheme": {"source": SCHEME},
            "load_codelist": {"source": "charlson-quan-2005"},
            "load_selection": {"folder": self.published},
            "select": {"register": self.register, "scheme": self.scheme, "score": "mine"},
            "read_returns": {"paths": self.book, "selection": self.selection},
            "Returns": {name: getattr(self.returned, name) for name in inspect.signature(cm.Returns).parameters},
            "fit_model": {"register": self.register, "outcome": self.even, "inputs": ["age"], **quick},
            "tabulate": {"estimator": self.estimator, "frame": self.frame},
            "compare": {"before": self.selection, "after": self.selection},
            "show": {"table": self.source},
            "evaluate": {"model_or_risks": "risk", "outcome": "gout", **evaluated},
            "validate": {"outcome": "gout", "fit": lambda _: risks_of, "folds": 2, **evaluated},
            "stability": {"register": self.register, "fit": lambda _: risks_of, "refits": 2},
            "drift": {"old": self.risky, "new": self.risky, "outcome": "happened"},
            "effect_at_cut": {"selection": self.judged, "outcome": "happened", "base_rate": 0.3},
            "plan": {"register": self.risky, "scheme": self.scheme, "score": "mine", "shares": ["3%"]},
            "Tariff": {},
            "Planted": {},
            "Window": {"length": 12, "unit": "month"},
            "Seen": {"condition": "gout"},
            "Rule": {"name": "gout", "all": (cm.Seen("gout"),)},
            "Events": {"source": events()},
            "outcomes": admitted(),
            "synthesise": {"area": "C87616", "seed": 1},
            "warm": {"check": True},
            "count_admissions": {"episodes": episodes(), **self.as_of},
            "avoidable_admissions": {"episodes": coded_episodes()},
            "derive_conditions": records,
            "build_register": {"demographics": self.source, **records},
            "pseudonymise": {"frame": self.numbered, "key": self.key},
            "pseudonym_lookup": {"frame": self.numbered, "key": self.key},
            "reidentify": {"frame": cm.pseudonymise(self.numbered, key=self.key), "lookup": self.lookup},
            "commissioner_report": {"selection": self.selection},
            "CodeList": {"name": "gout", "system": "icd10", "entries": entries},
            "open_caseload": {"where": self.folder / "caseload.sqlite"},
            "import_caseload": {"folder": self.exported, "where": self.folder / "imported.sqlite"},
            "Caseload": {"store": self.caseload.store},
            "fields": {},
            "list_models": {},
            "list_schemes": {},
            "list_codelists": {},
        }

    def right(self) -> dict[str, dict[str, Any]]:
        """Arguments that are right, of methods that need some."""
        april, national = ("2015-04-01", "2015-04-30"), cm.load_scheme("avoiding-unplanned-admissions-2014-15")
        streamed = {"model": None, "score": "age", "over_cap": "error", "reference": "base", "threads": None}
        streamed |= {"expected": Expected.of(None, None, False, None), "limits": Limits(), "allow_demonstration": False}
        return {
            "account": {"tables": []},
            "band_of": {"total": 3},
            "bands_of": {"scores": [1.0]},
            "change_settings": {"review_every_months": 6},
            "propose": {"selection": self.selection},
            "decide": {"decisions": []},
            "apply": {"returns": self.returned},
            "Caseload.on": {"date": "2015-04-02"},
            "history": {"practice_id": "C87001", "patient_id": "p1"},
            "process": {"start": april[0], "end": april[1]},
            "letters_due": {"on": "2015-04-02", "within_days": 21},
            "register_test": {"scheme": national, "quarter_start": april[0], "quarter_end": april[1]},
            "payments": {"scheme": national, "year": 2014},
            "record_list_sizes": {"register": self.register},
            "homes": {"date": "2015-04-02"},
            "homes_between": {"start": april[0], "end": april[1]},
            "Homes.counts": {"route": "care_home"},
            "Caseload.export": {"folder": self.folder / "an export", "overwrite": True},
            "by": {"column": "age"},
            "cell_of": {"each": self.model.inputs[0], "values": {"gout": True}},
            "column": {"name": "age"},
            "contacts": {"patients": 3},
            "for_budget": {"pounds_a_year": 1e6, "ranked_alone": True},
            "for_hours": {"hours_a_week": 100, "ranked_alone": True},
            "hours_a_week": {"patients": 3},
            "hours_a_year": {"patients": 3},
            "pounds": {"patients": 3},
            "conditions_of": {"code": "M10"},
            "conditions_of_written": {"code": "M10"},
            "explain": {"patient_id": "p1"},
            "fairness": {"column": "age_band"},
            "find": {"patient_id": "p1"},
            "flag": {"name": "gout"},
            "floored": {"total": 3},
            "governance_pack": {"folder": self.folder / "pack", "overwrite": True},
            "input_named": {"name": "gout"},
            "kind": {"text": "prefix"},
            "on": {"date": "2015-06-30"},
            "page": {"practice_id": "C87001", "path": self.folder / "page.html"},
            "passed": {"see": lambda *given: None},
            "points": {"total": 3},
            "practice": {"practice_id": "C87001"},
            "record": {"events": [DIED]},
            "recalibrate": {"register": self.register, "outcome": had_it()},
            "renamed": {"names": {"gout": "other"}},
            "require": {"names": ("age",), "needed_by": "this test"},
            "require_whole": {"what": "this test"},
            "save": {"folder": self.folder / "elsewhere", "overwrite": True},
            "save_packed": {"path": self.folder / "packed.parquet"},
            "risk": {"register": self.register},
            "Evaluation.save": {"folder": self.folder / "evaluation"},
            "value": {"measure": "auroc"},
            "score": {"register": self.register},
            "score_of": {"values": {"gout": True}},
            "select_streamed": {"scheme": self.scheme, **streamed},
            "sum_before_floor": {"values": {"gout": True}},
            "table": {"name": "places"},
            "Outcomes.table": {"measure": "emergency_admissions"},
            "funnel": {"measure": "emergency_admissions"},
            "run_chart": {"measure": "emergency_admissions"},
            "Outcomes.plot": {"which": "funnel"},
            "Outcomes.save": {"folder": self.folder / "outcomes"},
            "CommissionerReport.save": {"folder": self.folder / "report", "overwrite": True},
            "take": {"rows": np.array([0, 60]), "groups": np.array([0, 1, 2])},
            "to_source_rows": {"values": np.zeros(len(self.register))},
            "workbook": {"practice_id": "C87001", "path": self.folder / "own.xlsx"},
            "to_sql": {"dialect": "duckdb"},
            "to_sql_check": {"dialect": "duckdb"},
            "waterfall": {"patient_id": "p1"},
            "ModelInR.save": {"folder": self.folder / "in R"},
            "Model.explain": {"register": self.register, "patient_id": "p1"},
            "Model.save": {"folder": self.folder / "a model", "overwrite": True},
            "Derived.score": {"model": self.model},
            "BuiltRegister.take": {"rows": np.array([0]), "groups": np.array([0, 1])},
            "BuiltRegister.to_source_rows": {"values": np.zeros(1)},
        }


def had_it() -> list[bool]:
    """An outcome of 120 people that is more frequent among those with gout."""
    return [(i % 3 == 0 and i % 4 < 3) or (i % 3 != 0 and i % 8 < 3) for i in range(120)]


def one_flag(folder: Path, name: str) -> Any:
    """A model of one flag, with bands."""
    bands = '\n[[model.bands]]\nname = "none"\nbelow = "1"\n[[model.bands]]\nname = "some"\nat_least = "1"\n'
    text = HEAD.replace('"survival"', '"points"').partition("baseline_survival")[0] + 'intercept = "0"\n'
    made = f'{text}{bands}\n[[input]]\nname = "{name}"\nkind = "flag"\nvalue = "3"\nmissing = "absent"\n'
    return cm.load_model(write_model(folder / "model", made))


def calls(folder: Path) -> Iterator[tuple[str, Callable[..., Any], dict[str, Any]]]:
    """Each public function, and each method and property of what they answer, with arguments that are right."""
    objects = Objects(folder)
    for name, given in objects.functions().items():
        yield name, getattr(cm, name), given
    yield "Scheme", Scheme, {name: getattr(objects.scheme, name) for name in inspect.signature(Scheme).parameters}
    right, seen = objects.right(), set()
    for owner in objects.answers:
        kind = type(owner)
        if kind in seen or not kind.__module__.startswith("casemgmt"):
            continue
        seen.add(kind)
        for name in dir(kind):
            if name.startswith("_"):
                continue
            called = f"{kind.__name__}.{name}"
            method = getattr(kind, name)
            if callable(method) and not isinstance(method, type):
                yield called, getattr(owner, name), right.get(called, right.get(name, {}))
            else:
                yield called, functools.partial(getattr, owner, name), {}


def arguments_of(function: Callable[..., Any]) -> list[inspect.Parameter]:
    if isinstance(function, functools.partial):
        return []  # a property
    known = inspect.signature(function).parameters.values()
    return [each for each in known if each.kind is not inspect.Parameter.VAR_KEYWORD]


def called_with(function: Callable[..., Any], right: dict[str, Any], argument: inspect.Parameter, value: Any) -> None:
    if argument.kind is inspect.Parameter.VAR_POSITIONAL:
        function(value, **right)
    else:
        function(**{**right, argument.name: value})


@pytest.fixture(scope="module")
def everything(tmp_path_factory):
    """All of them, made once for the tests that call them wrongly or not at all."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return list(calls(tmp_path_factory.mktemp("everything")))


def test_a_flag_takes_true_or_false_alone(everything, tmp_path, monkeypatch):
    """A text such as "no" counts as true in Python: `overwrite="no"` must not overwrite."""
    monkeypatch.chdir(tmp_path)
    taken = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, function, right in everything:
            for argument in arguments_of(function):
                if isinstance(argument.default, bool) and argument.name not in OTHERWISE:
                    for value in ("no", "yes", 0, 1, None, []):
                        try:
                            called_with(function, right, argument, value)
                        except cm.InputError as problem:
                            assert argument.name in str(problem) and "True or False" in str(problem), name
                        else:
                            taken.append(f"{name}({argument.name}={value!r})")
    assert not taken


# These take a list or a mapping as well.
OTHERWISE = ("allow_missing_practices", "monotone")


def faults(everything: list[tuple[str, Callable[..., Any], dict[str, Any]]]) -> list[str]:
    """What was raised that is no answer, by function, argument and value."""
    found = []
    for name, function, right in everything:
        for argument in arguments_of(function):
            for what, value in WRONG.items():
                if argument.name in ("progress", "fit") and callable(value):
                    continue  # what the caller's own function raises is the caller's
                where = f"{name}({argument.name}={what})"
                try:
                    called_with(function, right, argument, value)
                except (cm.CasemgmtError, TypeError) as problem:
                    if isinstance(problem, TypeError) and any(words in str(problem) for words in OF_PYTHON):
                        found.append(f"{where}: TypeError in Python's words: {str(problem)[:100]!r}")
                    if len(str(problem)) < 10:
                        found.append(f"{where}: {type(problem).__name__} says nothing")
                except BaseException as problem:
                    found.append(f"{where}: {type(problem).__name__}: {str(problem)[:100]!r}")
    return found


def test_no_wrong_argument_is_answered_by_a_raw_error(everything, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr("casemgmt.results.warming._works", lambda scratch: iter(()))  # True and False are both right
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = faults(everything)
    assert not found, "\n".join([f"{len(found)} raw errors:", *found])


POSITIONAL = {"CodeList.only": ("gout",)}
# What refuses every call on purpose, with right arguments too.
REFUSES = (
    "Evaluation.card",  # scores were judged here, and no model
    "Model.risk",
    "ScannedRegister.require_whole",
    "PackedRegister.require_whole",
    "Selection.by",
    "Register.grouped",
    "warm",  # says that nothing is kept, where nothing is
)


def test_the_right_arguments_are_right(tmp_path, monkeypatch):
    """A wrong argument is no test where the call already fails for another reason."""
    monkeypatch.chdir(tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        refused = {}
        for name, function, right in calls(tmp_path):
            try:
                function(*POSITIONAL.get(name, ()), **right)
            except Exception as problem:
                refused[name] = f"{type(problem).__name__}: {problem}"
    wrong = [f"{name}: {why}" for name, why in refused.items() if name not in REFUSES]
    assert not wrong, "\n".join(wrong)


def test_every_public_name_is_called(everything):
    called = {name.partition(".")[0] for name, _, _ in everything}
    errors = {name for name in cm.__all__ if isinstance(getattr(cm, name), type) and "Error" in name}
    assert {name for name in cm.__all__ if not name.startswith("__")} - errors - {"InputWarning"} <= called
