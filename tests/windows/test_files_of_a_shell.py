"""Files as PowerShell's ``>``, Notepad and Excel write them: the same through every door as the plain file."""

from __future__ import annotations

import dataclasses
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import casemgmt as cm
from casemgmt.caseload.deciding.reading import read_decisions
from casemgmt.caseload.store.printed import printed_heads
from casemgmt.cli.reading import read_list_sizes
from casemgmt.codes.listfiles import load_codelist
from casemgmt.codes.rules import load_rules
from casemgmt.errors import InputError
from casemgmt.outputs.governance.confirmations import read_confirmations
from casemgmt.outputs.report.tariff import load_tariff
from casemgmt.pseudonyms.key import new_key, read_key
from casemgmt.register.config import read_config
from casemgmt.register.given.tables import table_given
from casemgmt.selection.nominations import read_nominations

ROOT = Path(__file__).parents[2]
PACKAGE = Path(cm.__file__).parent

FORMS: dict[str, Callable[[str], bytes]] = {
    "CRLF": lambda text: text.replace("\n", "\r\n").encode(),
    "a mark and CRLF": lambda text: text.replace("\n", "\r\n").encode("utf-8-sig"),
    "UTF-16, as PowerShell 5 writes it": lambda text: b"\xff\xfe" + text.replace("\n", "\r\n").encode("utf-16-le"),
    "UTF-16, the other way round": lambda text: b"\xfe\xff" + text.encode("utf-16-be"),
}


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def vars_of(made: Any) -> dict[str, Any]:
    return {each.name: getattr(made, each.name) for each in dataclasses.fields(made)}


def a_register(path: Path) -> Any:
    register = cm.read_register(path, as_of="2015-04-01")
    return register.to_arrow().to_pylist(), register.rows_in, register.quarantine.to_pylist()


def a_scanned_register(path: Path) -> Any:
    return repr(cm.scan_register(path, as_of="2015-04-01"))


def a_model(path: Path) -> Any:
    model = cm.load_model("lace")
    folder = path.parent / "lace"
    model.save(folder, overwrite=True)
    (folder / path.name).write_bytes(path.read_bytes())
    read = cm.load_model(folder)
    return read.inputs, read.name


def a_code_list(path: Path) -> Any:
    side = path.with_suffix(".toml")
    if not side.exists():
        side.write_bytes((PACKAGE / "codes/lists/hfrs.toml").read_bytes())
    return load_codelist(path)


REGISTER = "patient_id,practice_id,age,surname\na1,C87001,70,BRONTË\na2,C87001,80,O'Neill\n"
DECISIONS = "practice_id,patient_id,decision,by,date\nC87001,a1,accepted,Dr Brontë,2015-04-01\n"
NOMINATIONS = "practice_id,patient_id\nC87001,a1\n"
HEADS = f"practice_id,number,hash\nC87001,2,{'ab' * 32}\n"
CONFIRMATIONS = """
[[confirmation]]
what = "list C87001"
who = "Dr Brontë"
role = "GP"
on = 2015-04-01
saw = "the list"
"""

