"""How far each person's risk moves when the model is fitted again on people drawn anew.

Reference: Riley RD, Collins GS. Stability of clinical prediction models developed using statistical or machine learning
methods. Biom J 2023;65:2200302 (instability plot, mean absolute prediction error).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from casemgmt import arguments
from casemgmt.errors import InputError, plural
from casemgmt.evaluation.parts import part_of, scored
from casemgmt.plot_words import described
from casemgmt.register.register import Register, a_register

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa
    from matplotlib.axes import Axes

    Floats = npt.NDArray[np.float64]
    Fit = Callable[[Register], Any]
    Progress = Callable[[int, int], None]

FEWEST_REFITS, MOST_REFITS = 2, 1000
_MOST_DOTS = 4000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Stability:
    """How far risks move from one fit to the next.

    Attributes
    ----------
    people : one row a person with a risk in every fit: practice_id, patient_id, risk (of the fit on everyone), low and
        high (of 95 in 100 refits), mape (mean absolute difference of the refits from ``risk``)
    mape : its mean over the people
    refits : how many there were
    """

    people: pa.Table
    mape: float
    refits: int

    def __repr__(self) -> str:
        """Counts only."""
        people = plural(self.people.num_rows, "person", "people")
        return (
            f"<Stability of the risks of {people} over {self.refits} refits: on average a risk moves by "
            f"{100 * self.mape:.2f} in 100>"
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw each person's refitted range against the risk of the fit on everyone; needs matplotlib.

        Of more than a few thousand people every so many-th by risk is drawn.

        Returns
        -------
        matplotlib.axes.Axes
        """
        from casemgmt.evaluation.plots import require_matplotlib

        require_matplotlib()
        if ax is None:
            from matplotlib import pyplot as plt

            ax = plt.subplots(figsize=(6.0, 5.6), layout="constrained")[1]
        elif not (hasattr(ax, "set_yticks") and not isinstance(ax, type)):
            raise InputError("ax is the axes of a matplotlib figure, such as those of plt.subplots().")
        shown = self.people.sort_by("risk")
        shown = shown.take(list(range(0, shown.num_rows, -(-shown.num_rows // _MOST_DOTS))))
        risk, low, high = (shown.column(name).to_pylist() for name in ("risk", "low", "high"))
        ax.vlines(risk, low, high, color="#6b7c8c", linewidth=0.7, label="95 in 100 of the refits")
        ax.plot([0, max(high)], [0, max(high)], color="#333333", linestyle=":", linewidth=1, label="no movement")
        ax.set(xlabel="risk by the fit on everyone", ylabel="risk by the refits")
        ax.spines[["top", "right"]].set_visible(False)
        ax.legend(frameon=False, loc="upper left", fontsize=9)
        return described(
            ax,
            f"Each person's risk by the fit on everyone, and where 95 in 100 of {self.refits} refits put it. On "
            f"average a risk moves by {100 * self.mape:.2f} in 100; the highest that is drawn is "
            f"{100 * max(high):.0f} in 100.",
        )


@arguments.checked(
    register=a_register,
    fit=arguments.to_be_called,
    refits=arguments.whole,
    seed=arguments.whole,
    progress=arguments.to_be_called_or_none,
)
def stability(
    register: Register, fit: Fit, *, refits: int = 20, seed: int = 1, progress: Progress | None = None
) -> Stability:
    """Fit again and again on people drawn anew within each practice, and see how far each person's risk moves.

    Parameters
    ----------
    register : from :func:`casemgmt.read_register`
    fit : as of :func:`casemgmt.evaluation.validation.validate`; it is given registers in which a person can stand more
        than once
    refits : whole number from 2 to 1,000; Riley and Collins use 200 and more
    seed : whole number from 0
    progress : called with (fits done, fits in all)

    Returns
    -------
    Stability

    Raises
    ------
    InputError
        A fit that returns neither a model that states risks nor a function; nobody with a risk in every fit.

    Examples
    --------
    >>> risks = cm.load_model("demonstration-admission")
    >>> cm.stability(register, lambda people: risks.recalibrate(people, "outcome_emergency_admission_12m"), refits=2)
    <Stability of the risks of 5,819 people over 2 refits: on average a risk moves by 0.3... in 100>
    """
    import numpy as np
    import pyarrow as pa

    if not FEWEST_REFITS <= refits <= MOST_REFITS:
        raise InputError(f"refits is a whole number from {FEWEST_REFITS} to {MOST_REFITS:,}.")
    if not 0 <= seed < 2**63:
        raise InputError("seed is a whole number from 0 to 2**63 - 1.")
    register.require_whole("Stability")
    ordered = _by_practice_and_id(register)
    first = _risks(fit, part_of(register, ordered), register, ordered)
    practice = register.packed.practice_of(ordered)
    sizes = np.bincount(practice, minlength=len(register.practices))
    random, found = np.random.default_rng(seed), np.empty((refits, len(ordered)))
    for i in range(refits):
        starts = np.cumsum(sizes) - sizes
        drawn = [start + random.integers(0, size, size) for start, size in zip(starts, sizes, strict=True) if size]
        again = np.sort(np.concatenate(drawn))
        found[i] = _risks(fit, part_of(register, ordered[again]), register, ordered)
        if progress is not None:
            progress(i + 1, refits)
    known = np.isfinite(first) & np.isfinite(found).all(axis=0)
    if not known.any():
        raise InputError("fit: nobody has a risk in every fit, so that nothing can be said of how far risks move.")
    low, high = np.quantile(found[:, known], [0.025, 0.975], axis=0)
    moved = np.abs(found[:, known] - first[known]).mean(axis=0)
    rows = ordered[known]
    floats = {"risk": first[known], "low": low, "high": high, "mape": moved}
    people = pa.table(
        {
            **{name: register.column(name, rows) for name in ("practice_id", "patient_id")},
            **{name: pa.array(values, pa.float64()) for name, values in floats.items()},
        }
    )
    return Stability(people=people, mape=float(moved.mean()), refits=refits)


def _by_practice_and_id(register: Register) -> npt.NDArray[np.int64]:
    """Packed rows by practice, then by patient id, so that the draws do not depend on the order of the source."""
    import numpy as np

    from casemgmt.selection.ordering import by_practice_and_id

    rows = np.arange(len(register))
    return np.asarray(rows[by_practice_and_id(register.packed.practice_of(), register.column("patient_id"))])


def _risks(fit: Fit, training: Register, register: Register, rows: npt.NDArray[np.int64]) -> Floats:
    import numpy as np

    score, are_risks = scored(fit(training), register)
    if not are_risks or ((score < 0) | (score > 1)).any():
        raise InputError("fit: what it returns must give risks from 0 to 1, and gives other scores.")
    return np.asarray(score[rows])
