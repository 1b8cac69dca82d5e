"""What a user says that each input adds to the scores given, such as SHAP values: whose, and that it adds up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from casemgmt.errors import InputError, listed, no_rows_yet, plural
from casemgmt.register.given.floats import as_floats, is_pandas
from casemgmt.register.given.keyed import column_names, keyed_by
from casemgmt.register.given.values import in_packed_order, values_by_row
from casemgmt.selection.plain_rows import keys_of
from casemgmt.selection.risks import are_log_odds

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from casemgmt.register.register import Register
    from casemgmt.selection.keys import Ranking

    Floats = npt.NDArray[np.float64]

BASE = "base"
# Of what was added in a row, sizes without signs: the sum may miss the score by this share. SHAP values of some hundred
# inputs in single precision stay within it.
TOLERANCE = 1e-4
# With fewer rows, that every score differs from its sum by the same amount shows little.
_FEWEST_WITHOUT_BASE = 10
_NAME = "contributions"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class GivenContributions:
    """What each input adds to each score; arrays are in packed order.

    Attributes
    ----------
    names : of the inputs, in the order of the frame's columns
    values : float64, (rows, inputs); NaN in the rows of patients of whom none are given
    base : float64, what everyone starts from
    as_odds : whether the scores are log-odds of the risks given, so that what is added multiplies the odds
    """

    names: tuple[str, ...]
    values: Floats
    base: Floats
    as_odds: bool

    def given(self, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        """Of which packed rows there are any."""
        import numpy as np

        return np.asarray(~np.isnan(self.values[rows, 0]))


class _Frame(NamedTuple):
    """Columns as they were given, each beside its name; and ids, or the index of a pandas frame, or None."""

    names: list[str]
    columns: list[Any]
    ids: Any
    frame: Any


def contributions_of(register: Register, ranking: Ranking, contributions: object) -> GivenContributions | None:
    """The contributions of a call beside the packed rows that they are of; None where none were given.

    Raises
    ------
    InputError
        What is no frame of numbers, cannot be matched to patients, has gaps, or does not add up to the scores.
    """
    import numpy as np

    if contributions is None:
        return None
    read = _read(contributions)
    columns = {
        name: as_floats(column, f"Column '{name}' of contributions=")
        for name, column in zip(read.names, read.columns, strict=True)
    }
    stated = columns.pop(BASE, None)
    values = np.column_stack(list(columns.values()))
    whole = values if stated is None else np.column_stack([values, stated])
    places = _places(register, read, whole)
    scores = ranking.scores(keys_of(ranking.source))
    explained = np.flatnonzero((places >= 0) & ~np.isnan(scores))
    taken = np.full((len(register), values.shape[1]), np.nan)
    taken[explained] = values[places[explained]]
    _refuse_gaps(whole[places[explained]], [*columns, BASE][: whole.shape[1]])
    base = np.full(len(register), np.nan)
    if stated is not None:
        base[explained] = stated[places[explained]]
    else:
        base[explained] = _one_base(scores[explained], taken[explained])
    _refuse_other_sums(scores[explained], taken[explained], base[explained])
    risks = ranking.given_risks
    as_odds = risks is not None and are_log_odds(scores, risks)
    return GivenContributions(names=tuple(columns), values=taken, base=base, as_odds=as_odds)


def refuse_without_ids(contributions: object) -> None:
    """Refuse contributions that a register read a part at a time cannot match to its patients.

    Raises
    ------
    InputError
    """
    if contributions is not None and _read(contributions).ids is None:
        raise InputError(
            "contributions= of a register that is read a part at a time must say whose they are: give the frame a "
            "column patient_id, or read the register with cm.read_register."
        )


def _read(given: object) -> _Frame:
    """A frame's columns, and what says whose its rows are."""
    if type(given).__name__ == "LazyFrame":
        raise no_rows_yet("contributions= is a lazy frame, which has")
    if is_pandas(given) and hasattr(given, "columns"):
        frame: Any = given
        names, ids = [each if isinstance(each, str) else "" for each in frame.columns], None
        if frame.index.name == "patient_id" and "patient_id" not in names:
            ids = frame.index
        columns = [frame.iloc[:, place] for place in range(len(names))]
    elif not is_pandas(given) and column_names(given) is not None:
        from casemgmt.register.sources import open_source

        frame = open_source(given).table
        names, columns, ids = list(frame.column_names), list(frame.columns), None
    else:
        raise InputError(
            "contributions= is a frame with one column an input, named as the input, such as "
            "pd.DataFrame(shap_values, columns=X.columns, index=X.index)."
        )
    _refuse_names(names)
    if "patient_id" in names:
        place = names.index("patient_id")
        ids = columns.pop(place)
        names.pop(place)
    if not set(names) - {BASE}:
        raise InputError("contributions= has no column of an input: give one column an input, named as the input.")
    return _Frame(names, columns, ids, frame)


