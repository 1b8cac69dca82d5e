"""``casemgmt caseload propose``, ``decide`` and ``record``: what is written down."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from casemgmt.cli.caseload.places import StoreArgument, in_their_places, opened
from casemgmt.cli.caseload.telling import show_counts
from casemgmt.cli.files import check_writable, write_table
from casemgmt.cli.options import KeyOption, ScoreOverwriteOption
from casemgmt.cli.show import give, say, table, working
from casemgmt.errors import plural

if TYPE_CHECKING:
    from casemgmt.caseload.caseload import Caseload

_MOST_NAMED = 20


def propose(
    store: StoreArgument = None,
    folder: Annotated[
        str | None,
        typer.Argument(metavar="DIR", help="A selection that `casemgmt select` published.", show_default=False),
    ] = None,
    by: Annotated[str | None, typer.Option(metavar="WHO", help="Who proposes it.")] = None,
) -> None:
    """Write down what a published selection proposes. Nobody joins or leaves until a person decides."""
    from casemgmt.results.published import load_selection

    where, named = in_their_places(store, folder, named=("STORE", "DIR"))
    with working("Checking every file"):
        selection = load_selection(named)
    with opened(where) as caseload, working("Proposing"):
        found = caseload.propose(selection, by=by)
    counts = found.counts()
    give(as_of=selection.facts["as_of"])
    say(f"List of {selection.facts['as_of']}, proposed to {plural(counts.num_rows, 'practice')}")
    say()
    known = counts.column("known_before").to_pylist()
    show_counts(counts.drop_columns(["known_before"]))
    give(practices=counts.to_pylist())
    say()
    if any(known):
        say(f"{plural(sum(known), 'list')} had been proposed before: nothing more was written down of them.")
    say("Nobody joins or leaves the caseload until a person decides, and `casemgmt caseload decide` says so.")


def decide(
    store: StoreArgument = None,
    decisions: Annotated[
        str | None,
        typer.Argument(
            metavar="FILE",
            help="Decisions, one a row: practice_id, patient_id, decision, date, by, …",
            show_default=False,
        ),
    ] = None,
    returns: Annotated[
        list[Path] | None,
        typer.Option(metavar="PATH", help="Or what practices sent back: workbooks, pages' files, folders. Repeatable."),
    ] = None,
    selection: Annotated[
        Path | None, typer.Option(metavar="DIR", help="With --returns: the selection that was sent out.")
    ] = None,
    explained: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write which rows were not taken, and why: .csv or .parquet.")
    ] = None,
    key: KeyOption = None,
    overwrite: ScoreOverwriteOption = False,
) -> None:
    """Write down what people decided: every row becomes an event, or is explained."""
    if bool(returns) != (selection is not None) or (returns and decisions is not None):
        raise typer.BadParameter("give a file of decisions, or --returns with the --selection that they answer.")
    check_writable(explained, overwrite=overwrite)
    if returns and selection is not None:
        (where,) = in_their_places(store)
        with opened(where) as caseload:
            _apply(caseload, returns, selection, key, explained, overwrite=overwrite)
        return
    where, named = in_their_places(store, decisions, named=("STORE", "FILE"))
    with opened(where) as caseload, working("Deciding"):
        found = caseload.decide(Path(named))
    _say_decided(found, explained, overwrite=overwrite)


def _apply(
    caseload: Caseload,
    files: list[Path],
    selection: Path,
    key: Path | None,
    explained: Path | None,
    *,
    overwrite: bool,
) -> None:
    from casemgmt.cli.returning import show_returns
    from casemgmt.results.published import load_selection
    from casemgmt.returns.returns import read_returns

    with working("Reading what came back"):
        answers = read_returns(files, load_selection(selection), key=key)
    with working("Deciding"):
        found = caseload.apply(answers)
    show_returns(answers)
    say()
    _say_decided(found, explained, overwrite=overwrite)


def _say_decided(found: Any, explained: Path | None, *, overwrite: bool) -> None:
    """Print counts: events by kind, and what was not taken by problem; no patient."""
    events, problems = found.events(), found.explained
    kinds = Counter(events.column("kind").to_pylist())
    give(recorded=events.num_rows, explained=problems.num_rows)
    give(
        problems=[
            {"problem": why, "rows": rows} for why, rows in Counter(problems.column("problem").to_pylist()).items()
        ]
    )
    if kinds:
        table(
            "events",
            ("event", "written down"),
            [(kind.replace("_", " "), count) for kind, count in sorted(kinds.items())],
        )
    say(f"{plural(events.num_rows, 'event')} written down, {plural(problems.num_rows, 'row')} explained.")
    for problem, count in Counter(problems.column("problem").to_pylist()).most_common(_MOST_NAMED):
        say(f"{plural(count, 'row')}: {problem}.")
    if explained is not None:
        write_table(problems, explained, overwrite=overwrite)
        say(f"Written: {explained} ({plural(problems.num_rows, 'row')}).")


def record(
    store: StoreArgument = None,
    events: Annotated[
        str | None,
        typer.Argument(
            metavar="FILE", help="Events, one a row: practice_id, kind, happened_on, patient_id, …", show_default=False
        ),
    ] = None,
) -> None:
    """Write down events of any kind from a file: all of them, or none where one cannot be."""
    where, named = in_their_places(store, events, named=("STORE", "FILE"))
    with opened(where) as caseload, working("Recording"):
        found = caseload.record(Path(named))
    kinds = Counter(found.column("kind").to_pylist())
    give(recorded=found.num_rows)
    table(
        "events", ("event", "written down"), [(kind.replace("_", " "), count) for kind, count in sorted(kinds.items())]
    )
    say(f"{plural(found.num_rows, 'event')} written down.")
