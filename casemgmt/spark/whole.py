"""From the accounts of single practices to the account of the register, and to one error where there must be one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from casemgmt import errors
from casemgmt.errors import CapExceededError, CasemgmtError, InputError, plural
from casemgmt.register.counts import Counts
from casemgmt.register.fields import FIELDS
from casemgmt.register.limits import Counted, Limits, refuse_beyond
from casemgmt.register.readable import notes_of, refuse_columns
from casemgmt.register.readable_counts import ReadableCount, count_of_text
from casemgmt.selection.sentinels import Span

if TYPE_CHECKING:
    import pyarrow as pa

    from casemgmt.selection.expected import Expected
    from casemgmt.spark.job import Job


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Rows in = accepted + merged repeats + quarantined; and what came of the accepted.

    Attributes
    ----------
    rows_in : rows of the source
    accepted, merged, quarantined : rows that are patients, that repeat another, and that cannot be used
    corrected : values set to missing or repaired
    listed, case_managed : patients selected by any route, and by one that counts as case management
    on_list : accepted patients on the list on the list date
    died, left, not_yet_registered : accepted patients who are never listed; each under the first that is true
    objected : those who are never ranked
    """

    rows_in: int
    accepted: int
    merged: int
    quarantined: int
    corrected: int
    listed: int
    case_managed: int
    on_list: int
    died: int
    left: int
    not_yet_registered: int
    objected: int

    @classmethod
    def of(cls, table: pa.Table, rows: int) -> Account:
        """The sum over practices; ``rows`` is what the source held when it was counted.

        Raises
        ------
        InputError : the practices' rows are not the source's, or those of one came in two parts
        """
        import pyarrow.compute as pc

        practices = table.column("practice_id").to_pylist()
        if len(set(practices)) < len(practices):
            raise InputError(
                "Spark gave the rows of a practice to two workers, so that its list would be cut twice. Write the "
                "frame to a table, and select from that."
            )

        sums = {name: pc.sum(table.column(name)).as_py() or 0 for name in cls.__dataclass_fields__}
        account = cls(**sums)
        if account.rows_in != rows:
            raise InputError(
                f"The frame gave {plural(rows, 'row')} at first and {account.rows_in:,} later: it is not the same each "
                "time it is read. Write it to a table, and select from that."
            )
        return account


def check_mappings(job: Job, table: pa.Table) -> None:
    """Refuse a mapping of ``values=`` that found nothing anywhere, as a register read in one piece does.

    Parameters
    ----------
    table : every practice's ``mapping`` rows
    """
    maps = job.question.value_maps()
    maps.add_tally(table.to_pylist())
    maps.refuse_vain()


def check_columns(table: pa.Table) -> tuple[str, ...]:
    """Refuse a column that cannot be read in the whole register, as a register read in one piece does.

    Parameters
    ----------
    table : every practice's ``column`` rows

    Returns
    -------
    what was seen and let pass, as :attr:`casemgmt.Register.notes`
    """
    counts: dict[str, ReadableCount] = {}
    for row in table.to_pylist():
        count = count_of_text(row["counted"])
        counts[row["name"]] = counts[row["name"]].and_then(count) if row["name"] in counts else count
    found = {name: counts[name] for name in FIELDS if name in counts}
    refuse_columns(found)
    return notes_of(found)


def warn_of_scores(table: pa.Table) -> None:
    """Warn of given scores of which one value stands far from all others, as a register read in one piece does.

    Parameters
    ----------
    table : every practice's ``span`` rows
    """
    span = Span()
    for text in table.column("told").to_pylist():
        span.take_in(text)
    span.warn()


def check_whole(
    job: Job,
    limits: Limits,
    expected: Expected,
    accounts: pa.Table,
    columns: pa.Table,
    aside: Counted,
    changed: Counted,
) -> Counts:
    """Refuse what :func:`casemgmt.select` refuses of a whole register: too much that cannot be used, or another one.

    What the whole register's rows come to is given back.

    Parameters
    ----------
    accounts : every practice's ``account`` rows
    columns : every practice's ``column`` rows
    aside, changed : (practice, field, reason) → rows of the quarantine and of the corrections

    Raises
    ------
    InputError
    """
    rows = accounts.to_pylist()
    given: dict[str, int] = {}
    for row in columns.to_pylist():
        given[row["name"]] = given.get(row["name"], 0) + row["given"]
    own = {row["practice_id"]: row for row in rows if row["practice_id"] in job.practices}
    counts = Counts(
        accepted={code: row["accepted"] for code, row in own.items()},
        on_list={code: row["on_list"] for code, row in own.items()},
        given=given,
    )
    every = sum(row["rows_in"] - row["merged"] for row in rows)
    refuse_beyond(limits, counts, aside, changed, every)
    expected.check_counts(counts)
    return counts


def check_refusals(table: pa.Table) -> None:
    """Raise once for all practices that could not be selected from; nothing where all could.

    Parameters
    ----------
    table : every practice's ``refusal`` rows
    """
    rows = sorted(table.to_pylist(), key=lambda row: (row["practice_id"] or "").encode())
    others = [row for row in rows if row["error"] != CapExceededError.__name__]
    if others:
        first = others[0]
        kind: type[CasemgmtError] = getattr(errors, first["error"])
        where = f"{plural(len(others), 'practice')}, the first of them '{first['practice_id']}': "
        raise kind((where if len(others) > 1 else "") + first["message"])
    if rows:
        raise CapExceededError(_cap_message([row["message"] for row in rows]))


def _cap_message(messages: Sequence[str]) -> str:
    """One message for all practices; each of theirs counts them, has a line a practice, and ends with advice."""
    head, *_, advice = messages[0].split("\n")
    # Whoever is nominated has a place by the first such route, so no practice has lines of two.
    lines = [line for message in messages for line in message.split("\n")[1:-1]]
    count = plural(len(messages), "practice")
    return "\n".join([f"{count} nominated{head.partition(' nominated')[2]}", *lines, advice])


def check_counts(account: Account, rows_of_table: dict[str, Any]) -> None:
    """Refuse tables whose rows, counted anew, are not the rows that the practices say they gave."""
    said = {"selection": account.listed, "quarantine": account.quarantined, "corrections": account.corrected}
    for name, count in said.items():
        found = rows_of_table.get(name, 0)
        if found != count:
            raise InputError(f"The table '{name}' holds {plural(found, 'row')}, not the {count:,} it should.")
