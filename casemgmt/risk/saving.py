"""A model as a folder: ``model.toml``, ``vectors.csv`` and ``card.md``, there whole or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from casemgmt import disk
from casemgmt.errors import ModelError, PublishError, being_written, listed
from casemgmt.risk.card.of_fit import answers_of_fit
from casemgmt.risk.card.page import model_card
from casemgmt.risk.vectors import covering_vectors
from casemgmt.risk.writing import model_text

if TYPE_CHECKING:
    from casemgmt.risk.model import Model

FILES = ("model.toml", "vectors.csv", "card.md")


def save_model(model: Model, folder: Path, *, overwrite: bool) -> Path:
    """Write a model's folder; see :meth:`casemgmt.risk.model.Model.save`."""
    if model.nested:
        raise ModelError("a model that takes another model's score is a folder beside the other's: copy both folders.")
    text = model.text or model_text(model)
    contents = {"model.toml": text, "vectors.csv": model.vectors_text or covering_vectors(model)}
    of_fit = [] if model.fitting is None else [answers_of_fit(model, model.fitting)]
    contents["card.md"] = model_card(model, *of_fit)
    replaced = _manifest_of(folder)
    if replaced is None and folder.exists():
        raise PublishError(f"{folder} is there and is no model folder. Choose another place.")
    if replaced is not None and not overwrite:
        raise PublishError(f"{folder} holds a model already. Choose another place, or say overwrite=True.")
    made = disk.make_parents(folder)
    try:
        with disk.staged(folder, _OWNED) as staging:
            for name in FILES:
                staging.write(name, contents[name].encode())
            staging.put_in_place(replaced)
    except BaseException as problem:
        disk.remove_empty(made)
        if isinstance(problem, disk.BusyError):
            raise being_written(folder) from None
        if isinstance(problem, disk.StrangersError):
            held = f": {listed(problem.names, 5)}" if problem.names else ""
            raise PublishError(
                f"{problem.folder} holds what is no part of a model{held}. Nothing was written."
            ) from None
        if isinstance(problem, OSError):
            raise PublishError(f"{folder} could not be written: {problem.strerror}. Nothing was left there.") from None
        raise
    return folder


def _manifest_of(folder: Path) -> bytes | None:
    """The model file, by which a model's folder is known; None where there is none."""
    try:
        return (folder / "model.toml").read_bytes() if folder.is_dir() else None
    except OSError:
        return None


def _strangers_in(folder: Path, manifest: bytes) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir() if entry.name not in FILES)


_OWNED = disk.Owned(
    folders=(),
    manifest_of=_manifest_of,
    named_in=lambda manifest: frozenset(FILES),
    may_hold=FILES.__contains__,
    strangers_in=_strangers_in,
)
