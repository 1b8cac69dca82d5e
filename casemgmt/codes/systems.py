"""Coding systems as types: a text becomes a code only by passing its system's checks.

A code is a ``str`` of its system's class, in the system's one written form: ``Icd10("i10.x") == "I10"``.
In every system the spaces that a fixed-width column puts after a text are dropped; no other space is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

from casemgmt.codes.checkdigits import modulus_11_check, verhoeff_holds
from casemgmt.errors import CodeError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

NUMBERS_REFUSED = (
    "Codes must be text: as numbers they have lost leading zeros, and the last digits of long ones. "
    "Read the column as text where the data is loaded (for example dtype=str)."
)

_EXPONENT = re.compile(r"[0-9](?:\.[0-9]+)?[eE]\+?[0-9]+")
_DECIMAL = re.compile(r"[0-9]+\.0*")
_DIGITS = re.compile(r"[0-9]+")
_GROUPED = re.compile(r"([0-9]{3}) ([0-9]{3}) ([0-9]{4})")
_PLAIN = re.compile(r"[!-~†]*")


class CodingSystem(str):
    """A code of some system. Use its subclasses, or :data:`SYSTEMS`.

    Attributes
    ----------
    system : the name by which files and arguments call it
    called, noun : what messages call it, with its article, and a code of it
    form : what a code looks like, for messages
    has_prefixes : whether the beginning of a code names a wider concept, so that a list may match by prefix
    case_sensitive : whether two codes may differ only in case
    """

    __slots__ = ()
    system: ClassVar[str]
    called: ClassVar[str]
    form: ClassVar[str]
    noun: ClassVar[str] = " code"
    has_prefixes: ClassVar[bool] = False
    case_sensitive: ClassVar[bool] = False

    def __new__(cls, text: str) -> CodingSystem:
        """A code from a text; CodeError where it is none."""
        return super().__new__(cls, cls.normalise(text))

    @classmethod
    def fault(cls, text: Any) -> str | None:
        """Why a text is no code of this system, without the text itself; None where it is one."""
        if not isinstance(text, str):
            return "a number or other value where text is needed"
        text = text.rstrip(" ")
        if not text:
            return "empty"
        if " " in text and _PLAIN.fullmatch(text.replace(" ", "")):
            return "a space before or inside the code"
        if not _PLAIN.fullmatch(text):
            return "a hidden character, or one that no code holds"
        return cls._fault(text)

    @classmethod
    def normalise(cls, text: str) -> str:
        """The code in its system's one written form.

        Raises
        ------
        CodeError
            If the text is no code of this system. The message says why and what is needed, not what the text was.
        """
        reason = cls.fault(text)
        if reason is not None:
            hint = NUMBERS_REFUSED if not isinstance(text, str) else f"{cls.form[0].upper()}{cls.form[1:]}."
            raise CodeError(f"Not {cls.called}{cls.noun}: {reason}. {hint}")
        return cls._normal(text.rstrip(" "))

    @classmethod
    def normalise_prefix(cls, text: str) -> str:
        """The beginning of codes in the system's one written form.

        Raises
        ------
        CodeError
            If no code of this system begins so, or the beginning of a code means nothing in it.
        """
        if not cls.has_prefixes:
            raise CodeError(f"The beginning of {cls.called} code says nothing of its meaning: list each code in full.")
        short = cls._short(text) if isinstance(text, str) else None
        return cls.normalise(text) if short is None else short

    @classmethod
    def plain(cls, keys: npt.NDArray[np.uint64]) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.uint64]] | None:
        """Which of many texts are codes in the plainest form, and those codes; None where a system has none such.

        Parameters
        ----------
        keys : uint64, (texts, 1): a text's bytes from the highest on, its length in the lowest

        Returns
        -------
        is_plain : bool; where it is false, nothing is said
        codes : uint64, the bytes of :meth:`normalise` of the text from the highest on, zeros after them
        """
        return None

    @classmethod
    def _fault(cls, text: str) -> str | None:
        raise NotImplementedError

    @classmethod
    def _normal(cls, text: str) -> str:
        return text

    @classmethod
    def _short(cls, text: str) -> str | None:
        return None


class Icd10(CodingSystem):
    """An ICD-10 code as the NHS records it (WHO's ICD-10, 5th edition), held without dot, filler and marks.

    Accepted, in either case: a letter and two digits; then, with or without a dot, a fourth character (a digit, or the
    filler ``X``), a fifth (a digit, or the filler ``-``), and ``D`` or ``A`` for dagger and asterisk where a fourth
    character is there (NHS Data Dictionary, DIAGNOSTIC CODING, format ``annnaa``); at the very end one ``†``, ``+``
    (dagger) or ``*`` (asterisk). ``X`` is dropped where it fills the fourth place and no digit follows: ``I10X`` is
    ``I10``, ``T08X0`` stays. Refused: ICD-10-CM's seven characters and letters in the third place, ``I10.``, ``C50.-``.
    """

    __slots__ = ()
    system = "icd10"
    called = "an ICD-10"
    form = "a letter and two digits, then up to two more characters, such as I21, I21.0, I10X, T08X0 or E103D"
    has_prefixes = True

    _WHOLE: ClassVar = re.compile(r"([A-Za-z][0-9]{2})(?:\.?([0-9Xx])(?:([0-9])|-)?[ADad]?)?[*+†]?")
    _SHORT: ClassVar = re.compile(r"[A-Za-z][0-9]?")

    @classmethod
    def _fault(cls, text: str) -> str | None:
        if cls._WHOLE.fullmatch(text):
            return None
        if not text[0].isalpha():
            return "it does not begin with a letter"
        if "." in text.rstrip("*+†")[4:] or "." in text[:3]:
            return "a dot that does not follow the third character"
        if text.rstrip("*+†").endswith((".", ".-", ".X-")):
            return "nothing stands after the dot"
        if len(text.replace(".", "").rstrip("*+†")) > 6:
            return "too long; American ICD-10-CM codes are not read"
        return "not of the form of an ICD-10 code"

    @classmethod
    def _normal(cls, text: str) -> str:
        found = cls._WHOLE.fullmatch(text)
        assert found is not None  # noqa: S101  -- the caller asked for faults first
        category, fourth, fifth = found.groups(default="")
        return (category + ("" if fourth in "Xx" and not fifth else fourth) + fifth).upper()

    @classmethod
    def _short(cls, text: str) -> str | None:
        return text.upper() if cls._SHORT.fullmatch(text) else None

    @classmethod
    def plain(cls, keys: npt.NDArray[np.uint64]) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.uint64]] | None:
        """See :meth:`CodingSystem.plain`: a capital letter and two to four digits, a dot perhaps after the second."""
        import numpy as np

        letters = np.ascontiguousarray(keys).astype(">u8").view(np.uint8).reshape(-1, 8).copy()
        length = letters[:, 7].copy()
        letters[:, 7] = 0
        dotted = (letters[:, 3] == ord(".")) & (length > 4)
        letters[dotted, 3:7] = letters[dotted, 4:8]
        length -= dotted
        digit = (letters >= ord("0")) & (letters <= ord("9"))
        is_plain = (letters[:, 0] >= ord("A")) & (letters[:, 0] <= ord("Z")) & digit[:, 1] & digit[:, 2]
        is_plain &= (length <= 5) & ((length < 4) | digit[:, 3]) & ((length < 5) | digit[:, 4])
        return is_plain, letters.view(">u8").astype(np.uint64).reshape(-1)


class SnomedCt(CodingSystem):
    """A SNOMED CT concept id: 6 to 18 digits, a Verhoeff check digit last, and the partition of concepts before it.

    A description id, which some GP systems export beside the concept, is refused by name, and so is an id that a
    spreadsheet turned into an exponent or rounded to fifteen digits.
    """

    __slots__ = ()
    system = "snomedct"
    called = "a SNOMED CT"
    form = "a concept id of 6 to 18 digits, the last a check digit"

    _OTHER_PARTITIONS: ClassVar = MappingProxyType(
        {
            **dict.fromkeys(("01", "11"), "a description id where a concept id is needed"),
            **dict.fromkeys(("02", "12"), "a relationship id where a concept id is needed"),
        }
    )

    @classmethod
    def _fault(cls, text: str) -> str | None:
        if (reason := _number_fault(text)) is not None:
            return reason
        if not 6 <= len(text) <= 18:
            return "not 6 to 18 digits"
        if not verhoeff_holds(text):
            # Double precision keeps fifteen digits and a bit; spreadsheets write zeros for the rest.
            if len(text) > 15 and not text[15:].strip("0"):
                return "the check digit is wrong and the last digits are zeros: it looks rounded by a spreadsheet"
            return "the check digit is wrong: a digit was changed, lost or swapped"
        if text[-3:-1] not in ("00", "10"):
            return cls._OTHER_PARTITIONS.get(text[-3:-1], "its partition is not that of concepts")
        return None


class Dmd(SnomedCt):
    """A dm+d id of a medicine: a SNOMED CT id, and checked as one."""

    __slots__ = ()
    system = "dmd"
    called = "a dm+d"
    form = "an id of 6 to 18 digits, the last a check digit"


class _Read(CodingSystem):
    """Five characters, of which those not used are dots at the end."""

    __slots__ = ()
    form = "five letters and digits, with dots at the end for those not used, such as C10.. or XaBVJ"
    case_sensitive = True

    _WHOLE: ClassVar = re.compile(r"(?=.{5}$)[0-9A-Za-z]+\.*")

    @classmethod
    def _fault(cls, text: str) -> str | None:
        if cls._WHOLE.fullmatch(text):
            return None
        if _EXPONENT.fullmatch(text) and "+" in text:
            return "a spreadsheet turned it into a number"
        if len(text) == 7 and cls._WHOLE.fullmatch(text[:5]) and text[5:].isalnum():
            return "seven characters: the last two are a term code. Keep the first five"
        if len(text) != 5:
            return "not five characters; dots at the end may have been lost"
        return "a dot or mark where a letter or digit must stand"


class Read2(_Read):
    """A Read v2 (5-byte) code. Case matters; the beginning of a code is its parent, so lists may match by prefix."""

    __slots__ = ()
    system = "read2"
    called = "a Read v2"
    has_prefixes = True

    _SHORT: ClassVar = re.compile(r"([0-9A-Za-z]{1,5})\.*")

    @classmethod
    def _short(cls, text: str) -> str | None:
        found = cls._SHORT.fullmatch(text) if len(text) <= 5 else None
        return None if found is None else found[1]


class Ctv3(_Read):
    """A CTV3 (Read v3) code. Case matters, and the beginning of a code says nothing of its meaning."""

    __slots__ = ()
    system = "ctv3"
    called = "a CTV3"

    @classmethod
    def _fault(cls, text: str) -> str | None:
        # Ids that were numbered, not spelt, begin with X, and those of drugs with x and a digit; none with xa (our
        # reading of published lists).
        if text.startswith("xa") and text == text.lower():
            return "lower-cased: such an id begins with Xa, and case matters in every character"
        return super()._fault(text)


class Opcs4(CodingSystem):
    """An OPCS-4 code of a procedure, held without its dot: a letter and two digits, then perhaps one digit more."""

    __slots__ = ()
    system = "opcs4"
    called = "an OPCS-4"
    form = "a letter and two digits, then perhaps one digit, such as K40, K40.1 or K401"
    has_prefixes = True

    _WHOLE: ClassVar = re.compile(r"([A-Za-z][0-9]{2})(?:\.?([0-9]))?")
    _SHORT: ClassVar = re.compile(r"[A-Za-z][0-9]?")

    @classmethod
    def _fault(cls, text: str) -> str | None:
        return None if cls._WHOLE.fullmatch(text) else "not of the form of an OPCS-4 code"

    @classmethod
    def _normal(cls, text: str) -> str:
        return text.replace(".", "").upper()

    @classmethod
    def _short(cls, text: str) -> str | None:
        return text.upper() if cls._SHORT.fullmatch(text) else None


class RxNorm(CodingSystem):
    """An RxNorm concept id (RXCUI): one to eight digits, no zero before them."""

    __slots__ = ()
    system = "rxnorm"
    called = "an RxNorm"
    form = "one to eight digits"

    @classmethod
    def _fault(cls, text: str) -> str | None:
        return _number_fault(text) or ("more than eight digits" if len(text) > 8 else None)


class NhsNumber(CodingSystem):
    """An NHS number: ten digits, the last a check digit (modulus 11); spaces between its groups are dropped."""

    __slots__ = ()
    system = "nhs_number"
    called = "an NHS number"
    noun = ""
    form = "ten digits, the last a check digit"

    @classmethod
    def fault(cls, text: Any) -> str | None:
        """See :meth:`CodingSystem.fault`."""
        return super().fault(_GROUPED.sub(r"\1\2\3", text) if isinstance(text, str) else text)

    @classmethod
    def _fault(cls, text: str) -> str | None:
        if not _DIGITS.fullmatch(text) or len(text) != 10:
            return "not ten digits"
        if len(set(text)) == 1:
            return "ten times the same digit is a placeholder"
        if modulus_11_check(text[:9]) != int(text[9]):
            return "the check digit is wrong: a digit was changed, lost or swapped"
        return None

    @classmethod
    def _normal(cls, text: str) -> str:
        return text.replace(" ", "")


class OdsCode(CodingSystem):
    """The ODS code of a general practice in England: a capital letter and five digits."""

    __slots__ = ()
    system = "ods"
    called = "an ODS practice"
    form = "a capital letter and five digits, such as C87017"

    _WHOLE: ClassVar = re.compile(r"[A-Z][0-9]{5}")

    @classmethod
    def _fault(cls, text: str) -> str | None:
        return None if cls._WHOLE.fullmatch(text) else "not a capital letter and five digits"


def _number_fault(text: str) -> str | None:
    """Why a text is no whole number written as an id is."""
    if _DIGITS.fullmatch(text):
        return "a zero stands first" if text[0] == "0" else None
    if _EXPONENT.fullmatch(text):
        return "a spreadsheet shortened it to an exponent; the digits are lost"
    if _DECIMAL.fullmatch(text):
        return "it was turned into a decimal number"
    return "not digits alone"


SYSTEMS: Mapping[str, type[CodingSystem]] = MappingProxyType(
    {kind.system: kind for kind in (Icd10, SnomedCt, Read2, Ctv3, Dmd, RxNorm, Opcs4)}
)
