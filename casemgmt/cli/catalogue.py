"""``casemgmt models`` and ``schemes``: what ships, and what a file of your own says."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from casemgmt.cli.document import key_of
from casemgmt.cli.rule_checking import CHECK, SCHEMA, check_files, check_model, check_scheme
from casemgmt.cli.show import give, say, table

Text = Annotated[bool, typer.Option("--text", help="Print the file itself, to start one of your own from.")]
To = Annotated[
    Path | None,
    typer.Option("--to", metavar="FILE", help="Write the file itself, or the schema, to this .toml or .json instead."),
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace a file that is there already.")]


def models(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME|PATH|check|schema]",
            help="Show this model; without it, list what ships. Or check models of your own, or print their schema.",
        ),
    ] = None,
    files: Annotated[
        list[str] | None, typer.Argument(metavar="PATH", help="After check: model files, or their folders.")
    ] = None,
    text: Text = False,
    to: To = None,
    overwrite: Overwrite = False,
) -> None:
    """List the shipped models, show one, or check your own."""
    _check_place(name, to)
    if name == CHECK:
        return check_files(files or (), check_model, "model")
    _nothing_after(name, files)
    if name == SCHEMA:
        return _print_or_write(schema("model"), to, overwrite=overwrite)
    from casemgmt.risk.additive import missing_in_words
    from casemgmt.risk.files import list_models, load_model
    from casemgmt.risk.inputs import decimal_text

    if name is None:
        shipped = [load_model(each) for each in list_models()]
        rows = [(model.name, model.version, model.link, len(model.inputs), model.title) for model in shipped]
        table("models", ("model", "version", "gives", "inputs", "title"), rows)
        return
    model = load_model(name)
    if text or to is not None:
        return _print_or_write(model.text, to, overwrite=overwrite)
    horizon = "none stated" if model.horizon_days is None else f"{model.horizon_days:,} days"
    facts = {
        "Model": f"{model.name} {model.version}",
        "Title": model.title,
        "Status": "demonstration only" if model.demonstration else "",
        "Outcome": model.outcome,
        "Horizon": horizon,
        "Population": model.population,
        "Intended use": model.intended_use,
        "Not for": model.not_for,
        "Gives": "a score, not a risk" if model.link == "points" else "a risk",
        "Source": model.source,
        "Licence": model.licence,
    }
    give(model={key_of(name): value for name, value in facts.items()})
    _show_facts(facts)
    table(
        "inputs",
        ("input", "kind", "least", "most", "when missing"),
        [
            (each.name, each.kind, *(decimal_text(end(each.table)) for end in (min, max)), missing_in_words(each))
            for each in model.inputs
        ],
    )


def schemes(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME|PATH|check|schema]",
            help="Show this scheme; without it, list what ships. Or check files of your own, or print their schema.",
        ),
    ] = None,
    files: Annotated[list[str] | None, typer.Argument(metavar="PATH", help="After check: scheme files.")] = None,
    text: Text = False,
    to: To = None,
    overwrite: Overwrite = False,
) -> None:
    """List the shipped schemes, show one, or check your own."""
    _check_place(name, to)
    if name == CHECK:
        return check_files(files or (), check_scheme, "scheme file")
    _nothing_after(name, files)
    if name == SCHEMA:
        return _print_or_write(schema("scheme"), to, overwrite=overwrite)
    from casemgmt.scheme.files import list_schemes, load_scheme

    if name is None:
        table("schemes", ("scheme", "title"), [(each, load_scheme(each).title) for each in list_schemes()])
        return
    scheme = load_scheme(name)
    if text or to is not None:
        return _print_or_write(scheme.text, to, overwrite=overwrite)
    facts = {
        "Scheme": scheme.id,
        "Title": scheme.title,
        "Source": scheme.source,
        "Certainty": scheme.notes.get("certainty", ""),
        "Decided here": "; ".join(scheme.decisions),
        "Columns it needs": ", ".join(scheme.required),
        "and uses if there": ", ".join(scheme.optional),
    }
    give(scheme={key_of(name): value for name, value in facts.items()})
    _show_facts(facts)
    table(
        "routes",
        ("route", "who", "counts as"),
        [(route.name, route.describe(), route.counts_as.replace("_", " ")) for route in scheme.routes],
    )
    for heading, entries in (
        ("Reported beside the result, never enforced", {k: f"{v:,}" for k, v in scheme.programme.items()}),
        ("Asked of a caseload over time", scheme.caseload.describe() if scheme.caseload else {}),
        ("Stated by the source, not enforced here", {k: v for k, v in scheme.notes.items() if k != "certainty"}),
    ):
        if entries:
            say(f"\n{heading}")
            for key, value in entries.items():
                say(f"  {key}: {value}")


def fields() -> None:
    """List every field of a register: type, values, what missing means, spellings, other names."""
    from casemgmt.register.field_table import fields as field_table

    found = field_table().to_pylist()
    give(fields=found)
    table(
        "",
        ("field", "type", "allowed", "unit", "a missing value means"),
        [tuple(row[name] for name in ("field", "type", "allowed", "unit", "missing")) for row in found],
    )
    say()
    table(
        "", ("field", "its column may be called"), [(row["field"], row["synonyms"]) for row in found if row["synonyms"]]
    )
    say()
    spelt: dict[str, list[str]] = {}
    for row in found:
        spelt.setdefault(row["spellings"], []).append(row["field"])
    table("", ("values may be written", "in"), [(how, ", ".join(names)) for how, names in spelt.items()])
    say()
    table(
        "", ("field", "plain words that values= can map"), [(row["field"], row["map"]) for row in found if row["map"]]
    )


def schemas(
    kind: Annotated[
        str | None, typer.Argument(metavar="[KIND]", help="Print the schema of this kind; without it, list the kinds.")
    ] = None,
    into: Annotated[
        Path | None, typer.Option("--into", metavar="DIR", help="Write every schema into this folder instead.")
    ] = None,
) -> None:
    """Print what an editor checks your files by: the JSON Schema of schemes, models, mapping files and others."""
    from casemgmt.cli.config_schema import schema_of
    from casemgmt.schemas import MAKERS

    if into is not None:
        from casemgmt.cli.files import write_text
        from casemgmt.evaluation.saving import refusals_in_words

        with refusals_in_words(into):
            into.mkdir(parents=True, exist_ok=True)
        for name in MAKERS if kind is None else (kind,):
            path = into / f"{name}.schema.json"
            write_text(schema(name), path, overwrite=True)
            say(f"Wrote {path}")
    elif kind is None:
        table("schemas", ("kind", "of"), [(name, schema_of(name)["title"]) for name in MAKERS])
    else:
        _print_or_write(schema(kind), None, overwrite=False)


def schema(kind: str) -> str:
    """The JSON Schema of a kind of file."""
    from casemgmt.cli.config_schema import schema_of
    from casemgmt.schemas import schema_text

    return schema_text(schema_of(kind))


def _check_place(name: str | None, to: Path | None) -> None:
    """Refuse --to where there is no one file to write, and a name that would not be taken for a file."""
    if to is None:
        return
    if name in (None, CHECK):
        raise typer.BadParameter("it writes one file: say which by its name, before it.", param_hint="--to")
    ending = ".json" if name == SCHEMA else ".toml"
    if to.suffix.lower() != ending:
        raise typer.BadParameter(f"write to a file that ends in {ending}.", param_hint="--to")


def _print_or_write(text: str, to: Path | None, *, overwrite: bool) -> None:
    """A file's text on standard output, or in a file of its own: a Windows shell's ``>`` would make UTF-16 of it."""
    if to is None:
        give(text=text.rstrip("\n"))
        say(text.rstrip("\n"))
        return
    from casemgmt.cli.files import write_text

    write_text(text, to, overwrite=overwrite)
    say(f"Wrote {to}")


def _nothing_after(name: str | None, files: list[str] | None) -> None:
    if files:
        raise typer.BadParameter(f"'{name}' is shown alone. To check files of your own: {CHECK} PATH …")


def _show_facts(facts: dict[str, str]) -> None:
    width = max(map(len, facts))
    for key, value in facts.items():
        if value:
            say(f"{key.ljust(width)}  {value}")
    say()
