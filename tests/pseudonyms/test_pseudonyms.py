"""Pseudonyms: the right number, the right key, and neither of them anywhere else."""

from __future__ import annotations

import copy
import datetime as dt
import hashlib
import os
import pickle
import re
import secrets
import stat
import warnings
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

import casemgmt as cm
from casemgmt.cli import app
from casemgmt.codes.checkdigits import modulus_11_check
from casemgmt.errors import InputError, InputWarning
from casemgmt.pseudonyms.key import Key, hmac_sha256, new_key, read_key
from casemgmt.pseudonyms.numbers import REASONS, SOUND, judged

SECRET = "5f1d0c9a7be24836f0a91c8d27e6b354c8820d1f4a6e9b07d3c55e12f8a6407b"


@pytest.fixture
def key(tmp_path: Path) -> Path:
    path = tmp_path / "practice.key"
    path.write_text(f"{SECRET}\n")
    path.chmod(0o600)
    return path


def number(place: int) -> str:
    """A number of the 999 range, which is kept for tests: the first at or after a place whose check digit exists."""
    while (check := modulus_11_check(f"999{place:06d}")) == 10:
        place += 1
    return f"999{place:06d}{check}"


def numbers(count: int) -> list[str]:
    return sorted({number(place * 3) for place in range(2 * count)})[:count]


def people(count: int = 40, **extra: Any) -> pa.Table:
    columns = {
        "patient_id": numbers(count),
        "practice_id": ["C87001"] * count,
        "age": [40 + i % 50 for i in range(count)],
        "objected": [i % 10 == 0 for i in range(count)],
    }
    return pa.table(columns | extra)


# The mac


@pytest.mark.parametrize(
    ("secret", "message", "expected"),
    [
        (b"\x0b" * 20, b"Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
        (
            b"Jefe",
            b"what do ya want for nothing?",
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
        ),
        (b"\xaa" * 20, b"\xdd" * 50, "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"),
        (bytes(range(1, 26)), b"\xcd" * 50, "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"),
        (
            b"\xaa" * 131,
            b"Test Using Larger Than Block-Size Key - Hash Key First",
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
        ),
        (
            b"\xaa" * 131,
            b"This is a test using a larger than block-size key and a larger than block-size data. The key needs to be "
            b"hashed before being used by the HMAC algorithm.",
            "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
        ),
    ],
)
def test_the_mac_is_that_of_rfc_4231(secret, message, expected):
    assert hmac_sha256(secret, message) == expected


def plain_hmac(secret: bytes, message: bytes) -> str:
    """As RFC 2104 writes it, for keys of at most a block."""
    padded = secret.ljust(64, b"\0")
    inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in padded) + message).digest()
    return hashlib.sha256(bytes(byte ^ 0x5C for byte in padded) + inner).hexdigest()


def test_each_pseudonym_is_the_mac_of_the_ten_digits(key):
    table = people()
    made = cm.pseudonymise(table, key=key)
    assert made.column("patient_id").to_pylist() == [plain_hmac(SECRET.encode(), n.encode()) for n in numbers(40)]
    assert made.drop_columns(["patient_id"]).equals(table.drop_columns(["patient_id"]))
    assert made.column_names == table.column_names


# The number


def plain_fault(text: str | None) -> str | None:
    """Why a text is no NHS number, slowly; None where it is one."""
    if text is None or not re.sub(r"[\s‐-―-]", "", text):
        return "missing"
    digits = re.sub(r"[\s‐-―-]", "", text)
    if re.fullmatch(r"[+-]?\d+[.,]\d*([eE][+-]?\d+)?|\d+[eE][+-]?\d+", text.strip(), re.ASCII):
        return "written as a decimal or in scientific form, as a spreadsheet does"
    if not re.fullmatch(r"[0-9]{10}", digits):
        return "not ten digits"
    if len(set(digits)) == 1:
        return "one digit repeated ten times"
    return None if int(digits[9]) == modulus_11_check(digits[:9]) else "the check digit is wrong"


def faults(texts: list[str | None]) -> list[str | None]:
    return [None if place == SOUND else REASONS[place] for place in judged(pa.array(texts, pa.string()))[1].tolist()]


