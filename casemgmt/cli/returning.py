"""``casemgmt returns``: what practices sent back, accepted or explained, as files for the next selection."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from casemgmt.cli.files import check_writable, write_table
from casemgmt.cli.options import KeyOption, ScoreOverwriteOption
from casemgmt.cli.show import give, say, table, working
from casemgmt.errors import plural

if TYPE_CHECKING:
    from casemgmt.returns.returns import Returns

_MOST_NAMED = 20


def returns(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The selection that was sent out: a published folder.")],
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="What came back: .xlsx, .json, or folders.")],
    accepted: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the accepted answers here.")] = None,
    explained: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write here which rows were not accepted, and why.")
    ] = None,
    nominations: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the nominations here, for select --nominations.")
    ] = None,
    ended: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write here whose case management ends, for select --ended.")
    ] = None,
    overflow: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the nominations that practices must put in order here.")
    ] = None,
    key: KeyOption = None,
    overwrite: ScoreOverwriteOption = False,
) -> None:
    """Read what practices sent back: every row is accepted or explained."""
    from casemgmt.results.published import load_selection
    from casemgmt.returns.returns import read_returns

    wanted = (accepted, explained, nominations, ended, overflow)
    for path in wanted:
        check_writable(path, overwrite=overwrite)
    named = [path.resolve() for path in wanted if path is not None]
    if len(set(named)) < len(named):
        raise typer.BadParameter("two of the files to write are the same: give each its own name.")
    with working("Reading what came back"):
        selection = load_selection(folder)
        found = read_returns(files, selection, key=key)
    show_returns(found)
    tables = (found.accepted, found.explained, found.nominations(), found.ended(), found.overflow())
    for path, each in zip(wanted, tables, strict=True):
        if path is not None:
            write_table(each, path, overwrite=overwrite)
            say(f"Written: {path} ({plural(each.num_rows, 'row')}).")


def show_returns(found: Returns) -> None:
    """Print how many rows of each practice were accepted, and what was wrong with the others; no patient."""
    counts = found.counts().to_pylist()
    back = [row for row in counts if row["accepted"] or row["explained"] or row["unanswered"]]
    table(
        "practices",
        ("practice", "accepted", "explained", "unanswered"),
        [(row["practice_id"], row["accepted"], row["explained"], row["unanswered"]) for row in back],
    )
    say()
    say(f"{plural(len(back), 'practice')} of {len(counts):,} answered.")
    give(practices_asked=len(counts))
    whole = [row for row in found.explained.to_pylist() if row["row"] is None]
    give(unread=[{name: row[name] for name in ("file", "sheet", "problem")} for row in whole])
    for row in whole[:_MOST_NAMED]:
        sheet = f", sheet {row['sheet']}" if row["sheet"] else ""
        say(f"{row['file']}{sheet}: {row['problem']}.")
    if len(whole) > _MOST_NAMED:
        say(f"and {len(whole) - _MOST_NAMED:,} more files or sheets.")
    kinds = Counter(row["problem"] for row in found.explained.to_pylist() if row["row"] is not None)
    give(problems=[{"problem": problem, "rows": count} for problem, count in kinds.most_common()])
    for problem, count in kinds.most_common(_MOST_NAMED):
        say(f"{plural(count, 'row')}: {problem}.")
    too_many = set(found.overflow().column("practice_id").to_pylist())
    give(over_the_cap=sorted(too_many))
    if too_many:
        say(f"{plural(len(too_many), 'practice')} accepted more than there are places: --overflow FILE.csv says whom.")
