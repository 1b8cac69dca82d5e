"""The options of the commands that make and judge models."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Kind(StrEnum):
    """How a model is learned."""

    boosted = "boosted"
    logistic = "logistic"
    points = "points"


OutcomeOption = Annotated[
    str, typer.Option(metavar="COLUMN", help="What became of each person: true and false, or 1 and 0; gaps set aside.")
]
ModelOutOption = Annotated[
    Path, typer.Option(metavar="DIR", help="The model folder to make; it appears whole or not at all.")
]
ModelOverwriteOption = Annotated[bool, typer.Option("--overwrite", help="Replace a model that is there already.")]
FitKindOption = Annotated[
    Kind,
    typer.Option(help="Trees that look at one input each; straight lines; or at most 10 rows of whole points."),
]
InputOption = Annotated[
    list[str] | None,
    typer.Option(metavar="COLUMN", help="Learn from this column. Repeatable. [default: all fields that may be used]"),
]
NeededOption = Annotated[
    list[str] | None,
    typer.Option(metavar="COLUMN", help="An input without which there is no score. Repeatable."),
]
PairOption = Annotated[
    list[str] | None, typer.Option(metavar="A,B", help="Two inputs that may act together. Repeatable.")
]
FreeOption = Annotated[
    bool,
    typer.Option("--any-direction", help="Let risk fall as admissions, medicines, frailty or conditions rise."),
]
GroupsOption = Annotated[
    str,
    typer.Option(metavar="COLUMN", help="Groups that are left out together while the model is tried; '' for persons."),
]
BagsOption = Annotated[int, typer.Option(min=1, help="Models that are averaged into one.")]
SeedOption = Annotated[int, typer.Option(min=0, help="The same seed and people give the same model.")]
ModelNameOption = Annotated[str, typer.Option("--name", metavar="NAME", help="Of the model.")]
HorizonOption = Annotated[
    int, typer.Option(min=1, metavar="DAYS", help="How far ahead of the list date the outcome was counted.")
]
WordOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="KEY=TEXT",
        help="What the model file says of itself: title, source, outcome, population, intended_use, not_for, licence, "
        "version. Repeatable.",
    ),
]
