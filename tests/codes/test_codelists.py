"""Code lists as files: what is read, what is refused and how it is said, and lists put together."""

from __future__ import annotations

import pytest

import casemgmt as cm
from casemgmt.codes.codelist import Entry
from casemgmt.codes.listfiles import list_codelists
from casemgmt.codes.systems import SYSTEMS


def written(tmp_path, csv, toml=None, name="list"):
    (tmp_path / f"{name}.csv").write_text(csv, encoding="utf-8")
    if toml is not None:
        (tmp_path / f"{name}.toml").write_text(toml, encoding="utf-8")
    return tmp_path / f"{name}.csv"


DOWNLOAD = "code,term\n44054006,Type 2 diabetes mellitus\n38341003,Hypertension\n"


def test_a_download_opens_as_it_is(tmp_path):
    codelist = cm.load_codelist(written(tmp_path, DOWNLOAD), system="snomedct", condition="diabetes")
    assert repr(codelist) == "<CodeList list: 2 entries of snomedct, 1 condition>"
    assert codelist.conditions_of("44054006") == ("diabetes",)
    assert codelist.entries[0].term == "Type 2 diabetes mellitus"


def test_byte_order_marks_windows_line_ends_and_further_columns_are_read(tmp_path):
    path = tmp_path / "list.csv"
    path.write_bytes("\ufeffcode,term,category\r\n44054006,x,1\r\n\r\n".encode())
    assert len(cm.load_codelist(path, system="snomedct", condition="d").entries) == 1


def test_a_side_file_says_whose_the_list_is(tmp_path):
    toml = '[codelist]\nsystem = "icd10"\ntitle = "T"\nsource = "S"\nversion = "1"\nlicence = "L"\nmatch = "prefix"\n'
    path = written(tmp_path, "code,condition\nI21,heart\nI2,circulation\n", toml)
    codelist = cm.load_codelist(path)
    assert (codelist.system, codelist.title, codelist.source) == ("icd10", "T", "S")
    assert (codelist.version, codelist.licence) == ("1", "L")
    assert codelist.conditions_of("I21.9") == ("heart", "circulation")


def test_header_lines_say_the_same(tmp_path):
    csv = "# system: icd10\n# source: by hand\n# condition: heart\n#\ncode,term,match\nI21,x,prefix\n"
    codelist = cm.load_codelist(written(tmp_path, csv))
    assert (codelist.source, codelist.conditions) == ("by hand", ("heart",))


def test_what_is_given_stands_before_what_the_file_says(tmp_path):
    path = written(tmp_path, "# system: rxnorm\ncode\n123456\n")
    assert cm.load_codelist(path, condition="x").system == "rxnorm"
    assert cm.load_codelist(written(tmp_path, DOWNLOAD, name="b"), system="dmd", condition="x").system == "dmd"


def test_columns_can_be_renamed(tmp_path):
    path = written(tmp_path, "CTV3ID,CTV3Desc,Category\nXaBVJ,x,one\nC10..,y,two\n")
    codelist = cm.load_codelist(path, system="ctv3", columns={"CTV3ID": "code", "Category": "condition"})
    assert codelist.conditions == ("one", "two")
    with pytest.raises(cm.InputError, match="'CTV3' is missing"):
        cm.load_codelist(path, system="ctv3", columns={"CTV3": "code"})


def test_one_code_may_make_many_conditions_and_two_spellings_are_one_entry():
    codelist = cm.CodeList(
        name="x",
        system="icd10",
        entries=(Entry("I42.6", "heart"), Entry("I426", "alcohol"), Entry("I426", "heart"), Entry("I10X", "pressure")),
    )
    assert [(each.code, each.condition) for each in codelist.entries] == [
        ("I426", "heart"),
        ("I426", "alcohol"),
        ("I10", "pressure"),
    ]
    assert codelist.conditions_of("I426") == ("heart", "alcohol")


# --- what goes wrong, and what is said ----------------------------------------------------------------------------


