"""Coding systems as types: what is a code, in which one form it is written, and why a text is none."""

from __future__ import annotations

import random
import re

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import casemgmt as cm
from casemgmt.codes.checkdigits import modulus_11_check, verhoeff_holds
from casemgmt.codes.systems import SYSTEMS, Ctv3, Dmd, Icd10, NhsNumber, OdsCode, Opcs4, Read2, RxNorm, SnomedCt
from casemgmt.texts.numbering import Keys


@pytest.mark.parametrize(
    ("text", "code"),
    [
        *(("I21", "I21"), ("I21.9", "I219"), ("i21.9", "I219"), ("I10X", "I10"), ("i10.x", "I10"), ("I10  ", "I10")),
        *(("T08X0", "T08X0"), ("T08.X0", "T08X0"), ("E103D", "E103"), ("G590A", "G590"), ("E10.3+", "E103")),
        *(
            ("G59.0*", "G590"),
            ("E103†", "E103"),
            ("C50.-", None),
            ("S7200", "S7200"),
            ("M4516", "M4516"),
            ("A01-", None),
        ),
    ],
)
def test_an_icd_10_code_has_one_written_form(text, code):
    if code is None:
        with pytest.raises(cm.CodeError, match="Not an ICD-10 code"):
            Icd10(text)
    else:
        assert Icd10(text) == code
        assert Icd10(code) == code


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("I21.", "nothing stands after the dot"),
        ("I2", "not of the form"),
        ("21I", "does not begin with a letter"),
        ("I.21", "a dot that does not follow the third character"),
        ("I21 9", "a space before or inside the code"),
        (" I21", "a space before or inside the code"),
        ("I21\u00a0", "a hidden character"),
        ("S72.001A", "too long; American ICD-10-CM codes are not read"),
        ("IO1", "not of the form"),
        ("", "empty"),
        (210, "a number or other value"),
    ],
)
def test_a_text_that_is_no_icd_10_code_says_why(text, reason):
    assert reason in Icd10.fault(text)
    with pytest.raises(cm.CodeError):
        Icd10(text)


def test_an_error_does_not_repeat_the_text():
    with pytest.raises(cm.CodeError) as raised:
        Icd10("canary")
    assert "canary" not in str(raised.value)


# Diabetes mellitus type 2; hypertension; myocardial infarction; COPD; the shortest and a longest id of an extension.
SNOMED = ("44054006", "38341003", "22298006", "13645005", "138875005", "10939881000119105", "999000011000001104")


@pytest.mark.parametrize("code", SNOMED)
def test_a_snomed_id_is_one_and_no_id_with_one_digit_changed_or_two_swapped_is(code):
    assert SnomedCt(code) == code
    for place, digit in enumerate(code):
        for other in set("0123456789") - {digit}:
            assert SnomedCt.fault(code[:place] + other + code[place + 1 :]) is not None
    for place in range(len(code) - 1):
        swapped = code[:place] + code[place + 1] + code[place] + code[place + 2 :]
        assert swapped == code or SnomedCt.fault(swapped) is not None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("3.97E+16", "shortened it to an exponent; the digits are lost"),
        ("1.0939881E+16", "shortened it to an exponent"),
        ("10939881000119100", "the last digits are zeros: it looks rounded by a spreadsheet"),
        ("44054006.0", "turned into a decimal number"),
        ("10939881000119104", "a digit was changed, lost or swapped"),
        ("044054006", "a zero stands first"),
        ("44054", "not 6 to 18 digits"),
        ("4405400x", "not digits alone"),
        ("754365011", "a description id where a concept id is needed"),
    ],
)
def test_a_damaged_snomed_id_says_what_became_of_it(text, reason):
    assert reason in SnomedCt.fault(text)
    assert reason in Dmd.fault(text)


def test_every_id_of_a_million_with_another_check_digit_is_refused():
    choose = random.Random(1)
    for _ in range(2000):
        stem = str(choose.randrange(10**4, 10**15))
        assert sum(verhoeff_holds(stem + str(digit)) for digit in range(10)) == 1


@pytest.mark.parametrize("kind", [Read2, Ctv3])
def test_a_read_code_keeps_its_case_and_its_dots(kind):
    assert kind("C10..") == "C10.."
    assert kind("c10..") != kind("C10..")
    assert kind.fault("C10") == "not five characters; dots at the end may have been lost"
    assert "a term code" in kind.fault("C10..00")
    assert kind.fault("C1.0.") is not None


