"""Check digits: Verhoeff, which SNOMED CT uses, and modulus 11, which the NHS number uses.

Each stands twice: for one text, plainly, and for a whole column of digits at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

# The dihedral group of order 10, and its permutation raised to each power (Verhoeff 1969; SNOMED CT Release File
# Specification, "Check-digit computation").
_TIMES = (
    (0, 1, 2, 3, 4, 5, 6, 7, 8, 9),
    (1, 2, 3, 4, 0, 6, 7, 8, 9, 5),
    (2, 3, 4, 0, 1, 7, 8, 9, 5, 6),
    (3, 4, 0, 1, 2, 8, 9, 5, 6, 7),
    (4, 0, 1, 2, 3, 9, 5, 6, 7, 8),
    (5, 9, 8, 7, 6, 0, 4, 3, 2, 1),
    (6, 5, 9, 8, 7, 1, 0, 4, 3, 2),
    (7, 6, 5, 9, 8, 2, 1, 0, 4, 3),
    (8, 7, 6, 5, 9, 3, 2, 1, 0, 4),
    (9, 8, 7, 6, 5, 4, 3, 2, 1, 0),
)
_ONCE = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)


def _powers() -> tuple[tuple[int, ...], ...]:
    powers = [tuple(range(10))]
    while len(powers) < 8:
        powers.append(tuple(_ONCE[digit] for digit in powers[-1]))
    return tuple(powers)


_POWERS = _powers()


def verhoeff_holds(digits: str) -> bool:
    """Whether the last of these decimal digits is the Verhoeff check digit of the others."""
    check = 0
    for place, digit in enumerate(reversed(digits)):
        check = _TIMES[check][_POWERS[place % 8][int(digit)]]
    return check == 0


def verhoeff_holds_in(digits: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
    """The same for each row of a matrix.

    Parameters
    ----------
    digits : uint8, rows × places, each 0–9; the check digit last, shorter numbers with zeros before them
    """
    import numpy as np

    # Leading zeros would count: the power of zero is not zero. They are passed over by keeping ``check`` where the
    # number has ended, which a running "anything further left?" says.
    rows, places = digits.shape
    times = np.array(_TIMES, dtype=np.uint8).ravel()
    begun = np.maximum.accumulate(digits != 0, axis=1)
    check = np.zeros(rows, dtype=np.uint8)
    for place in range(places):
        column = places - 1 - place
        power = np.array(_POWERS[place % 8], dtype=np.uint8)
        after = times[check * np.uint8(10) + power[digits[:, column]]]
        check = np.where(begun[:, column], after, check)
    return check == 0


def modulus_11_check(first_nine: str) -> int:
    """The check digit (0–10) of the first nine digits of an NHS number; 10 is never issued.

    The digits are weighted 10 to 2; the check digit is 11 less the remainder by 11, with 11 written 0 (NHS Data
    Dictionary, NHS NUMBER).
    """
    total = sum(weight * int(digit) for weight, digit in zip(range(10, 1, -1), first_nine, strict=True))
    return (11 - total % 11) % 11


def modulus_11_holds_in(digits: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
    """Whether the tenth digit of each row is the check digit of the other nine.

    Parameters
    ----------
    digits : uint8, rows × 10, each 0–9
    """
    import numpy as np

    weights: Any = np.arange(10, 0, -1, dtype=np.uint16)
    # The check digit has weight 1, so that a right number is a multiple of 11.
    return np.asarray((digits * weights).sum(axis=1) % 11 == 0)
