"""An evaluation as users hold it: figures and tables, the page that shows them, and the plots."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from casemgmt import arguments
from casemgmt.errors import InputError, plural
from casemgmt.evaluation.findings import Findings

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from casemgmt.evaluation.fairness import Fairness


class Evaluation(Findings):
    """How well a score ranks people, and how right its risks are; made by :func:`casemgmt.evaluate`.

    See :class:`casemgmt.evaluation.findings.Findings` for its figures and tables.
    """

    __slots__ = ()

    def notes(self) -> tuple[str, ...]:
        """What a reader must know beside the figures, a sentence each."""
        from casemgmt.evaluation.words import notes_of

        return notes_of(self)

    @arguments.checked(column=arguments.text, suppressed=arguments.yes_or_no)
    def fairness(self, column: str, *, suppressed: bool = False) -> Fairness:
        """Whether the score treats groups of people alike: who is selected, who is missed, and need at equal score.

        Parameters
        ----------
        column : whose groups: such as ``imd_decile``, ``ethnicity``, ``sex``, ``age_band``, or a carried column
        suppressed : the form that may leave the practice, without counts of 1 to 7 or what would tell them

        Raises
        ------
        InputError : the column is not there, or may not group a table that leaves
        """
        from casemgmt.evaluation.fairness import fairness_of

        return fairness_of(self.judged, column, suppressed=suppressed)

    @arguments.checked(answers=arguments.text_mapping)
    def card(self, answers: Mapping[str, str] | None = None) -> str:
        """The card of the model that was judged, as Markdown in the order of TRIPOD+AI, with these figures in it.

        Parameters
        ----------
        answers : what a person says, by item number, such as ``{"18a": "No funding."}``

        Raises
        ------
        InputError : scores were judged, and no model
        ModelError : an item number that is none
        """
        from casemgmt.evaluation.card import answers_of_evaluation
        from casemgmt.risk.card.of_fit import answers_of_fit
        from casemgmt.risk.card.page import model_card

        model = self.judged.model
        if model is None:
            raise InputError("Scores were judged, and no model: there is nothing that a card could describe.")
        of_fit = [] if model.fitting is None else [answers_of_fit(model, model.fitting)]
        return model_card(model, *of_fit, answers_of_evaluation(self), answers or {})

    @arguments.checked(folder=arguments.path)
    def save(self, folder: str | Path) -> Path:
        """Write a page, every table as CSV and, where matplotlib is installed, every figure as PNG: all or nothing.

        Parameters
        ----------
        folder : the folder to make, which must not be there

        Returns
        -------
        the folder; open ``index.html`` in it

        Raises
        ------
        PublishError : the folder is there, or cannot be written
        """
        from casemgmt.evaluation.saving import save

        return save(self, Path(folder))

    def plot_calibration(self, ax: Axes | None = None) -> Axes:
        """Draw smoothed and grouped shares against risks; needs matplotlib (``casemgmt[plot]``) and risks."""
        from casemgmt.evaluation.plots import draw

        return draw(self, "calibration", ax)

    def plot_cut(self, ax: Axes | None = None) -> Axes:
        """Draw the share with the outcome inside the cut, by practice; needs matplotlib and a scheme."""
        from casemgmt.evaluation.plots import draw

        return draw(self, "at_cut", ax)

    def plot_rules(self, ax: Axes | None = None) -> Axes:
        """Draw the same for the score and the simple rules, all practices together; needs matplotlib and a scheme."""
        from casemgmt.evaluation.plots import draw

        return draw(self, "rules", ax)

    def plot_funnel(self, ax: Axes | None = None) -> Axes:
        """Draw outcomes for each one expected by practice, within their limits; needs matplotlib and risks."""
        from casemgmt.evaluation.plots import draw

        return draw(self, "funnel", ax)

    def __repr__(self) -> str:
        """Counts, and the figures that matter most."""
        from casemgmt.evaluation.words import headline

        practices = plural(len(self.judged.practices), "practice")
        return (
            f"<Evaluation by {plural(len(self.judged), 'person', 'people')} in {practices}, of whom "
            f"{int(self.judged.outcome.sum()):,} had the outcome. {' '.join(headline(self))}>"
        )

    def _repr_html_(self) -> str:
        from casemgmt.evaluation.page import summary_html

        return summary_html(self)
