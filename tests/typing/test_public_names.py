"""The public names, listed one by one, so that a new one is a decision; and what ``dir`` offers of each object."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path

import pytest

import casemgmt as cm

TABLE = "to_arrow to_pandas"
REGISTER = (
    "accepted as_of carried column column_names corrections counts extracted_on fields limits merged metadata notes "
    f"parts practices quarantine rows_in save_packed synthetic {TABLE}"
)
LISTS = (
    "facts governance_pack kept manifest_sha256 practice practices published_at queue recalls removals scheme summary "
    f"unscored {TABLE}"
)
PUBLIC = {
    "Admissions": f"account as_of counts definitions patients reasons report set_aside {TABLE}",
    "AvoidableAdmissions": "counts episodes faults undecided",
    "BuiltRegister": f"{REGISTER} account admissions derived unknown",
    "Caseload": (
        "apply change_settings close decide events export heads history homes homes_between letters_due on payments "
        "practices process propose record record_list_sizes register_test settings verify"
    ),
    "CodeList": (
        "conditions conditions_of conditions_of_written digest entries kind licence name only renamed source system "
        "title version"
    ),
    "CommissionerReport": "names save table to_html",
    "Comparison": f"after attribution before changes practice reasons summary {TABLE}",
    "Draft": "questions text",
    "Warmed": "bytes folder loops seconds",
    "Derived": (
        f"account as_of conditions counts flag latest patients report rows score set_aside sources unmapped {TABLE}"
    ),
    "Drift": "calibration cells inputs labels scores selection warnings",
    "EffectAtCut": (
        "binned density effect expected fuzzy interval jump labels managed matched minimum_detectable outcome p_value "
        "people plot rate_without set_aside to_arrow uptake warnings"
    ),
    "Evaluation": (
        "at_cut calibration card fairness funnel judged measures notes outcome_name plot_calibration plot_cut "
        "plot_funnel plot_rules replicates rules save seed set_aside tables threshold traps validated value "
        "why_no_calibration"
    ),
    "Events": "columns date_format encoding known_as source",
    "Model": (
        "band_of bands baseline_survival calibrated_in cell_of centre columns demonstration divide_by explain fitting "
        "floor horizon_days input_named inputs intended_use intercept licence link name not_for outcome population "
        "recalibrate recalibration risk save score score_of source text title to_r to_sql to_sql_check vectors_text "
        "version"
    ),
    "Outcomes": (
        "account base_year by_practice covers definitions funnel left_out measures plot practices report run_chart "
        "save set_aside table tables years"
    ),
    "Plan": f"for_budget for_hours labels plot practices table tariff {TABLE}",
    "Planted": "copied_year drift effect facts managed under_recorded under_recording",
    "PublishedSelection": LISTS,
    "Register": REGISTER,
    "Returns": "accepted counts ended explained nominations overflow practice unanswered",
    "Rule": "all any conditions name seen unless",
    "ScannedRegister": (
        "as_of column_names corrections extracted_on limits metadata notes parts practices quarantine rows_in "
        "save_packed synthetic"
    ),
    "Scheme": (
        "caseload decisions fields id keeps_places notes optional programme ranks required routes source text tie_key "
        "title"
    ),
    "Seen": "at_least condition conditions first_within later_than within",
    "Selection": f"{LISTS} by explain letters model page register save waterfall workbook",
    "Stability": "mape people plot refits",
    "State": f"date due heads known_at left practices removals review_every_months summary {TABLE}",
    "Tariff": (
        "contacts contacts_a_patient describe hours_a_week hours_a_year minutes_a_contact pounds pounds_a_patient "
        "pounds_an_hour weeks"
    ),
    "Window": "first_day length suffix unit",
}


def public_classes() -> dict[str, type]:
    found = {name: getattr(cm, name) for name in cm.__all__ if isinstance(getattr(cm, name), type)}
    return {name: kind for name, kind in found.items() if not issubclass(kind, Exception)}


def offered(kind: type) -> set[str]:
    """What ``dir`` says of an object, whatever is in it: names of its class, and those that its fields will have."""
    fields = {name for each in kind.__mro__ for name in getattr(each, "__annotations__", {})}
    named = set(kind.__dir__(object.__new__(kind)))
    if not hasattr(kind, "_shown"):
        named |= fields
    return {name for name in named if not name.startswith("_")}


@pytest.mark.parametrize("name", public_classes())
def test_an_object_offers_these_names(name):
    kind = public_classes()[name]
    assert offered(kind) == set(PUBLIC[name].split())
    source = "".join(inspect.getsource(base) for base in kind.__mro__[:-1] if base.__module__.startswith("casemgmt"))
    for each in getattr(kind, "_shown", ()):
        assert hasattr(kind, each) or re.search(rf"\bself\.{each}\b", source), each


def test_every_public_class_is_listed():
    assert set(public_classes()) == set(PUBLIC)


def test_the_package_offers_its_public_names_alone():
    import casemgmt.errors  # noqa: F401  # a submodule becomes an attribute, and is none of the names

    own = [name for name in dir(cm) if not (name.startswith("__") and name.endswith("__"))]
    assert own == sorted(set(cm.__all__) - {"__version__"})


def test_names_for_checkers_and_names_at_run_time_are_the_same():
    tree = ast.parse(Path(cm.__file__).read_text(encoding="utf-8"))
    (for_checkers,) = (
        node for node in tree.body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    )
    imported = {
        alias.name: node.module
        for node in for_checkers.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert imported == cm._WHERE
    assert {*imported, "__version__"} == set(cm.__all__)
    assert cm.__all__ == sorted(cm.__all__)


def test_what_public_functions_answer_can_be_named():
    answers = set()
    for name in cm.__all__:
        thing = getattr(cm, name)
        if inspect.isfunction(thing):
            answers |= set(re.findall(r"\b[A-Z]\w+", str(inspect.signature(thing).return_annotation)))
    outside = {"Path", "Table", "ShownTable"}  # the last is a frame around a table, for a notebook's eyes alone
    assert answers - outside <= set(cm.__all__)


def test_no_public_argument_or_answer_is_any():
    found = []
    for name in cm.__all__:
        thing = getattr(cm, name)
        members = {name: thing} if inspect.isfunction(thing) else {}
        if name in PUBLIC:
            members = {f"{name}.{each}": inspect.getattr_static(thing, each, None) for each in PUBLIC[name].split()}
        for where, member in members.items():
            function = member.fget if isinstance(member, property) else member
            if not inspect.isfunction(function):
                continue
            signature = inspect.signature(function)
            said = {each.name: each.annotation for each in signature.parameters.values() if each.name != "self"}
            said["answer"] = signature.return_annotation
            options = {each.name for each in signature.parameters.values() if each.kind is each.VAR_KEYWORD}
            found += [
                f"{where}: {each}"
                for each, kind in said.items()
                if kind in ("Any", "object", inspect.Parameter.empty) and each not in options
            ]
    assert found == []
