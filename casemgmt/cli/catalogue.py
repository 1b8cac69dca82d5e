"""``casemgmt models`` and ``schemes``: what ships, and what a file of your own says."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from casemgmt.cli.document import key_of
from casemgmt.cli.rule_checking import CHECK, SCHEMA, check_files, check_model, check_scheme, print_schema
from casemgmt.cli.show import give, say, table, wrote

Text = Annotated[bool, typer.Option("--text", help="Print the file itself, to start one of your own from.")]


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
) -> None:
    """List the shipped models, show one, or check your own."""
    if name == CHECK:
        return check_files(files or (), check_model, "model")
    _nothing_after(name, files)
    if name == SCHEMA:
        return print_schema("model")
    from casemgmt.risk.additive import missing_in_words
    from casemgmt.risk.files import list_models, load_model
    from casemgmt.risk.inputs import decimal_text

    if name is None:
        shipped = [load_model(each) for each in list_models()]
        rows = [(model.name, model.version, model.link, len(model.inputs), model.title) for model in shipped]
        table("models", ("model", "version", "gives", "inputs", "title"), rows)
        return
    model = load_model(name)
    if text:
        give(text=model.text)
        say(model.text.rstrip("\n"))
        return
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
) -> None:
    """List the shipped schemes, show one, or check your own."""
    if name == CHECK:
        return check_files(files or (), check_scheme, "scheme file")
    _nothing_after(name, files)
    if name == SCHEMA:
        return print_schema("scheme")
    from casemgmt.scheme.files import list_schemes, load_scheme

    if name is None:
        table("schemes", ("scheme", "title"), [(each, load_scheme(each).title) for each in list_schemes()])
        return
    scheme = load_scheme(name)
    if text:
        give(text=scheme.text)
        say(scheme.text.rstrip("\n"))
        return
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
    from casemgmt.schemas import MAKERS, schema_text

    if into is not None:
        from casemgmt.disk import replace_file

        for name in MAKERS if kind is None else (kind,):
            data = schema_text(schema_of(name)).encode()
            path = into / f"{name}.schema.json"
            into.mkdir(parents=True, exist_ok=True)
            replace_file(path, data)
            wrote(path)
            say(f"Wrote {path}")
    elif kind is None:
        table("schemas", ("kind", "of"), [(name, schema_of(name)["title"]) for name in MAKERS])
    else:
        print_schema(kind)


def _nothing_after(name: str | None, files: list[str] | None) -> None:
    if files:
        raise typer.BadParameter(f"'{name}' is shown alone. To check files of your own: {CHECK} PATH …")


def _show_facts(facts: dict[str, str]) -> None:
    width = max(map(len, facts))
    for key, value in facts.items():
        if value:
            say(f"{key.ljust(width)}  {value}")
    say()
