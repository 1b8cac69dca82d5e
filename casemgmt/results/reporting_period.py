"""The whole counts of a period that a commissioner's report tells of, from the events of a caseload."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Any

from casemgmt.caseload.caseload import Caseload
from casemgmt.caseload.events.event import moment_text
from casemgmt.caseload.events.kinds import STORE
from casemgmt.caseload.state.asking import READ
from casemgmt.caseload.state.moments import moment_known
from casemgmt.caseload.store.held import HeldStore
from casemgmt.errors import InputError, VerifyError, listed
from casemgmt.outputs import layout
from casemgmt.outputs.manifest import REPORT, read_manifest
from casemgmt.outputs.report.period import Paid, Period, RegisterOutcome
from casemgmt.rule_files import shown_path

if TYPE_CHECKING:
    from casemgmt.scheme.routes import Scheme

Day = str | dt.date
Moment = dt.datetime | dt.date | str | None


def period_of(caseload: Caseload, scheme: Scheme, days: tuple[dt.date, dt.date], known_at: Moment) -> Period:
    """Count a period.

    Parameters
    ----------
    scheme : whose register test and payments are taken
    days : the first and the last day
    known_at : up to when events are taken; None for all of them

    Raises
    ------
    InputError : nothing was recorded by then
    """
    start, end = days
    moment = moment_known(known_at)
    caseload = Caseload(HeldStore(caseload.store, moment, (*READ, "recorded_at")))
    heads = {code: head for code, head in caseload.store.heads().items() if code != STORE}
    if not heads:
        raise InputError("caseload: nothing was recorded of any practice by then, so there is nothing to report.")
    measures = caseload.process(start, end, scheme=scheme, known_at=moment).to_pylist()
    tests, rule = _tests(caseload, scheme, days, moment)
    return Period(
        start=start,
        end=end,
        known_at=_known(caseload, moment),
        heads={code: heads[code].hash.hex() for code in sorted(heads, key=str.encode)},
        counts={row.pop("practice_id"): {name: n for name, n in row.items() if n is not None} for row in measures},
        tests=tests,
        rule=rule,
        paid=_paid(caseload, scheme, end, moment),
        homes=_homes(caseload, days, moment),
    )


def _known(caseload: Caseload, moment: dt.datetime | None) -> str:
    """The moment of the last event that is taken: the same events say the same, whenever they are asked."""
    import pyarrow.compute as pc

    recorded = caseload.store.events(["recorded_at"], known_at=moment).column("recorded_at")
    return moment_text(pc.max(recorded).as_py())


def _tests(
    caseload: Caseload, scheme: Scheme, days: tuple[dt.date, dt.date], moment: dt.datetime | None
) -> tuple[dict[str, RegisterOutcome], str]:
    rules = scheme.caseload
    if rules is None or rules.register_test is None:
        return {}, ""
    rows = caseload.register_test(scheme, *days, known_at=moment).to_pylist()
    names = ("register", "needed", "passed")
    tests = {row["practice_id"]: RegisterOutcome(**{n: row[n] for n in names}, note=row["note"] or "") for row in rows}
    return tests, rules.register_test.describe()


def _paid(caseload: Caseload, scheme: Scheme, end: dt.date, moment: dt.datetime | None) -> tuple[Paid, ...]:
    """Payments per head: those per plan or review would tell the exact number of either."""
    if scheme.caseload is None or not any(each.per == "head" for each in scheme.caseload.payments):
        return ()
    year = end.year - (end < dt.date(end.year, 4, 1))
    rows = caseload.payments(scheme, year, until=end, known_at=moment).to_pylist()
    tested = {
        (payment.name, part.name): (part.list_on.in_year(year), part.register_on.in_year(year))
        for payment in scheme.caseload.payments
        for part in payment.instalments
        if part.list_on is not None and part.register_on is not None
    }
    return tuple(_of_a_head(row, tested) for row in rows if row["per"] == "head")


def _of_a_head(row: dict[str, Any], tested: dict[tuple[str, str], tuple[dt.date, dt.date]]) -> Paid:
    pounds = None if row["amount"] is None else float(row["amount"])
    # What a test came to is told, or withheld, with the test.
    note = "" if row["condition"] == "register_test" and row["met"] is not None else row["note"] or ""
    names = ("practice_id", "payment", "instalment", "condition", "met", "certainty")
    days = tested.get((row["payment"], row["instalment"]))
    return Paid(**{name: row[name] for name in names}, pounds=pounds, note=note, tested=days)


def _homes(caseload: Caseload, days: tuple[dt.date, dt.date], moment: dt.datetime | None) -> dict[str, int]:
    """Homes by whether they are with one practice; nothing where no home is recorded.

    The period begins where the one before ends: at the end of the day before its first.
    """
    changes = caseload.homes_between(days[0] - dt.timedelta(days=1), days[1], known_at=moment)
    rows = changes.homes.to_pylist()
    if not rows:
        return {}
    kinds = [row["change"] for row in rows]
    return {
        "homes": sum(row["residents_end"] > 0 for row in rows),
        "aligned": sum(row["practices_end"] == 1 for row in rows),
        "newly_aligned": kinds.count("newly aligned"),
        "no_longer_aligned": kinds.count("no longer aligned"),
    }


def reported_heads(folder: Path, caseload: Caseload) -> dict[str, tuple[int, str]]:
    """The last events that a report states, as ``heads=`` of :meth:`casemgmt.Caseload.verify` takes them.

    A report states hashes, and the moment up to which it was made; the numbers are those of the chains then.

    Raises
    ------
    VerifyError : there is no report of a period that is intact, or the caseload had no event of a practice by then
    """
    try:
        manifest = read_manifest((folder / layout.MANIFEST).read_bytes(), REPORT)
        said = manifest["facts"]["period"]
        hashes, moment = dict(said["heads"]), moment_known(said["known_at"])
    except (OSError, ValueError, KeyError, TypeError):
        raise VerifyError(f"'{shown_path(folder)}' holds no report of a period that is intact.") from None
    then = caseload.store.heads(moment)
    if missing := sorted(hashes.keys() - then.keys()):
        raise VerifyError(
            f"The report rests on events of {listed(missing)} that this caseload did not have by then: they were "
            "deleted, or it is another caseload."
        )
    return {code: (then[code].number, digest) for code, digest in hashes.items()}
