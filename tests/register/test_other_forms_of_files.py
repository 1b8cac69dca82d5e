"""Other separators, lines before the header, gzip, folders of part files and workbooks: the same rows and accounts."""

from __future__ import annotations

import datetime as dt
import gzip
import io
import subprocess
import sys
import zipfile

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

import casemgmt as cm
from casemgmt.register.csv_reading import read_csv

AS_OF, QUOTE = "2015-04-01", '"'
HEADER = ("patient_id", "practice_id", "date_of_birth", "sex", "ward")
ROWS = [
    ("0001", "C87001", "1944-02-03", "F", 'the "old" wing'),
    ("0002", "C87001", "1950-12-31", "M", "a,b;c|d"),
    ("0003", "C87002", "1961-07-01", "F", "NA"),
]


def text_of(rows=ROWS, mark=",", before=""):
    quoted = [
        [f'"{cell.replace(QUOTE, QUOTE * 2)}"' if QUOTE in cell or mark in cell else cell for cell in row]
        for row in rows
    ]
    return before + "\n".join(mark.join(row) for row in [HEADER, *quoted]) + "\n"


def plain(folder):
    (folder / "plain.csv").write_text(text_of())
    return cm.read_register(folder / "plain.csv", as_of=AS_OF)


def account(register):
    tables = [register.quarantine, register.corrections]
    return [[(r["source_row"], r["field"], r["reason"]) for r in table.to_pylist()] for table in tables]


def assert_same(path, expected, **options):
    """Read and scanned, a source has the people and the account of another."""
    read = cm.read_register(path, as_of=AS_OF, **options)
    assert read.to_pandas().equals(expected.to_pandas())
    assert account(read) == account(expected)
    scanned = cm.scan_register(path, as_of=AS_OF, **options)
    assert scanned.checked().accepted == len(expected)
    assert account(scanned) == account(expected)
    return read


# Text files


@pytest.mark.parametrize(("said", "mark"), [(";", ";"), ("tab", "\t"), ("\t", "\t"), ("|", "|"), ("^", "^")])
def test_other_separators_are_read_as_commas_are(said, mark, tmp_path):
    (tmp_path / "r.csv").write_text(text_of(mark=mark))
    assert_same(tmp_path / "r.csv", plain(tmp_path), separator=said)
    (tmp_path / "r.txt").write_text(text_of(mark=mark))
    assert_same(tmp_path / "r.txt", plain(tmp_path), separator=said)


def test_a_tab_separated_file_is_known_by_its_ending_and_another_text_file_must_be_declared(tmp_path):
    (tmp_path / "r.tsv").write_text(text_of(mark="\t"))
    assert_same(tmp_path / "r.tsv", plain(tmp_path))
    (tmp_path / "r.txt").write_text(text_of())
    with pytest.raises(cm.InputError, match="say what stands between its values"):
        cm.read_register(tmp_path / "r.txt", as_of=AS_OF)


@pytest.mark.parametrize(("mark", "said"), [(";", "';'"), ("\t", "'tab'"), ("|", r"'\|'")])
def test_a_separator_that_was_not_declared_is_named(mark, said, tmp_path):
    (tmp_path / "r.csv").write_text(text_of(mark=mark, rows=[("1", "C87001", "1944-02-03", "F", "w")]))
    with pytest.raises(cm.InputError, match=f"Say separator={said}"):
        cm.read_register(tmp_path / "r.csv", as_of=AS_OF)


def test_rows_are_counted_from_the_header_whatever_stands_before_it(tmp_path):
    rows = [*ROWS, ("0004", "C87001", "1944-02-03", "F", "w", "one", "more"), ("0004", "", "1944-02-03", "F", "w")]
    (tmp_path / "r.csv").write_text(text_of(rows))
    expected = cm.read_register(tmp_path / "r.csv", as_of=AS_OF)
    for before, lines in (("Report\n", 1), ('an "open quote\n\n1,2,3,4,5,6,7,8\r\n', 3)):
        (tmp_path / "p.csv").write_text(text_of(rows, before=before))
        assert_same(tmp_path / "p.csv", expected, skip_lines=lines)
    assert account(expected)[0] == [
        (3, None, "7 values where the header has 5"),
        (4, "practice_id", "missing"),
    ]


