"""``casemgmt new-pipeline``: what is asked for, and what to do next."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from casemgmt.cli.options import ScoreOption
from casemgmt.cli.show import give, say, wrote

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


def new_pipeline(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder to make; it appears whole or not at all.")],
    scheme: Annotated[str, typer.Option(metavar="NAME", help="A shipped scheme; config/month.toml can name yours.")],
    model: Annotated[str | None, typer.Option(metavar="NAME", help="Rank by this shipped model.")] = None,
    score: ScoreOption = None,
    name: Annotated[
        str | None, typer.Option(metavar="NAME", help="The name of the project. [default: the folder's]")
    ] = None,
    caseload: Annotated[bool, typer.Option("--caseload", help="Keep a caseload over time too.")] = False,
) -> None:
    """Write a repository that runs the month by configuration, with its tests and the NHS RAP checklist."""
    from casemgmt.cli.pipeline.writing import files_of, write_repository
    from casemgmt.cli.selecting import need_one_ranking
    from casemgmt.risk.files import list_models
    from casemgmt.scheme.files import list_schemes

    need_one_ranking(model, score)
    _check_shipped("--scheme", scheme, list_schemes())
    if model is not None:
        _check_shipped("--model", model, list_models())
    called = name or _name_of(folder)
    if not _NAME.fullmatch(called):
        raise typer.BadParameter(
            "small letters, digits and single hyphens, such as monthly-lists.", param_hint="--name"
        )
    files = files_of(name=called, scheme=scheme, model=model, score=score, caseload=caseload)
    write_repository(files, folder)
    wrote(folder)
    give(folder=str(folder), files=len(files))
    say(f"Written: {folder}, {len(files)} files. RAP.md says what holds of the NHS RAP checklist, and what people do.")
    say(f'Next: cd {folder}, python -m pip install -e ".[test]", python run_tests.py.')
    say("Then put a register in data/ and run: python -m pipeline --config config/month.toml --as-of DATE")


def _name_of(folder: Path) -> str:
    """The folder's name as a project is named; what is no letter or digit becomes a hyphen."""
    return re.sub(r"[^a-z0-9]+", "-", folder.absolute().name.lower()).strip("-")


def _check_shipped(option: str, name: str, shipped: list[str]) -> None:
    from casemgmt.errors import did_you_mean

    if name not in shipped:
        raise typer.BadParameter(
            f"'{name}' does not ship.{did_you_mean(name, shipped)} A file of your own goes into the new folder, and "
            "config/month.toml names it.",
            param_hint=option,
        )
