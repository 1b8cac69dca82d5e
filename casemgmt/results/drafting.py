"""A mapping file drafted for a source, with what a scheme and a model need: what ``casemgmt.draft_config`` does."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from casemgmt import arguments
from casemgmt.errors import PublishError, being_written
from casemgmt.register.drafting import Draft, Said, draft

if TYPE_CHECKING:
    from collections.abc import Mapping

    from casemgmt.annotations import Files
    from casemgmt.risk.model import Model
    from casemgmt.scheme.routes import Scheme


@arguments.checked(
    to=arguments.path_or_none,
    scheme=arguments.instance_or_none("casemgmt.scheme.routes:Scheme", "a scheme from cm.load_scheme"),
    model=arguments.instance_or_none("casemgmt.risk.model:Model", "a model from cm.load_model"),
    columns=arguments.text_mapping,
    encoding=arguments.text_or_none,
    separator=arguments.text_or_none,
    skip_lines=arguments.whole_or_none,
    overwrite=arguments.yes_or_no,
)
def draft_config(
    source: Files,
    to: str | Path | None = None,
    *,
    scheme: Scheme | None = None,
    model: Model | None = None,
    columns: Mapping[str, str] | None = None,
    encoding: str | None = None,
    separator: str | None = None,
    skip_lines: int | None = None,
    sheet: str | int | None = None,
    overwrite: bool = False,
) -> Draft:
    """A first mapping file for a source of your own, to look through: what is sure, and a question where nothing is.

    Parameters
    ----------
    source : as of :func:`casemgmt.read_register`; of several files the first is looked at for how they are written
    to : the file to write; none is written without it
    scheme, model : what the register is for: a column that they need and that is not found is asked about
    columns, encoding, separator, skip_lines, sheet : what you know already, as of :func:`casemgmt.read_register`; else
        the header and what stands between values are found in the first 60 lines
    overwrite : whether a file that is there may be replaced

    Returns
    -------
    Draft
        ``text`` of the file, which prints, and how many ``questions`` stand in it as ``"?"``. Nothing is read by the
        file (``config=``) until each is answered, in it or by an argument of the call. It holds names of columns, codes
        and the forms of values, and nothing that few people have: no id, date or free text

    Raises
    ------
    InputError
        The source cannot be read, or no line of it names columns that are known.
    PublishError
        The file is there already, or cannot be written.

    Examples
    --------
    >>> import pyarrow as pa, casemgmt as cm
    >>> table = pa.table({"NHSNo": ["a"], "Practice Code": ["C87002"], "DOB": ["03/02/1944"]})
    >>> cm.draft_config(table).questions
    1
    """
    needed = {} if scheme is None else dict.fromkeys(scheme.required, f"the scheme {scheme.id}")
    used = {} if scheme is None else dict.fromkeys(scheme.optional, f"The scheme {scheme.id}")
    needed |= {} if model is None else dict.fromkeys(model.columns, f"the model {model.name}")
    said = Said(
        columns=columns or {},
        needed=needed,
        used=used,
        encoding=encoding,
        separator=separator,
        skip_lines=skip_lines,
        sheet=sheet,
    )
    made = draft(source, said)
    if to is not None:
        _write(made.text, Path(to), overwrite=overwrite)
    return made


def _write(text: str, path: Path, *, overwrite: bool) -> None:
    from casemgmt.disk import BusyError, replace_file

    if path.exists() and not overwrite:
        raise PublishError(f"{path.name} is there already. Give another name, or say overwrite=True.")
    try:
        replace_file(path.absolute(), text.encode())
    except BusyError:
        raise being_written(path) from None
    except OSError as error:
        raise PublishError(f"{path.name} could not be written: {error.strerror or type(error).__name__}.") from None
