"""``casemgmt derive``: coded rows to one row a patient of conditions, and a score where one is asked for."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from casemgmt.cli.files import check_writable, write_table
from casemgmt.cli.options import (
    AsOfOption,
    CodelistOption,
    ColumnOption,
    DateFormatOption,
    DeriveModelOption,
    DeriveOverwriteOption,
    EncodingOption,
    EventsOption,
    LookbackOption,
    MaxSetAsideOption,
    ReportOption,
    RulesOption,
    ScoreOutOption,
    UndatedAsEverOption,
    UnmappedOption,
)
from casemgmt.cli.reading import pairs
from casemgmt.cli.show import give, say, table, working
from casemgmt.errors import plural

if TYPE_CHECKING:
    from casemgmt.codes.derived import Derived

MOST_CODES = 5


def derive(
    events: EventsOption,
    codelist: CodelistOption,
    as_of: AsOfOption,
    out: ScoreOutOption,
    lookback: LookbackOption = None,
    rules: RulesOption = None,
    model: DeriveModelOption = None,
    column: ColumnOption = None,
    date_format: DateFormatOption = None,
    undated_as_ever: UndatedAsEverOption = False,
    max_set_aside: MaxSetAsideOption = "20%",
    report: ReportOption = None,
    unmapped: UnmappedOption = None,
    encoding: EncodingOption = "utf-8",
    overwrite: DeriveOverwriteOption = False,
) -> None:
    """Turn coded rows into conditions, one row a patient, and account for every row."""
    from casemgmt.codes.deriving import derive_conditions
    from casemgmt.risk.files import load_model

    for path in (out, report, unmapped):
        check_writable(path, overwrite=overwrite)
    scoring = None if model is None else load_model(model)
    with working("Reading the coded rows"):
        derived = derive_conditions(
            events[0] if len(events) == 1 else events,
            codelist,
            as_of=as_of,
            lookback=lookback,
            rules=() if rules is None else rules,
            columns=pairs(column, "--column", "START=date"),
            date_format=date_format,
            encoding=encoding,
            undated_as_ever=undated_as_ever,
            max_set_aside=max_set_aside,
        )
    give(patients=len(derived.to_arrow()))
    made = derived.to_arrow() if scoring is None else derived.score(scoring)
    write_table(made, out, overwrite=overwrite)
    _show(derived)
    say(f"Written: {out} ({plural(made.num_rows, 'patient')}).")
    for path, found in ((report, derived.report), (unmapped, derived.unmapped)):
        if path is not None:
            write_table(found, path, overwrite=overwrite)
            say(f"Written: {path} ({plural(found.num_rows, 'row')}).")


def _show(derived: Derived) -> None:
    account = derived.account.to_pylist()[0]
    system = account.pop("system")
    give(system=system, account=account)
    table(
        "",
        ("fate", "rows"),
        [(name.replace("_", " "), rows) for name, rows in account.items() if rows or name == "rows_in"],
    )
    say()
    reasons = Counter((row["field"] or "line", row["reason"]) for row in derived.report.to_pylist())
    if reasons:
        told = [
            (name, why, rows) for (name, why), rows in sorted(reasons.items(), key=lambda each: (-each[1], each[0]))
        ]
        table("problems", ("column", "why", "rows"), told, title="Values that could not be used")
        say()
    table(
        "conditions", ("condition", "patients"), [(name, int(derived.flag(name).sum())) for name in derived.conditions]
    )
    say()
    found = derived.unmapped.slice(0, MOST_CODES).to_pylist()
    if found:
        rows = [(row["code"], row["rows"]) for row in found]
        table(
            "unmapped",
            ("code", "rows"),
            rows,
            title=f"The most frequent {system} codes in no list, of {len(derived.unmapped):,}",
        )
        say()
