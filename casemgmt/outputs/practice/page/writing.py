"""Writes the list of a practice as one page that needs nothing else."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from casemgmt.outputs.practice import answers
from casemgmt.outputs.practice.page.chart import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, chart_of
from casemgmt.outputs.practice.page.tables import sentence, shows_risk, tables_of
from casemgmt.outputs.practice.practice_list import Person, PracticeList, Ranked, day_in_words
from casemgmt.risk.contributions import contributions_of, factor_text, points_text

if TYPE_CHECKING:
    import jinja2

    from casemgmt.risk.additive import AdditiveModel
    from casemgmt.selection.workings import Workings

_ASSETS = Path(__file__).with_name("assets")
_STYLES = ("nhsuk.css", "page.css")
_LICENCE = "LICENCE-nhsuk-frontend.txt"
_BOX = {"width": WIDTH, "height": HEIGHT, "left": LEFT, "right": WIDTH - RIGHT, "top": TOP, "foot": HEIGHT - BOTTOM}


class _Assets(NamedTuple):
    """What every page has in common, read once."""

    template: jinja2.Template
    style: str
    script: str
    licence: str


def page_of(shown: PracticeList, made: Workings | None = None) -> bytes:
    """A practice's list as an HTML file, UTF-8: the same bytes for the same list.

    Parameters
    ----------
    shown : what the practice is shown
    made : what the list was worked out from, to say what exactly each input adds to each score; None: nothing is said
    """
    from casemgmt.outputs.practice.page.embedding import data_block, policy

    assets = _assets()
    html: str = assets.template.render(
        shown=shown,
        sheets=answers,
        policy=policy(assets.script, assets.style),
        style=_as_it_is(assets.style),
        script=_as_it_is(assets.script),
        licence=assets.licence,
        data=data_block(_data(shown, made)),
        tables=tables_of(shown),
        with_risk=shows_risk(shown),
        chart=chart_of(shown),
        box=_BOX,
        days=[(shown.as_of + dt.timedelta(days=days)).isoformat() for days in (-answers.MOST_DAYS, answers.MOST_DAYS)],
    )
    return html.encode()


@cache
def _assets() -> _Assets:
    """The template and what it takes in, with Jinja2, which is slow to load."""
    import jinja2

    from casemgmt.outputs.practice.page.embedding import as_text

    environment = jinja2.Environment(
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=as_text,
        loader=jinja2.FileSystemLoader(_ASSETS),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["day"] = day_in_words
    return _Assets(
        template=environment.get_template("page.html.j2"),
        style="".join(_read(name) for name in _STYLES),
        script=_read("page.js"),
        licence=_read(_LICENCE),
    )


def _read(name: str) -> str:
    return (_ASSETS / name).read_text(encoding="utf-8")


def _as_it_is(text: str) -> Any:
    from markupsafe import Markup

    return Markup(text)  # noqa: S704 - the script and the style of this folder


def _data(shown: PracticeList, made: Workings | None) -> dict[str, Any]:
    """What the script needs: the head of the return, the mark and id of each row, and what adds to each score."""
    rows: dict[str, Sequence[Person]] = {
        answers.LIST: shown.listed,
        answers.JUDGEMENT: shown.candidates,
        answers.REVIEWS: shown.reviews,
        answers.REMOVALS: shown.removals,
    }
    facts = (
        *(answers.RETURN_FORMAT, answers.RETURN_VERSION, shown.practice_id),
        *(shown.scheme_id, shown.as_of.isoformat(), shown.fingerprint),
    )
    return {
        "facts": dict(zip(answers.RETURN_FACTS, facts, strict=False)),
        "row": answers.RETURN_ROW,
        "left": shown.judgement_left,
        "rows": {sheet: [(each.mark, each.patient_id) for each in of_sheet] for sheet, of_sheet in rows.items()},
        "empty": [each.mark for each in shown.empty_rows],
        "answers": answers.ANSWERS_OF,
        "accept": answers.ACCEPT,
        "done": answers.DONE,
        "longest": answers.LONGEST,
        **_why(made, {answers.LIST: shown.listed, answers.JUDGEMENT: shown.candidates}),
    }


def _why(made: Workings | None, rows: Mapping[str, Sequence[Ranked]]) -> dict[str, Any]:
    """The contributions to each score: each sentence once, and for each row which; none where scores were given.

    ``said`` holds words, amount and factor; ``why`` for each row of a sheet the score and the places in ``said``.
    """
    if made is None or made.model is None:
        return {"said": [], "factor": "", "why": {}}
    import numpy as np

    model = made.model
    # Of whoever has no score, such as those who objected, nothing is said: not even a sentence that no row shows.
    scored = [each for of_sheet in rows.values() for each in of_sheet if each.score is not None]
    found = contributions_of(model, made.register, np.array([each.row for each in scored], dtype=np.int64))
    said = [
        (sentence(each.words), _points(model, each.millionths), factor_text(model, each.millionths))
        for each in found.distinct
    ]
    totals = [sum(found.distinct[place].millionths for place in places or ()) for places in found.of_rows]
    of_mark = {
        each.mark: None if places is None else [_points(model, total), *places]
        for each, places, total in zip(scored, found.of_rows, totals, strict=True)
    }
    return {
        "said": said,
        "factor": {"points": "", "logistic": "Odds"}.get(model.link, "Rate"),
        "why": {sheet: [of_mark.get(each.mark) for each in of_sheet] for sheet, of_sheet in rows.items()},
    }


def _points(model: AdditiveModel, millionths: int) -> str:
    return points_text(model, millionths).replace("-", "\N{MINUS SIGN}")
