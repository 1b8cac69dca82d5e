"""``casemgmt score``, ``select``, ``explain`` and ``verify``: the main job, step by step."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from casemgmt.arrow import text_scalar
from casemgmt.cli.facts import register_facts, selection_facts
from casemgmt.cli.files import check_writable, note_who_may_read, write_table
from casemgmt.cli.options import (
    DEMONSTRATION,
    AllowMissing,
    ContactOption,
    Demonstration,
    EndedOption,
    GivenRiskOption,
    Held,
    IncludeOption,
    KeyOption,
    ListSizesOption,
    ListSizeWithin,
    MemoryOption,
    ModelOption,
    NamedModel,
    NominationsOption,
    OutOption,
    OverCap,
    OverCapOption,
    OverwriteOption,
    PackOutOption,
    PagesOption,
    PreviousOption,
    PublishedBeforeOption,
    ReferenceOption,
    RemovalsOption,
    ReplyByOption,
    SameExtractOption,
    ScanOption,
    SchemeOption,
    ScoreOption,
    ScoreOutOption,
    ScoreOverwriteOption,
    ThreadsOption,
    WorkbooksOption,
)
from casemgmt.cli.reading import Reading, read_list_sizes, takes_register
from casemgmt.cli.show import give, progress, say, table, wants, working, wrote
from casemgmt.errors import plural
from casemgmt.register.facts import account_facts, account_lines
from casemgmt.selection.facts import fact_lines

if TYPE_CHECKING:
    from casemgmt.caseload.caseload import Caseload
    from casemgmt.results.published import PublishedSelection
    from casemgmt.results.selection import Selection
    from casemgmt.risk.model import Model


@takes_register
def score(
    reading: Reading,
    model: NamedModel,
    out: ScoreOutOption,
    overwrite: ScoreOverwriteOption = False,
    demonstration: Demonstration = False,
) -> None:
    """Score every row of a register by a model."""
    from casemgmt.risk.files import load_model
    from casemgmt.risk.score_table import score_table

    ranking = load_model(model)
    with working("Reading and scoring the register"):
        register = reading.register()
        scores = score_table(register, ranking, demonstration=demonstration)
    write_table(scores, out, overwrite=overwrite)
    unscored = scores.column("score").null_count
    give(rows=scores.num_rows, unscored=unscored, model=ranking.name, version=ranking.version)
    say(
        f"{plural(scores.num_rows, 'row')}: {scores.num_rows - unscored:,} scored by {ranking.name} {ranking.version}, "
        f"{unscored:,} without a score (quarantined, objected, or a needed value missing)."
    )
    show_account(register)
    _say_demonstration(ranking)
    say(f"Written: {out}.")


def _say_demonstration(model: Model) -> None:
    from casemgmt.risk.demonstration import is_demonstration

    give(demonstration=is_demonstration(model))
    if is_demonstration(model):
        say(DEMONSTRATION)


@takes_register
def select(
    reading: Reading,
    scheme: SchemeOption,
    out: OutOption,
    model: ModelOption = None,
    score: ScoreOption = None,
    risk: GivenRiskOption = None,
    over_cap: OverCapOption = OverCap.error,
    list_sizes: ListSizesOption = None,
    previous: PreviousOption = None,
    same_extract: SameExtractOption = False,
    removals: RemovalsOption = None,
    ended: EndedOption = None,
    nominations: NominationsOption = None,
    reference: ReferenceOption = Held.base,
    include: IncludeOption = None,
    allow_missing_practice: AllowMissing = None,
    list_size_within: ListSizeWithin = "10%",
    overwrite: OverwriteOption = False,
    published_before: PublishedBeforeOption = None,
    workbooks: WorkbooksOption = False,
    pages: PagesOption = False,
    key: KeyOption = None,
    reply_by: ReplyByOption = None,
    contact: ContactOption = None,
    threads: ThreadsOption = None,
    memory: MemoryOption = None,
    scan: ScanOption = None,
    demonstration: Demonstration = False,
) -> None:
    """Select patients by a scheme and publish the lists."""
    from casemgmt.register.freshness import refuse_used_before
    from casemgmt.results.published import PublishedSelection
    from casemgmt.results.selecting import select as choose
    from casemgmt.risk.files import load_model
    from casemgmt.scheme.files import load_scheme

    rules = load_scheme(scheme)
    need_one_ranking(model, score, unless=not rules.ranks and model is None)
    ranking = None if model is None else load_model(model)
    sizes = None if list_sizes is None else read_list_sizes(list_sizes)
    check_writable(removals, overwrite=overwrite)
    needs_all = any(each is not None for each in (previous, ended, nominations)) or workbooks or pages
    scan = _is_scanned(reading, scan, memory, needs_all=needs_all or reference is not Held.base)
    asked: dict[str, Any] = {"score": score, "risk": risk, "ended": ended, "nominations": nominations}
    asked |= {"over_cap": over_cap.value, "reference": reference.value, "threads": threads}
    asked |= {"allow_missing_practices": allow_missing_practice or False, "allow_demonstration": demonstration}
    asked["list_size_within"] = within_of(list_size_within)
    with earlier_of(previous) as earlier, progress("Reading and selecting", "rows") as moved:
        register: Any = reading.scanned(moved, memory) if scan else reading.register()
        if isinstance(earlier, PublishedSelection) and not same_extract:
            refuse_used_before(register.parts, register.as_of, earlier.facts)
        selection = choose(register, rules, model=ranking, list_sizes=sizes, previous=earlier, **asked)
    for_practices = {"workbooks": workbooks, "pages": pages, "key": key, "reply_by": reply_by, "contact": contact}
    publish(selection, out, include or (), published_before or (), removals, overwrite=overwrite, **for_practices)
    _say_selected(selection, out, removals, counted=previous is not None or removals is not None)


def _is_scanned(reading: Reading, scan: bool | None, memory: str | None, *, needs_all: bool) -> bool:
    """Whether a register is read a part at a time: as was said, else where it is large and nothing needs all of it."""
    if memory is not None and scan is False:
        raise typer.BadParameter("a register that is held whole has no budget.", param_hint="--memory")
    if memory is not None or scan is not None:
        return memory is not None or bool(scan)
    return not needs_all and reading.is_large()


def _say_selected(selection: Selection, out: Path, removals: Path | None, *, counted: bool) -> None:
    show_selection(selection)
    show_removals(selection, removals, counted=counted)
    say(f"Saved in {out}. It is a proposal: a named clinician of each practice accepts or changes it.")


def publish(
    selection: Selection,
    out: Path,
    include: Iterable[str],
    published_before: Iterable[Path],
    removals: Path | None,
    *,
    overwrite: bool,
    **for_practices: Any,
) -> None:
    """Write the lists, what practices are shown of them, and whom the caseload would lose where that is asked for."""
    with working("Publishing"):
        selection.save(out, include=include, overwrite=overwrite, published_before=published_before, **for_practices)
        wrote(out)
        note_who_may_read("folder")
        if removals is not None:
            write_table(selection.removals(), removals, overwrite=overwrite)


@takes_register
def pack(
    reading: Reading,
    out: PackOutOption,
    overwrite: ScoreOverwriteOption = False,
    memory: MemoryOption = None,
) -> None:
    """Check and pack a register once, so that every later selection reads it in a fraction of the time."""
    check_writable(out, overwrite=overwrite)
    if out.suffix.lower() != ".parquet":
        raise typer.BadParameter(f"{out.name}: a packed register is a .parquet file.")
    with progress("Reading and packing", "rows") as moved:
        register = reading.scanned(moved, memory)
        register.save_packed(out)
        wrote(out)
    note_who_may_read()
    if wants("register"):
        give(register=register_facts(register))
    say(f"{register}".strip("<>"))
    show_account(register)
    if register.quarantine.num_rows or register.corrections.num_rows:
        say("`casemgmt check` says where each stands and why. The account is in the packed file.")
    say(f"Packed in {out}. Ages and list sizes are those of {register.as_of}: pack again for another list date.")


@contextmanager
def earlier_of(previous: str | None) -> Iterator[PublishedSelection | Caseload | None]:
    """What --previous names: a folder is a published selection, a file or an address a caseload."""
    from casemgmt.caseload.opening import open_caseload
    from casemgmt.results.published import load_selection

    if previous is not None and ("://" in previous or Path(previous).is_file()):
        with open_caseload(previous) as caseload:
            yield caseload
    else:
        yield None if previous is None else load_selection(previous)


def within_of(said: str) -> str | None:
    """``list_size_within`` as the command line writes it."""
    return None if said == "any" else said


def need_one_ranking(model: str | None, score: str | None, *, unless: bool = False) -> None:
    """Refuse a command that says nothing, or two things, about what ranks the patients, unless nobody is ranked."""
    if not unless and (model is None) == (score is None):
        raise typer.BadParameter(
            "say what ranks the patients, with one of the two; there is no default model.",
            param_hint="--model / --score",
        )


def show_account(register: Any) -> None:
    """Print what was quarantined and corrected, by field, and who is barred."""
    for line in account_lines(account_facts(register)):
        say(line)


def show_removals(selection: Selection, written: Path | None, *, counted: bool) -> None:
    """Print how many of the caseload are not selected again; where they are counted, by what is proposed and why."""
    found = selection.removals()
    give(removals=found.num_rows)
    if not (counted or found.num_rows):
        return
    remedy = "" if written or not found.num_rows else ": --removals FILE.csv says who and why"
    say(f"{plural(found.num_rows, 'patient')} on the caseload and not selected again{remedy}")
    if counted:
        kinds = Counter(zip(*(found.column(name).to_pylist() for name in ("proposal", "reason")), strict=True))
        for (proposal, reason), count in sorted(kinds.items()):
            say(f"  {proposal} ({reason}): {count:,}")
    if found.num_rows:
        how = "`casemgmt caseload decide`" if "caseload" in selection.facts else "--ended"
        say(f"Nobody leaves the caseload until a clinician ends it, and {how} says so.")
    if written is not None:
        say(f"Written: {written} ({plural(found.num_rows, 'row')}, all practices).")


def show_selection(selection: Selection) -> None:
    """Print what was selected, by route, over all practices: whole counts, for those who may see them."""
    import pyarrow.compute as pc

    facts, summary = selection.facts, selection.summary()
    say(selection.scheme.title)
    say(f"List of {facts['as_of']}, ranked by {facts['ranked_by']}")
    if facts["synthetic"]:
        say("The people are synthetic.")
    if facts["demonstration"]:
        say(DEMONSTRATION)
    if facts["absent_columns"]:
        say(f"Not in the register, and the scheme would use them: {', '.join(facts['absent_columns'])}")
    rows = []
    for route in selection.scheme.routes:
        own = summary.filter(pc.equal(summary.column("route"), text_scalar(route.name)))
        counts = (pc.sum(own.column(name)).as_py() for name in ("places", "met", "used", "unused", "due"))
        rows.append((route.name, *counts))
    say()
    table("routes", ("route", "places", "met", "places used", "unused", "reviews due"), rows)
    say()
    managed = pc.sum(selection.to_arrow().column("case_managed")).as_py() or 0
    give(**selection_facts(selection), case_managed=managed, listed=selection.to_arrow().num_rows)
    give(unscored=selection.unscored().num_rows, waiting=selection.queue().num_rows)
    say(
        f"{plural(managed, 'patient')} case managed, {plural(selection.to_arrow().num_rows, 'patient')} listed in all, "
        f"{plural(facts['practices'], 'practice')}"
    )
    for count, words in (
        (selection.unscored().num_rows, "on the list without a score, never ranked"),
        (selection.queue().num_rows, "nominated over the cap, who wait"),
    ):
        if count:
            say(f"{plural(count, 'patient')} {words}")
    for line in fact_lines(facts):
        say(line)
    if facts["rows"]["quarantined"] or facts["rows"]["corrections"]:
        say("`casemgmt check` says where each stands and why.")
    uncertain = pc.unique(summary.filter(summary.column("places_may_change")).column("practice_id"))
    if len(uncertain):
        say(f"Quarantined rows could change the number of places in {plural(len(uncertain), 'practice')}.")


@takes_register
def explain(
    reading: Reading,
    patient_id: Annotated[str, typer.Argument(metavar="PATIENT_ID", help="As it stands in the register.")],
    model: NamedModel,
    demonstration: Demonstration = False,
) -> None:
    """Show what each input of a model adds to one patient's score."""
    from casemgmt.risk.files import load_model
    from casemgmt.risk.moved import why_no_risk

    ranking = load_model(model)
    with working("Reading the register"):
        register = reading.register()
    found = ranking.explain(register, patient_id, allow_demonstration=demonstration)
    say(ranking.title)
    give(model=ranking.name, version=ranking.version)
    _say_demonstration(ranking)
    _show_contributions(found, ranking, why_no_risk(ranking, register.counts.accepted))


