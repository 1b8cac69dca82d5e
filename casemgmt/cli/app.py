"""The program ``casemgmt``: its commands, and what every one of them does with an error."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from typing import Annotated

import typer

from casemgmt.cli.caseload import COMMANDS as OF_THE_CASELOAD
from casemgmt.cli.catalogue import fields, models, schemas, schemes
from casemgmt.cli.checking import check
from casemgmt.cli.command import Group, told
from casemgmt.cli.comparing import compare
from casemgmt.cli.completing import complete_names
from casemgmt.cli.deriving import derive
from casemgmt.cli.evaluating import evaluate
from casemgmt.cli.fitting import fit
from casemgmt.cli.governing import governance
from casemgmt.cli.outcomes import outcomes
from casemgmt.cli.pipeline import new_pipeline
from casemgmt.cli.planning import plan
from casemgmt.cli.pseudonyms import new_key, pseudonymise, reidentify
from casemgmt.cli.reporting import report
from casemgmt.cli.returning import returns
from casemgmt.cli.running import with_common_options
from casemgmt.cli.selecting import explain, pack, score, select, verify
from casemgmt.cli.show import say
from casemgmt.cli.synthetic import demo, synthesise
from casemgmt.cli.telling import letters
from casemgmt.cli.warming import warm
from casemgmt.version import __version__

app = typer.Typer(
    name="casemgmt",
    cls=Group,
    help="Score a practice register, rank it, and select patients for case management by rules kept as files.",
    epilog="Exit codes: 0 done; 1 input refused; 2 usage; 3 nominations over the cap; 4 output not written.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,  # its tracebacks print local variables, which hold patients
    rich_markup_mode=None,
)


def _version(wanted: bool) -> None:
    if wanted:
        say(f"casemgmt {__version__}")
        raise typer.Exit


@app.callback()
def _program(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and stop.")
    ] = False,
) -> None:
    pass


_COMMANDS = (
    *(demo, check, score, select, pack, verify, returns, compare),
    *(synthesise, models, schemes, schemas, fields, explain, derive, fit, evaluate, plan, outcomes),
)
_OF_THE_PRACTICE = (new_key, pseudonymise, reidentify)
_LEAVING = (report, letters, governance)


def _added(group: typer.Typer, name: str, run: Callable[..., None], called: str) -> None:
    """Make a function a command of a group."""
    whole = with_common_options(run, called)
    complete_names(inspect.signature(whole).parameters, called)
    group.command(name, cls=told(whole, called))(whole)


for _command in (*_COMMANDS, *_OF_THE_PRACTICE, *_LEAVING, new_pipeline, warm):
    _name = _command.__name__.replace("_", "-")
    _added(app, _name, _command, _name)

caseload = typer.Typer(
    name="caseload",
    cls=Group,
    help="Keep a caseload over time: what is proposed, what people decide, and who is managed on any date.",
    epilog="STORE is the file or PostgreSQL address of a caseload; left out, as CASEMGMT_CASELOAD says.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
for _name, _command in OF_THE_CASELOAD.items():
    _added(caseload, _name, _command, f"caseload {_name}")
app.add_typer(caseload)


def main() -> None:
    """Run the program named ``casemgmt``."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    app()
