"""Downloads from OpenCodelists open as they are, whatever their column of codes is called."""

from __future__ import annotations

import pytest

import casemgmt as cm

DOWNLOADS = [
    ("code,term\n195967001,Asthma\n", "snomedct"),
    ("id,name\n195967001,Asthma\n", "snomedct"),
    ("snomedct,ctv3\n195967001,XaBVJ\n", "snomedct"),
    ("CTV3Code,CTV3PreferredTermDesc\nXE0Uc,Essential hypertension\n", "ctv3"),
    ("CTV3ID,CTV3PreferredTermDesc\nXE0Uc,Essential hypertension\n", "ctv3"),
    ("type,dmd_id,nm,bnf_code\nAMP,195967001,Any,0301011R0\n", "dmd"),
    ("Code ,Description\nC10E.,Type 1 diabetes\n", "read2"),
    ("Read2,meaning\nC10E.,Type 1 diabetes\n", "read2"),
    ("ICD10,meaning\nJ45.9,Asthma\nJ46X,Status asthmaticus\n", "icd10"),
]


@pytest.mark.parametrize(("text", "system"), DOWNLOADS)
def test_a_download_opens_as_it_is(text, system, tmp_path):
    path = tmp_path / "download.csv"
    path.write_text(text)
    found = cm.load_codelist(path, system=system, condition="it")
    assert len(found.entries) == text.count("\n") - 1
    assert found.system == system


def test_the_words_of_a_download_come_with_it(tmp_path):
    path = tmp_path / "download.csv"
    path.write_text("CTV3Code,CTV3PreferredTermDesc\nXE0Uc,Essential hypertension\n")
    assert cm.load_codelist(path, system="ctv3", condition="it").entries[0].term == "Essential hypertension"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id,dmd_id,name\n195967001,44054006,x\n", "each of 'id', 'dmd_id' holds snomedct codes in every line"),
        ("id,name\n195967001,x\n195967002,y\n", "Columns found: 'id', 'name', none of which holds"),
        ("id,name\n195967001,x\n,y\n", "none of which holds"),
    ],
)
def test_a_column_is_not_guessed_where_more_or_none_can_be_it(text, message, tmp_path):
    path = tmp_path / "download.csv"
    path.write_text(text)
    with pytest.raises(cm.InputError, match=message) as caught:
        cm.load_codelist(path, system="snomedct", condition="it")
    assert "1959670" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "system"),
    [
        ("195967001,Asthma\n73211009,Diabetes\n", "snomedct"),
        ("Asthma;mild,195967001\nDiabetes,73211009\n", "snomedct"),
        ("J45.9,Asthma\nE11.2,Diabetes\n", "icd10"),
        ("H33..,Asthma\nC10E.,Type 1 diabetes\n", "read2"),
        ("XE0Uc\nX40J4\n", "ctv3"),
    ],
)
def test_the_first_code_of_a_list_without_a_header_is_not_lost(text, system, tmp_path):
    path = tmp_path / "download.csv"
    path.write_text(text)
    with pytest.raises(cm.InputError, match="which would be lost") as caught:
        cm.load_codelist(path, system=system, condition="it")
    assert "Asthma" not in str(caught.value)
    header = "t,code" if text.startswith("A") else "code,t" if "," in text else "code"
    path.write_text(f"{header}\n{text}")
    assert len(cm.load_codelist(path, system=system, condition="it").entries) == 2
