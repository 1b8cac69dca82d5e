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

JudgedModelOption = Annotated[
    str | None, typer.Option("--model", metavar="NAME|PATH", help="The model to judge: a shipped one, or a folder.")
]
JudgedScoreOption = Annotated[
    str | None, typer.Option("--score", metavar="COLUMN", help="Or a column of risks from 0 to 1 to judge.")
]
PointsOption = Annotated[bool, typer.Option("--points", help="The column ranks and holds no risks.")]
CutOption = Annotated[
    str | None,
    typer.Option("--scheme", metavar="NAME|PATH", help="Judge at this scheme's cut too, practice by practice."),
]
ThresholdOption = Annotated[
    float | None,
    typer.Option(help="The risk from which on case management is worth its price. [default: that at the cut]"),
]
ReplicatesOption = Annotated[int, typer.Option(min=100, help="How often people are drawn anew for the intervals.")]
EvaluationOutOption = Annotated[
    Path | None, typer.Option(metavar="DIR", help="Write a page, tables and figures to this folder.")
]
CardOutOption = Annotated[
    Path | None, typer.Option("--card", metavar="FILE.md", help="Write the model's card, with these figures in it.")
]
