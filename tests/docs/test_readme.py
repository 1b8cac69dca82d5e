"""What the README and the pages of examples/ say is what happens."""

from __future__ import annotations

import difflib
import re
from pathlib import Path

import pytest
from worked_text import PROJECT, folder_of_examples, with_true_output

README = (PROJECT / "README.md").read_text(encoding="utf-8")
EXAMPLES = PROJECT / "examples"
PAGES = sorted(path for path in EXAMPLES.glob("*.md") if path.name != "README.md")
# Their examples need a session: tests/spark/test_pages.py runs them.
RUN_ON_SPARK = [EXAMPLES / "on-spark.md", EXAMPLES / "on-databricks-and-fabric.md"]
LINKED_FROM = [PROJECT / "README.md", EXAMPLES / "README.md", *PAGES, PROJECT / "models" / "README.md"]


def links_of(page: Path) -> list[tuple[str, str]]:
    """The links of a page to files of the project or headings in them, each as a path and a heading."""
    targets = re.findall(r"\]\(([^)]+)\)", page.read_text(encoding="utf-8"))
    return [tuple(each.partition("#")[::2]) for each in targets if not each.startswith("https://")]


def linked_pages(page: Path) -> set[Path]:
    return {(page.parent / target).resolve() for target, _ in links_of(page) if target}


def headings_of(page: Path) -> set[str]:
    """The names by which the headings of a page are linked to."""
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    titles = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def named(page: Path) -> str:
    return str(page.relative_to(PROJECT))


@pytest.mark.parametrize("page", [page for page in LINKED_FROM[:-1] if page not in RUN_ON_SPARK], ids=named)
def test_every_example_prints_what_its_page_shows(page, tmp_path):
    text = page.read_text(encoding="utf-8")
    with folder_of_examples(tmp_path):
        now = with_true_output(text)
    differences = "\n".join(difflib.unified_diff(text.splitlines(), now.splitlines(), "shown", "printed", lineterm=""))
    assert now == text, (
        f"run `python tests/helpers/worked_text.py {named(page)}` where the change is meant:\n{differences}"
    )


def test_a_changed_output_is_noticed(tmp_path):
    text = "```python\nprint(1 + 1)\n```\n\n```text\n3\n```\n"
    assert with_true_output(text) == text.replace("3", "2")


def test_the_readme_holds_exactly_two_marked_commands():
    marked = re.findall(r"<!-- the two commands -->\n```sh\n(.*?)```", README, re.DOTALL)
    assert len(marked) == 1
    main_job, tests = marked[0].splitlines()
    assert main_job == "pip install . && casemgmt demo"
    assert tests == 'pip install ".[test]" && pytest'


def test_the_readme_is_read_in_one_sitting():
    assert len(README.splitlines()) <= 220


