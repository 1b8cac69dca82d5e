"""The page of an evaluation: figures in words, tables and plots; nothing on it runs, and nothing is fetched."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from casemgmt.errors import plural
from casemgmt.evaluation.plot_alts import words_of_figure
from casemgmt.evaluation.words import NOWHERE, figure, headline, notes_of, number
from casemgmt.risk.demonstration import DEMONSTRATION_ONLY, is_demonstration
from casemgmt.selection.facts import ranked_by
from casemgmt.version import __version__

if TYPE_CHECKING:
    from casemgmt.evaluation.findings import Findings

_AT_CUT = (
    *("judged", "had the outcome", "inside the cut", "inside, had it", "in 100 inside who had it (PPV)"),
    *("in 100 with it who were inside (sensitivity)", "managed for each outcome", "threshold, in 100"),
    "net benefit in 1,000 judged",
)


_NAMES = {"auroc": "AUROC", "brier": "Brier score", "brier_null": "Brier score, null", "ici": "ICI"}
_NAMES |= {"brier_scaled": "Brier score, scaled", "e50": "E50", "e90": "E90", "emax": "Emax"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A part of the page; ``words`` are the numbers of the columns that hold words."""

    title: str
    text: Sequence[str] = ()
    head: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()
    words: Sequence[int] = ()
    caption: str = ""
    first_is_all: bool = False
    image: str = ""
    alt: str = ""
    shows: str = ""
    files: str = ""


def page(found: Findings, figures: Mapping[str, bytes]) -> str:
    """The page as HTML.

    Parameters
    ----------
    figures : PNG by name, shown in the page itself
    """
    from importlib.resources import files

    from jinja2 import Environment, StrictUndefined

    template = files("casemgmt.evaluation").joinpath("page.html").read_text(encoding="utf-8")
    images = {name: base64.b64encode(data).decode("ascii") for name, data in figures.items()}
    sections = [_measures(found), *_cut(found, images), *_rules(found, images), *_calibration(found, images)]
    notes = list(notes_of(found))
    if not figures:
        notes.append("Plots were left out: they need matplotlib (casemgmt[plot]).")
    made = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True).from_string(template)
    shown: str = made.render(
        title=title_of(found),
        caution=caution_of(found),
        headline=headline(found),
        sections=[*sections, *_funnel(found, images), _set_aside(found)],
        notes=notes,
        made_by=(
            f"Made by casemgmt {__version__} from a register of {found.judged.register.as_of.isoformat()}. Counts are "
            "whole and by practice: this page stays where the patients' rows may be seen."
        ),
    )
    return shown


def title_of(found: Findings) -> str:
    """What the page is about."""
    scheme = "" if found.judged.scheme is None else f", at the cut of {found.judged.scheme.title}"
    ranked = ranked_by(found.judged.model)
    return f"{ranked[:1].upper()}{ranked[1:]}, judged by {found.outcome_name}{scheme}"


def caution_of(found: Findings) -> str:
    """What must be read first: made-up people, a model for demonstration."""
    said = ["The people are synthetic: nothing here is about real patients."] if found.judged.register.synthetic else []
    if found.judged.model is not None and is_demonstration(found.judged.model):
        said.append(f"The model is {DEMONSTRATION_ONLY}.")
    return " ".join(said)


def _measures(found: Findings) -> Section:
    rows = []
    for row in found.measures.to_pylist():
        three = {"value": row["value"], "value_low": row["low"], "value_high": row["high"]}
        rows.append(
            [_NAMES.get(row["measure"], row["measure"].replace("_", " ")), figure(three, "value", 3), row["meaning"]]
        )
    judged = found.judged
    text = (
        f"{plural(len(judged), 'person', 'people')} in {plural(len(judged.practices), 'practice')} are judged, of whom "
        f"{int(judged.outcome.sum()):,} had the outcome."
    )
    head = ("measure", "value (95% interval)", "what it means")
    return Section(title="All practices together", text=[text], head=head, rows=rows, words=(0, 2))


def _cells(row: Mapping[str, Any]) -> list[str]:
    return [
        *(f"{row[name]:,}" for name in ("people", "events", "inside", "events_inside")),
        figure(dict(row), "ppv", 0, 100),
        figure(dict(row), "sensitivity", 0, 100),
        figure(dict(row), "number_needed_to_manage", 1),
        NOWHERE if row["threshold"] is None else number(100 * row["threshold"], 0),
        figure(dict(row), "net_benefit", 1, 1000),
    ]