def test_a_lower_cased_ctv3_id_is_refused_by_name():
    assert Ctv3("XaBVJ") == "XaBVJ"
    assert "lower-cased" in Ctv3.fault("xabvj")
    assert Ctv3.fault("x00Kl") is None


def test_what_has_no_hierarchy_in_its_letters_takes_no_prefix():
    for kind in (SnomedCt, Dmd, Ctv3, RxNorm):
        with pytest.raises(cm.CodeError, match="list each code in full"):
            kind.normalise_prefix("X")
    assert Icd10.normalise_prefix("c5") == "C5"
    assert Icd10.normalise_prefix("c50.1") == "C501"
    assert Read2.normalise_prefix("C10..") == "C10"
    assert Opcs4.normalise_prefix("k4") == "K4"
    with pytest.raises(cm.CodeError):
        Icd10.normalise_prefix("5")


def test_an_opcs_4_code_is_a_letter_and_two_or_three_digits():
    assert (Opcs4("K40.1"), Opcs4("k401"), Opcs4("K40")) == ("K401", "K401", "K40")
    assert Opcs4.fault("K4") is not None


def test_an_rxnorm_id_is_one_to_eight_digits():
    assert RxNorm("314076") == "314076"
    assert "more than eight digits" in RxNorm.fault("314076000")
    assert "exponent" in RxNorm.fault("3.14E+5")


def test_nhs_numbers_of_the_test_range_against_the_written_rule():
    for number in range(9990000000, 9990000000 + 5000):
        text = str(number)
        digits = [int(digit) for digit in text]
        remainder = sum(digit * weight for digit, weight in zip(digits, range(10, 1, -1), strict=False)) % 11
        check = {0: 0, 1: None}.get(remainder, 11 - remainder)
        assert (NhsNumber.fault(text) is None) == (check == digits[9])
    assert modulus_11_check("999000000") in range(11)


def test_an_nhs_number_is_ten_digits_and_no_placeholder():
    assert NhsNumber("999 000 0018") == "9990000018"
    assert "placeholder" in NhsNumber.fault("0000000000")
    assert "ten digits" in NhsNumber.fault("999000001")
    assert "check digit" in NhsNumber.fault("9990000010")


def test_a_practice_code_is_a_capital_and_five_digits():
    assert OdsCode("C87017") == "C87017"
    for text in ("c87017", "C8701", "C87017 1", "../x"):
        assert OdsCode.fault(text) is not None


def test_systems_are_found_by_the_names_that_files_use():
    assert list(SYSTEMS) == ["icd10", "snomedct", "read2", "ctv3", "dmd", "rxnorm", "opcs4"]
    assert all(kind.system == name for name, kind in SYSTEMS.items())


LOOKS_LIKE_ICD_10 = st.from_regex(
    re.compile(r"[A-Za-z0-9.][0-9A-Zx.][0-9X.][.0-9xX]{0,3}[AD*+ -]{0,2}"), fullmatch=True
)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.one_of(LOOKS_LIKE_ICD_10, st.text(max_size=7)), min_size=1, max_size=30))
def test_the_plainest_form_is_read_all_at_once_as_each_text_is_alone(texts):
    keys = Keys(pa.array(texts, pa.string()))
    if keys.width > 1:
        return
    is_plain, codes = Icd10.plain(keys.block(0, len(texts)))
    for text, plain, code in zip(texts, is_plain.tolist(), codes.tolist(), strict=True):
        if plain:
            assert code.to_bytes(8, "big").rstrip(b"\0").decode() == Icd10(text)


def test_ordinary_codes_are_all_in_the_plainest_form():
    texts = ["I21", "I219", "I21.9", "S7200", "S72.00", "Z99"]
    is_plain, _ = Icd10.plain(Keys(pa.array(texts)).block(0, len(texts)))
    assert is_plain.tolist() == [True] * 6
    odd = ["i21", "I10X", "E103D", "I21*", "I2", "21", "", "I21.", "I.21"]
    assert not Icd10.plain(Keys(pa.array(odd)).block(0, len(odd)))[0].any()
    assert SnomedCt.plain(np.zeros((1, 1), dtype=np.uint64)) is None