def _refuse_names(names: Sequence[str]) -> None:
    nameless = sum(not name.strip() for name in names)
    repeated = sorted({name for name in names if names.count(name) > 1 and name})
    if nameless:
        raise InputError(
            f"contributions= has {plural(nameless, 'column')} without a name that is text. Name each column as its "
            "input: the names stand in the reasons."
        )
    if repeated:
        raise InputError(f"contributions= has two columns of one name: {listed(repeated)}.")


def _places(register: Register, read: _Frame, values: Floats) -> npt.NDArray[np.int64]:
    """The row of the frame that each packed row is explained by; -1 for none."""
    import numpy as np

    numbers = np.arange(len(values), dtype=np.float64)
    if read.ids is not None:
        keyed = keyed_by(read.ids, numbers, _NAME)
        found, met = keyed.of(register)
        keyed.refuse_unmatched(met, len(register), register.ids)
    else:
        if is_pandas(read.frame):
            import pandas as pd

            numbered: object = pd.Series(numbers, index=read.frame.index)
        else:
            numbered = numbers
        by_source, _ = values_by_row(numbered, register.rows_in, register.index, _NAME)
        _refuse_differing(register, by_source, values)
        found = in_packed_order(register, by_source)
    return np.where(np.isnan(found), -1, np.nan_to_num(found)).astype(np.int64)


def _refuse_differing(register: Register, by_source: Floats, values: Floats) -> None:
    """Refuse rows that differ between repeats of one source row."""
    import numpy as np

    repeats = np.array(list(register.merged_into.items()), dtype=np.int64).reshape(-1, 2)
    rows = by_source[repeats if register.source_row is None else register.source_row[repeats]]
    rows = rows[~np.isnan(rows).any(axis=1)].astype(np.int64)
    if not np.array_equal(values[rows[:, 0]], values[rows[:, 1]], equal_nan=True):
        raise InputError(
            "contributions= gives different values to repeats of one row. Remove the repeats from the source."
        )


def _refuse_gaps(values: Floats, names: Sequence[str]) -> None:
    """Refuse inputs of which it is not said what they add."""
    import numpy as np

    gaps = np.count_nonzero(~np.isfinite(values), axis=0)
    for name, count in zip(names, gaps.tolist(), strict=True):
        if count:
            raise InputError(
                f"Column '{name}' of contributions= has {plural(count, 'value')} missing or infinite, of patients with "
                "a score. Write 0 where an input adds nothing."
            )


def _sum_of(values: Floats) -> Floats:
    """The sum of each row, column after column, so that no row's depends on the others."""
    import numpy as np

    total = np.zeros(len(values))
    for column in values.T:
        total = total + column
    return total


def _one_base(scores: Floats, values: Floats) -> float:
    """What everyone starts from, where no column says it: the same for everyone, or they do not add up."""
    import numpy as np

    if not len(scores):
        return 0.0
    if len(scores) < _FEWEST_WITHOUT_BASE:
        raise InputError(
            f"contributions= has no column {BASE}, and {plural(len(scores), 'patient')} with a score: too few to tell "
            f"what everyone starts from. Add a column {BASE}, such as the explainer's expected value."
        )
    left = np.sort(scores - _sum_of(values))
    return float(left[len(left) // 2])


def _refuse_other_sums(scores: Floats, values: Floats, base: Floats) -> None:
    """Refuse contributions that do not add up to the scores."""
    import numpy as np

    wrong = _missed(scores, values, base)
    if not wrong.any():
        return
    sums = base + _sum_of(values)
    largest = float(np.abs(sums - scores).max())
    raise InputError(
        f"contributions= does not add up to the score of {plural(int(wrong.sum()), 'patient')} of "
        f"{len(scores):,}; the largest difference is {largest:.2g}.{_likely_cause(scores, values)}"
    )


def _missed(scores: Floats, values: Floats, base: Floats) -> npt.NDArray[np.bool_]:
    import numpy as np

    size = np.maximum(np.abs(scores), np.abs(base) + _sum_of(np.abs(values)))
    return np.asarray(np.abs(base + _sum_of(values) - scores) > TOLERANCE * size)


def _likely_cause(scores: Floats, values: Floats) -> str:
    """Where the scores are risks whose log-odds the contributions add up to, that; else what to look at."""
    import numpy as np

    inside = (scores > 0) & (scores < 1)
    if inside.all():
        log_odds = np.log(scores / (1 - scores))
        left = np.sort(log_odds - _sum_of(values))
        if not _missed(log_odds, values, np.full(len(scores), left[len(left) // 2])).any():
            return (
                " They add up to the log-odds of the score: rank by those, and give the risks beside them: "
                "score=log_odds, risk=probability."
            )
    return (
        f" Give those of the model that made the scores, one column for each of its inputs; what everyone starts from "
        f"stands in a column {BASE}."
    )
