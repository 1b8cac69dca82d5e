"""What a risk model is: inputs with their lookup tables, added up, and a link from the sum to a risk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from casemgmt import arguments
from casemgmt.arrow import texts
from casemgmt.errors import InputError, ModelError, did_you_mean, listed, must_be, plural
from casemgmt.risk.bands import ScoreBand, check_bands
from casemgmt.risk.inputs import LARGEST_VALUE, MILLION, PRESENT, ModelInput, decimal_text, is_missing
from casemgmt.risk.pairs import PairInput
from casemgmt.shown import shows

if TYPE_CHECKING:
    import pyarrow as pa

    from casemgmt.annotations import MaybeNone
    from casemgmt.risk.recalibrating.record import Recalibration


Link = Literal["points", "logistic", "survival"]
LINKS: tuple[Link, ...] = ("points", "logistic", "survival")


@shows(
    "name title source outcome population intended_use not_for licence version horizon_days link inputs",
    "input_named intercept baseline_survival centre floor divide_by bands band_of demonstration calibrated_in",
    "columns cell_of score_of text",
)
@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class AdditiveModel:
    """A sum of lookup tables with a link, as a model file states it.

    Attributes
    ----------
    name, title, source, outcome, population, intended_use, not_for, licence, version : the file's own words
    horizon_days : how far ahead the outcome is counted; None where the score has no horizon
    link : ``points`` (no risk), ``logistic`` or ``survival``
    intercept : millionths, added to every sum
    baseline_survival : the survival at the horizon of someone at the centre, 0 to 1, as decimal text (survival)
    centre : millionths, taken from the score before the link (survival)
    floor : millionths, the least sum; None where there is none
    divide_by : the score is the sum divided by this whole number
    bands : named ranges of the score, rising
    inputs : the inputs, in file order
    text, vectors_text : the model file and its test vectors, as read
    nested : the other model of each score input, by the input's name
    demonstration : true for a model that shows the format and is not for use
    calibrated_in : codes of the practices on whose people the risks were fitted or recalibrated; none where the file
        does not say
    recalibration : what was done to the risks, of a model that this process has recalibrated; None of any other
    """

    name: str
    title: str
    source: str
    outcome: str
    horizon_days: int | None
    population: str
    intended_use: str
    not_for: str
    licence: str
    version: str
    link: Link
    intercept: int
    baseline_survival: str | None = None
    centre: int | None = None
    floor: int | None = None
    divide_by: int = 1
    bands: tuple[ScoreBand, ...] = ()
    inputs: tuple[ModelInput, ...]
    text: str = ""
    vectors_text: str = ""
    nested: Mapping[str, AdditiveModel] = field(default_factory=dict, hash=False)
    demonstration: bool = False
    calibrated_in: tuple[str, ...] = ()
    recalibration: Recalibration | MaybeNone = field(default=None, compare=False)

    def __post_init__(self) -> None:
        """Refuse what no file may say."""
        names = [each.name for each in self.inputs]
        repeated = sorted({name for name in names if names.count(name) > 1})
        if not names:
            raise ModelError("a model needs at least one input.")
        if repeated:
            raise ModelError(f"{plural(len(repeated), 'input')} written more than once: {listed(repeated)}.")
        if {each.name for each in self.inputs if each.kind == "score"} != set(self.nested):
            raise ModelError("every score input needs its own model, and nothing else does.")
        for each in self.inputs:
            if each.kind == "score" and each.scale != self.nested[each.name].divide_by:
                raise must_be("scale", "the other model's divide_by", place=f"input '{each.name}'", error=ModelError)
        self._check_hierarchies()
        for pair in self.inputs:
            if isinstance(pair, PairInput) and any(side.input not in self.inputs for side in pair.sides):
                raise ModelError(f"input '{pair.name}': 'of' must name two other inputs of the model.")
        if any(not code.strip() for code in self.calibrated_in) or len({*self.calibrated_in}) < len(self.calibrated_in):
            raise ModelError("'calibrated_in' names a practice twice, or a blank one.")
        if self.divide_by < 1:
            raise must_be("divide_by", "a whole number of at least 1", error=ModelError)
        for key, amount in (("intercept", self.intercept), ("centre", self.centre), ("floor", self.floor)):
            if amount is not None and abs(amount) > LARGEST_VALUE:
                raise ModelError(f"'{key}' is outside -1,000,000 to 1,000,000.")
        if self.floor is not None and self.extremes[0] >= self.floor:
            raise ModelError("'floor' is never reached: no sum is under it. Leave it out.")
        self._check_link()
        check_bands(self.bands)

    def _check_hierarchies(self) -> None:
        flags = {each.name: each for each in self.inputs if each.kind == "flag"}
        for each in self.inputs:
            for name in each.superseded_by:
                if name not in flags or name == each.name:
                    problem = f"names '{name}', which is no other flag of the model.{did_you_mean(name, list(flags))}"
                elif flags[name].superseded_by:
                    problem = f"names '{name}', which is superseded itself. Name every greater flag instead."
                elif each.superseded_by.count(name) > 1:
                    problem = f"names '{name}' twice."
                else:
                    continue
                raise ModelError(f"input '{each.name}': 'superseded_by' {problem}")

    def _check_link(self) -> None:
        if self.link not in LINKS:
            raise ModelError(f"'link' is not one of {listed(LINKS)}.")
        needs = {"baseline_survival": self.baseline_survival, "centre": self.centre}
        for key, value in needs.items():
            if (value is None) == (self.link == "survival"):
                problem = "is missing: the survival link needs it" if value is None else "belongs to the survival link"
                raise ModelError(f"'{key}' {problem}.")
        if self.horizon_days is None and self.link != "points":
            raise ModelError("'horizon_days' is missing: a risk is a risk within a stated time.")
        if self.horizon_days is not None and self.horizon_days < 1:
            raise must_be("horizon_days", "at least 1", error=ModelError)

    @property
    def no_score_inputs(self) -> tuple[str, ...]:
        """The names of the inputs without which there is no score."""
        return tuple(each.name for each in self.inputs if each.missing == "no score")

    @property
    def columns(self) -> tuple[str, ...]:
        """The register columns that the model needs, those of nested models included, each once."""
        names: dict[str, None] = {}
        for each in self.inputs:
            if each.kind != "pair":  # the columns of a pair are those of its two inputs
                names.update(dict.fromkeys(self.nested[each.name].columns if each.kind == "score" else (each.name,)))
        return tuple(names)

    @property
    def extremes(self) -> tuple[int, int]:
        """The least and the greatest sum before the floor, in millionths, over every mix of cells that has a score.

        A superseded flag is taken as free, and so is a pair, so that with these the two are bounds that no patient
        need reach.
        """
        amounts = [[amount for amount in each.contributions if amount is not None] for each in self.inputs]
        return self.intercept + sum(map(min, amounts)), self.intercept + sum(map(max, amounts))

    @property
    def largest_sum(self) -> int:
        """A bound, in millionths, on the absolute value of every sum and of every partial sum in any order."""
        total = abs(self.intercept)
        for each in self.inputs:
            total += max(abs(amount) for amount in (*each.contributions, 0) if amount is not None)
        return max(total, abs(self.floor or 0))

    def input_named(self, name: str) -> ModelInput:
        """The input of that name."""
        arguments.text(name, "name")
        for each in self.inputs:
            if each.name == name:
                return each
        near = did_you_mean(name, [each.name for each in self.inputs])
        raise InputError(f"The model '{self.name}' has no such input.{near}")

    def cell_of(self, each: ModelInput, values: Mapping[str, object]) -> int:
        """The index in ``each.cells`` of the cell that one input falls in, the greater flags looked at.

        Parameters
        ----------
        values : as for ``sum_before_floor``
        """
        if not (isinstance(each, ModelInput) and isinstance(values, Mapping)):
            raise InputError("each is an input of the model, and values a mapping, such as {'age': 80}.")
        if isinstance(each, PairInput):
            first, second = (self.cell_of(side.input, values) for side in each.sides)
            return each.cell_at(first, second)
        cell = each.cell_of(values.get(each.name))
        if cell == PRESENT and any(
            self.input_named(name).cell_of(values.get(name)) == PRESENT for name in each.superseded_by
        ):
            return each.superseded_cell
        return cell

    def sum_before_floor(self, values: Mapping[str, object]) -> int | None:
        """The sum in millionths before the floor, given each input's own value; None where there is no score.

        Parameters
        ----------
        values : by input name; for a score input, the other model's sum in millionths. What is not named is missing. A
            pair needs none: it looks at those of its two inputs.
        """
        arguments.values_by_name(values, "values")
        total = self.intercept
        for each in self.inputs:
            amount = each.contributions[self.cell_of(each, values)]
            if amount is None:
                return None
            total += amount
        return total

    @arguments.checked(values=arguments.values_by_name)
    def score_of(self, values: Mapping[str, object]) -> int | None:
        """The sum in millionths for one patient; None where there is no score.

        Parameters
        ----------
        values : by register column; a column that is not named is missing
        """
        own = {each.name: values.get(each.name) for each in self.inputs}
        own.update({name: model.score_of(values) for name, model in self.nested.items()})
        return self.floored(self.sum_before_floor(own))

    def floored(self, total: int | None) -> int | None:
        """The sum after the floor, in millionths."""
        arguments.whole_or_none(total, "total")
        return total if total is None or self.floor is None else max(total, self.floor)

    def points(self, total: int) -> float:
        """The score: the sum divided by a million and by ``divide_by``, exact and then rounded once."""
        if abs(arguments.whole(total, "total")) > self.largest_sum:
            raise InputError("total is no sum of this model: no patient can have it.")
        return total / (MILLION * self.divide_by)

    def band_of(self, total: int | None) -> str | None:
        """The name of the band that a sum in millionths is in; None where there is no score or no such band."""
        if total is None:
            return None
        arguments.whole(total, "total")
        return next((band.name for band in self.bands if band.holds(total, self.divide_by)), None)

    def bands_of(self, scores: pa.Array | Sequence[float | None]) -> pa.Array:
        """The name of the band that each score is in, exact at the edges; null where there is no score or no such band.

        Parameters
        ----------
        scores : this model's own scores: an Arrow column, or a sequence of numbers and None

        Raises
        ------
        InputError : the model has no bands

        Examples
        --------
        >>> from casemgmt import load_model
        >>> load_model("hospital-frailty-risk-score").bands_of([4.9, 5.0, 15.0, 15.1, None]).to_pylist()
        ['low', 'intermediate', 'intermediate', 'high', None]
        """
        if not self.bands:
            raise InputError(f"The model '{self.name}' has no bands.")
        values = arguments.numbers(scores, "scores")
        # A score is the double nearest to its exact sum, so the sum in whole millionths is found again by rounding.
        unit = MILLION * self.divide_by
        name_of = {value: self.band_of(round(value * unit)) for value in {*values} if not is_missing(value)}
        return texts(name_of.get(value) for value in values)


def missing_in_words(each: ModelInput) -> str:
    """What a missing value does, for people."""
    if isinstance(each.missing, int):
        return f"adds {decimal_text(each.missing)}"
    return "counts as absent" if each.missing == "absent" else "no score"
