"""Which columns a run used, and why."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from casemgmt.register.fields import FIELDS
from casemgmt.scheme.routes import Nominated, Review, TopShare

if TYPE_CHECKING:
    from casemgmt.risk.model import Model
    from casemgmt.scheme.routes import Scheme

_OF_EVERY_RUN = {
    "patient_id": "tells one patient from another; a pseudonym is enough",
    "practice_id": "a list is a practice's own",
    "age": "who is of the age that a route or a model asks for",
    "date_of_birth": "gives the age on the list date",
    "date_of_death": "the dead are never listed",
    "registered_on": "who is on the list on the list date",
    "deregistered_on": "those who have left are never listed",
    "objected": "who objects is never ranked",
    "on_caseload": "comes first among equal scores, and is proposed for removal rather than dropped",
    "care_home_id": "which homes several practices serve, in the report to the commissioner",
    "emergency_admissions_12m": "orders equal scores",
    "nominated": "whom clinicians named",
    "nomination_order": "in which order nominees wait for a place",
    "last_review": "whether a review is due",
    "imd_decile": "shows whether a group is left out",
    "ethnicity": "shows whether a group is left out",
    "sex": "shows whether a group is left out",
}


def columns_and_reasons(columns: tuple[str, ...], scheme: Scheme, model: Model | None) -> list[tuple[str, str]]:
    """Each column of a register, and what it was for; one that nothing asks for says so."""
    asked: dict[str, list[str]] = {}
    for name, why in (*_of_scheme(scheme), *_of_model(model)):
        asked.setdefault(name, [])
        if why not in asked[name]:
            asked[name].append(why)
    rows = []
    for name in columns:
        own = asked.get(name, [])
        general = _OF_EVERY_RUN.get(name)
        reasons = [*own, *([general] if general and general not in own else [])]
        if not reasons:
            other = "a field of the register" if name in FIELDS else "a column of your own"
            reasons = [f"nothing in this run asks for it ({other}): leave it out of the next extract"]
        rows.append((name, "; ".join(reasons)))
    return rows


def _of_scheme(scheme: Scheme) -> Iterator[tuple[str, str]]:
    for route in scheme.routes:
        wheres = [route.of, route.among] if isinstance(route, TopShare) else []
        wheres += [route.of] if isinstance(route, Nominated) else []
        wheres += [] if isinstance(route, TopShare | Nominated) else [route.where]
        for where in wheres:
            for field in where.fields:
                yield field, f"the route {route.name.replace('_', ' ')} asks for it"
        if isinstance(route, Review):
            yield "last_review", f"the route {route.name.replace('_', ' ')} asks for it"
        if isinstance(route, TopShare) and route.keep_within is not None:
            yield "on_caseload", f"who is on it keeps a place by the route {route.name.replace('_', ' ')}"


def _of_model(model: Model | None) -> Iterator[tuple[str, str]]:
    if model is None:
        return
    for name in model.columns:
        yield name, f"an input of the model {model.name}"
