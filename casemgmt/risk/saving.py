"""A model as a folder: ``model.toml``, ``vectors.csv``, ``card.md``, and ``fitting.toml`` of a fitted one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from casemgmt import disk
from casemgmt.errors import ModelError, PublishError, being_written, listed
from casemgmt.risk.card.of_fit import answers_of_fit
from casemgmt.risk.card.page import model_card
from casemgmt.risk.fitting.record_file import FITTING_FILE, fitting_of, fitting_text
from casemgmt.risk.sections import MODEL_WORDS, Section, input_name
from casemgmt.risk.vectors import check_vectors, covering_vectors
from casemgmt.risk.writing import model_text
from casemgmt.rule_files import read_toml

if TYPE_CHECKING:
    from casemgmt.risk.additive import AdditiveModel
    from casemgmt.risk.model import Model

FILES = ("model.toml", "vectors.csv", "card.md", FITTING_FILE)
SCORE = "score"  # the folder inside of a model whose score a recalibrated one takes


def save_model(model: Model, folder: Path, *, overwrite: bool) -> Path:
    """Write a model's folder; see :meth:`casemgmt.risk.model.Model.save`."""
    inside = _inside(model)
    contents = _texts(model, "")
    for each in inside:  # whose tables may have been changed since its text was read
        contents |= _texts(replace(each, text="", vectors_text=""), f"{SCORE}/")
    of_fit = [] if model.fitting is None else [answers_of_fit(model, model.fitting)]
    contents["card.md"] = model_card(model, *of_fit)
    if model.fitting is not None:
        contents[FITTING_FILE] = fitting_text(model.fitting)
    _refuse_unreadable(model, contents)
    replaced = replaced_by(folder, overwrite=overwrite)
    made = disk.make_parents(folder)
    try:
        with disk.staged(folder, _owned(bool(inside))) as staging:
            for name, text in contents.items():
                staging.write(name, text.encode())
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


def _refuse_unreadable(model: AdditiveModel, contents: dict[str, str]) -> None:
    """Refuse what could be written and never be read again, or would be read as another model.

    Raises
    ------
    ModelError : with the place in the file
    """
    try:
        for name, text in contents.items():
            if name.endswith("model.toml"):
                top = Section(read_toml(text, name, ModelError, "model file"), name)
                head = top.section("model")
                for key in MODEL_WORDS:
                    head.words(key)
                for number, table in enumerate(top.tables("input"), start=1):
                    input_name(Section(table, f"{name}: input {number}"))
            elif name == FITTING_FILE:
                fitting_of(text, name)
    except ModelError as problem:
        raise ModelError(f"the model cannot be saved, for it could not be read again: {problem}") from None
    if model.text and model.vectors_text:
        try:
            check_vectors(model)
        except ModelError:
            raise ModelError(
                "the model's text is that of another: its tables have been changed since it was read. Write "
                'dataclasses.replace(model, …, text="", vectors_text="").'
            ) from None


def replaced_by(folder: Path, *, overwrite: bool) -> bytes | None:
    """The model file that a model saved there would replace, None for none; before a fit as well as after.

    Raises
    ------
    PublishError : something else is there, or a model that may not be replaced
    """
    replaced = _manifest_of(folder)
    if replaced is None and folder.exists():
        raise PublishError(f"{folder} is there and is no model folder. Choose another place.")
    if replaced is not None and not overwrite:
        raise PublishError(f"{folder} holds a model already. Choose another place, or say overwrite=True.")
    return replaced


def _manifest_of(folder: Path) -> bytes | None:
    """The model file, by which a model's folder is known; None where there is none."""
    try:
        return (folder / "model.toml").read_bytes() if folder.is_dir() else None
    except OSError:
        return None


def _texts(model: AdditiveModel, place: str) -> dict[str, str]:
    """The model's file and vectors, by their path in the folder."""
    text, vectors = model.text or model_text(model), model.vectors_text or covering_vectors(model)
    return {f"{place}model.toml": text, f"{place}vectors.csv": vectors}


def _inside(model: AdditiveModel) -> list[AdditiveModel]:
    """The model whose score a recalibrated one takes: it is saved inside; shipped ones are found by their names."""
    inside = [model.nested[each.name] for each in model.inputs if each.kind == "score" and each.model == f"./{SCORE}"]
    elsewhere = [each.model for each in model.inputs if each.kind == "score" and each.model != f"./{SCORE}"]
    if any("/" in path for path in elsewhere) or any(_inside(each) for each in inside):
        raise ModelError("a model that takes another model's score is a folder beside the other's: copy both folders.")
    return inside


def _strangers_in(folder: Path, manifest: bytes, known: tuple[str, ...]) -> list[str]:
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*")}
    return sorted(found - {*known, SCORE})


def _owned(with_score: bool) -> disk.Owned:
    known = (*FILES, *(f"{SCORE}/{name}" for name in FILES[:2])) if with_score else FILES
    return disk.Owned(
        folders=(SCORE,) if with_score else (),
        manifest_of=_manifest_of,
        named_in=lambda manifest: frozenset(known),
        may_hold=known.__contains__,
        strangers_in=lambda folder, manifest: _strangers_in(folder, manifest, known),
    )