def test_a_million_numbers_of_the_test_range_are_judged_as_an_oracle_judges_them():
    places = np.arange(1_000_000)
    texts = np.char.add("999", np.char.zfill(places.astype(str), 7))
    sound = judged(pa.array(texts.tolist()))[1] == SOUND
    digits = np.array([[int(d) for d in f"999{p:07d}"] for p in range(0, 1_000_000, 97)])
    total = (digits[:, :9] * np.arange(10, 1, -1)).sum(axis=1)
    expected = (total + digits[:, 9]) % 11 == 0
    assert sound[::97].tolist() == expected.tolist()
    # One in eleven, as many as there are first nine digits with a check digit below ten.
    whole = sum(modulus_11_check(f"99900{first:04d}"[:9]) != 10 for first in range(10_000))
    assert int(sound[:100_000].sum()) == whole


@settings(deadline=None)
@given(st.lists(st.one_of(st.none(), st.text(alphabet="0189-– .eE+xé\u00a0\u2011", max_size=14)), max_size=30))
def test_any_text_is_judged_as_an_oracle_judges_it(texts):
    assert faults(texts) == [plain_fault(text) for text in texts]


@pytest.mark.parametrize("digit", range(10))
def test_one_digit_repeated_is_no_number_though_its_check_digit_holds(digit):
    assert faults([str(digit) * 10]) == ["one digit repeated ten times"]


def test_the_bad_ids_of_the_corpus_are_set_aside():
    bad = [
        "9990000018.0",
        "9.99E+09",
        "0999000001",
        "0000000000",
        "9990000019",
        "999000001",
        "",
        None,
        "９９９０００００１８",
    ]
    assert None not in faults(bad)
    assert faults([number(1)]) == [None]


@pytest.mark.parametrize("form", ["{0} {1} {2}", "{0}-{1}-{2}", " {0}{1}{2} ", "{0}\u00a0{1}\u00a0{2}", "{0}–{1}–{2}"])
def test_one_number_in_two_forms_has_one_pseudonym(key, form):
    plain = number(5)
    written = form.format(plain[:3], plain[3:6], plain[6:])
    made = cm.pseudonymise(pa.table({"patient_id": [plain, written]}), key=key)
    assert len(set(made.column("patient_id").to_pylist())) == 1


def test_rows_without_a_sound_number_are_left_out_counted_and_never_shown(key):
    texts = numbers(40)
    texts[3], texts[7], texts[9] = "9990000019", None, "9.99E+09"
    table = people().set_column(0, "patient_id", pa.array(texts))
    with pytest.warns(InputWarning, match="3 rows of 40 have no sound NHS number") as said:
        made = cm.pseudonymise(table, key=key, max_set_aside="10%")
    assert made.num_rows == 37
    assert "the check digit is wrong 1" in str(said[0].message)
    assert not re.search(r"9990000019|9\.99", str(said[0].message))
    with pytest.raises(InputError, match=r"more than the 5% that may be") as refused:
        cm.pseudonymise(table, key=key)
    assert "9990000019" not in str(refused.value)


def test_numbers_that_were_loaded_as_numbers_are_refused(key):
    for column in (pa.array([int(number(1))]), pa.array([float(number(1))])):
        with pytest.raises(InputError, match="Read it as text") as refused:
            cm.pseudonymise(pa.table({"patient_id": column}), key=key)
        assert number(1) not in str(refused.value)


def test_a_second_column_with_the_numbers_is_refused(key):
    spaced = [f"{n[:3]} {n[3:6]} {n[6:]}" for n in numbers(40)]
    for column in (spaced, [int(n) for n in numbers(40)], [*numbers(1), *[None] * 39]):
        with pytest.raises(InputError, match="column 'nhs' holds NHS numbers too") as refused:
            cm.pseudonymise(people(nhs=column), key=key)
        assert "9990" not in str(refused.value)


@pytest.mark.parametrize("kind", ["decimals with a gap", "text of decimals", "notes", "categories", "lists", "bytes"])
def test_a_second_column_with_the_numbers_is_refused_in_whatever_form_they_are(key, kind):
    own = numbers(40)
    column = {
        "decimals with a gap": pa.array([None, *(float(n) for n in own[1:])]),
        "text of decimals": pa.array([f"{n}.0" for n in own]),
        "notes": pa.array([*[None] * 39, f"moved; NHS no. {own[39][:3]} {own[39][3:6]}-{own[39][6:]}, see letter"]),
        "categories": pa.array([int(n) for n in own]).dictionary_encode(),
        "lists": pa.array([[n] for n in own]),
        "bytes": pa.array([n.encode() for n in own]),
    }[kind]
    with pytest.raises(InputError, match="column 'nhs' holds NHS numbers too") as refused:
        cm.pseudonymise(people(nhs=column), key=key)
    assert "999" not in str(refused.value)


