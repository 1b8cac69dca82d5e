"""Check digits: Verhoeff, which SNOMED CT uses, and modulus 11, which the NHS number uses."""

from __future__ import annotations

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


def modulus_11_check(first_nine: str) -> int:
    """The check digit (0–10) of the first nine digits of an NHS number; 10 is never issued.

    The digits are weighted 10 to 2; the check digit is 11 less the remainder by 11, with 11 written 0 (NHS Data
    Dictionary, NHS NUMBER).
    """
    total = sum(weight * int(digit) for weight, digit in zip(range(10, 1, -1), first_nine, strict=True))
    return (11 - total % 11) % 11
