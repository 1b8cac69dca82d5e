"""What is worked out from made-up people, or by a demonstration model, says so."""

from __future__ import annotations

import pytest

import casemgmt as cm


def test_results_of_synthetic_people_and_demonstration_models_say_so():
    register, scheme = cm.synthesise("C87616", seed=1), cm.load_scheme("rotherham-2015-16")
    model = cm.load_model("demonstration-admission")
    selection = cm.select(register, scheme, model=model)
    results = (
        cm.effect_at_cut(selection),
        cm.plan(register, scheme, model, shares=["3%"]),
        cm.drift(register, register, model),
    )
    for found in results:
        assert found.labels == ("synthetic people", "demonstration only")
        assert "(synthetic people, demonstration only)" in repr(found)
    pytest.importorskip("matplotlib").use("Agg")
    for found in results[:2]:
        assert found.plot().get_title() == "synthetic people; demonstration only"


def test_a_demonstration_model_is_refused_for_people_not_marked_synthetic():
    table = cm.synthesise("C87616", seed=1).to_arrow().replace_schema_metadata(None)
    register, scheme = cm.read_register(table, as_of="2021-01-01"), cm.load_scheme("rotherham-2015-16")
    model = cm.load_model("demonstration-admission")
    for ask in (
        lambda **options: cm.effect_at_cut(register, scheme=scheme, model=model, **options),
        lambda **options: cm.plan(register, scheme, model, shares=["3%"], **options),
        lambda **options: cm.drift(register, register, model, **options),
    ):
        with pytest.raises(cm.InputError, match="demonstration"):
            ask()
        assert ask(allow_demonstration=True).labels == ("demonstration only",)
