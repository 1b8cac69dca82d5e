"""A practice's list made by hand, small, or with any text wherever a text stands."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from casemgmt.outputs.practice.practice_list import (
    Candidate,
    EmptyRow,
    Listed,
    PracticeList,
    Removal,
    ReviewDue,
    RoutePlaces,
    Task,
)

AS_OF = dt.date(2015, 4, 1)


def a_practice_list(values: Sequence[str] = ("a", "b", "c"), *, left: int = 2, text: str | None = None) -> PracticeList:
    """One row a value on each sheet; the value stands in every text of the row, and all of them in the page's own.

    Parameters
    ----------
    left : places of judgement that are left
    text : what stands in the page's own texts; the values joined, by default
    """
    whole = "".join(values) if text is None else text
    several = tuple(values) if text is None else (text,)

    def person(sheet: str, n: int, value: str) -> dict[str, Any]:
        return {
            "mark": f"1-{sheet}-{n}",
            "patient_id": value,
            "row": n,
            "age": 40 + (n * 7) % 50,
            "care_home": value if n % 3 else "",
            "last_review": AS_OF - dt.timedelta(days=30 * (n % 20)) if n % 4 else None,
        }

    def ranked(sheet: str, n: int, value: str) -> dict[str, Any]:
        score = 20 - n / 100
        return person(sheet, n, value) | {
            "rank": n + 1,
            "score": score,
            "risk": score / 25,
            "risk_words": f"{round(score * 4)} in 100",
            "reasons": (value, f"second {value}", value),
            "standing": ("new", "stays", "")[n % 3],
        }

    rows = list(enumerate(values))
    return PracticeList(
        practice_id=whole,
        as_of=AS_OF,
        scheme_id=whole,
        scheme_title=whole,
        scheme_source=whole,
        ranked_by=whole,
        model_title=whole,
        purpose=several,
        cautions=several,
        fingerprint="0123456789abcdef",
        list_size=5000,
        routes=(
            RoutePlaces(
                name="highest", title="highest", rule="x", kind="top_share", places=9, used=9, left=0, met=9, due=None
            ),
            *(
                RoutePlaces(name=v, title=v, rule=v, kind="nominated", places=9, used=1, left=8, met=1, due=1)
                for v in several
            ),
        ),
        tasks=tuple(Task(who=value, what=value, by_when=value) for value in several),
        contact=whole,
        listed=tuple(Listed(**ranked("list", n, v), route="highest" if n % 2 else v, route_title=v) for n, v in rows),
        candidates=tuple(
            Candidate(**ranked("judgement", n, v), prompts=(v, "just below the cut"), waits=False, order=None)
            for n, v in rows
        ),
        empty_rows=tuple(EmptyRow(mark=f"1-empty-{n}", number=n) for n in range(1, 11)),
        judgement="judgement",
        judgement_places=9,
        judgement_used=9 - left,
        judgement_left=left,
        reviews=tuple(
            ReviewDue(**person("reviews", n, v), due_on=AS_OF if n % 2 else None, timing=v, case_managed=bool(n % 2))
            for n, v in rows
        ),
        removals=tuple(
            Removal(**person("removals", n, v), proposal=v, reason=v, detail=v, proposed_on=AS_OF) for n, v in rows
        ),
        legend=tuple((value, value) for value in several),
    )