def test_all_wrong_lines_are_named_at_once_with_their_reasons(tmp_path):
    csv = "code,term\n44054006,x\n44054060,swapped\n3.97E+16,excel\n397000000000000000,zeros\n44054006.0,decimal\n"
    with pytest.raises(cm.CodeError) as raised:
        cm.load_codelist(written(tmp_path, csv), system="snomedct", condition="d")
    assert str(raised.value).splitlines()[1:] == [
        "  line 3: code '44054060': the check digit is wrong: a digit was changed, lost or swapped",
        "  line 4: code '3.97E+16': a spreadsheet shortened it to an exponent; the digits are lost",
        "  line 5: code '397000000000000000': the check digit is wrong and the last digits are zeros: "
        "it looks rounded by a spreadsheet",
        "  line 6: code '44054006.0': it was turned into a decimal number",
    ]


def test_a_lower_cased_ctv3_code_is_an_error(tmp_path):
    with pytest.raises(cm.CodeError, match="line 2: code 'xabvj': lower-cased"):
        cm.load_codelist(written(tmp_path, "code\nxabvj\n"), system="ctv3", condition="asthma")


def test_a_swapped_code_in_a_list_with_a_digest_is_an_error(tmp_path):
    right = written(tmp_path, "code,condition\nI21,heart\nE11,diabetes\n", '[codelist]\nsystem = "icd10"\n', "a")
    digest = cm.load_codelist(right).digest
    toml = f'[codelist]\nsystem = "icd10"\ndigest = "{digest}"\n'
    assert cm.load_codelist(written(tmp_path, "code,condition\nE11,diabetes\nI21,heart\n", toml, "b")).digest == digest
    for csv in (
        "code,condition\nI12,heart\nE11,diabetes\n",
        "code,condition\nI21,diabetes\nE11,heart\n",
        "code,condition\nI21,heart\n",
        "code,condition,match\nI21,heart,prefix\nE11,diabetes,exact\n",
    ):
        with pytest.raises(cm.CodeError, match="changed, swapped, added or lost"):
            cm.load_codelist(written(tmp_path, csv, toml, "c"))


@pytest.mark.parametrize("name", list_codelists())
def test_a_shipped_list_states_its_source_version_licence_and_digest(name):
    codelist = cm.load_codelist(name)
    assert codelist.name == name
    assert all((codelist.title, codelist.source, codelist.version, codelist.licence))


@pytest.mark.parametrize(
    ("csv", "options", "message"),
    [
        ("code\n44054006\n", {}, "nothing says the coding system"),
        (
            "code\n44054006\n",
            {"system": "snomed", "condition": "d"},
            "no coding system 'snomed'. Did you mean 'snomedct'",
        ),
        ("code\n44054006\n", {"system": "snomedct"}, "nothing says which condition"),
        ("code\n44054006\n", {"system": "snomedct", "condition": "Type 2"}, "condition 'Type 2' is no name"),
        ("code,match\n44054006,prefix\n", {"system": "snomedct", "condition": "d"}, "list each code in full"),
        ("code,match\nI21,like\n", {"system": "icd10", "condition": "d"}, "neither exact nor prefix"),
        ("code\nI21\n", {"system": "icd10", "condition": "d", "match": "like"}, "match is 'exact' or 'prefix'"),
        ("codes\n1\n", {"system": "icd10", "condition": "d"}, "no column 'code'. Did you mean 'codes'"),
        ("code,conditions\nI21,x\n", {"system": "icd10", "condition": "d"}, "'conditions' looks like 'condition'"),
        ("code,condition\nI21,x\n", {"system": "icd10", "condition": "d"}, "has no place"),
        ("code,code\nI21,x\n", {"system": "icd10", "condition": "d"}, "two columns are called 'code'"),
        ("code,term\nI21\n", {"system": "icd10", "condition": "d"}, "line 2: 1 cells where the header has 2"),
        ('code\n"I21\n', {"system": "icd10", "condition": "d"}, "not a CSV file"),
        ("code\n", {"system": "icd10", "condition": "d"}, "the list is empty"),
        ("", {"system": "icd10", "condition": "d"}, "no column 'code'"),
        ("# sytem: icd10\ncode\nI21\n", {"condition": "d"}, "unknown key 'sytem'. Did you mean 'system'"),
    ],
)
def test_a_list_that_leaves_something_out_says_what_to_write(tmp_path, csv, options, message):
    with pytest.raises(cm.CodeError) as raised:
        cm.load_codelist(written(tmp_path, csv), **options)
    assert message in str(raised.value)


