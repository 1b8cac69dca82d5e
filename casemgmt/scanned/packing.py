"""Packing a scanned register: its files are passed once to count, and once for each stretch of practices that fits."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from casemgmt.register.packed_writing import disk_errors_reworded, id_lengths, practice_stretches, write_packed
from casemgmt.scanned.kept_rows import KeptRows, group_kept_rows, kept_rows_of, register_of
from casemgmt.texts.long_texts import by_number, counts_of

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from casemgmt.register.account import Account
    from casemgmt.register.in_parts import RegisterInParts
    from casemgmt.register.register import Register

ROWS_HELD = 8_000_000


def save_packed_scanned(scanned: RegisterInParts, path: Path, rows_held: int = ROWS_HELD) -> Path:
    """See :meth:`ScannedRegister.save_packed`; ``rows_held`` patients are held at a time."""
    counted: dict[str, int] = {}
    lengths: set[int] = set()

    def restart() -> None:
        counted.clear()
        lengths.clear()

    def count(register: Register, start: int, own: npt.NDArray[np.int32]) -> None:
        lengths.update(id_lengths(register))
        counts = counts_of(register.packed.numbers, len(register.practices))
        for code, rows in zip(register.practices, counts.tolist(), strict=True):
            counted[code] = counted.get(code, 0) + rows

    tally = scanned.passed(count, restart)
    scanned.check_limits()
    practices = tuple(tally.practices())
    account = scanned.row_account
    sizes = [counted[code] for code in practices]
    registers = (_register_of(scanned, account, practices[low:high]) for low, high in _that_fit(sizes, rows_held))
    stretches = (stretch for register in registers for stretch in practice_stretches(register))
    with disk_errors_reworded(path):
        write_packed(path, account, practices, stretches, lengths.pop() if len(lengths) == 1 else None)
    return path


def _that_fit(sizes: list[int], rows_held: int) -> Iterator[tuple[int, int]]:
    """Stretches of practices with no more rows than fit, or of one practice."""
    low, rows = 0, 0
    for place, size in enumerate(sizes):
        if place > low and rows + size > rows_held:
            yield low, place
            low, rows = place, 0
        rows += size
    if sizes:
        yield low, len(sizes)


def _register_of(scanned: RegisterInParts, account: Account, practices: tuple[str, ...]) -> Register:
    """The accepted rows of some practices, which stand together."""
    import numpy as np

    wanted = {code: place for place, code in enumerate(practices)}
    kept: list[KeptRows] = []

    def keep(register: Register, start: int, own: npt.NDArray[np.int32]) -> None:
        places = np.array([*(wanted.get(code, -1) for code in register.practices), -1], dtype=np.int32)
        practice = by_number(register.packed.numbers, places)
        rows = np.flatnonzero(practice >= 0)
        nothing = np.zeros(len(rows), dtype=np.uint8)
        kept.append(kept_rows_of(register, rows, practice[rows], nothing, nothing))

    scanned.passed(keep, kept.clear)
    grouped, groups = group_kept_rows(kept, np.arange(len(practices), dtype=np.int32))
    return register_of(account, grouped, practices, groups)
