"""From coded rows to conditions: the public verb, from its options to its result."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from casemgmt import arguments
from casemgmt.codes.account import SourceAccount
from casemgmt.codes.checking import check_source
from casemgmt.codes.codebook import Codebook
from casemgmt.codes.codelist import CONDITION_NAME, CodeList
from casemgmt.codes.derived import Derived
from casemgmt.codes.events import Batch, Events, codes_of, days_of, ids_of, open_events, taken
from casemgmt.codes.gathering import Gathered
from casemgmt.codes.listfiles import load_codelist
from casemgmt.codes.merging import Merger
from casemgmt.codes.patient_ids import people_of
from casemgmt.codes.plan import Plan, plan_of
from casemgmt.codes.rules import Rule, check_repeats, load_rules
from casemgmt.codes.ruling import Flags, flags_of
from casemgmt.codes.scanning import Rows, scan
from casemgmt.codes.set_aside import MOST_SET_ASIDE
from casemgmt.codes.source_columns import DATE_NAMES, WIDE
from casemgmt.codes.windows import Window, window_of
from casemgmt.dates import as_date
from casemgmt.errors import CodeError, InputError, did_you_mean, listed
from casemgmt.register.columns import NO_DAY
from casemgmt.register.limits import share_of

if TYPE_CHECKING:
    from casemgmt.annotations import Files

Lists = CodeList | str | Path


@arguments.checked(
    counts=arguments.texts,
    latest=arguments.texts,
    keep=arguments.texts,
    absent=arguments.texts,
    columns=arguments.text_mapping,
    date_format=arguments.text_or_none,
    undated_as_ever=arguments.yes_or_no,
    count_rows=arguments.yes_or_no,
)
def derive_conditions(
    events: Files | Events | Mapping[str, Files | Events],
    codelists: Lists | Sequence[Lists],
    *,
    as_of: str | dt.date,
    lookback: str | Window | Mapping[str, str | Window | None] | None = None,
    rules: Sequence[Rule] | str | Path = (),
    counts: Iterable[str] | Literal["all"] = (),
    latest: Iterable[str] | Literal["all"] = (),
    keep: Iterable[str] | Literal["all"] = (),
    absent: Iterable[str] = (),
    columns: Mapping[str, str] | None = None,
    date_format: str | None = None,
    encoding: str = "utf-8",
    undated_as_ever: bool = False,
    count_rows: bool = False,
    max_set_aside: str = MOST_SET_ASIDE,
) -> Derived:
    """One row a patient of conditions, from coded rows; every row is accounted for (:class:`Derived`).

    Parameters
    ----------
    events : rows of patient_id, code and date: a path or several (Parquet, CSV, Arrow IPC), or a frame; of lists of
        several systems a mapping, ``{"snomedct": diagnoses, "dmd": prescriptions}``; a value may be an
        :class:`~casemgmt.codes.events.Events`, which says how its columns are called. Parquet may exceed memory
    codelists : one or more code lists, or names of shipped ones, or paths
    as_of : the list date (ISO); later rows do not count
    lookback : how far back a row counts, such as ``"24 months"``; None for ever; or by condition. A window of 12 months
        ends on ``as_of``, that day included, and holds a year of days
    rules : :class:`~casemgmt.codes.rules.Rule` objects, a TOML file of them, or the name of a shipped model that has
        one (``"cambridge-multimorbidity-20"``); each states its windows
    counts, latest : the conditions whose rows are counted, or whose latest day is kept, within their look-back
    keep : conditions that rules use and that are wanted as flags as well; the others stay out of the result
    absent : conditions that no list makes and nobody is to have: the records were looked through for them
    columns : the source's column name → ours, such as ``{"PATIENT": "patient_id", "START": "date"}``
    date_format, encoding : how dates are written where they are text, ISO without; of a CSV file
    undated_as_ever : count a row without a date for what has no look-back; such sources need no column ``date``
    count_rows : count the rows of each patient as well, whatever they hold (``Derived.rows``)
    max_set_aside : share of a column (codes, dates, ids) that may be unreadable before its source is refused

    Raises
    ------
    InputError, CodeError
        A missing column, a condition that no list makes; a source of which too much cannot be read, or whose codes are
        of another system than was said, or were written in one case where case tells codes apart.

    Examples
    --------
    >>> import datetime as dt, pyarrow as pa
    >>> rows = pa.table({"patient_id": ["a", "b"], "code": ["E11.9", "I50"], "date": [dt.date(2020, 5, 1)] * 2})
    >>> cm.derive_conditions(rows, cm.load_codelist("charlson-quan-2005"), as_of="2021-01-01")
    <Derived: 17 conditions of 2 patients on 2021-01-01; 2 rows in = 2 used>
    """
    list_date = as_date(as_of)
    lists = loaded(codelists)
    wanted = wanted_of(lists, rules, lookback, (counts, latest, keep, absent))
    plan = plan_of(*wanted, list_date, undated_as_ever=undated_as_ever, count_rows=count_rows)
    sources = sources_of(events, lists, Events(None, columns or {}, date_format, encoding))
    merger, most = Merger(plan), share_of(max_set_aside, "max_set_aside")
    accounts = [_take_in(source, system, lists, plan, merger, most) for system, source in sources.items()]
    found = flags_of(or_nobody(merger.result(), plan), plan, *wanted)
    return derived_of(list_date, found, accounts)


class Wanted(NamedTuple):
    """What is asked of the rows."""

    flags: tuple[str, ...]
    windows: Mapping[str, Window | None]
    rules: Sequence[Rule]
    counted: tuple[str, ...]
    dated: tuple[str, ...]


def wanted_of(
    lists: Sequence[CodeList],
    rules: Sequence[Rule] | str | Path,
    lookback: str | Window | Mapping[str, str | Window | None] | None,
    named: tuple[Iterable[str], Iterable[str], Iterable[str], Iterable[str]],
) -> Wanted:
    """The conditions that are asked for, each known; ``named`` holds those to count, to date, to keep, and absent."""
    counts, latest, keep, absent = named
    ruled = load_rules(rules) if isinstance(rules, (str, Path)) else arguments.several(rules, "rules")
    if not all(isinstance(rule, Rule) for rule in ruled):
        raise CodeError("rules: give Rule objects, the path of a file of them, or the name of a shipped model.")
    check_repeats(ruled)
    known = tuple(dict.fromkeys(name for each in lists for name in each.conditions))
    _check_known({name for rule in ruled for name in rule.conditions}, known, "a rule")
    counted, dated = _names(counts, known, "counts"), _names(latest, known, "latest")
    flags = _wanted_flags(known, ruled, _names(keep, known, "keep"))
    flags += _absent(absent, known, ruled)
    return Wanted(flags, _windows(lookback, (*known, *flags)), ruled, counted, dated)


def derived_of(list_date: dt.date, found: Flags, accounts: list[SourceAccount]) -> Derived:
    """The result, from its flags and accounts."""
    return Derived(
        as_of=list_date,
        patients=found.patients,
        words=found.words,
        bits=found.bits,
        counts=found.counts,
        latest=found.latest,
        sources=tuple(accounts),
        rows=found.rows,
    )


def loaded(codelists: Lists | Sequence[Lists]) -> tuple[CodeList, ...]:
    """The code lists, read where a name or a path was given."""
    given = (codelists,) if isinstance(codelists, (CodeList, str, Path)) else arguments.several(codelists, "codelists")
    if not given:
        raise CodeError("No code list was given.")
    return tuple(each if isinstance(each, CodeList) else load_codelist(each) for each in given)


def _check_known(names: Iterable[str], known: Sequence[str], where: str) -> None:
    for name in sorted(names):
        if name not in known:
            raise CodeError(
                f"{where} names the condition '{name}', which no code list makes.{did_you_mean(name, known)} "
                "Was a list left out?"
            )


def _names(asked: Iterable[str] | str, known: Sequence[str], option: str) -> tuple[str, ...]:
    names = tuple(known) if asked == "all" else (asked,) if isinstance(asked, str) else tuple(dict.fromkeys(asked))
    _check_known(names, known, f"{option}=")
    return names


def _wanted_flags(known: Sequence[str], rules: Sequence[Rule], keep: Sequence[str]) -> tuple[str, ...]:
    """The conditions that are wanted as flags of their own."""
    made = {rule.name for rule in rules}
    clash = sorted(made.intersection(keep))
    if clash:
        raise CodeError(f"keep= names {listed(clash)}, which a rule makes.")
    feeding = {name for rule in rules for name in rule.conditions} - set(keep)
    return tuple(name for name in known if name not in feeding | made)


def _absent(names: Iterable[str], known: Sequence[str], rules: Sequence[Rule]) -> tuple[str, ...]:
    given = (names,) if isinstance(names, str) else tuple(dict.fromkeys(names))
    for name in given:
        if name in known or name in {rule.name for rule in rules}:
            raise CodeError(f"absent= names '{name}', which a code list or a rule makes.")
        if not CONDITION_NAME.fullmatch(name):
            raise CodeError(f"absent= names '{name}': write small letters, digits and underscores, a letter first.")
    return given


def _windows(lookback: Any, known: Sequence[str]) -> dict[str, Window | None]:
    if not isinstance(lookback, Mapping):
        window = window_of(lookback, "lookback")
        return dict.fromkeys(known, window)
    _check_known(arguments.mapping(lookback, "lookback"), known, "lookback=")
    return {name: window_of(lookback.get(name), f"lookback['{name}']") for name in known}


def sources_of(events: Any, lists: Sequence[CodeList], told: Events) -> dict[str, Events]:
    """The source of each coding system."""
    systems = tuple(dict.fromkeys(each.system for each in lists))
    if isinstance(events, Mapping):
        absent = [system for system in systems if system not in events]
        other = [str(system) for system in events if system not in systems]
        if absent or other:
            raise InputError(
                f"events= has sources of {listed(map(str, events))}, and the code lists are of {listed(systems)}. "
                "Each system needs a source, and each source a list."
            )
        return {system: _told(events[system], told) for system in systems}
    if len(systems) > 1:
        raise InputError(
            f"The code lists are of {listed(systems)}. Give the rows of each system, such as "
            f"events={{'{systems[0]}': …, '{systems[1]}': …}}."
        )
    return {systems[0]: _told(events, told)}


def _told(source: Any, told: Events) -> Events:
    return source if isinstance(source, Events) else Events(source, told.columns, told.date_format, told.encoding)


def _take_in(
    source: Events, system: str, lists: Sequence[CodeList], plan: Plan, merger: Merger, most: Fraction
) -> SourceAccount:
    """Gather every row of one source, and say what became of each."""
    import numpy as np

    account = SourceAccount(system, plan)
    codebook = Codebook([each for each in lists if each.system == system])
    needed = ("patient_id", "code") if plan.undated_as_ever else ("patient_id", "code", "date")
    opened = open_events(source, needed, ("date",), DATE_NAMES)
    if opened.unsplit:
        rows, reasons = zip(*opened.unsplit, strict=True)
        account.fates.unsplit += len(rows)
        account.report(np.array(rows, dtype=np.int64), "", list(reasons))
    for batch in opened.batches:
        take_in_batch(batch, source, account, codebook, merger)
    check_source(account, most, undated_as_ever=plan.undated_as_ever)
    return account


def take_in_batch(batch: Batch, source: Events, account: SourceAccount, codebook: Codebook, merger: Merger) -> None:
    """Gather some rows of a source, and add to its account what became of each."""
    import numpy as np

    codes = {name: name.removeprefix(WIDE) for name in batch.columns if name == "code" or name.startswith(WIDE)}
    merger.expected = max(merger.expected, batch.file_rows * len(codes))
    ids, named, faults, hashes = people_of(batch.columns["patient_id"], batch.file_rows)
    account.people.add(batch.rows, batch.rows if named is None else int(named.sum()), faults)
    if named is not None:
        for places, reason in faults:
            account.report(batch.source_rows(places), "patient_id", [reason] * len(places))
        # Of a wide table, each column of codes is a row of its own.
        account.fates.without_patient += int((~named).sum()) * len(codes)
        batch = taken(batch, np.flatnonzero(named))
        ids, _ = ids_of(batch.columns["patient_id"])
        hashes = None if hashes is None else hashes[named]
    if not batch.rows:
        return
    days = None
    if "date" in batch.columns:
        days, problems = days_of(batch.columns["date"], "date", source.date_format)
        account.dates.add(batch.rows, int((days != NO_DAY).sum()), problems)
        for places, reason in problems:
            account.report(batch.source_rows(places), "date", [reason] * len(places))
    for column, name in codes.items():
        scanned = scan(Rows(ids, hashes, *codes_of(batch.columns[column]), days), account.plan, codebook, merger)
        for piece in scanned.gathered:
            merger.add(piece)
        for columns in scanned.columns:
            account.add_codes(columns)
        for bad in scanned.faults:
            account.report(batch.source_rows(bad.rows), name, list(bad.reasons))


def or_nobody(gathered: Gathered | None, plan: Plan) -> Gathered:
    """What was gathered; of no rows, nobody."""
    if gathered is not None:
        return gathered
    import numpy as np
    import pyarrow as pa

    measures = len(plan.measures)
    none = np.zeros((measures, 0), dtype=np.int32)
    return Gathered(pa.nulls(0, pa.string()), np.zeros((plan.words, 0), dtype=np.uint64), none, none, True)