def test_other_columns_of_numbers_and_notes_go_along(key):
    more = {
        "risk": pa.array([None, float("nan"), float("inf"), -1e300, 1e300, 0.25, *[1e9] * 34]),
        "note": pa.array(["seen 2015-04-01, 07700 900123", *["x"] * 39]),
        "seen": pa.array([dt.date(2015, 4, 1)] * 40),
        "flags": pa.array([[True, None]] * 40),
    }
    made = cm.pseudonymise(people(**more), key=key)
    assert [name for name in more if name not in made.column_names] == []
    assert made["note"].to_pylist() == more["note"].to_pylist()


def test_a_look_up_is_of_a_practice_that_is_named_and_spaces_do_not_matter(key):
    table = people()
    place = table.column_names.index("practice_id")
    for nothing in (pa.array([None] * 40, pa.string()), pa.array([" "] * 40)):
        with pytest.raises(InputError, match="no row says its practice"):
            cm.pseudonym_lookup(table.set_column(place, "practice_id", nothing), key=key)
    code = table["practice_id"][0].as_py()
    spaced = table.set_column(place, "practice_id", pa.array([f" {code} "] * 40))
    back = cm.reidentify(cm.pseudonymise(spaced, key=key), cm.pseudonym_lookup(spaced, key=key))
    assert back["patient_id"].to_pylist() == numbers(40)


def test_a_list_whose_columns_are_no_text_is_refused_in_words(key):
    lookup, made = cm.pseudonym_lookup(people(), key=key), cm.pseudonymise(people(), key=key)
    for name in ("practice_id", "patient_id"):
        wrong = made.set_column(made.column_names.index(name), name, pa.array([[1]] * 40))
        with pytest.raises(InputError, match=f"'{name}' holds list"):
            cm.reidentify(wrong, lookup)


def test_pseudonyms_are_not_made_into_pseudonyms(key):
    with pytest.raises(InputError, match="pseudonyms already"):
        cm.pseudonymise(cm.pseudonymise(people(), key=key), key=key)


# Every door


@pytest.mark.parametrize("library", ["pyarrow", "pandas", "polars", "duckdb", "csv", "parquet"])
def test_every_door_gives_the_same_pseudonyms(key, tmp_path, library):
    table = people()
    if library in ("csv", "parquet"):
        frame: Any = tmp_path / f"list.{library}"
        table.to_pandas().to_csv(frame, index=False) if library == "csv" else pq.write_table(table, frame)
    else:
        makers = {"pyarrow": lambda: table, "pandas": table.to_pandas, "polars": lambda: pl.from_arrow(table)}
        frame = duckdb.from_arrow(table) if library == "duckdb" else makers[library]()
    made = cm.pseudonymise(frame, key=key)
    assert made.column("patient_id").to_pylist() == cm.pseudonymise(table, key=key).column("patient_id").to_pylist()


def test_a_column_under_another_name_is_named(key):
    table = people().rename_columns(["NHSNo", "practice_id", "age", "objected"])
    with pytest.raises(InputError, match="Did you mean 'NHSNo'"):
        cm.pseudonymise(table, key=key)
    made = cm.pseudonymise(table, key=key, columns={"NHSNo": "patient_id"})
    assert made.column_names[0] == "patient_id"


def test_what_a_table_says_of_itself_stays(key):
    said = people().replace_schema_metadata({b"casemgmt": b'{"synthetic": true, "rows": 40}'})
    register = cm.read_register(cm.pseudonymise(said, key=key), as_of="2015-04-01")
    assert register.synthetic


# The key


def test_file_and_variable_give_the_same(key, monkeypatch):
    monkeypatch.setenv("PRACTICE_KEY", SECRET)
    by_file, by_name = (cm.pseudonymise(people(), key=each) for each in (key, "env:PRACTICE_KEY"))
    assert by_file.equals(by_name)
    assert cm.pseudonymise(people(), key=str(key)).equals(by_file)


WEAK = {
    "short": b"a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P",
    "one byte": b"\x07" * 64,
    "two bytes": b"\x01\x02" * 40,
    "a part repeated": b"s3cret-key!" * 4,
    "in a row": bytes(range(48, 96)),
    "the alphabet": b"abcdefghijklmnopqrstuvwxyz0123456789",
    "words": b"correct horse battery staple and a practice",
    "letters alone": b"CorrectHorseBatteryStapleAndAPracticeList",
    "endless": b"\x01\xfe" * 5000,
}