def test_a_quote_that_stays_open_is_named_by_its_line_in_the_file(tmp_path):
    (tmp_path / "r.csv").write_text(text_of(before="Report\n\n") + '0009,C87001,1944-02-03,F,"w\n')
    with pytest.raises(cm.InputError, match=r"not closed \(line 7\)"):
        cm.read_register(tmp_path / "r.csv", as_of=AS_OF, skip_lines=2)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"skip_lines": 50}, "leaves no header"),
        ({"skip_lines": -1}, "skip_lines= is"),
        ({"skip_lines": "2"}, "skip_lines= is"),
        ({"skip_lines": True}, "skip_lines= is"),
        ({"separator": ",,"}, "separator= is one of"),
        ({"separator": "a"}, "separator= is one of"),
        ({"separator": 1}, "separator= is one of"),
        ({"encoding": 8}, "encoding= is"),
        ({"sheet": True}, "sheet= is"),
    ],
)
def test_a_form_that_no_file_has_is_refused(options, said, tmp_path):
    (tmp_path / "r.csv").write_text(text_of())
    for read in (cm.read_register, cm.scan_register):
        with pytest.raises(cm.InputError, match=said):
            read(tmp_path / "r.csv", as_of=AS_OF, **options)


@given(
    st.lists(st.lists(st.text(' ",;|\tab', max_size=5), min_size=2, max_size=2), min_size=1, max_size=6),
    st.sampled_from(",;|\t"),
)
def test_any_texts_come_back_whatever_separates_them(rows, mark):
    rows = [[cell or "x" for cell in row] for row in rows]
    lines = [mark.join('"' + cell.replace('"', '""') + '"' for cell in row) for row in [["p", "q"], *rows]]
    table, numbers, unsplit = read_csv("\n".join(lines).encode(), "r.csv", "utf-8", mark)
    assert (numbers, unsplit) == (None, ())
    assert [list(row.values()) for row in table.to_pylist()] == rows


# gzip


def test_a_compressed_file_is_read_as_the_file_in_it(tmp_path):
    for name, mark in (("r.csv.gz", ","), ("r.tsv.gz", "\t"), ("R.CSV.GZ", ",")):
        (tmp_path / name).write_bytes(gzip.compress(text_of(mark=mark).encode()))
        assert_same(tmp_path / name, plain(tmp_path))


