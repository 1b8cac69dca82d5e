"""A commissioner's report: the figures, in the order of the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from casemgmt.errors import unknown_name
from casemgmt.outputs.csv_text import to_csv
from casemgmt.outputs.disclosure.commissioner import commissioner_table
from casemgmt.outputs.disclosure.earlier import Earlier, as_published, as_said, earlier_publications
from casemgmt.outputs.disclosure.equity import groupings_that_may_leave
from casemgmt.outputs.disclosure.homes import homes_that_may_leave
from casemgmt.outputs.disclosure.reviews import with_reviews
from casemgmt.outputs.disclosure.worlds import Publication
from casemgmt.outputs.manifest import sha256
from casemgmt.outputs.practice.heads import SHOWN, digest_of, heads_in
from casemgmt.outputs.report.change import Last, change_figure, values_of
from casemgmt.outputs.report.counted import Counted
from casemgmt.outputs.report.figures import (
    Figure,
    equity_figure,
    home_figure,
    money_figure,
    plan_figure,
    practice_figure,
    review_figure,
)
from casemgmt.outputs.report.period import Period, figures_of_period, said_of
from casemgmt.outputs.report.periods_told import PERIOD, periods_in, periods_told
from casemgmt.outputs.report.tariff import PaymentTariff
from casemgmt.risk.demonstration import DEMONSTRATION_ONLY

if TYPE_CHECKING:
    from casemgmt.scheme.routes import Scheme
    from casemgmt.selection.lists import Lists

_TOLD_BEFORE = "another report of the same people tells the groups already, and two could tell of single people"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a report is made from, so that it can be made again beside what lies in another place.

    Attributes
    ----------
    lists, counted : the selection, and its whole counts
    tariff, last : what is paid, and the report before; None where not given
    period : whole counts of a period on the caseload; None without a caseload
    outcomes : figures of outcomes, already in the form that may leave
    published_before : folders that a reader can hold beside this report
    published_at : where the selection itself was published
    """

    lists: Lists
    counted: Counted
    tariff: PaymentTariff | None
    last: Last | None
    published_before: tuple[Path, ...]
    published_at: Path | None
    period: Period | None = None
    outcomes: tuple[Figure, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """The figures of a report, and what a later publication must know of them.

    Attributes
    ----------
    facts, figures : what stands on every part, and the parts
    said : what of them is kept
    replaced, periods_replaced : what reports said that stood in the folder before: of the same people, and of periods
    """

    facts: Mapping[str, Any]
    figures: tuple[Figure, ...]
    said: Mapping[str, Any]
    replaced: tuple[Mapping[str, Any], ...] = ()
    periods_replaced: tuple[Mapping[str, Any], ...] = ()

    def figure(self, name: str) -> Figure:
        """A figure by name.

        Raises
        ------
        InputError : there is none of that name
        """
        for figure in self.figures:
            if figure.name == name:
                return figure
        raise unknown_name("figure", name, [figure.name for figure in self.figures])


def make(asked: Asked, target: Path | None = None) -> Made:
    """Work the figures out.

    Parameters
    ----------
    target : the folder that it goes to, beside which others may lie
    """
    lists = asked.lists
    earlier = _earlier(asked, target)
    facts = facts_of(lists, asked.tariff, asked.last) | _facts_of_period(asked.period)
    waiting = lists.queue().num_rows > 0
    before = earlier.publications
    figures, said = figures_of(asked, lists.scheme, facts, waiting=waiting, before=before)
    if asked.period is not None:
        named = (*asked.published_before, *([asked.last.folder] if asked.last else ()))
        told = said_of(asked.period, periods_told(target, named))
        figures, said = (*figures, *figures_of_period(asked.period, told)), {**said, PERIOD: told}
    figures = (*figures, *asked.outcomes)
    stood = [] if target is None else periods_in(target)
    return Made(
        facts=facts,
        figures=figures,
        said=said,
        replaced=tuple(each for each in earlier.replaced if each != said),
        periods_replaced=tuple(each for each in stood if each != said.get(PERIOD)),
    )


def figures_of(
    asked: Asked, scheme: Scheme, facts: Mapping[str, Any], *, waiting: bool, before: Sequence[Publication]
) -> tuple[tuple[Figure, ...], dict[str, Any]]:
    """The figures in order, and what is kept of them for later publications."""
    counted, ranked_by = asked.counted, facts["ranked_by"]
    plain = commissioner_table(counted.summary, scheme, ranked_by=ranked_by, waiting=waiting, before=before)
    table = with_reviews(plain, counted.summary, scheme, ranked_by=ranked_by, waiting=waiting, before=before)
    publication = as_published(scheme, ranked_by, waiting, table)
    groups = groupings_that_may_leave(counted.groups, publication, counted.summary, before, counted.values)
    equity = equity_figure(groups)
    said = as_said(scheme, ranked_by, waiting, table)
    if any(column for column, each in counted.groups.items() if not isinstance(each, str)):
        sum_of_equity = sha256(figure_csv(equity, facts))
        if any(each.equity not in ("", sum_of_equity) for each in before):
            equity = equity_figure(dict.fromkeys(counted.groups, _TOLD_BEFORE))
        else:
            said["equity"] = sum_of_equity
    homes = counted.homes
    home = home_figure(homes if isinstance(homes, str) else homes_that_may_leave(homes, publication))
    places, reviews = practice_figure(table, scheme), review_figure(table, scheme)
    now = values_of(places.rows, reviews.rows, home.rows)
    figures = (
        places,
        reviews,
        plan_figure(table, scheme),
        money_figure(table, asked.tariff, scheme),
        home,
        equity,
        change_figure(now, asked.last, scheme.id),
    )
    return figures, said


def facts_of(lists: Lists, tariff: PaymentTariff | None, last: Last | None) -> dict[str, Any]:
    """What stands on every part of a report; no count of people, and no name of a file."""
    facts = lists.facts
    said = {name: facts[name] for name in ("as_of", "extracted_on", "ranked_by", "list_sizes", "synthetic")}
    return {
        **said,
        "demonstration": facts["demonstration"],
        "scheme": lists.scheme.id,
        "scheme_title": lists.scheme.title,
        "practices": len(lists.practices),
        "tariff": tariff.id if tariff else None,
        "previous_as_of": last.as_of if last else None,
        **({"caseload_digest": digest} if (digest := digest_of(heads_in(facts))) else {}),
    }


def _facts_of_period(period: Period | None) -> dict[str, Any]:
    """The days, the moment up to which events were taken, and the last event of each practice then.

    Of its hash as many digits as the page shows: whoever holds the whole hash of one report can try every event that
    leads from it to the next report's, and so find the counts in it.
    """
    if period is None:
        return {}
    days = {"start": period.start.isoformat(), "end": period.end.isoformat(), "known_at": period.known_at}
    return {"period": {**days, "heads": {code: digest[:SHOWN] for code, digest in period.heads.items()}}}


def of_caseload(facts: Mapping[str, Any]) -> str:
    """What a report says of the caseload that its lists were made from; empty where there was none."""
    digest = facts.get("caseload_digest", "")
    return f"Made from a caseload; SHA-256 of the ends of its chains: {digest[:SHOWN]}." if digest else ""


def cautions(facts: Mapping[str, Any]) -> list[str]:
    """What a reader must know first."""
    found = []
    if facts["synthetic"]:
        found.append("The people are synthetic: nothing here is about anyone.")
    if facts["demonstration"]:
        found.append(
            f"The model is for {DEMONSTRATION_ONLY.removesuffix(' only')} only: do not use its lists for care."
        )
    return found


def figure_csv(figure: Figure, facts: Mapping[str, Any]) -> bytes:
    """A figure's data, with date, scheme and what ranked on each line."""
    import pyarrow as pa

    table = figure.to_arrow()
    head = {"as_of": facts["as_of"], "scheme": facts["scheme"], "ranked_by": facts["ranked_by"]}
    head["caution"] = " ".join(cautions(facts))
    columns = [pa.repeat(pa.scalar(value, pa.string()), table.num_rows) for value in head.values()]
    return to_csv(pa.table([*columns, *table.columns], names=[*head, *table.column_names]))


def _earlier(asked: Asked, target: Path | None) -> Earlier:
    """What a reader can hold beside the report: where it goes, where the selection lies, and as named."""
    named = list(asked.published_before)
    found = [earlier_publications(asked.lists, place, named) for place in (target, asked.published_at) if place]
    found = found or [earlier_publications(asked.lists, None, named)]
    publications: list[Publication] = []
    for each in found:
        publications += [one for one in each.publications if one not in publications]
    return Earlier(publications=tuple(publications), replaced=found[0].replaced if target else ())
