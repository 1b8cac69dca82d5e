"""The documentation site is built without network or warning; its links lead somewhere, and its examples are run."""

from __future__ import annotations

import difflib
import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from browser import Opened, axe_source, chromium, needs_chromium
from built_site import SITE, Page, built
from filelock import FileLock
from test_notebooks import NOTEBOOKS
from test_readme import LINKED_FROM, RUN_ON_SPARK, repeated_sentences
from typer.main import get_command
from worked_text import PROJECT, folder_of_examples, with_true_output

import casemgmt as cm

OWN = sorted((SITE / "pages").glob("*.md"))
FENCE = re.compile(r"^```(\w+)\n(.*?)^```", re.DOTALL | re.MULTILINE)
FOR_A_CONSOLE = ("console", "sh", "powershell", "bash")

# Pages whose python, console and sh blocks a test runs line by line: here, in test_readme.py, in test_codes_guide.py,
# and, where they need Spark or records, in the tests named beside them.
RUN = {
    *OWN,
    *LINKED_FROM[:-1],
    *RUN_ON_SPARK,  # tests/spark/test_batch_spark.py
    PROJECT / "casemgmt" / "codes" / "README.md",
    PROJECT / "models" / "cambridge-multimorbidity-20" / "card.md",  # tests/codes/test_cambridge_from_records.py
    PROJECT / "models" / "parr-30" / "card.md",  # tests/risk/test_published_scores.py
}

# Lines of sh blocks that set a machine up or run other programs, by who runs them.
RUN_ELSEWHERE = {
    r"pip install \. && casemgmt demo": ".ci/run",
    r'pip install "\.\[test\]" && pytest': ".ci/run",
    r"python3 -m venv \.venv && \. \.venv/bin/activate": ".ci/run, with a folder of its own",
    r'pip install (-e )?"(casemgmt|\.)\[[a-z,]+\]"( && python -m benchmarks)?': ".ci/run, with the extra `test`",
    r"python examples/site/build\.py site": ".ci/run, and the fixture below",
    r"Rscript examples/in_r\.R out": "tests/docs/test_in_r.py, where R is installed",
    r"python -m benchmarks(\.report|\.caseload)? .*": "tests/benchmarks",
    r"python tests/house/mutation\.py .*": "tests/house/test_mutation.py",
    r"\$env:PYTHONUTF8 = .*": "nobody here: it speaks to PowerShell alone",
    r"(pytest|ruff|\.ci/run|python -m benchmarks)\b.*": "whoever changes something, before every change",
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Page]:
    """Every page of the site by its path; built once, whichever process comes first."""
    ours = tmp_path_factory.getbasetemp()
    shared = ours.parent if "PYTEST_XDIST_WORKER" in os.environ else ours  # of all processes of this run, and no other
    folder = shared / "site"
    with FileLock(shared / "site.lock"):
        if not folder.exists():
            done = built(shared / "site-being-built")
            assert done.returncode == 0, done.stdout + done.stderr
            assert done.stdout + done.stderr == ""
            (shared / "site-being-built").rename(folder)
    return {path.relative_to(folder).as_posix(): Page(path.resolve()) for path in sorted(folder.rglob("*.html"))}


