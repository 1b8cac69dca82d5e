"""What there is to ask an estimator: the values of each of its columns, and its log-odds where they stand together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from casemgmt.errors import InputError
from casemgmt.register.fields import FIELDS
from casemgmt.risk.fitting.cells import InputCells
from casemgmt.risk.fitting.looking import kind_of, log_odds, refuse_no_log_odds, sound_values
from casemgmt.risk.fitting.steps import number_cells
from casemgmt.risk.inputs import is_missing

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

    Codes = npt.NDArray[np.int32]
    Floats = npt.NDArray[np.float64]

UNSEEN = "(a category that no row has)"
_SAMPLE = 64
_STANDING, _MANY_VALUES = 12, 5_000


class AskedColumn(NamedTuple):
    """One column: its cells, the value that stands for each code (missing last, where it is asked), the rows' codes."""

    cells: InputCells
    values: list[Any]
    codes: Codes


class Asked(NamedTuple):
    """All columns, and how the estimator is asked.

    ``smooth`` says, of inputs whose cells hold values that differ, by how much at most a cell's log-odds are off.
    """

    estimator: Any
    frame: pd.DataFrame
    columns: list[AskedColumn]
    smooth: dict[str, float]
    needed: tuple[str, ...]

    def decide(self, rows: Codes) -> Floats:
        """The log-odds of rows of cells."""
        values = [np.array(column.values, dtype=object)[rows[:, number]] for number, column in enumerate(self.columns)]
        return log_odds(self.estimator, frame_like(self.frame, values))

    def codes(self) -> Codes:
        """The cells of the rows that are known."""
        return np.column_stack([column.codes for column in self.columns])[self.known]

    def truth(self) -> Floats:
        """The log-odds of those rows."""
        return log_odds(self.estimator, self.frame[self.known])

    @property
    def known(self) -> npt.NDArray[np.bool_]:
        """Rows whose values each have a cell."""
        return np.asarray(np.all([column.codes >= 0 for column in self.columns], axis=0))

    def sample(self, seed: int) -> tuple[Callable[[object], Floats], Floats]:
        """Made-up rows, and what the estimator says of them: whether it is still the same can be told by them."""
        random = np.random.default_rng(seed)
        rows = np.column_stack([random.integers(0, len(column.values), _SAMPLE) for column in self.columns])
        shown = frame_like(
            self.frame, [np.array(c.values, dtype=object)[rows[:, n]] for n, c in enumerate(self.columns)]
        )

        def again(estimator: object) -> Floats:
            return log_odds(estimator, shown)

        return again, again(self.estimator)


def asked_columns(estimator: object, frame: object, cells: int) -> Asked:
    """The columns of a frame as an estimator is asked about them.

    Raises
    ------
    InputError : no frame, an estimator without ``decision_function`` or with more than two classes, one whose
        ``decision_function`` gives no log-odds, or a column that no model reads
    """
    rows = _frame_of(frame)
    if not callable(getattr(estimator, "decision_function", None)):
        raise InputError(
            f"estimator is a fitted classifier with decision_function, not a value of type {type(estimator).__name__}."
        )
    try:
        log_odds(estimator, rows.iloc[:1])
    except InputError:
        raise
    except Exception as problem:  # whatever another library raises, without what it says of the rows
        raise InputError(
            f"The estimator's decision_function does not take the rows of frame ({type(problem).__name__}): it must be "
            "fitted, and the columns those that it was fitted to."
        ) from None
    refuse_no_log_odds(estimator, rows)
    # Rows whose values the other inputs have while one is looked at: several, since a pair may step where another
    # value of its second input stands, and without gaps where there are such.
    whole = np.flatnonzero(rows.notna().all(axis=1).to_numpy())
    among = whole if len(whole) else np.arange(len(rows))
    standing = among[np.linspace(0, len(among) - 1, min(_STANDING, len(among))).astype(np.int64)]

    def alone(name: str, values: Sequence[Any]) -> Floats:
        few = standing if len(values) <= _MANY_VALUES else standing[:2]
        columns = [
            np.tile(np.array(values, dtype=object), len(few))
            if each == name
            else np.repeat(rows[each].astype(object).to_numpy()[few], len(values))
            for each in rows.columns
        ]
        return log_odds(estimator, frame_like(rows, columns)).reshape(len(few), len(values))

    columns, smooth = [], {}
    for name in rows.columns:
        column, off = _column(rows[name], str(name), alone, cells)
        columns.append(column)
        if off:
            smooth[str(name)] = off
    needed = tuple(column.cells.name for column in columns if not column.cells.learns_missing)
    return Asked(estimator, rows, columns, smooth, needed)