@pytest.mark.parametrize(
    ("toml", "message"),
    [
        ("[codelist]\nsytem = 'icd10'\n", "unknown key 'sytem'"),
        ("[codelist]\nsystem = 3\n", "'system' must be text"),
        ("[list]\nsystem = 'icd10'\n", "under [codelist]"),
        ("[codelist\n", "not a TOML file"),
    ],
)
def test_a_side_file_that_says_what_it_may_not_is_an_error(tmp_path, toml, message):
    with pytest.raises(cm.CodeError) as raised:
        cm.load_codelist(written(tmp_path, "code\nI21\n", toml), condition="d")
    assert message in str(raised.value)


def test_a_name_is_a_shipped_list_and_a_path_is_a_file(tmp_path):
    with pytest.raises(cm.CodeError, match=r"no code list 'charlson-quan'\. Did you mean 'charlson-quan-2005'"):
        cm.load_codelist("charlson-quan")
    with pytest.raises(cm.CodeError, match="there is no such file"):
        cm.load_codelist(tmp_path / "none.csv")
    with pytest.raises(cm.CodeError, match="named by text or by a Path"):
        cm.load_codelist(3)
    path = tmp_path / "latin.csv"
    path.write_bytes("code,term\nI21,caf\xe9\n".encode("latin-1"))
    with pytest.raises(cm.CodeError, match="not UTF-8"):
        cm.load_codelist(path, system="icd10", condition="d")


# --- lists put together ----------------------------------------------------------------------------------------------

HEART = cm.CodeList(name="heart", system="icd10", entries=(Entry("I21", "heart", "prefix"),), source="A", version="1")
SUGAR = cm.CodeList(
    name="sugar", system="icd10", entries=(Entry("E11", "diabetes", "prefix"),), source="B", version="1"
)


def test_two_lists_are_one_with_both_sources():
    both = HEART | SUGAR
    assert both.conditions == ("heart", "diabetes")
    assert (both.name, both.source, both.version) == ("heart + sugar", "A; B", "1")
    assert both.digest == (SUGAR | HEART).digest != HEART.digest


def test_lists_of_two_systems_are_not_put_together():
    drugs = cm.CodeList(name="drugs", system="rxnorm", entries=(Entry("123", "drug"),))
    with pytest.raises(cm.CodeError, match="of different coding systems"):
        HEART | drugs
    with pytest.raises(TypeError):
        HEART | 3


def test_a_list_can_be_narrowed_and_its_conditions_renamed():
    both = HEART | SUGAR
    assert both.only("diabetes").conditions == ("diabetes",)
    assert both.renamed({"heart": "diabetes"}).conditions == ("diabetes",)
    for change in (lambda: both.only("hart"), lambda: both.renamed({"hart": "x"})):
        with pytest.raises(cm.CodeError, match=r"no condition 'hart'\. Did you mean 'heart'"):
            change()


def test_a_list_made_in_python_is_checked_as_a_file_is():
    with pytest.raises(cm.CodeError, match="entry 2: code 'I2'"):
        cm.CodeList(name="x", system="icd10", entries=(Entry("I21", "a"), Entry("I2", "a")))
    with pytest.raises(cm.CodeError, match="no coding system 'icd'"):
        cm.CodeList(name="x", system="icd", entries=(Entry("I21", "a"),))
    with pytest.raises(cm.CodeError, match="is empty"):
        cm.CodeList(name="x", system="icd10", entries=())
    assert set(SYSTEMS) >= {HEART.system}
