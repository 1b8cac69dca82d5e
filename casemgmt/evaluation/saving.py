"""Writing an evaluation down: a page, its tables and its figures, all or nothing."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from casemgmt.disk import BusyError, Owned, StrangersError, make_parents, remove_empty, staged
from casemgmt.errors import InputError, PublishError
from casemgmt.plot_words import words_of

if TYPE_CHECKING:
    from casemgmt.evaluation.findings import Findings

PAGE = "index.html"
_ENDINGS = (".html", ".csv", ".png", ".txt")
# A finished folder is never replaced or deleted, so none is ever taken for our own.
_OWNED = Owned(
    folders=(),
    manifest_of=lambda _: None,
    named_in=lambda _: frozenset(),
    may_hold=lambda name: name.endswith(_ENDINGS),
    strangers_in=lambda _folder, _manifest: [],
)


def save(found: Findings, folder: Path) -> Path:
    """Write the page, the tables and the figures to a folder that is not there yet.

    Raises
    ------
    PublishError
    """
    return write_new(files_of(found), folder)


def write_new(files: Mapping[str, bytes], folder: Path) -> Path:
    """Write files to a folder that is not there yet: all, or none.

    Raises
    ------
    PublishError
    """
    target = refuse_taken(folder)
    with refusals_in_words(folder):
        made = make_parents(target)
        try:
            with staged(target, _OWNED) as staging:
                for name in sorted(files):
                    staging.write(name, files[name])
                staging.put_in_place(None)
        except BaseException:
            remove_empty(made)
            raise
    return target


@contextmanager
def refusals_in_words(folder: Path) -> Iterator[None]:
    """Turn what stops the making of a new folder into a PublishError with the remedy."""
    try:
        yield
    except BusyError:
        raise PublishError(f"Another process is writing to '{folder}'. Wait, then run again.") from None
    except StrangersError:
        raise PublishError(
            f"'{folder}', or what lies hidden beside it, belongs to somebody else. Choose another."
        ) from None
    except OSError as problem:
        raise PublishError(f"'{folder}' was not written: {problem.strerror or 'the system refused'}.") from None


def refuse_taken(folder: Path) -> Path:
    """The path of a folder that may be made, in full; before an evaluation is worked out as well as after.

    Raises
    ------
    PublishError : something is there already
    """
    target = Path(os.path.abspath(folder))  # noqa: PTH100 - a link must stay a link, to be refused
    if os.path.lexists(target) or not target.name:
        raise PublishError(f"'{folder}' is there already. Name a folder that is not.")
    return target


def files_of(found: Findings) -> dict[str, bytes]:
    """Every file's bytes by name."""
    from casemgmt.evaluation.page import page
    from casemgmt.outputs.csv_text import to_csv

    figures = figures_as_png(found)
    files = {f"{name}.csv": to_csv(table) for name, table in found.tables().items()}
    files |= {f"{name}.png": data for name, data in figures.items()}
    return files | {PAGE: page(found, figures).encode()}


def figures_as_png(found: Findings) -> dict[str, bytes]:
    """Every figure; none where matplotlib is not installed."""
    from casemgmt.evaluation.plots import draw, figures_of, require_matplotlib, size_of

    try:
        require_matplotlib()
    except InputError:
        return {}
    return {name: as_png(size_of(found, name), partial(draw, found, name)) for name in figures_of(found)}


def as_png(size: tuple[float, float], draw_on: Callable[[Any], object]) -> bytes:
    """A figure as a picture.

    Parameters
    ----------
    size : width and height in inches
    draw_on : draws on the axes that it is given
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=size, layout="constrained")
    FigureCanvasAgg(figure)
    draw_on(figure.subplots())
    data = io.BytesIO()
    figure.savefig(data, format="png", dpi=140, metadata={"Software": None, "Description": words_of(figure)})
    return data.getvalue()