def _frame_of(frame: object) -> pd.DataFrame:
    import pandas as pd
    import pyarrow as pa

    if isinstance(frame, pa.Table):
        frame = frame.to_pandas()
    elif isinstance(frame, np.ndarray) and frame.ndim == 2:
        frame = pd.DataFrame(frame, columns=[f"x{number}" for number in range(frame.shape[1])])
    if not isinstance(frame, pd.DataFrame) or frame.empty:
        raise InputError(
            "frame is a data frame, an Arrow table or a two-dimensional array with the rows to be asked about."
        )
    if not frame.columns.is_unique or not all(isinstance(name, str) for name in frame.columns):
        raise InputError("The columns of frame must have names, each its own.")
    return frame.reset_index(drop=True)


def frame_like(frame: pd.DataFrame, values: Sequence[npt.NDArray[Any]]) -> pd.DataFrame:
    """A frame of given values, one array of objects a column, in the types of another."""
    import pandas as pd

    made = {}
    for (name, like), column in zip(frame.dtypes.items(), values, strict=True):
        lacking = pd.isna(column)
        if isinstance(like, pd.CategoricalDtype):
            extra = [each for each in pd.unique(column[~lacking]) if each not in like.categories]
            kind = pd.CategoricalDtype([*like.categories, *extra], ordered=like.ordered)
            made[name] = pd.Categorical(
                [None if gone else each for each, gone in zip(column, lacking, strict=True)], dtype=kind
            )
        elif pd.api.types.is_numeric_dtype(like):
            whole = not lacking.any() and (pd.api.types.is_bool_dtype(like) or pd.api.types.is_integer_dtype(like))
            if whole and all(each == int(each) for each in pd.unique(column)):
                made[name] = pd.Series(column).astype(like)
            else:
                made[name] = pd.Series(np.where(lacking, np.nan, column).astype(np.float64))
        else:
            made[name] = pd.Series(np.where(lacking, np.nan, column), dtype=object).astype(like)
    return pd.DataFrame(made, columns=list(frame.columns))


def _column(
    column: pd.Series, name: str, alone: Callable[[str, Sequence[Any]], Floats], most: int
) -> tuple[AskedColumn, float]:
    values, null = column.astype(object).to_numpy(), column.isna().to_numpy()
    lacking = null | np.array([isinstance(each, str) and is_missing(each) for each in values])
    distinct = sound_values(name, values[~lacking])
    # A model reads blank text as missing; an estimator that was shown it is asked about it.
    missing = float("nan") if null.any() or not lacking.any() else values[lacking][0]
    kind = kind_of(name, distinct)
    off = 0.0
    match kind:
        case "category":
            scores = _answers(alone, name, UNSEEN)
            shown: list[Any] = [*distinct, UNSEEN] if scores else list(distinct)
            own: dict[str, Any] = {"categories": tuple(distinct), "has_other": scores, "other_scores": scores}
        case "flag":
            # As they stand in the column: a categorical one knows True, and no 1.
            shown, own = [next((each for each in distinct if each == code), code) for code in (0, 1)], {}
        case "integer":
            shown = list(range(int(distinct[0]), int(distinct[-1]) + 1))
            first = FIELDS[name].least if name in FIELDS else shown[0]
            own = {"starts": tuple(shown), "first": first}
        case _:
            edges, shown, off, sentence = number_cells(name, np.array(distinct, dtype=np.float64), alone, most)
            own = {"edges": edges, "merged": (sentence,) if sentence else ()}
    codes = np.full(len(values), len(shown), dtype=np.int32)
    if kind == "category":
        place = {value: number for number, value in enumerate(distinct)}
        codes[~lacking] = [place[each] for each in values[~lacking]]
    elif kind == "number":
        borders = np.array([edge / 1_000_000 for edge in own["edges"]])
        codes[~lacking] = np.searchsorted(borders, values[~lacking].astype(np.float64), side="right")
    else:
        codes[~lacking] = values[~lacking].astype(np.int64) - int(shown[0])
    people = np.bincount(codes[~lacking], minlength=len(shown)).tolist()
    answers = bool(lacking.any()) or _answers(alone, name, missing)
    if not answers:
        codes[lacking] = -1
    cells = InputCells(
        name=name,
        kind=kind,
        seen=(),
        people=tuple(people),
        missing_people=int(lacking.sum()),
        learns_missing=answers,
        **own,
    )
    return AskedColumn(cells, [*shown, missing] if answers else shown, codes), off


def _answers(alone: Callable[[str, Sequence[Any]], Floats], name: str, value: object) -> bool:
    """Whether the estimator takes a value; one that refuses it gives no score."""
    try:
        return bool(np.isfinite(alone(name, [value])).all())
    except (ValueError, TypeError, KeyError):
        return False
