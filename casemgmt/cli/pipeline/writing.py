"""The files of a pipeline, from the templates beside this module, and the folder that they are written to."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from casemgmt.disk import Owned, make_parents, remove_empty, staged
from casemgmt.evaluation.saving import refusals_in_words, refuse_taken
from casemgmt.version import __version__

_TEMPLATES = Path(__file__).parent / "templates"
_ENDING = ".j2"
_NESTED = ".github"  # the one folder that holds another
_FOLDERS = ("config", "pipeline", "tests")
PRACTICE = "C87606"  # whose made-up patients the tests of a pipeline use: a small list


def files_of(*, name: str, scheme: str, model: str | None, score: str | None, caseload: bool) -> dict[str, bytes]:
    """Every file of a pipeline by its path inside.

    Parameters
    ----------
    name : of the project
    scheme, model, score : what the configuration says; one of the last two is none
    caseload : whether the caseload is kept too
    """
    from jinja2 import Environment, StrictUndefined

    exact = {"trim_blocks": True, "lstrip_blocks": True, "keep_trailing_newline": True}
    # Code and configuration, no page: `toml` quotes what is given.
    machine = Environment(autoescape=False, undefined=StrictUndefined, **exact)  # noqa: S701
    machine.filters["toml"] = lambda text: json.dumps(text, ensure_ascii=False)
    said = {"name": name, "scheme": scheme, "model": model, "score": score, "caseload": caseload, "practice": PRACTICE}
    said |= {"version": __version__, "next_version": _next(__version__)}
    paths = sorted(path for path in _TEMPLATES.rglob(f"*{_ENDING}") if path.is_file())
    return {
        path.relative_to(_TEMPLATES).as_posix().removesuffix(_ENDING): machine.from_string(
            path.read_text(encoding="utf-8")
        )
        .render(said)
        .encode()
        for path in paths
    }


def _next(version: str) -> str:
    """The first release that may change how it is called: the next middle number, as long as the first is 0."""
    first, middle = version.split(".")[:2]
    return f"0.{int(middle) + 1}" if first == "0" else str(int(first) + 1)


def write_repository(files: Mapping[str, bytes], folder: Path) -> None:
    """Write a pipeline to a folder that is not there yet: all of it, or nothing.

    Raises
    ------
    PublishError
    """
    target = refuse_taken(folder)
    owned = Owned(
        folders=_FOLDERS,
        manifest_of=lambda _: None,  # a finished one belongs to its user: none is ever replaced or deleted
        named_in=lambda _: frozenset(),
        may_hold=files.__contains__,
        strangers_in=lambda _folder, _manifest: [],
    )
    with refusals_in_words(folder):
        made = make_parents(target)
        try:
            with staged(target, owned) as staging:
                try:
                    for name in sorted(files, key=lambda name: name.startswith(_NESTED)):
                        _make_folders(staging.folder, Path(name).parent)
                        staging.write(name, files[name])
                    staging.put_in_place(None)
                except BaseException:
                    shutil.rmtree(staging.folder / _NESTED, ignore_errors=True)
                    raise
        except BaseException:
            remove_empty(made)
            raise


def _make_folders(root: Path, inside: Path) -> None:
    for each in (*reversed(inside.parents), inside):
        with suppress(FileExistsError):
            (root / each).mkdir(0o700)
