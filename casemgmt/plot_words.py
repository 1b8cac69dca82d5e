"""What a figure shows, in words, for whoever does not see it."""

from __future__ import annotations

from collections.abc import Collection
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from matplotlib.axes import Axes

AxesT = TypeVar("AxesT", bound="Axes")


def described(ax: AxesT, words: str) -> AxesT:
    """The axes, with words that say what is drawn on them.

    ``ax.get_label()`` gives the words. A notebook keeps them with the picture (as the picture's ``alt``, and as the
    text of the output); a picture that is saved has them where ``savefig`` is given
    ``metadata={"Description": ax.get_label()}``.

    Parameters
    ----------
    ax : matplotlib axes
    words : sentences; of nothing that is not drawn
    """
    ax.set_label(words)
    figure: Any = ax.figure
    if figure is not None and hasattr(figure, "axes"):
        figure._repr_mimebundle_ = partial(_with_words, figure)
    return ax


def words_of(figure: Any) -> str:
    """The words of every axes of a figure; empty where none has any."""
    return " ".join(label for label in (axes.get_label() for axes in figure.axes) if label and label != "<colorbar>")


def _with_words(
    figure: Any, include: Collection[str] | None = None, exclude: Collection[str] | None = None
) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
    """What IPython asks an object for: the words as text, and as the ``alt`` of a picture; it draws the picture."""
    words = words_of(figure)
    if not words:
        return {}, {}
    return {"text/plain": words}, {"image/png": {"alt": words}, "image/svg+xml": {"alt": words}}