def builder() -> ModuleType:
    """The program that builds the site, by its file: a package that builds wheels has its name."""
    spec = importlib.util.spec_from_file_location("site_builder", SITE / "build.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def pages_of_the_site() -> dict[str, str]:
    return builder().pages_in()


def test_every_link_within_the_site_leads_to_a_file_and_a_name_that_are_there(site):
    by_path = {page.path: page for page in site.values()}
    wrong = []
    for name, page in site.items():
        for link in page.links:
            if re.match(r"[a-z]+:", link):
                continue
            file, anchor = page.target(link)
            known = file in by_path or (file.is_file() and not anchor)
            if not known or (anchor and anchor not in by_path[file].names):
                wrong.append(f"{name}: {link}")
    assert wrong == []
    assert sum(len(page.links) for page in site.values()) > 5_000


def test_links_to_the_outside_are_well_formed_and_secure(site):
    outside = {link for page in site.values() for link in page.links if re.match(r"[a-z]+:", link)}
    assert [link for link in outside if not re.fullmatch(r"https://[a-z0-9.-]+\.[a-z]{2,}(/[^\s\"<>]*)?", link)] == []


def test_no_page_loads_anything_from_elsewhere_and_all_it_loads_is_there(site):
    wrong = []
    for name, page in site.items():
        loads = [load for load in page.loads if not load.startswith("data:")]
        wrong += [f"{name}: {load}" for load in loads if ":" in load or not page.target(load)[0].is_file()]
    assert wrong == []
    folder = site["index.html"].path.parent
    sheets = [
        sheet
        for sheet in folder.rglob("*.css")
        if re.search(r"(url\(|@import)\s*[\"']?(https?:)?//", sheet.read_text())
    ]
    assert sheets == []


def test_every_picture_says_what_it_shows(site):
    pictures = [(name, *picture) for name, page in site.items() for picture in page.pictures]
    assert len(pictures) > 12
    assert [each for each in pictures if len(each[2]) < 20 or each[2].endswith((".png", ".svg"))] == []


def test_headings_are_in_order_and_each_page_can_be_skipped_into(site):
    for name, page in site.items():
        assert page.language == "en", name
        html = page.path.read_text(encoding="utf-8")
        assert '<aside class="sidebar-drawer" aria-label=' in html and "<pre>" not in html, name
        assert "#furo-main-content" in page.links and "furo-main-content" in page.names, name
        if name not in ("genindex.html", "search.html"):
            assert page.headings[0] == 1 and page.headings.count(1) == 1, name
            steps = list(zip(page.headings, page.headings[1:], strict=False))
            assert [step for step in steps if step[1] > step[0] + 1] == [], name


def test_the_front_page_leads_every_role_to_its_five_minutes(site):
    article = site["index.html"].path.read_text(encoding="utf-8").partition('role="main"')[2]
    for role in ("analyst", "practice", "commissioner", "engineer"):
        assert f'href="{role}.html"' in article, role


def test_every_scheme_model_field_command_and_public_name_has_its_place(site):
    from casemgmt.cli import app

    assert [name for name in cm.list_schemes() if f"schemes/{name}.html" not in site] == []
    assert [name for name in cm.list_models() if f"models/{name}.html" not in site] == []
    assert [each for each in cm.fields().column("field").to_pylist() if each not in site["fields.html"].text] == []
    commands = [each.callback.__name__.replace("_", "-") for each in app.registered_commands]
    assert [each for each in commands if f"casemgmt {each}" not in site["command-line.html"].text] == []
    names = {name for path, page in site.items() if path.startswith("api/") for name in page.names}
    assert [each for each in cm.__all__ if not each.startswith("__") and f"casemgmt.{each}" not in names] == []


def test_no_mark_of_a_docstring_is_left_unread(site):
    assert [name for name, page in site.items() if re.search(r":(func|class|mod|meth|attr):", page.text)] == []


def test_the_changelog_of_the_site_starts_with_who_may_be_selected_differently(site):
    assert "Who is selected may change:" in site["changelog.html"].text.partition("0.3.0")[2]


@pytest.mark.parametrize("page", OWN, ids=lambda page: page.stem)
def test_every_example_of_the_sites_own_pages_prints_what_the_page_shows(page, tmp_path):
    text = page.read_text(encoding="utf-8")
    with folder_of_examples(tmp_path):
        now = with_true_output(text)
    differences = "\n".join(difflib.unified_diff(text.splitlines(), now.splitlines(), "shown", "printed", lineterm=""))
    assert now == text, f"run `python tests/helpers/worked_text.py examples/site/pages/{page.name}`:\n{differences}"


def test_no_sentence_of_the_sites_own_pages_stands_on_another_page():
    assert repeated_sentences([*LINKED_FROM, *OWN]) == []


def test_every_block_of_code_on_the_site_is_run_by_a_test():
    unrun = []
    for name, text in pages_of_the_site().items():
        path = PROJECT / name
        if path in NOTEBOOKS:
            continue
        for kind, code in FENCE.findall(text):
            if kind == "python" and path not in RUN:
                unrun.append(f"{name}: {code}")
            elif kind in FOR_A_CONSOLE:
                unrun += [f"{name}: {line}" for line in commands_in(kind, code) if not is_run(path, kind, line)]
    assert unrun == [], "no test runs these: see RUN and RUN_ELSEWHERE"


def commands_in(kind: str, code: str) -> list[str]:
    code = re.sub(r" *[`\\]\n *", " ", code)  # a command that goes on in the next line
    lines = [line.removeprefix("$ ") for line in code.splitlines() if kind != "console" or line.startswith("$ ")]
    return [line.partition("  #")[0].strip() for line in lines if line.strip() and not line.startswith("#")]


def is_run(path: Path, kind: str, line: str) -> bool:
    if any(re.fullmatch(each, line) for each in RUN_ELSEWHERE):
        return True
    if kind == "powershell":
        return has_its_words(line)
    return path in RUN and kind in ("console", "sh") and line.startswith("casemgmt ")


def has_its_words(line: str) -> bool:
    """Whether a line is a command of casemgmt with options that it has: no PowerShell is here to run it."""
    from casemgmt.cli import app

    command, words = get_command(app), line.partition(" > ")[0].split()
    if words.pop(0) != "casemgmt":
        return False
    while hasattr(command, "commands"):
        command = command.commands.get(words.pop(0) if words else "")
    options = {each for parameter in getattr(command, "params", []) for each in parameter.opts}
    return command is not None and {each for each in words if each.startswith("-")} <= options


def test_a_block_that_nothing_runs_is_noticed():
    page = PROJECT / "CONTRIBUTING.md"
    assert not is_run(page, "sh", "casemgmt demo") and is_run(OWN[0], "sh", "casemgmt demo")
    assert not is_run(OWN[0], "sh", "curl https://example.org") and not is_run(OWN[0], "bash", "casemgmt demo")
    assert is_run(page, "powershell", "casemgmt schemes prism-top-half-percent --text > mine.toml")
    for wrong in ("casemgmt schemes --txt", "casemgmt nothing", "casemgmt caseload nothing", "Remove-Item lists"):
        assert not is_run(page, "powershell", wrong)
    assert commands_in("powershell", "casemgmt verify `\n  lists\n") == ["casemgmt verify lists"]
    assert commands_in("console", "$ casemgmt fields\nfield\n") == ["casemgmt fields"]


def test_a_guide_that_no_line_of_the_navigation_names_stops_the_build():
    build = builder()
    NavigationError, parts_of = build.NavigationError, build.parts_of

    navigation = (SITE / "navigation.toml").read_text(encoding="utf-8")
    pages = {"examples/site/pages/index.md", "examples/a.md", "examples/b.md"}
    one = '[[part]]\ntitle = "A"\npages = ["examples/a.md"]'
    with pytest.raises(NavigationError, match=r"examples/b\.md: on no line of .*navigation\.toml\. Add one"):
        parts_of(one, pages)
    with pytest.raises(NavigationError, match=r"examples/a\.md names no page, or one that an earlier line names"):
        parts_of(one.replace(']"', '", "examples/a.md"]').replace('md"]', 'md", "examples/a.md"]'), pages)
    under = '[[part]]\ntitle = "A"\npages = ["examples/a.md", ["examples/b.md"]]'
    assert parts_of(under, pages) == [("A", [("examples/a.md", ["examples/b.md"])])]
    assert navigation.count('"examples/schemes.md"') == 1


def test_a_section_is_taken_from_where_it_stands_and_links_follow_it(tmp_path):
    from laid_out import LaidOut, section_of

    readme = "# R\n\n## One thing\n\nSee [b](examples/b.md#there) and `[c](nowhere.md)`.\n\n## Other\n\nNo.\n"
    (tmp_path / "README.md").write_text(readme)
    pages = {
        "examples/site/pages/index.md": "# Front\n",
        "examples/site/pages/a.md": "# A\n\n<!-- take README.md#one-thing -->\n",
        "examples/b.md": "# B\n\n[one](../README.md#one-thing), [all](../README.md)\n",
    }
    laid_out = LaidOut(tmp_path, pages, tmp_path / "site")
    for page in pages:
        laid_out.write(page, "")
    taken = (tmp_path / "site" / "a.md").read_text()
    assert taken == "# A\n\n## One thing\n\nSee [b](guides/b.md#there) and `[c](nowhere.md)`.\n\n"
    assert "[one](../a.md#one-thing), [all](../index.md)" in (tmp_path / "site" / "guides" / "b.md").read_text()
    with pytest.raises(ValueError, match="no section #gone"):
        section_of(readme, "gone")


def test_a_picture_of_a_notebook_without_words_stops_the_build():
    import json

    from notebooks import as_markdown

    picture = {"output_type": "display_data", "data": {"image/png": "AA=="}}
    cell = {"cell_type": "code", "source": "draw()", "metadata": {}, "outputs": [picture]}
    title = {"cell_type": "markdown", "source": "# N", "metadata": {}}
    with pytest.raises(ValueError, match="add `alt`"):
        as_markdown(json.dumps({"cells": [title, cell]}), "n")
    caption = {"cell_type": "markdown", "source": "*Bars of two.*\n\nMore.", "metadata": {}}
    assert "![Bars of two.](data:image/png;base64,AA==)" in as_markdown(
        json.dumps({"cells": [title, cell, caption]}), "n"
    )


def test_what_a_docstring_says_of_a_parameter_is_its_description():
    from docstrings import with_descriptions

    given = ["One.", "", "Parameters", "----------", "a, b : from here", "    and there", "c : str", "    A name."]
    assert with_descriptions(given) == [*given[:4], "a, b", "    from here", "    and there", "c : str", "    A name."]
    assert with_descriptions(["one : two"]) == ["one : two"]


def test_the_side_bar_of_a_page_marks_it_and_opens_what_it_stands_under():
    from side_bar import turned

    box = '<input type="checkbox"/>'
    tree = (
        '<ul>\n<li class="toctree-l1"><a class="reference internal" href="a.html">A</a></li>\n'
        f'<li class="toctree-l1 has-children"><a class="reference internal" href="b.html">B</a>{box}<ul>\n'
        '<li class="toctree-l2"><a class="reference internal" href="g/c.html">C</a></li>\n</ul>\n</li>\n</ul>'
    )
    below = turned(tree, "g/c")
    assert '<li class="toctree-l1 current has-children"><a class="reference internal" href="../b.html">' in below
    assert '<input checked="" type="checkbox"/><ul class="current">' in below
    assert '<li class="toctree-l2 current current-page"><a class="current reference internal" href="#">C' in below
    above = turned(tree, "b")
    assert 'toctree-l1 current current-page has-children"><a class="current reference internal" href="#">B' in above
    assert above.count('checked=""') == 1 and 'href="g/c.html"' in above
    assert turned(tree, "elsewhere") == tree and "checked" not in turned(tree, "a")


def test_a_warning_ends_the_build(tmp_path):
    source = tmp_path / "source"
    source.mkdir()
    for name in ("conf.py", "docstrings.py", "side_bar.py"):
        (source / name).write_text((SITE / name).read_text())
    (source / "static").mkdir()
    (source / "static" / "site.css").write_text("")
    (source / "index.md").write_text("# A\n\n[gone](gone.md), [no heading](index.md#gone)\n")
    code = "import sys; from pathlib import Path; from build import sphinx; sys.exit(sphinx(*map(Path, sys.argv[1:])))"
    command = [sys.executable, "-B", "-c", code, str(source), str(tmp_path / "out")]
    done = subprocess.run(command, cwd=SITE, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "gone.md" in done.stderr and "index.md" in done.stderr


@pytest.mark.long
@needs_chromium
def test_pages_fit_a_desktop_and_a_telephone_and_ask_for_nothing(site):
    folder = site["index.html"].path.parent
    with chromium() as browser:
        for name in ("index", "own-scheme", "api/results", "schemes/rotherham-2015-16", "fields", "guides/commands"):
            for width in (1280, 390):
                opened = Opened(browser, folder / f"{name}.html", viewport={"width": width, "height": 850})
                overflow = opened.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
                assert overflow <= 0, (name, width)
                assert [each for each in opened.requests if not each.startswith(("file:", "data:"))] == []
                assert opened.problems == []
                opened.context.close()


@pytest.mark.long
@needs_chromium
def test_pages_pass_the_checks_of_axe(site):
    axe = axe_source()
    folder = site["index.html"].path.parent
    with chromium() as browser:
        for name in ("index", "own-scores", "api/results", "guides/why-this-patient", "models/parr-30"):
            for scheme in ("light", "dark"):
                opened = Opened(browser, folder / f"{name}.html", color_scheme=scheme)
                opened.page.evaluate(axe)
                found = opened.page.evaluate("axe.run()")["violations"]
                opened.context.close()
                assert [(each["id"], [node["target"] for node in each["nodes"]][:3]) for each in found] == [], (
                    name,
                    scheme,
                )
