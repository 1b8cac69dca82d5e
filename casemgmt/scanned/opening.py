"""Opening registers larger than memory: files, or a packed register."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from casemgmt import arguments
from casemgmt.arrow import empty_table
from casemgmt.dates import as_date
from casemgmt.errors import InputError
from casemgmt.register.limits import Limits, Share
from casemgmt.register.options import unexpected_rows
from casemgmt.register.packed_file import PackedFile, is_packed
from casemgmt.register.reading_options import Bounds, Meaning, ReadingOptions, Written, reading_options
from casemgmt.register.sources import stated_days
from casemgmt.scanned.budget import held_of_packed, held_within, memory_or_none
from casemgmt.scanned.files import Decoder, as_paths, chosen_decoder, days_drawn, open_files, said_by
from casemgmt.scanned.scanning import ScannedRegister


@arguments.checked(
    columns=arguments.text_mapping,
    values=arguments.mapping,
    date_format=arguments.text_mapping,
    null_means_absent=arguments.texts_or_none,
    practice_pattern=arguments.text_or_none,
    expected_rows=arguments.whole_or_none,
    decoder=arguments.text,
    progress=arguments.to_be_called_or_none,
)
def scan_register(
    paths: str | Path | list[str | Path],
    *,
    as_of: str | dt.date,
    extracted_on: str | dt.date | None = None,
    columns: Mapping[str, str] | None = None,
    values: Mapping[str, Mapping[str, str]] | None = None,
    date_format: Mapping[str, str] | None = None,
    null_means_absent: Iterable[str] | None = None,
    practice_pattern: str | None = None,
    encoding: str | None = None,
    separator: str | None = None,
    skip_lines: int | None = None,
    sheet: str | int | None = None,
    config: str | Path | None = None,
    expected_rows: int | None = None,
    extracts_within: int = 0,
    max_quarantined: Share | None = None,
    max_corrected: Share | None = None,
    decoder: Decoder = "auto",
    memory: int | str | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> ScannedRegister:
    """A register that is read a part at a time when it is selected from, and never held whole.

    Its rows need not be in any order, and many files are one register. The lists are those of
    :func:`casemgmt.read_register` to the byte.

    Parameters
    ----------
    paths : a file, a folder of part files, a pattern such as ``"extracts/*.parquet"`` or a list of these; or a packed
        register (:meth:`casemgmt.Register.save_packed`). Of Parquet some row groups are held at a time; a CSV or Arrow
        file is held whole while its turn lasts
    as_of, extracted_on, columns, values, date_format, null_means_absent, practice_pattern, encoding, separator :
    skip_lines, sheet, config, expected_rows, extracts_within : as for :func:`casemgmt.read_register`
    max_quarantined, max_corrected : as for it; a packed register carries its counts, and is judged by what is said here
    decoder : what decodes Parquet: ``polars`` (faster, where it is installed), ``pyarrow``, or ``auto``, the first that
        is there. The result does not depend on it, and page checksums are verified either way
    memory : about how much the process may take, such as ``"800 MB"`` or ``"2 GiB"``, or a number of bytes: 350 MB for
        the program, 16 bytes a row of the register, and the row groups at hand, of which fewer are held and none is
        read ahead where it asks for that. Whoever is listed comes on top. None: a million rows, and the next million
    progress : called with the rows read in this pass, and all rows. Only a register with repeated ids, or with
        surprises such as practice codes that differ in case alone, needs more than one pass

    Raises
    ------
    InputError
        A missing column, an unreadable file, files whose columns differ; a budget of memory that does not hold the
        largest row group, or a file that is read whole.

    Examples
    --------
    >>> path = cm.synthesise("C87616", as_of="2021-01-01", seed=0, to="register.parquet")
    >>> cm.scan_register(path, as_of="2021-01-01")
    <ScannedRegister: 5,819 rows in 1 file, list of 2021-01-01; not read yet>
    """
    found, budget = as_paths(paths), memory_or_none(memory, "memory")
    meaning = Meaning(columns, values, date_format, null_means_absent, practice_pattern)
    if any(is_packed(path) for path in found):
        how = (columns, values, date_format, tuple(null_means_absent or ()) or None, config)
        limits = Limits().changed(max_quarantined, max_corrected)
        return _open_packed(found, as_of, extracted_on, expected_rows, how, limits, budget, progress)
    written = Written(encoding, separator, skip_lines, sheet, config)
    bounds = Bounds(expected_rows, extracts_within, max_quarantined, max_corrected)
    options = reading_options(as_of, extracted_on, meaning, written, bounds)
    return _open_files(found, options, decoder, budget, progress)


def _open_files(
    paths: list[Path],
    options: ReadingOptions,
    decoder: Decoder,
    memory: int | None,
    progress: Callable[[int, int], None] | None,
) -> ScannedRegister:
    """A register in files, whose columns are looked at and whose rows are not."""
    form = options.form
    files = open_files(paths, form)
    options.check_rows(sum(file.rows for file in files))
    held = held_within(memory, files)
    stated, limits = stated_days(said_by(files)), options.limits
    drawn = days_drawn(files, options.declared.columns, form)
    reader = options.reader(empty_table(files[0].schema), limits, stated, drawn)
    return ScannedRegister(
        files=files,
        reader=reader,
        encoding=form,
        decoder=chosen_decoder(decoder, files),
        progress=progress,
        held=held,
    )


def _open_packed(
    paths: list[Path],
    as_of: str | dt.date,
    extracted_on: str | dt.date | None,
    expected_rows: int | None,
    how: tuple[object, ...],
    limits: Limits,
    memory: int | None,
    progress: Callable[[int, int], None] | None,
) -> ScannedRegister:
    """A packed register, for the very list that it was packed for."""
    from casemgmt.scanned.packed_register import PackedRegister

    if len(paths) > 1:
        raise InputError("A packed register is one file. Pack the files together, or scan those it was packed from.")
    if any(option is not None for option in how):
        raise InputError("A packed register was read already: columns=, values= and the like say nothing of it.")
    file = PackedFile(paths[0])
    register = PackedRegister(file, progress, limits, held_of_packed(memory, file))
    for name, wanted, has in (("as_of", as_of, register.as_of), ("extracted_on", extracted_on, register.extracted_on)):
        if wanted is not None and as_date(wanted, name) != has:
            raise InputError(
                f"{paths[0].name} was packed for {name} {has}: ages depend on it. Pack the register again."
            )
    if expected_rows is not None and register.rows_in != expected_rows:
        raise unexpected_rows(register.rows_in, expected_rows)
    return register
