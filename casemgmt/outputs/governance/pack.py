"""What stands in the governance pack of a run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from casemgmt.disk import Bytes
from casemgmt.errors import plural
from casemgmt.outputs.csv_text import to_csv
from casemgmt.outputs.folders import Kind, save_folder
from casemgmt.outputs.governance.confirmations import Confirmation, rows_of_confirmations
from casemgmt.outputs.governance.data_used import columns_and_reasons
from casemgmt.outputs.governance.hazards import hazard_text, hazards
from casemgmt.outputs.governance.pages import Block, Page, from_markdown, render, say, table, warn
from casemgmt.outputs.manifest import sha256
from casemgmt.outputs.purpose import PURPOSE
from casemgmt.register.facts import account_lines
from casemgmt.risk.card.page import model_card
from casemgmt.risk.demonstration import DEMONSTRATION_ONLY
from casemgmt.scheme.routes import Nominated, TopShare

if TYPE_CHECKING:
    from casemgmt.register.register import Register
    from casemgmt.risk.model import Model
    from casemgmt.selection.lists import Lists

CARD, SCHEME, HAZARDS, CONFIRMED = "model-card.md", "scheme.toml", "hazards.toml", "confirmations.csv"
PAGES = ("index", "data", "opt-outs", "model", "scheme", "hazards", "confirmations")
_FILES = frozenset((CARD, SCHEME, HAZARDS, CONFIRMED, *(f"{name}.html" for name in PAGES)))
_CONFIRMED_HEADINGS = ("what", "that", "who", "role", "on", "saw", "note")

KIND = Kind(called="governance pack", format="casemgmt governance pack", folders=(), may_hold=_FILES.__contains__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What a pack is of.

    Attributes
    ----------
    lists : the selection
    register : that it was made from; None where it was read back from files
    model : that ranked; None where scores were given, or it is not at hand
    confirmations : what people confirmed
    manifest : the checksum of the publication's manifest; empty where it was not published
    """

    lists: Lists
    register: Register | None
    model: Model | None
    confirmations: Sequence[Confirmation]
    manifest: str


def save_pack(run: Run, folder: Path, *, overwrite: bool) -> Path:
    """Write the pack to a new folder, whole or not at all."""
    import pyarrow as pa

    lists = run.lists
    facts = lists.facts
    pages = [_front(run), _data(run), _opt_outs(run), _model(run), _scheme(run), _hazards(), _confirmed(run)]
    head = f"{lists.scheme.title}. List of {facts['as_of']}, ranked by {facts['ranked_by']}."
    files: dict[str, Bytes] = {page.file: render(page, pages, head).encode() for page in pages}
    rows = _confirmation_rows(run)
    columns = [pa.array([row[i] for row in rows], pa.string()) for i in range(len(_CONFIRMED_HEADINGS))]
    files |= {
        SCHEME: lists.scheme.text.encode(),
        HAZARDS: hazard_text().encode(),
        CONFIRMED: to_csv(pa.table(columns, names=list(_CONFIRMED_HEADINGS))),
        CARD: f"> {PURPOSE}\n\n{_card(run)}".encode(),
    }
    said = {
        "facts": {name: facts[name] for name in ("as_of", "extracted_on", "ranked_by", "scheme")},
        "of_manifest": run.manifest,
    }
    return save_folder(KIND, files, said, folder, overwrite=overwrite)


def _front(run: Run) -> Page:
    facts = run.lists.facts
    blocks: list[Block] = []
    if facts["synthetic"]:
        blocks.append(warn("The people are synthetic: nothing here is about anyone."))
    if facts["demonstration"]:
        blocks.append(warn(f"The model is {DEMONSTRATION_ONLY}: its lists are not for care."))
    blocks += [
        warn("This pack holds whole counts of the run. It stays with those who are responsible for the data."),
        table(
            "The run",
            ("Of the run", "What"),
            [
                ("Scheme", f"{run.lists.scheme.title} ({run.lists.scheme.id})"),
                ("List date", facts["as_of"]),
                ("Data drawn on", facts["extracted_on"]),
                ("Practices", f"{facts['practices']:,}"),
                ("Ranked by", facts["ranked_by"]),
                ("List sizes", facts["list_sizes"]),
                ("Manifest (SHA-256)", run.manifest or "the selection was not published when this was written"),
            ],
        ),
        say(
            "The output is a proposal. A named clinician of each practice accepts it or changes it: nothing is decided."
        ),
    ]
    return Page(file="index.html", title="Governance pack", blocks=blocks)


def _data(run: Run) -> Page:
    facts = run.lists.facts
    rows = [(part["name"], f"{part['rows']:,}", part["sha256"] or "in memory") for part in facts["sources"]]
    counts = [(name.replace("_", " "), f"{count:,}") for name, count in facts["rows"].items()]
    blocks = [
        table("Where the rows came from", ("Source", "Rows", "SHA-256"), rows),
        table("What became of them", ("Rows", "Number"), counts),
        *(say(f"{line.rstrip('.')}.") for line in account_lines(facts)),
    ]
    if run.register is None:
        blocks.append(say("The register was not at hand: these are the columns that scheme and model name."))
    names = run.register.column_names if run.register is not None else _named(run)
    blocks.append(
        table("Which columns, and why", ("Column", "Why"), columns_and_reasons(names, run.lists.scheme, run.model))
    )
    if facts["absent_columns"]:
        absent = ", ".join(facts["absent_columns"])
        blocks.append(warn(f"The scheme would also use these, and the register did not have them: {absent}."))
    return Page(file="data.html", title="Data used, and why", blocks=blocks)