def test_the_pages_name_every_shipped_model_scheme_and_command():
    import casemgmt as cm
    from casemgmt.cli import app
    from casemgmt.cli.caseload import COMMANDS

    commands = [command.callback.__name__ for command in app.registered_commands]
    assert commands == [
        "demo",
        "check",
        "score",
        "select",
        "pack",
        "verify",
        "returns",
        "compare",
        "synthesise",
        "models",
        "schemes",
        "schemas",
        "fields",
        "explain",
        "derive",
        "fit",
        "evaluate",
        "plan",
        "outcomes",
        "new_key",
        "pseudonymise",
        "reidentify",
        "report",
        "letters",
        "governance",
        "new_pipeline",
        "warm",
    ]
    tables = {
        "models/README.md": cm.list_models(),
        "examples/schemes.md": cm.list_schemes(),
        "examples/commands.md": [
            *(command.replace("_", "-") for command in commands),
            *(f"caseload {name}" for name in COMMANDS),
        ],
    }
    for page, names in tables.items():
        rows = [line for line in (PROJECT / page).read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
        for name in names:
            assert any(re.search(rf"`{re.escape(name)}[` ]", row.split(" | ")[0]) for row in rows), (page, name)


@pytest.mark.parametrize("page", LINKED_FROM, ids=named)
def test_every_file_and_heading_that_a_page_links_to_is_there(page):
    for target, heading in links_of(page):
        linked = page.parent / target if target else page
        assert linked.exists(), target
        assert not heading or heading in headings_of(linked), f"{target}#{heading}"


def test_every_page_is_found_from_the_readme_from_the_list_of_pages_and_from_a_page_near_it():
    assert len(PAGES) > 10
    for page in PAGES:
        assert page in linked_pages(PROJECT / "README.md"), page.name
        assert page in linked_pages(EXAMPLES / "README.md"), page.name
        assert any(page in linked_pages(other) for other in PAGES if other != page), page.name


def test_every_picture_on_a_page_has_words_for_whoever_does_not_see_it():
    for page in LINKED_FROM:
        text = page.read_text(encoding="utf-8")
        alts = re.findall(r"!\[([^]]*)\]\(", text) + re.findall(
            r'<img\b(?:(?!alt=)[^>])*(?:alt="([^"]*)")?[^>]*>', text
        )
        assert all(len(alt.split()) >= 3 for alt in alts), (page.name, alts)


def test_every_page_begins_with_what_it_is_for():
    for page in PAGES:
        title, empty, purpose = page.read_text(encoding="utf-8").splitlines()[:3]
        assert title.startswith("# ") and not empty
        assert re.match(r"(How|What|Which|Who) .*[.:]", purpose), page.name


def repeated_sentences(pages: list[Path]) -> list[str]:
    """Sentences of more than 60 letters that stand on a second page, with that page."""
    found: dict[str, str] = {}
    repeated = []
    for page in pages:
        text = re.sub(r"```.*?```|^\|.*?$", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
        long = [each for each in re.split(r"(?<=[.:;])\s+|\n", text) if len(each) > 60]
        repeated += [f"{named(page)}: {each}" for each in long if found.setdefault(each, named(page)) != named(page)]
    return repeated


def test_no_sentence_stands_on_two_pages():
    assert repeated_sentences(LINKED_FROM) == []


def test_the_timings_of_the_readme_are_rows_of_the_page_on_speed():
    measured = (EXAMPLES / "speed.md").read_text(encoding="utf-8").splitlines()
    shown = [line for line in README.splitlines() if re.match(r"\| .* \| [\d,]+ in [\d,]+ \|", line)]
    assert len(shown) == 5
    assert [line for line in shown if line not in measured] == []


def test_the_readme_makes_no_claim_it_must_not_make():
    assert "does not claim fewer admissions" in README
    assert "No claim is made that it is, or is fit to be, a medical device" in README
    assert "Intended purpose" in README
    assert "not a 12-month risk" in README


def test_the_map_of_the_house_names_every_folder_and_no_file_that_is_gone():
    text = (PROJECT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    package = PROJECT / "casemgmt"
    folders = {path.name for path in package.iterdir() if (path / "__init__.py").exists()}
    mapped = re.findall(r"^\| `casemgmt/(\w+)/` \|", text, re.MULTILINE)
    assert sorted(mapped) == sorted(folders - {"batch"})  # which holds an old name of `spark` alone
    there = {path.name for root in (package, PROJECT / "tests") for path in root.rglob("*.py")}
    assert set(re.findall(r"`(\w+\.py)`", text)) <= there


def test_the_changelog_begins_with_who_may_be_selected_differently():
    changelog = (PROJECT / "CHANGELOG.md").read_text(encoding="utf-8")
    releases = re.split(r"^## ", changelog, flags=re.MULTILINE)[1:]
    assert releases[-1].startswith("0.1.0")
    for release in releases:
        first = release.split("\n", 2)[2].lstrip()
        assert first.startswith("**Who is selected may change:**")