@pytest.mark.parametrize("secret", WEAK.values(), ids=WEAK)
def test_a_weak_key_is_refused_and_not_shown(tmp_path, secret):
    path = tmp_path / "weak.key"
    path.write_bytes(secret)
    path.chmod(0o600)
    with pytest.raises(InputError, match="is weak") as refused:
        cm.pseudonymise(people(), key=path)
    assert secret.decode("latin-1")[:8] not in str(refused.value)


def test_random_keys_are_taken():
    for _ in range(300):
        Key(secrets.token_bytes(32), "it")
        Key(secrets.token_hex(32).encode(), "it")
        Key(new_key().strip(), "it")
    Key(
        b"\xb0\xdcAB CD\x89\xfe" + bytes((i * i * 31 + 7 * i) % 251 for i in range(23)), "it"
    )  # two short words among random bytes


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o666])
def test_a_key_that_others_may_read_or_write_is_refused(key, mode):
    key.chmod(mode)
    with pytest.raises(InputError, match="chmod 600"):
        cm.pseudonymise(people(), key=key)


@pytest.mark.parametrize(
    "given",
    [SECRET, f"{SECRET}/x", f"/{SECRET}", f"env:{SECRET}", f"env:K{SECRET}", SECRET.encode(), None, 7, f"{SECRET}/\0"],
)
def test_a_key_given_as_text_is_refused_and_not_repeated(given):
    with pytest.raises(InputError) as refused:
        cm.pseudonymise(people(), key=given)
    assert SECRET[:12] not in str(refused.value)


def test_a_folder_a_missing_file_and_an_unset_variable_are_refused(tmp_path):
    for where, why in ((tmp_path, "no plain file"), (tmp_path / "none", "cannot be read"), ("env:NO_SUCH", "no such")):
        with pytest.raises(InputError, match=why):
            read_key(where)


def test_no_look_at_a_key_shows_it(key):
    held = read_key(key)
    assert SECRET not in f"{held!r} {held} {dir(held)}"
    assert not hasattr(held, "__dict__")
    for write in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(InputError):
            write(held)


def test_the_key_is_in_nothing_that_comes_out(key):
    made = cm.pseudonymise(people(), key=key)
    lookup = cm.pseudonym_lookup(people(), key=key)
    for table in (made, lookup):
        assert SECRET[:12] not in f"{table} {table.schema} {table.to_pydict()}"
    assert not any(n in f"{made.to_pydict()} {made.schema.metadata}" for n in numbers(40))


# Those who object


def test_those_who_object_are_counted_and_never_ranked(key):
    scheme = cm.load_scheme("prism-top-half-percent")
    table = people(400, points=[float(i % 10 == 0) for i in range(400)])
    made = cm.pseudonymise(table, key=key)
    register = cm.read_register(made, as_of="2015-04-01")
    selection = cm.select(register, scheme, score="points")
    objected = set(made.filter(made.column("objected")).column("patient_id").to_pylist())
    assert selection.summary().column("objected").to_pylist()[0] == len(objected) == 40
    assert selection.summary().column("list_size").to_pylist()[0] == 400
    assert len(selection) > 0
    assert not objected & set(selection.to_arrow().column("patient_id").to_pylist())


def test_a_list_of_opt_outs_marks_them(key):
    table = people().drop_columns(["objected"])
    listed = pa.table({"patient_id": [f"{n[:3]} {n[3:6]} {n[6:]}" for n in numbers(40)[:4]]})
    made = cm.pseudonymise(table, key=key, opt_outs=listed)
    assert made.column("objected").to_pylist() == [True] * 4 + [False] * 36
    both = cm.pseudonymise(people(), key=key, opt_outs=listed)
    assert both.column("objected").to_pylist() == [i < 4 or i % 10 == 0 for i in range(40)]
    as_text = people(objected=[None if i % 10 else "yes" for i in range(40)])
    texts = cm.pseudonymise(as_text, key=key, opt_outs=listed).column("objected").to_pylist()
    assert texts == ["true" if i < 4 else (None if i % 10 else "yes") for i in range(40)]


def test_opt_outs_that_match_nobody_or_cannot_be_read_are_refused(key):
    stranger = number(900_000)
    for listed, why in (([stranger], "none of its numbers"), ([numbers(1)[0], "9.99E+09"], "mend the list")):
        with pytest.raises(InputError, match=why) as refused:
            cm.pseudonymise(people(), key=key, opt_outs=pa.table({"patient_id": listed}))
        assert "999" not in str(refused.value).replace("9990", "999")
    with pytest.warns(InputWarning, match="1 number of 2 are not in the table"):
        cm.pseudonymise(people(), key=key, opt_outs=pa.table({"patient_id": [numbers(1)[0], stranger]}))