def _show_contributions(found: Any, model: Model, no_risk: str | None) -> None:
    from casemgmt.risk.inputs import decimal_text

    rows = found.to_pylist()
    give(inputs=[{name: row[name] for name in ("input", "label", "words", "contribution")} for row in rows])
    table(
        "",
        ("input", "in the register", "adds"),
        [
            (row["label"], row["words"], "no score" if row["millionths"] is None else decimal_text(row["millionths"]))
            for row in rows
        ],
    )
    say()
    lacking = [row["label"] for row in rows if row["millionths"] is None]
    if lacking:
        say(f"No score: it needs a usable value of {', '.join(lacking)}.")
        return
    total = sum(row["millionths"] for row in rows)
    points = model.points(total)
    give(score=points)
    say(f"Score: {decimal_text(total)}" + (f" / {model.divide_by:,} = {points}" if model.divide_by != 1 else ""))
    if model.link == "points":
        say("The score orders patients. It is not a probability.")
        return
    if no_risk is not None:
        say(f"No risk is shown. {no_risk}")
        return
    import numpy as np

    from casemgmt.risk.link import risk

    chance = float(risk(model, np.array([points]))[0])
    give(risk=chance, horizon_days=model.horizon_days)
    say(
        f"Risk within {plural(model.horizon_days or 0, 'day')}: {chance:.1%}, {round(chance * 100)} in 100 "
        f"({model.outcome})"
    )


def verify(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder that `casemgmt select` made.")],
) -> None:
    """Check the files of a published selection."""
    from casemgmt.outputs.published import verify as check_files

    with working("Checking every file"):
        report = check_files(folder)
    give(scheme=report.scheme, as_of=report.facts["as_of"], counts=report.counts, files=report.files)
    give(documents=list(report.documents), foreign=list(report.foreign), manifest_sha256=report.manifest_sha256)
    say(str(report))
