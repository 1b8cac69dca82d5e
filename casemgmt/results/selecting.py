"""Selecting: a register, a scheme and a score become the lists of each practice."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from casemgmt import arguments, logs
from casemgmt.errors import InputError
from casemgmt.register.register import Register
from casemgmt.results.selection import Selection
from casemgmt.results.tables import SelectionTables
from casemgmt.selection.asked import Asked, Terms, check_arguments
from casemgmt.selection.choosing import gather, workings_of
from casemgmt.selection.earlier import EarlierSelection, read_ended
from casemgmt.selection.expected import LIST_SIZE_WITHIN, Expected
from casemgmt.selection.nominations import read_nominations
from casemgmt.selection.places import OverCap

if TYPE_CHECKING:
    from casemgmt.annotations import TableLike, Values
    from casemgmt.caseload.caseload import Caseload
    from casemgmt.caseload.state.state import State
    from casemgmt.register.limits import Share
    from casemgmt.results.published import PublishedSelection
    from casemgmt.risk.explain import Reference
    from casemgmt.risk.model import Model
    from casemgmt.scanned.scanning import ScannedRegister
    from casemgmt.scheme.routes import Scheme
    from casemgmt.selection.choosing import Gathered
    from casemgmt.selection.lists import Earlier


@arguments.checked(over_cap=arguments.text, reference=arguments.text, allow_demonstration=arguments.yes_or_no)
def select(
    register: Register | ScannedRegister,
    scheme: Scheme,
    *,
    model: Model | None = None,
    score: Values | None = None,
    risk: Values | None = None,
    contributions: TableLike | None = None,
    over_cap: OverCap = "error",
    list_sizes: Mapping[str, int] | None = None,
    previous: Selection | PublishedSelection | Caseload | State | None = None,
    ended: TableLike | Mapping[str, str] | None = None,
    nominations: TableLike | None = None,
    reference: Reference = "base",
    allow_demonstration: bool = False,
    allow_missing_practices: bool | Iterable[str] = False,
    list_size_within: Share | None = LIST_SIZE_WITHIN,
    max_quarantined: Share | None = None,
    max_corrected: Share | None = None,
    threads: int | None = None,
) -> Selection:
    """Select patients in each practice by a scheme, ranked by a model or by given scores.

    :mod:`casemgmt.selection.asked` and :mod:`casemgmt.selection.expected` say in full what is said briefly here.

    Parameters
    ----------
    register : from :func:`casemgmt.read_register` or :func:`casemgmt.scan_register`
    scheme, model : from :func:`casemgmt.load_scheme` and :func:`casemgmt.load_model`, whose score ranks
    score : ranks by these values instead (neither is needed by a scheme that ranks nobody): a column's name; one value
        a source row in source order (a pandas Series is matched on its index); or scores keyed by patient id, as a
        mapping, or as a frame with ``patient_id`` and one column more. NaN, null and infinities mean no score
    risk : what each given score means, from 0 to 1, in the same forms: the column ``risk``, and what bands on risk take
    contributions : what each input adds to the given scores, such as SHAP values: a frame of one column an input, with
        ``patient_id`` or one row a source row. Checked to add up; they become the reasons
    over_cap : ``error`` raises where a practice nominates more patients than it has places, ``queue`` lets them wait
    list_sizes : official list size of each practice, used instead of counted rows as the whole-list denominator
    previous : an earlier selection, whose people are on the caseload; or the caseload itself, from
        :func:`casemgmt.open_caseload`, as it stands on the list date; ``removals()`` lists whom this one does not keep
    ended : whose case management a person has ended since: ids with reasons, as a mapping or a table (or its file)
    nominations : what practices sent back, laid over the register's: ``read_returns(…).nominations()``, or its file
    reference : what reasons are held against: each table's ``base``, or the average of the ``practice``
    allow_demonstration : rank by a demonstration model though the register is not marked synthetic
    allow_missing_practices, list_size_within : which practices of ``list_sizes`` or ``previous`` may have no accepted
        row (True: any); and by what share of a list size its rows may differ from it
    max_quarantined, max_corrected : as of :func:`casemgmt.read_register`, by default as the register was read
    threads : how many to use on large registers; the result does not depend on it

    Raises
    ------
    InputError, CapExceededError
        A column, score or practice is missing or cannot be used, as the message says; more nominations than places.

    Examples
    --------
    >>> cm.select(register, scheme, model=model)
    <Selection by 'rotherham-2015-16': 244 patients case managed, 649 patients listed in all, 1 practice; 65
    patients barred>
    """
    terms = Terms(over_cap, reference, allow_demonstration, max_quarantined, max_corrected, threads)
    expected = Expected.of(list_sizes, _earlier(previous, register), allow_missing_practices, list_size_within)
    given: dict[str, Any] = {"score": score, "risk": risk, "contributions": contributions}
    given |= {"nominations": read_nominations(nominations), "ended": read_ended(ended)}
    asked = Asked(scheme=scheme, model=model, **given, terms=terms, expected=expected)
    check_arguments(asked)
    return _said(Selection(workings_of(_gathered(register, asked), asked)))


def _said(selection: Selection) -> Selection:
    logs.info("selection", "selected by %s", selection.scheme.id)
    return selection


def _earlier(previous: Any, register: Any) -> Earlier | None:
    """What was before, whoever remembers it."""
    if previous is None:
        return None
    if isinstance(previous, SelectionTables):
        return EarlierSelection(previous)
    from casemgmt.caseload.caseload import Caseload
    from casemgmt.caseload.state.state import State

    if not isinstance(previous, (Caseload, State)):
        raise InputError(
            "previous: give a selection, from cm.select or cm.load_selection; or a caseload, from cm.open_caseload."
        )
    from casemgmt.caseload.deciding.before import caseload_before

    if not hasattr(register, "as_of"):
        raise _not_read()
    return caseload_before(previous, register.as_of)


def _not_read() -> InputError:
    return InputError("register: read it first, with cm.read_register(…, as_of=…).")


def _gathered(register: Any, asked: Asked) -> Gathered:
    """The rows that can matter, of a register that is held whole, or read a part at a time."""
    if isinstance(register, Register):
        return gather(register, asked)
    from casemgmt.scanned.scanning import ScannedRegister
    from casemgmt.selection.in_parts import gather_in_parts

    if not isinstance(register, ScannedRegister):
        raise _not_read()
    return gather_in_parts(register, asked)
