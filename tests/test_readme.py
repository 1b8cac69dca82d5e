"""What the README says is what happens."""

from __future__ import annotations

import difflib
import re

from worked_text import PROJECT, folder_of_examples, with_true_output

README = (PROJECT / "README.md").read_text(encoding="utf-8")


def test_every_example_of_the_readme_prints_what_the_readme_shows(tmp_path):
    with folder_of_examples(tmp_path):
        now = with_true_output(README)
    differences = "\n".join(
        difflib.unified_diff(README.splitlines(), now.splitlines(), "shown", "printed", lineterm="")
    )
    assert now == README, f"run `python tests/worked_text.py README.md` where the change is meant:\n{differences}"


def test_a_changed_output_is_noticed(tmp_path):
    text = "```python\nprint(1 + 1)\n```\n\n```text\n3\n```\n"
    assert with_true_output(text) == text.replace("3", "2")


def test_the_readme_holds_exactly_two_marked_commands():
    marked = re.findall(r"<!-- the two commands -->\n```sh\n(.*?)```", README, re.DOTALL)
    assert len(marked) == 1
    main_job, tests = marked[0].splitlines()
    assert main_job == "pip install . && casemgmt demo"
    assert tests == 'pip install ".[test]" && pytest'


def test_the_readme_names_every_shipped_model_scheme_and_command():
    import casemgmt as cm
    from casemgmt.cli import app

    commands = [command.callback.__name__ for command in app.registered_commands]
    assert commands == [
        "demo",
        "check",
        "score",
        "select",
        "pack",
        "verify",
        "compare",
        "synthesise",
        "models",
        "schemes",
        "fields",
        "explain",
        "derive",
    ]
    for name in [*cm.list_models(), *cm.list_schemes(), *commands]:
        assert f"`{name}" in README, f"README.md does not name {name}"


def test_every_file_that_the_readme_links_to_is_there():
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert target.startswith("https://") or (PROJECT / target).exists(), target


def test_the_readme_makes_no_claim_it_must_not_make():
    assert "does not claim fewer admissions" in README
    assert "No claim is made that it is, or is fit to be, a medical device" in README
    assert "Intended purpose" in README
    assert "not a 12-month risk" in README


def test_the_changelog_begins_with_who_may_be_selected_differently():
    changelog = (PROJECT / "CHANGELOG.md").read_text(encoding="utf-8")
    releases = re.split(r"^## ", changelog, flags=re.MULTILINE)[1:]
    assert releases[-1].startswith("0.1.0")
    for release in releases:
        first = release.split("\n", 2)[2].lstrip()
        assert first.startswith("**Who is selected may change:**")