def _cut(found: Findings, images: Mapping[str, str]) -> list[Section]:
    if found.at_cut is None:
        return []
    rows = [[row["practice_id"], *_cells(row)] for row in found.at_cut.to_pylist()]
    return [
        Section(
            title="At the cut, by practice",
            head=("practice", *_AT_CUT),
            rows=rows,
            first_is_all=True,
            caption="95% intervals in brackets.",
            image=images.get("at_cut", ""),
            alt=words_of_figure(found, "at_cut"),
            shows="Of those inside the cut of each practice, the share who had the outcome, with its interval.",
            files="at_cut.csv",
        )
    ]


def _rules(found: Findings, images: Mapping[str, str]) -> list[Section]:
    if found.rules is None or found.rules.num_rows < 2:
        return []
    rows = []
    for row in found.rules.to_pylist():
        gained = figure(row, "ppv_gained", 0, 100)
        rows.append([row["words"], *_cells(row)[2:5], gained, figure(row, "auroc", 3), figure(row, "auroc_gained", 3)])
    head = ("ranking", *_AT_CUT[2:5], "more in 100 by the score", "AUROC", "more AUROC by the score")
    return [
        Section(
            title="Beside simple rules with the same places",
            head=head,
            rows=rows,
            words=(0,),
            first_is_all=True,
            caption="The last columns compare in the same bootstrap replicates: an interval above 0 is a real gain.",
            image=images.get("rules", ""),
            alt=words_of_figure(found, "rules"),
            shows="Of those inside by the score, and by each simple rule, the share who had the outcome.",
            files="rules.csv",
        )
    ]


def _calibration(found: Findings, images: Mapping[str, str]) -> list[Section]:
    if found.calibration is None:
        return [Section(title="Are the risks right?", text=[found.why_no_calibration() or ""])]
    rows = [
        [
            str(i + 1),
            f"{row['people']:,}",
            number(100 * row["risk"], 1),
            figure({**row, "observed_low": row["low"], "observed_high": row["high"]}, "observed", 1, 100),
        ]
        for i, row in enumerate(found.calibration.tenths.to_pylist())
    ]
    return [
        Section(
            title="Are the risks right?",
            head=("tenth by risk", "people", "mean risk, in 100", "had the outcome, in 100"),
            rows=rows,
            image=images.get("calibration", ""),
            alt=words_of_figure(found, "calibration"),
            shows="The share who had the outcome against the risk stated: on the dotted line the risks are right.",
            files="calibration_curve.csv and calibration_tenths.csv",
        )
    ]


def _funnel(found: Findings, images: Mapping[str, str]) -> list[Section]:
    if found.funnel is None:
        return []
    positions = [each for each in found.funnel.column("position").to_pylist() if each is not None]
    outside, far = (sum(word in each for each in positions) for word in ("%", "99.8%"))
    text = (
        f"{outside} of {plural(len(positions), 'practice')} lie outside the 95% limits, {far} of them outside those of "
        "99.8%; by chance about 1 in 20 and 1 in 500 would. A practice outside differs in coding, in its patients, or "
        "in what happens to them: it is a question to ask, and no verdict."
    )
    return [
        Section(
            title="Outcomes that happened for each one expected, by practice",
            text=[text],
            image=images.get("funnel", ""),
            alt=words_of_figure(found, "funnel"),
            shows="Each practice within the limits that chance alone would keep (exact, Poisson; Spiegelhalter 2005).",
            files="funnel.csv",
        )
    ]


def _set_aside(found: Findings) -> Section:
    rows = [[why, f"{count:,}"] for why, count in found.judged.set_aside.items()]
    return Section(title="Who is not judged", head=("why", "people"), rows=rows, words=(0,))


def summary_html(found: Findings) -> str:
    """The evaluation as a few lines and small tables for notebooks: counts and figures, no patient."""
    said = " ".join(headline(found))
    measures = "".join(
        f"<tr><th style='text-align:left'>{escape(cells[0])}</th><td>{escape(cells[1])}</td></tr>"
        for cells in _measures(found).rows
    )
    caution = f"<p><b>{escape(caution_of(found))}</b></p>" if caution_of(found) else ""
    parts = [f"<p><b>{escape(title_of(found))}</b></p>{caution}<p>{escape(said)}</p><table>{measures}</table>"]
    for section in _rules(found, {}):
        head = "".join(f"<th>{escape(cell)}</th>" for cell in section.head)
        body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in section.rows)
        parts.append(f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>")
    return "".join([*parts, f"<p>{escape(' '.join(notes_of(found)))}</p>"])