def test_a_compressed_file_that_is_damaged_or_a_trap_is_refused(tmp_path):
    whole = gzip.compress(text_of(ROWS * 500).encode())
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 4
    for data in (whole[:-1], whole[: len(whole) // 2], bytes(flipped), b"", b"plain,text\n", whole + b"junk"):
        (tmp_path / "r.csv.gz").write_bytes(data)
        with pytest.raises(cm.InputError):
            cm.read_register(tmp_path / "r.csv.gz", as_of=AS_OF)
    (tmp_path / "r.csv.gz").write_bytes(gzip.compress(b"0" * (100 << 20)))
    with pytest.raises(cm.InputError, match="unpacks to more than 200 times"):
        cm.read_register(tmp_path / "r.csv.gz", as_of=AS_OF)


# Folders


def spark_folder(folder, kind):
    """Two part files, and what Spark writes beside them."""
    folder.mkdir()
    table = plain(folder.parent).source_table
    for place, part in enumerate((table.slice(0, 1), table.slice(1))):
        name = f"part-0000{place}-2f9a-c000.{kind}"
        if kind == "parquet":
            pq.write_table(part, folder / name)
        else:
            data = text_of(ROWS[:1] if not place else ROWS[1:]).encode()
            (folder / name).write_bytes(gzip.compress(data) if kind == "csv.gz" else data)
        (folder / f".{name}.crc").write_bytes(b"crc")
    (folder / "_SUCCESS").write_bytes(b"")
    (folder / "._SUCCESS.crc").write_bytes(b"crc")
    (folder / ".DS_Store").write_bytes(b"x")
    (folder / "desktop.ini").write_bytes(b"x")
    return folder


@pytest.mark.parametrize("kind", ["parquet", "csv", "csv.gz"])
def test_a_folder_of_part_files_is_the_register_in_them(kind, tmp_path):
    folder = spark_folder(tmp_path / "out", kind)
    assert_same(folder, plain(tmp_path))
    assert_same([folder], plain(tmp_path))
    if kind == "csv":
        (folder / "part-00002-2f9a-c000.csv").write_bytes(b"")
        assert_same(folder, plain(tmp_path))
        (folder / "_SUCCESS").unlink()
        with pytest.raises(cm.InputError, match="is empty"):
            cm.read_register(folder, as_of=AS_OF)


@pytest.mark.parametrize(
    ("beside", "said"),
    [
        ("x.csv", "2 kinds"),
        ("notes.docx", "2 kinds"),
        ("practice=C87001/", "holds 1 folder"),
        ("_temporary/", "still being written"),
        ("_delta_log/", "Delta table"),
    ],
)
def test_a_folder_that_is_not_part_files_of_one_kind_is_refused(beside, said, tmp_path):
    folder = spark_folder(tmp_path / "out", "parquet")
    (folder / beside).mkdir() if beside.endswith("/") else (folder / beside).write_bytes(b"x")
    for read in (cm.read_register, cm.scan_register):
        with pytest.raises(cm.InputError, match=said):
            read(folder, as_of=AS_OF)


def test_coded_rows_are_read_from_a_folder_and_compressed(tmp_path):
    text = "patient_id,code,date\na,I21,2014-01-01\nb,E11,2014-01-01\n"
    (tmp_path / "e.csv").write_text(text)
    whole = cm.derive_conditions(tmp_path / "e.csv", "charlson-quan-2005", as_of=AS_OF).to_arrow()
    (tmp_path / "e.csv.gz").write_bytes(gzip.compress(text.encode()))
    (tmp_path / "parts").mkdir()
    for place, row in enumerate(pa.csv.read_csv(tmp_path / "e.csv").to_batches()[0].to_pylist()):
        columns = {name: [str(value)] for name, value in row.items()}
        pq.write_table(pa.table(columns), tmp_path / "parts" / f"part-{place}.parquet")
    for source in (tmp_path / "e.csv.gz", tmp_path / "parts"):
        assert cm.derive_conditions(source, "charlson-quan-2005", as_of=AS_OF).to_arrow().equals(whole)


# Workbooks


def workbook(path, rows=None, *, sheets=("Sheet",), header=HEADER):
    book = openpyxl.Workbook()
    for place, title in enumerate(sheets):
        sheet = book.active if place == 0 else book.create_sheet()
        sheet.title = title
        sheet.append(header)
        for row in rows or [(a, b, dt.date.fromisoformat(c), d, e) for a, b, c, d, e in ROWS]:
            sheet.append(row)
    book.save(path)
    return path


def test_a_workbook_is_read_as_a_text_file_is(tmp_path):
    path = workbook(tmp_path / "r.xlsx")
    assert_same(path, plain(tmp_path))
    rows = [("0001", "C87001", dt.date(1944, 2, 3), "F", "w"), (), ("0002", "C87001", None, "M"), ("3",) * 7]
    found = cm.read_register(workbook(tmp_path / "r.xlsx", rows), as_of=AS_OF)
    assert account(found)[0] == [(2, None, "7 values where the header has 5")]
    assert found.column("date_of_birth").to_pylist() == [dt.date(1944, 2, 3), None]


def test_rows_before_the_header_and_the_sheet_are_declared(tmp_path):
    book = openpyxl.load_workbook(workbook(tmp_path / "r.xlsx", sheets=("Notes", "April")))
    book["April"].insert_rows(1, 2)
    book["April"]["A1"] = "Extract of April"
    book.save(tmp_path / "r.xlsx")
    with pytest.raises(cm.InputError, match="2 sheets to see: 'Notes', 'April'"):
        cm.read_register(tmp_path / "r.xlsx", as_of=AS_OF)
    for sheet in ("April", 2):
        assert_same(tmp_path / "r.xlsx", plain(tmp_path), sheet=sheet, skip_lines=2)
    for sheet in ("May", 3, 0):
        with pytest.raises(cm.InputError, match="sheet"):
            cm.read_register(tmp_path / "r.xlsx", as_of=AS_OF, sheet=sheet)
    book["Notes"].sheet_state = "hidden"
    book.save(tmp_path / "r.xlsx")
    assert_same(tmp_path / "r.xlsx", plain(tmp_path), skip_lines=2)


@pytest.mark.parametrize(
    ("cell", "value", "said"),
    [
        ("A3", 2, "'patient_id' holds 1 cell of numbers, not text"),
        ("B3", 87001, "'practice_id' holds 1 cell of numbers"),
        ("E3", "=1+1", "1 cell with a formula that was never worked out, in 'ward'"),
        ("E3", "#N/A", "1 cell with an error, such as #N/A, in 'ward'"),
        ("C3", "03/09/1948", "2 dates and 1 other values"),
        ("C3", 17_754, "2 dates and 1 other values"),
        ("C3", dt.time(3, 4), "time of day without a day"),
        ("B1", "patient_id", "1 column name used twice in the header: 'patient_id'"),
        ("B1", None, "1 column with values and no name .column 2"),
        ("B1", "=A1", "the header holds an error, or a formula"),
    ],
)
def test_a_cell_that_says_nothing_sure_is_refused_with_its_column(cell, value, said, tmp_path):
    book = openpyxl.load_workbook(workbook(tmp_path / "r.xlsx"))
    book.active[cell] = value
    if value == "#N/A":
        book.active[cell].data_type = "e"
    if value == 17_754:
        book.active[cell].number_format = "General"
    book.save(tmp_path / "r.xlsx")
    for read in (cm.read_register, cm.scan_register):
        with pytest.raises(cm.InputError, match=said) as refusal:
            read(tmp_path / "r.xlsx", as_of=AS_OF)
        assert "03/09/1948" not in str(refusal.value)


def test_numbers_are_no_ids_under_whatever_name_they_stand(tmp_path):
    rows = [(1, "C87001", dt.date(1944, 2, 3), "F", "w"), ("a2", "C87001", dt.date(1944, 2, 3), "F", "w")]
    path = workbook(tmp_path / "r.xlsx", rows, header=("Key of ours", *HEADER[1:]))
    for read in (cm.read_register, cm.scan_register):
        with pytest.raises(cm.InputError, match="holds 1 cell of numbers, not text"):
            read(path, as_of=AS_OF, columns={"Key of ours": "patient_id"})


def test_a_word_for_no_date_may_stand_among_dates(tmp_path):
    rows = [(str(i), "C87001", dt.date(1944, 2, 3), "F", None) for i in range(6)]
    rows[2] = ("2", "C87001", "NULL", "F", None)
    found = cm.read_register(workbook(tmp_path / "r.xlsx", rows), as_of=AS_OF)
    assert found.column("date_of_birth").null_count == 1
    assert found.column("age").to_pylist()[0] == 71


def test_a_sheet_without_a_header_shows_no_value(tmp_path):
    rows = [("9990548609", "C87001", dt.date(1944, 2, 3), "F", "Zebedee")] * 2
    path = workbook(tmp_path / "r.xlsx", rows, header=("9990548608", "C87001", dt.date(1944, 2, 3), "F", "Page"))
    with pytest.raises(cm.InputError, match="does not look like a header") as refusal:
        cm.read_register(path, as_of=AS_OF)
    assert not [value for value in ("99905486", "Page", "Zebedee", "1944") if value in str(refusal.value)]


def changed_part(path, change, name="xl/worksheets/sheet1.xml"):
    """The workbook with one part written anew."""
    held = io.BytesIO()
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as new:
        for each in old.infolist():
            data = old.read(each)
            new.writestr(each.filename, change(data) if each.filename == name else data)
    path.write_bytes(held.getvalue())


def test_a_size_that_the_sheet_states_wrongly_loses_no_row(tmp_path):
    path = workbook(tmp_path / "r.xlsx")
    for size in (b"A1:B2", b"A1:XFD1048576"):
        changed_part(path, lambda data, size=size: data.replace(b"A1:E4", size).replace(b"A1:B2", size))
        assert_same(path, plain(tmp_path))


def test_a_workbook_that_unpacks_to_more_than_a_sheet_holds_is_refused_soon(tmp_path):
    path = workbook(tmp_path / "r.xlsx")
    row = b'<row><c t="inlineStr"><is><t>a</t></is></c></row>'
    changed_part(path, lambda data: data.replace(b"</sheetData>", row * 3_000_000 + b"</sheetData>"))
    assert path.stat().st_size < 1_000_000
    with pytest.raises(cm.InputError, match="unpacks to more than 100 times"):
        cm.read_register(path, as_of=AS_OF)


def test_cells_far_to_the_right_are_bounded_and_entities_are_not_unfolded(tmp_path):
    path = workbook(tmp_path / "r.xlsx")
    changed_part(
        path,
        lambda data: data.replace(b"</sheetData>", b'<row r="99999"><c r="XFD99999"><v>1</v></c></row></sheetData>'),
    )
    found = cm.read_register(path, as_of=AS_OF)
    assert found.quarantine.num_rows == 1
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">' + b"".join(
        b'<!ENTITY %c "%s">' % (98 + i, b"&%c;" % (97 + i) * 10) for i in range(9)
    )
    path = workbook(tmp_path / "b.xlsx")
    changed_part(path, lambda data: bomb + b"]>" + data.replace(b"0001", b"&j;"))
    with pytest.raises(cm.InputError):
        cm.read_register(path, as_of=AS_OF)


MUTATE = """
import io, random, resource, sys, time, zipfile
resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))
import casemgmt as cm
path, count, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
original = open(path, "rb").read()
expected = cm.read_register(path, as_of="2015-04-01").to_pandas()
rng, other, refused = random.Random(seed), 0, 0
for turn in range(count):
    data = bytearray(original)
    for _ in range(rng.randint(1, 4)):
        place = rng.randrange(len(data))
        kind = rng.randrange(4)
        if kind == 0: data[place] ^= 1 << rng.randrange(8)
        elif kind == 1: data[place] = rng.randrange(256)
        elif kind == 2: del data[place:place + rng.randint(1, 200)]
        else: data[place:place] = bytes(rng.randrange(256) for _ in range(rng.randint(1, 20)))
        if not data: data = bytearray(b"x")
    with open(path, "wb") as stream: stream.write(data)
    began = time.monotonic()
    try:
        found = cm.read_register(path, as_of="2015-04-01")
        if not found.to_pandas().equals(expected): other += 1
    except cm.CasemgmtError:
        refused += 1
    if time.monotonic() - began > 20: sys.exit("too slow")
print(other, refused)
"""


def mutated(folder, count, seed):
    path = workbook(folder / "m.xlsx")
    done = subprocess.run(
        [sys.executable, "-W", "error::RuntimeWarning", "-c", MUTATE, str(path), str(count), str(seed)],
        capture_output=True,
        text=True,
        timeout=1_800,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    other, refused = map(int, done.stdout.split())
    assert other == 0
    return refused


def test_a_mutated_workbook_is_refused_or_equal(tmp_path):
    assert mutated(tmp_path, 30, 1) >= 15


@pytest.mark.long
def test_two_thousand_mutated_workbooks_are_refused_or_equal(tmp_path):
    assert mutated(tmp_path, 2_000, 2) >= 1_000


@pytest.mark.parametrize("ending", [".xlsx", ".parquet", ".csv.gz", ".arrow"])
def test_a_file_of_another_kind_that_is_called_csv_is_told_its_name(ending, tmp_path):
    table = pa.table({name: [row[place] for row in ROWS] for place, name in enumerate(HEADER)})
    path, wrong = tmp_path / f"register{ending}", tmp_path / "register.csv"
    if ending == ".xlsx":
        book = openpyxl.Workbook()
        for row in (HEADER, *ROWS):
            book.active.append(row)
        book.save(path)
    elif ending == ".parquet":
        pq.write_table(table, path)
    elif ending == ".arrow":
        with pa.ipc.new_file(path, table.schema) as out:
            out.write_table(table)
    else:
        path.write_bytes(gzip.compress(text_of().encode()))
    path.rename(wrong)
    with pytest.raises(cm.InputError, match=rf"register.csv is .*name that ends in \{ending}\."):
        cm.read_register(wrong, as_of=AS_OF)
