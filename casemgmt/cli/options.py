"""The options of the commands: what each is called, takes and says of itself."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from casemgmt.cli.reading import a_date

NamedModel = Annotated[str, typer.Option(metavar="NAME|PATH", help="A shipped model, or the folder of one.")]
Demonstration = Annotated[
    bool, typer.Option("--demonstration", help="Use a demonstration model on people not marked synthetic, to try it.")
]

AllowMissing = Annotated[
    list[str] | None,
    typer.Option(
        metavar="CODE", help="A practice of --list-sizes or --previous that may have no row here. Repeatable."
    ),
]
ListSizeWithin = Annotated[
    str,
    typer.Option(metavar="SHARE|any", help="How far an official list size may be from the rows on the list."),
]

DEMONSTRATION = "DEMONSTRATION ONLY: this model was not made for patients."


class Held(StrEnum):
    """What the reasons are held against."""

    base = "base"
    practice = "practice"


class OverCap(StrEnum):
    """What happens when a practice nominates more patients than it has places."""

    error = "error"
    queue = "queue"


SchemeOption = Annotated[
    str,
    typer.Option(metavar="NAME|PATH", help="A shipped scheme, or the file of one."),
]
OutOption = Annotated[
    Path,
    typer.Option(metavar="DIR", help="The folder to make; it appears whole or not at all."),
]
ModelOption = Annotated[
    str | None,
    typer.Option(
        metavar="NAME|PATH",
        help="Rank by this model: a shipped one, or a folder.",
    ),
]
ScoreOption = Annotated[
    str | None,
    typer.Option(metavar="COLUMN", help="Or rank by this column of the register."),
]
GivenRiskOption = Annotated[
    str | None,
    typer.Option("--risk", metavar="COLUMN", help="With --score: what each score means, 0 to 1."),
]
OverCapOption = Annotated[
    OverCap,
    typer.Option(
        help="Nominations over the cap: stop, or let them wait in nomination_order.",
    ),
]
ListSizesOption = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE.csv",
        help="Official list sizes: practice_id, list_size.",
    ),
]
PreviousOption = Annotated[
    str | None,
    typer.Option(
        metavar="DIR|STORE",
        help="An earlier published selection, whose case-managed patients are on the caseload; or the caseload itself, "
        "a file or PostgreSQL address.",
    ),
]
SameExtractOption = Annotated[
    bool,
    typer.Option(
        "--same-extract",
        help="Use the files that the previous list was made from for another list date.",
    ),
]
RemovalsOption = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Write who is on the caseload and not selected again, and why: .csv or .parquet.",
    ),
]
EndedOption = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE.csv",
        help="Whose case management a person has ended since: patient_id, reason.",
    ),
]
NominationsOption = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE.csv",
        help="Nominations that practices sent back, laid over the register's: patient_id, nomination_order, …",
    ),
]
WorkbooksOption = Annotated[
    bool,
    typer.Option("--workbooks", help="Make each practice a workbook too, in which it answers."),
]
PagesOption = Annotated[
    bool,
    typer.Option("--pages", help="Make each practice a page for a browser too, in which it answers."),
]
KeyOption = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="The secret from which the marks of the rows are made."),
]
ReplyByOption = Annotated[
    str | None,
    typer.Option(metavar="DATE", help="By when answers are wanted, as 2015-04-30."),
]
ContactOption = Annotated[
    str | None,
    typer.Option(metavar="TEXT", help="Where practices send their answers."),
]
ReferenceOption = Annotated[
    Held,
    typer.Option(
        help="What reasons are held against: absent or none, or the average of the practice's patients.",
    ),
]
IncludeOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="COLUMN",
        help="A register column to add to the lists. Repeatable.",
    ),
]
OverwriteOption = Annotated[
    bool,
    typer.Option("--overwrite", help="Replace an earlier selection in that folder."),
]
PublishedBeforeOption = Annotated[
    list[Path] | None,
    typer.Option(
        metavar="DIR",
        help="Another publication of this register that readers can hold beside this one. Repeatable; those beside "
        "the folder are found.",
    ),
]
ThreadsOption = Annotated[
    int | None,
    typer.Option(min=1, help="The result does not depend on it."),
]
MemoryOption = Annotated[
    str | None,
    typer.Option(
        metavar="SIZE",
        help="About how much the whole process may take, such as '800 MB' or '2 GiB': the register is read a part at "
        "a time. The result does not depend on it.",
    ),
]
ScanOption = Annotated[
    bool | None,
    typer.Option(
        "--scan/--no-scan",
        help="Read a part at a time, or hold all rows. [default: scan packed files and large Parquet]",
    ),
]
ScoreOutOption = Annotated[
    Path,
    typer.Option(metavar="FILE", help="Where to write: .parquet or .csv."),
]
ScoreOverwriteOption = Annotated[
    bool,
    typer.Option("--overwrite", help="Replace a file that is there already."),
]
PackOutOption = Annotated[
    Path,
    typer.Option(
        metavar="FILE.parquet",
        help="The packed file to write, whole or not at all.",
    ),
]
SchemeBeforeOption = Annotated[
    str | None,
    typer.Option(
        metavar="NAME|PATH",
        help="The scheme of BEFORE. [default: the same]",
    ),
]
ModelBeforeOption = Annotated[
    str | None,
    typer.Option(
        metavar="NAME|PATH",
        help="The model of BEFORE. [default: the same]",
    ),
]
CompareScoreOption = Annotated[
    str | None,
    typer.Option(
        metavar="COLUMN",
        help="Or rank both by this column of each register.",
    ),
]
CompareOutOption = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Write every change, of all practices, with its reason: .csv or .parquet.",
    ),
]
PracticeOption = Annotated[
    bool,
    typer.Option("--practice", help="Print each practice as well as the totals."),
]
CompareListSizesOption = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE.csv",
        help="Official list sizes of AFTER: practice_id, list_size.",
    ),
]
ListSizesBeforeOption = Annotated[
    Path | None,
    typer.Option(metavar="FILE.csv", help="Official list sizes of BEFORE."),
]
EventsOption = Annotated[
    list[Path],
    typer.Argument(
        metavar="EVENTS",
        help="Parquet, CSV or Arrow files of coded rows.",
    ),
]
CodelistOption = Annotated[
    list[str],
    typer.Option(
        metavar="NAME|PATH",
        help="A shipped code list, or the path of one. Repeatable.",
    ),
]
AsOfOption = Annotated[
    dt.date,
    typer.Option(
        parser=a_date,
        metavar="DATE",
        help="The list date; later rows do not count.",
    ),
]
LookbackOption = Annotated[
    str | None,
    typer.Option(
        metavar="TEXT",
        help="How far back a row counts: '24 months'. [default: ever]",
    ),
]
RulesOption = Annotated[
    str | None,
    typer.Option(
        metavar="NAME|PATH",
        help="A TOML file of rules, or a model that has some.",
    ),
]
DeriveModelOption = Annotated[
    str | None,
    typer.Option(
        metavar="NAME|PATH",
        help="Write the scores of a model in place of the conditions.",
    ),
]
ColumnOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="ITS_NAME=OURS",
        help="A column under another name: START=date. Repeatable.",
    ),
]
DateFormatOption = Annotated[
    str | None,
    typer.Option(
        metavar="FORM",
        help="How dates are written: %d/%m/%Y. [default: ISO]",
    ),
]
UndatedAsEverOption = Annotated[
    bool,
    typer.Option(
        "--undated-as-ever",
        help="Count rows without a date for what has no look-back.",
    ),
]
MaxSetAsideOption = Annotated[
    str,
    typer.Option(
        metavar="SHARE",
        help="The share of codes, dates or ids that may be unreadable.",
    ),
]
ReportOption = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE.csv",
        help="Write where each row to look at stands, and why.",
    ),
]
UnmappedOption = Annotated[
    Path | None,
    typer.Option(metavar="FILE.csv", help="Write the codes that are in no list."),
]
EncodingOption = Annotated[
    str,
    typer.Option(help="Of CSV files."),
]
DeriveOverwriteOption = Annotated[
    bool,
    typer.Option("--overwrite", help="Replace files that are there already."),
]
RiskOption = Annotated[
    str | None,
    typer.Option(metavar="COLUMN", help="Each one's risk, 0 to 1. [default: the model's, or the scores]"),
]
ShareOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="SHARE", help="A share of each practice's list, such as 3%. Repeatable. [default: 0.5% to 10%]"
    ),
]
HoursOption = Annotated[
    float | None,
    typer.Option(metavar="HOURS", help="The longest list that so many hours a week can look after."),
]
BudgetOption = Annotated[
    float | None,
    typer.Option(metavar="POUNDS", help="The longest list that so many pounds a year pay for."),
]
RankedAloneOption = Annotated[
    bool,
    typer.Option("--ranked-alone", help="Hours and pounds are for those by rank; others are looked after elsewhere."),
]
ContactsOption = Annotated[float, typer.Option(metavar="NUMBER", help="Contacts of a patient in a year.")]
MinutesOption = Annotated[float, typer.Option(metavar="MINUTES", help="Staff time of a contact.")]
HourPriceOption = Annotated[float, typer.Option(metavar="POUNDS", help="What an hour of it costs.")]
PatientPriceOption = Annotated[
    float, typer.Option(metavar="POUNDS", help="Paid for a patient in a year beside the time.")
]
WeeksOption = Annotated[float, typer.Option(metavar="WEEKS", help="In which contacts are made in a year.")]
PlanOutOption = Annotated[
    Path | None,
    typer.Option("--to", metavar="FILE", help="Write the table: .csv or .parquet."),
]
PlanPracticesOption = Annotated[
    bool,
    typer.Option("--practice", help="Write the table of each practice in place of the totals."),
]
