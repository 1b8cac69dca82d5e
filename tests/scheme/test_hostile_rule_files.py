"""Files of rules that are odd or hostile end in one clear error, within a second or so and in little memory."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import casemgmt as cm
from casemgmt.cli.reading import read_list_sizes
from casemgmt.codes.rules import load_rules
from casemgmt.outputs.published import verify
from casemgmt.risk.files import model_folder
from casemgmt.rule_files import is_nested_deeply, read_toml, shown_path

DEEP = 50_000
SCHEME = (Path(cm.__file__).parent / "scheme/shipped/prism-top-half-percent.toml").read_text()

TEXTS = {
    "a dotted key": b".".join([b"a"] * DEEP) + b"=1",
    "a dotted key with spaces": b" . ".join([b"a"] * DEEP) + b"=1",
    "a dotted key of quoted parts": b".".join([b'"a"'] * DEEP) + b"=1",
    "a dotted key after a text that ends in quotation marks": b'x = """y""""\n' + b".".join([b"a"] * DEEP) + b'=1 #"',
    "a dotted heading": b"[" + b".".join([b"a"] * DEEP) + b"]",
    "a dotted key in a table within a line": b"a={" + b".".join([b"a"] * DEEP) + b"=1}",
    "lists in lists": b"a=" + b"[" * DEEP + b"]" * DEEP,
    "tables in tables": b"a=" + b"{a=" * DEEP + b"1" + b"}" * DEEP,
    "many keys": b"\n".join(b"k%d=1" % i for i in range(10_000)),
    "many tables": b"[[route]]\n" * 20_000,
    "many named routes": b"".join(b'[[route]]\nname="a%d"\nkind="top_share"\n' % i for i in range(4_000)),
    "many inputs": b"".join(b'[[input]]\nname="a%d"\nkind="flag"\n' % i for i in range(4_000)),
    "many rules": b"".join(b'[[rule]]\nname="a%d"\nall=[{condition="b"}]\n' % (i % 3_999) for i in range(4_000)),
    "a long list": b"a=[" + b'"1",' * 50_000 + b"]",
    "a long key": b"a" * 900_000 + b"=1",
    "a whole number of 900,000 digits": b"a=" + b"9" * 900_000,
    "a whole number of 4,000 digits": b"[[route]]\na=" + b"9" * 4_000,
    "a large exponent": b"a=1e999999999",
    "an infinity": b"a=inf",
    "no number": b"a=nan",
    "a key twice": b"a=1\na=2",
    "a text that does not end": b'a="""' + b'\\"""' * 200_000,
    "not UTF-8": b'a="\xff"',
    "UTF-16": "a=1".encode("utf-16"),
    "nothing": b"",
    "a byte order mark alone": b"\xef\xbb\xbf",
    "nulls": b"\0" * 900_000,
    "blank lines": b"\n" * 200_000,
    "comment lines": b"#\n" * 99_000,
}


def a_link_to_itself(path: Path) -> None:
    path.symlink_to(path)


def a_large_file(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(10 << 30)


def a_socket(path: Path) -> None:
    here = Path.cwd()
    os.chdir(path.parent)  # a socket's path is short
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(path.name)
    os.chdir(here)


def device(name: str) -> Callable[[Path], None]:
    return lambda path: path.symlink_to(name)


THINGS: dict[str, Callable[[Path], None]] = {
    "a pipe": os.mkfifo,
    "a link to itself": a_link_to_itself,
    "a folder": Path.mkdir,
    "a socket": a_socket,
    "a file of 10 GB": a_large_file,
    "zeros without end": device("/dev/zero"),
    "random bytes without end": device("/dev/urandom"),
    "a link to nothing": device("/nonexistent/file"),
    **{f"text: {name}": (lambda path, text=text: path.write_bytes(text)) for name, text in TEXTS.items()},
}


def scheme(folder: Path) -> tuple[Path, Callable[[], Any]]:
    return folder / "s.toml", lambda: cm.load_scheme(folder / "s.toml")


def model(folder: Path) -> tuple[Path, Callable[[], Any]]:
    shutil.copytree(model_folder("lace"), folder / "m")
    (folder / "m/model.toml").unlink()
    return folder / "m/model.toml", lambda: cm.load_model(folder / "m")


def vectors(folder: Path) -> tuple[Path, Callable[[], Any]]:
    shutil.copytree(model_folder("lace"), folder / "m")
    (folder / "m/vectors.csv").unlink()
    return folder / "m/vectors.csv", lambda: cm.load_model(folder / "m")


def rules(folder: Path) -> tuple[Path, Callable[[], Any]]:
    return folder / "r.toml", lambda: load_rules(folder / "r.toml")


def codes(folder: Path) -> tuple[Path, Callable[[], Any]]:
    return folder / "c.csv", lambda: cm.load_codelist(folder / "c.csv", system="icd10", condition="gout")


def side_file(folder: Path) -> tuple[Path, Callable[[], Any]]:
    (folder / "c.csv").write_text("code\nM10\n")
    return folder / "c.toml", lambda: cm.load_codelist(folder / "c.csv", system="icd10", condition="gout")


def manifest(folder: Path) -> tuple[Path, Callable[[], Any]]:
    (folder / "out").mkdir()
    return folder / "out/manifest.json", lambda: verify(folder / "out")


def list_sizes(folder: Path) -> tuple[Path, Callable[[], Any]]:
    return folder / "sizes.csv", lambda: read_list_sizes(folder / "sizes.csv")


DOORS = (scheme, model, vectors, rules, codes, side_file, manifest, list_sizes)


def test_whatever_stands_at_the_path_is_refused_at_once_and_in_little_memory(tmp_path):
    done = subprocess.run(
        [sys.executable, "-W", "error", __file__, str(tmp_path)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(cm.__file__).parent.parent)},
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("refused") == len(DOORS) * len(THINGS)


def run_all(folder: Path) -> None:
    """Each thing at each door, in a process that may use little memory; prints what became of it."""
    import time

    import numpy  # noqa: F401 - what the library itself needs is no part of the measure
    import pyarrow  # noqa: F401

    for door in DOORS:
        for number, make in enumerate(THINGS.values()):
            place = folder / f"{door.__name__}{number}"
            place.mkdir()
            path, load = door(place)
            make(path)
            began = time.process_time()
            try:
                load()
            except cm.CasemgmtError as problem:
                assert len(str(problem)) < 3_000, (door, list(THINGS)[number], len(str(problem)))
            else:
                raise AssertionError((door, list(THINGS)[number]))
            took = time.process_time() - began
            assert took < 4, (door.__name__, list(THINGS)[number], took)
            print("refused")
            shutil.rmtree(place)
    assert peak_memory() < 900_000_000


def peak_memory() -> int:
    """The most memory that this process has held, in bytes. `ru_maxrss` would count what its parent held too."""
    held = re.search(r"^VmHWM:\s+(\d+) kB$", Path("/proc/self/status").read_text(), re.MULTILINE)
    assert held is not None
    return int(held[1]) * 1024


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (b"A" * 200_000 + b",1", "field larger than field limit"),
        (b"C87001," + b"9" * 5_000, "line 2: list_size is not a whole number"),
        (b'C87001,"1', "unexpected end of data"),
        (b"C87001,\xff", "it is not UTF-8 text"),
        (b"C87001,1\n" * 200_000, "larger than 1 MB"),
    ],
)
def test_list_sizes_of_hostile_lines_are_refused_in_words(tmp_path, lines, said):
    path = tmp_path / "sizes.csv"
    path.write_bytes(b"practice_id,list_size\n" + lines)
    with pytest.raises(cm.InputError, match=said):
        read_list_sizes(path)


LOADS = (cm.load_scheme, cm.load_model, cm.load_codelist, load_rules, verify, cm.load_selection)


@pytest.mark.parametrize("load", LOADS)
@pytest.mark.parametrize(
    "source",
    [
        None,
        3,
        float("nan"),
        b"./a",
        ["a"],
        {},
        pytest.param(object(), id="an object"),
        "",
        ".",
        "a\0b",
        "./a\0b",
        "./\ud800",
        "\ud800",
        Path("\0"),
    ],
    ids=ascii,
)
def test_what_is_no_path_is_refused_in_a_sentence(load, source):
    with pytest.raises(cm.CasemgmtError) as caught:
        load(source)
    str(caught.value).encode()


@pytest.mark.parametrize("load", LOADS)
@pytest.mark.parametrize("make", [str, Path])
def test_a_path_without_end_is_refused_in_a_short_sentence(load, make):
    with pytest.raises(cm.CasemgmtError) as caught:
        load(make("./" + "x" * 100_000))
    assert len(str(caught.value)) < 1_000


def test_a_file_with_a_byte_order_mark_is_read(tmp_path):
    (tmp_path / "s.toml").write_text("\ufeff" + SCHEME)
    assert cm.load_scheme(tmp_path / "s.toml").id == "prism-top-half-percent"


@pytest.mark.parametrize(
    "text",
    [
        'a = "x.x.x.x.x.x.x.x.x.x.x.x [[[[[[[[[[[["',
        "a = '''[[[[[[[[[[\n[[[[[[\n'''",
        "# a.b.c.d.e.f.g.h.i.j.k [[[[[[[[[[[[\na = 1",
        'a = "\\"[[[[[[[[[[[" # "',
        f"a = [{', '.join(['1.5'] * 100)}]",
        "a.b.c.d = 1\n" * 1,
        'a = """x""""" \nb = "[[[[[[[[[[["',
    ],
)
def test_points_and_brackets_in_texts_comments_and_numbers_are_no_nesting(text):
    assert not is_nested_deeply(text)
    assert read_toml(text, "here", cm.InputError, "file")


@pytest.mark.parametrize(
    "text",
    ["a.b.c.d.e.f.g.h.i.j = 1", "a = [[[[[[[[[1]]]]]]]]]", "a={b={c={d={e={f={g={h={i={j=1}}}}}}}}}"],
)
def test_nesting_is_seen_where_it_is(text):
    assert is_nested_deeply(text)


def test_a_path_is_shown_so_that_it_can_be_printed():
    assert shown_path(Path("a\ud800b")).encode()


def test_models_that_take_scores_from_many_others_are_refused(tmp_path):
    head = (model_folder("lace") / "model.toml").read_text().partition("[[input]]")[0]
    names = [f"m{i}" for i in range(12)]
    for name, inner in zip(names, [*names[1:], None], strict=True):
        (tmp_path / name).mkdir()
        inputs = "".join(
            f'[[input]]\nname="s{n}"\nkind="score"\nmodel="../{inner}"\nmissing="no score"\nedges=["1"]\n'
            'closed="left"\ntable=["0","1"]\n'
            for n in range(3)
        )
        (tmp_path / name / "model.toml").write_text(head + (inputs if inner else ""))
        (tmp_path / name / "vectors.csv").write_text("expected_score\n")
    with pytest.raises(cm.ModelError):
        cm.load_model(tmp_path / "m0")


if __name__ == "__main__":
    run_all(Path(sys.argv[1]))