def _named(run: Run) -> tuple[str, ...]:
    scheme, model = run.lists.scheme, run.model
    absent = run.lists.facts["absent_columns"]
    optional = [name for name in scheme.optional if name not in absent]
    inputs = model.columns if model else ()
    return tuple(dict.fromkeys(("patient_id", "practice_id", "age", *scheme.required, *optional, *inputs)))


def _opt_outs(run: Run) -> Page:
    lists = run.lists
    by_practice = {row["practice_id"]: row["objected"] for row in lists.summary().to_pylist()}
    objected = sum(by_practice.values())
    blocks = [
        say(
            "Whoever objects to risk stratification stays in the list size, is never ranked and has no score anywhere. "
            "They may still be selected by a route that ranks nobody: as a resident of a home, by nomination, for a "
            "review. This is its own objection, not the Type 1 objection and not the national data opt-out."
        )
    ]
    if run.register is not None and "objected" not in run.register.column_names:
        blocks.append(warn("The register has no column 'objected': no objection could be applied in this run."))
    elif "objected" in lists.facts["absent_columns"]:
        blocks.append(warn("The register had no column 'objected': no objection could be applied in this run."))
    else:
        blocks += [
            say(
                f"{plural(objected, 'patient on the lists objects', 'patients on the lists object')}. {_kept_out(run)}"
            ),
            table(
                "Objections by practice",
                ("Practice", "Object"),
                [(name, f"{count:,}") for name, count in by_practice.items()],
            ),
        ]
    return Page(file="opt-outs.html", title="Opt-outs applied", blocks=blocks)


def _kept_out(run: Run) -> str:
    """Whether none of them is ranked or has a score, looked up in the lists themselves."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if run.register is None:
        return "The register was not at hand, so their rows were not looked up again."
    objects = run.register.column("patient_id").filter(pa.array(run.register.packed.is_set("objected")))
    chosen = run.lists.to_arrow(reasons=False)
    theirs = chosen.filter(pc.is_in(chosen.column("patient_id").cast(objects.type), objects))
    ranked = theirs.num_rows - theirs.column("score").null_count + theirs.num_rows - theirs.column("rank").null_count
    if ranked:
        return f"Look into this: {plural(ranked, 'score or rank', 'scores or ranks')} of theirs stand in the lists."
    return (
        f"Of these, {plural(theirs.num_rows, 'patient')} are listed by another route, and none has a score or a rank."
    )


def _card(run: Run) -> str:
    if run.model is not None:
        return model_card(run.model)
    if run.lists.facts["ranked_by"] == "given scores":
        return "# No model of this library ranked\n\nThe scores were given. Their card is with whoever made them.\n"
    return f"# {run.lists.facts['ranked_by']}\n\nThe model was not at hand: name it to have its card.\n"


def _model(run: Run) -> Page:
    return Page(file="model.html", title="Model card", blocks=from_markdown(_card(run)))


def _scheme(run: Run) -> Page:
    scheme = run.lists.scheme
    routes = [
        (
            route.name.replace("_", " "),
            route.kind.replace("_", " "),
            f"{float(100 * route.share.fraction):g}%, {route.share.limit.replace('_', ' ')}"
            if isinstance(route, TopShare | Nominated)
            else "–",
            route.counts_as.replace("_", " "),
        )
        for route in scheme.routes
    ]
    blocks = [
        say(f"Source: {scheme.source}."),
        table("Routes", ("Route", "Kind", "Share", "Counts as"), routes),
        Block(kind="h3", text="Decided where the source is silent"),
        *(say(f"{words}.") for words in scheme.decisions),
        *(
            []
            if scheme.caseload is None
            else [
                Block(kind="h3", text="Asked of a caseload over time"),
                *(say(f"{name}: {words}") for name, words in scheme.caseload.describe().items()),
            ]
        ),
        Block(kind="h3", text="Stated, and not enforced"),
        *([say(f"{name}: {words}") for name, words in scheme.notes.items()] or [say("Nothing.")]),
        Block(kind="h3", text="The file"),
        Block(kind="pre", text=scheme.text),
    ]
    return Page(file="scheme.html", title="Scheme", blocks=blocks)


def _hazards() -> Page:
    blocks = [
        say(
            "What could go wrong in use, and the tests that show each control at work. Severities are ours; a clinical "
            "safety officer of the organisation that uses the lists judges them, and adds hazards of its own."
        )
    ]
    for each in hazards():
        rows = [
            ("Cause", each.cause),
            ("Control", each.control),
            ("Severity", each.severity),
            ("Left for people", each.left),
            *(("Test", name) for name in each.tests),
        ]
        blocks.append(table(f"{each.id} · {each.hazard}", ("Of the hazard", "What"), rows))
    return Page(file="hazards.html", title="Hazard log", blocks=blocks)


def _confirmation_rows(run: Run) -> list[tuple[str, ...]]:
    ranked = run.lists.facts["ranked_by"] != "given scores"
    return rows_of_confirmations(run.confirmations, run.lists.practices, ranked_by_model=ranked)


def _confirmed(run: Run) -> Page:
    rows = _confirmation_rows(run)
    left = sum(row[2] == "not confirmed yet" for row in rows)
    blocks = [say("As people stated it in a file of confirmations; the library confirms nothing.")]
    if left:
        blocks.append(warn(f"Nobody has confirmed {plural(left, 'thing')} of {len(rows)} yet."))
    blocks.append(table("Who confirmed what", ("What", "That", "Who", "Role", "On", "What they saw", "Note"), rows))
    return Page(file="confirmations.html", title="Who confirmed what", blocks=blocks)


def manifest_sum(folder: Path | None) -> str:
    """The checksum of a publication's manifest; empty where there is none."""
    if folder is None:
        return ""
    try:
        return sha256((folder / "manifest.json").read_bytes())
    except OSError:
        return ""