# What a file holds, its name, and what reads it.
DOORS: dict[str, tuple[str, str, Callable[[Path], Any]]] = {
    "register": (REGISTER, "register.csv", a_register),
    "register of tabs": (REGISTER.replace(",", "\t"), "register.tsv", a_register),
    "scanned register": (REGISTER, "register.csv", a_scanned_register),
    "mapping file": ('[columns]\nNachname = "surname"\n[reading]\nseparator = ";"\n', "mapping.toml", read_config),
    "scheme": (text_of(ROOT / "examples/my-scheme.toml"), "scheme.toml", cm.load_scheme),
    "model": (text_of(ROOT / "models/lace/model.toml"), "model.toml", a_model),
    "test vectors": (text_of(ROOT / "models/lace/vectors.csv"), "vectors.csv", a_model),
    "rules": (text_of(ROOT / "models/cambridge-multimorbidity-20/rules.toml"), "rules.toml", load_rules),
    "code list": (text_of(PACKAGE / "codes/lists/hfrs.csv"), "hfrs.csv", a_code_list),
    "tariff": (text_of(next((PACKAGE / "outputs/report/tariffs").glob("*.toml"))), "tariff.toml", load_tariff),
    "list sizes": ("practice_id,list_size\nC87001,7000\n", "sizes.csv", read_list_sizes),
    "decisions": (DECISIONS, "decisions.csv", read_decisions),
    "nominations": (NOMINATIONS, "nominations.csv", read_nominations),
    "ends of chains": (HEADS, "heads.csv", printed_heads),
    "a table beside a register": (NOMINATIONS, "table.csv", lambda path: table_given(path, "ended").to_pylist()),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("door", DOORS)
def test_a_file_says_the_same_however_a_shell_wrote_it(tmp_path, door, form):
    text, name, read = DOORS[door]
    (tmp_path / name).write_bytes(text.encode())
    expected = read(tmp_path / name)
    (tmp_path / name).write_bytes(FORMS[form](text))
    found = read(tmp_path / name)
    if hasattr(expected, "text"):  # a scheme keeps its file's own text, line ends and all
        assert found.text.splitlines() == expected.text.splitlines()
        assert {**vars_of(found), "text": ""} == {**vars_of(expected), "text": ""}
    else:
        assert found == expected


def test_a_file_that_only_seems_to_be_utf_16_is_refused_with_the_remedy(tmp_path):
    for name, data in (
        ("cut.csv", b"\xff\xfea\x00b"),
        ("wide.csv", REGISTER.encode("utf-32")),
        ("no mark.csv", REGISTER.replace("Ë", "E").encode("utf-16-le")),
    ):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(InputError, match=r"UTF-16|utf-16"):
            cm.read_register(tmp_path / name, as_of="2015-04-01")
    for data in ("a = 1".encode("utf-32"), b"\xff\xfea\x00b", "a = 1".encode("cp1252") + b"\xe9"):
        (tmp_path / "scheme.toml").write_bytes(data)
        with pytest.raises(cm.SchemeError, match="Save it as UTF-8"):
            cm.load_scheme(tmp_path / "scheme.toml")


def test_a_key_that_a_shell_wrote_as_utf_16_is_refused_since_it_would_be_another(tmp_path):
    path, made = tmp_path / "practice.key", new_key()
    for form, data in (("plain", made), ("CRLF", made.replace(b"\n", b"\r\n"))):
        path.write_bytes(data)
        path.chmod(0o600)
        assert read_key(path).mac(b"1") == read_key(path).mac(b"1"), form
    for encoding in ("utf-16-le", "utf-16-be"):
        mark = "\ufeff".encode(encoding)
        path.write_bytes(mark + made.decode().encode(encoding))
        with pytest.raises(InputError, match="is UTF-16 text, as PowerShell's `>` writes it") as caught:
            read_key(path)
        assert made.decode().strip() not in str(caught.value)
    path.write_bytes(b"\xff\xfe" + secrets.token_bytes(62))  # a key of random bytes may begin so
    assert read_key(path)


def test_confirmations_say_the_same_however_a_shell_wrote_them(tmp_path):
    path, found = tmp_path / "confirmations.toml", []
    for write in (str.encode, *FORMS.values()):
        path.write_bytes(write(CONFIRMATIONS))
        found.append(read_confirmations(path, ["C87001"]))
    assert all(each == found[0] for each in found)


def test_a_folder_of_registers_in_which_one_is_open_in_excel_is_read_without_its_lock(tmp_path):
    folder = tmp_path / "extract"
    folder.mkdir()
    (folder / "register.csv").write_text(REGISTER, encoding="utf-8")
    (folder / "~$register.csv").write_bytes(b"\x05Somebody")
    assert cm.read_register(folder, as_of="2015-04-01").rows_in == 2