# The way back


def test_the_practices_look_up_gives_the_numbers_back(key):
    made = cm.pseudonymise(people(), key=key)
    lookup = cm.pseudonym_lookup(people(), key=key)
    assert lookup.column_names == ["practice_id", "pseudonym", "patient_id"]
    back = cm.reidentify(made.take(pa.array([5, 3, 38])), lookup)
    assert back.column("patient_id").to_pylist() == [numbers(40)[i] for i in (5, 3, 38)]
    assert back.column("age").to_pylist() == [45, 43, 78]


def test_a_look_up_is_one_practices_and_takes_no_others_rows(key):
    two = people(practice_id=["C87001"] * 20 + ["C87002"] * 20)
    with pytest.raises(InputError, match="of 2 practices"):
        cm.pseudonym_lookup(two, key=key)
    made = cm.pseudonymise(two, key=key)
    own = cm.pseudonym_lookup(two.slice(0, 20), key=key)
    with pytest.raises(InputError, match="20 rows of the list are not of the practice"):
        cm.reidentify(made, own)
    with pytest.warns(InputWarning, match="20 rows of 40 left out"):
        back = cm.reidentify(made.drop_columns(["practice_id"]), own)
    assert back.num_rows == 20


def test_another_key_or_a_damaged_look_up_gives_nothing_back(key, tmp_path):
    other = tmp_path / "other.key"
    other.write_bytes(new_key())
    other.chmod(0o600)
    made = cm.pseudonymise(people(), key=key)
    with pytest.raises(InputError, match="another key"):
        cm.reidentify(made, cm.pseudonym_lookup(people(), key=other))
    lookup = cm.pseudonym_lookup(people(), key=key)
    for damaged in (
        lookup.slice(0, 0),
        pa.concat_tables([lookup, lookup]),
        lookup.set_column(2, "patient_id", pa.array(["9990000019"] * 40)),
        lookup.drop_columns(["pseudonym"]),
    ):
        with pytest.raises(InputError) as refused:
            cm.reidentify(made, damaged)
        assert "9990000019" not in str(refused.value)


# The commands


def run(*words: Any, code: int = 0) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InputWarning)
        result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exit_code == code, result.output
    return " ".join(result.output.split())


@pytest.fixture
def files(tmp_path: Path) -> Path:
    people(surname=["Canary"] * 40).to_pandas().to_csv(tmp_path / "list.csv", index=False)
    run("new-key", tmp_path / "practice.key2")
    return tmp_path


def test_the_commands_go_there_and_back(files):
    secret = files / "practice.key2"
    assert re.fullmatch(r"[0-9a-f]{64}\n", secret.read_text())
    out, lookup, back = files / "for-scoring.csv", files / "kept/lookup.csv", files / "named.csv"
    (files / "kept").mkdir()
    said = run("pseudonymise", files / "list.csv", "--key", secret, "--out", out, "--lookup", lookup)
    assert "40 rows" in said
    assert "4 patients object" in said
    assert "surname" in said  # a column that is no register's, and goes along
    assert "Canary" not in said
    run("reidentify", out, "--lookup", lookup, "--out", back)
    assert numbers(40)[7] in back.read_text("utf-8-sig")
    assert numbers(40)[7] not in out.read_text("utf-8-sig")
    for path in (secret, out, lookup, back):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        if path != secret:
            assert secret.read_text().strip()[:12] not in path.read_text("utf-8-sig")
            assert secret.read_text().strip()[:12] not in said


def test_the_commands_write_over_nothing_and_never_both_in_one(files):
    secret, out = files / "practice.key2", files / "out.parquet"
    run("new-key", secret, code=4)
    run("pseudonymise", files / "list.csv", "--key", secret, "--out", out, "--lookup", out, code=2)
    assert not out.exists()
    run("pseudonymise", files / "list.csv", "--key", secret, "--out", out)
    before = out.read_bytes()
    run("pseudonymise", files / "list.csv", "--key", secret, "--out", out, code=4)
    assert out.read_bytes() == before


def test_a_key_on_the_command_line_is_not_repeated(files):
    for words in (SECRET, f"env:{SECRET}", f"a/{SECRET}"):
        said = run("pseudonymise", files / "list.csv", "--key", words, "--out", files / "o.csv", code=1)
        assert SECRET[:12] not in said


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps who may read a file elsewhere")
def test_a_new_key_is_its_owners_alone_whatever_the_umask(tmp_path):
    before = os.umask(0)
    try:
        run("new-key", tmp_path / "k")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "k").stat().st_mode) == 0o600
