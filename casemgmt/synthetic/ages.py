"""How many men and women of each age a practice has: the table nearest to the national one that agrees with
everything published about the practice.

Nearest means the least Kullback-Leibler divergence from the ONS single-year table, so the national shape is kept inside
the published age bands and bends only as far as the published mean ages ask.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from casemgmt.synthetic.published import ROTHERHAM_CCG, Practice, population_by_age

OLDEST = 105
AGES = OLDEST + 1
CELLS = 2 * AGES  # males by age, then females by age: a cell fits a byte
SURVIVAL_OVER_90 = 0.72  # assumption: of those aged 90 and over, each year of age holds this share of the one before

BAND_STARTS = (0, 16, 18, 30, 50, 65, 75)

_AGE = np.tile(np.arange(AGES), 2)
_FEMALE = np.repeat([False, True], AGES)
_BAND = np.searchsorted(BAND_STARTS, _AGE, side="right") - 1

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class AgeSexTable:
    """People by sex and age.

    Attributes
    ----------
    counts : int64 array of 212 cells, males aged 0 to 105, then females
    means_met : false where the published mean ages cannot hold together with the published counts; the nearest
        table is then given
    """

    counts: Counts
    means_met: bool


def cell_ages() -> Counts:
    """The age of each cell, in completed years."""
    return _AGE


def cell_is_female() -> npt.NDArray[np.bool_]:
    """True for the cells of women and girls."""
    return _FEMALE


def age_sex_table(practice: Practice) -> AgeSexTable:
    """People by sex and age, honouring list size, males, the counts by age and the mean ages.

    Counts are exact. Mean ages hold to within half a person's rounding of each cell, where they can hold at all.
    """
    expected, met = _nearest_table(practice)
    bands = _band_counts(practice, float(expected[_BAND == 5].sum()))
    by_band_sex = np.zeros((2, len(BAND_STARTS)))
    np.add.at(by_band_sex, (_FEMALE.astype(int), _BAND), expected)
    males = _males_by_band(by_band_sex[0], by_band_sex.sum(axis=0), bands, practice.males)
    whole = np.stack([males, bands - males])
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = np.where(by_band_sex > 0, whole / by_band_sex, 0.0)
    cells = expected * scale[_FEMALE.astype(int), _BAND]
    # A block whose expectation is nil but which rounding filled: spread it evenly.
    for sex, band in np.argwhere((by_band_sex <= 0) & (whole > 0)):
        block = (sex == _FEMALE) & (band == _BAND)
        cells[block] = whole[sex, band] / block.sum()
    # Each block sums to a whole number, so rounding the running total keeps every block exact.
    return AgeSexTable(counts=_rounded(cells), means_met=met)


def _rounded(values: Floats) -> Counts:
    """Whole numbers whose running total is never half a person away from that of ``values``."""
    whole: Counts = np.diff(np.floor(np.cumsum(values) + 0.5), prepend=0.0).astype(np.int64)
    return whole


@cache
def _national(column: str) -> Floats:
    single = np.asarray(population_by_age(column), dtype=np.float64)
    tail = SURVIVAL_OVER_90 ** np.arange(OLDEST - 89)
    by_age = np.concatenate([single[:90], single[90] * tail / tail.sum()])
    return np.tile(by_age / by_age.sum() / 2, 2)


def _band_counts(practice: Practice, expected_65_74: float) -> Counts:
    """People in the seven bands: all but one of them follow from the published counts."""
    under_50 = practice.aged_18_over - practice.aged_50_over
    aged_50_64 = practice.aged_50_over - practice.aged_65_over
    rest_of_30_74 = practice.aged_30_74 - aged_50_64
    least, most = max(0, rest_of_30_74 - under_50), min(practice.aged_65_over, rest_of_30_74)
    aged_65_74 = min(max(round(expected_65_74), least), most)
    aged_30_49 = rest_of_30_74 - aged_65_74
    return np.array(
        [
            practice.list_size - practice.aged_16_over,
            practice.aged_16_over - practice.aged_18_over,
            under_50 - aged_30_49,
            aged_30_49,
            aged_50_64,
            aged_65_74,
            practice.aged_65_over - aged_65_74,
        ],
        dtype=np.int64,
    )


def _males_by_band(males: Floats, everyone: Floats, bands: Counts, total: int) -> Counts:
    share = np.divide(males, everyone, out=np.full_like(males, total / max(1, bands.sum())), where=everyone > 0)
    wanted: Floats = share * bands
    wanted = wanted * (total / max(float(wanted.sum()), 1e-9))
    whole: Counts = np.clip(_rounded(wanted), 0, bands)
    while (short := total - int(whole.sum())) != 0:
        room = bands - whole if short > 0 else whole
        band = int(np.argmax(room))
        whole[band] += np.sign(short) * min(abs(short), int(room[band]))
    return whole


def _nearest_table(practice: Practice) -> tuple[Floats, bool]:
    """The expected people in each cell, and whether the mean ages are met."""
    base = _national("rotherham" if practice.ccg_code == ROTHERHAM_CCG else "england") * practice.list_size
    rows, targets, is_mean = _constraints(practice)
    base = base * _possible(practice)
    expected, met = _newton(base, rows, targets, np.zeros(len(targets)))
    if not met:
        # The means pull against the counts: let them give way, the counts not.
        expected, _ = _newton(base, rows, targets, is_mean * (1e-2 * practice.list_size))
    return expected, met


def _constraints(practice: Practice) -> tuple[Floats, Floats, Floats]:
    males, females = practice.males, practice.list_size - practice.males
    conditions: list[tuple[npt.NDArray[np.bool_], int]] = [
        (~_FEMALE, males),
        (_FEMALE, females),
        (_AGE >= 16, practice.aged_16_over),
        (_AGE >= 18, practice.aged_18_over),
        (_AGE >= 50, practice.aged_50_over),
        (_AGE >= 65, practice.aged_65_over),
        ((_AGE >= 30) & (_AGE <= 74), practice.aged_30_74),
    ]
    rows = [mask.astype(np.float64) for mask, _ in conditions]
    targets = [float(count) for _, count in conditions]
    centred = (_AGE - 40) / 20  # of the size of the other rows, so that the Newton step is well conditioned
    if practice.mean_age_male is not None and practice.mean_age_female is not None:
        for mean, count, sex in (
            (practice.mean_age_male, males, ~_FEMALE),
            (practice.mean_age_female, females, _FEMALE),
        ):
            rows.append(centred * sex)
            targets.append(count * (mean - 40) / 20)
    elif practice.mean_age is not None:
        rows.append(centred)
        targets.append(practice.list_size * (practice.mean_age - 40) / 20)
    is_mean = np.array([0.0] * len(conditions) + [1.0] * (len(rows) - len(conditions)))
    return np.stack(rows), np.array(targets), is_mean


def _possible(practice: Practice) -> npt.NDArray[np.bool_]:
    """False for cells which the published counts leave empty; a logarithm could only approach them."""
    possible = np.ones(CELLS, dtype=bool)
    if practice.males == 0:
        possible &= _FEMALE
    if practice.males == practice.list_size:
        possible &= ~_FEMALE
    empty = _band_counts(practice, 0.0)
    for band in (0, 1, 4):
        if empty[band] == 0:
            possible &= band != _BAND
    if practice.aged_65_over == 0:
        possible &= _AGE < 65
    if practice.aged_18_over == practice.aged_50_over:
        possible &= (_AGE < 18) | (_AGE >= 50)
    if practice.aged_30_74 == practice.aged_50_over - practice.aged_65_over:
        possible &= (_BAND != 3) & (_BAND != 5)
    if practice.aged_30_74 == practice.aged_18_over:
        possible &= (_BAND != 2) & (_BAND != 6)
    return possible


def _newton(base: Floats, rows: Floats, targets: Floats, give: Floats) -> tuple[Floats, bool]:
    """Tilt ``base`` by exp(multipliers @ rows) until ``rows @ table`` is ``targets``, less what ``give`` lets go."""
    multipliers = np.zeros(len(targets))
    tolerance = 1e-7 * max(1.0, base.sum())
    table = base.copy()
    value = table.sum()
    for _ in range(60):
        gradient = rows @ table - targets + give * multipliers
        if np.abs(gradient).max() < tolerance:
            return table, True
        curvature = (rows * table) @ rows.T
        curvature[np.diag_indices_from(curvature)] += give + 1e-9 * (1.0 + curvature.trace())
        step = np.linalg.solve(curvature, gradient)
        size = 1.0
        while size > 1e-6:
            tried = multipliers - size * step
            moved = base * np.exp(np.clip(tried @ rows, -60.0, 60.0))
            new_value = moved.sum() - tried @ targets + 0.5 * (give * tried) @ tried
            if new_value <= value + 1e-12 * abs(value):
                break
            size /= 2
        multipliers, table, value = tried, moved, new_value
    return table, bool(np.abs(rows @ table - targets + give * multipliers).max() < 1e-4 * max(1.0, base.sum()))
