"""What the guide to code lists says is what happens."""

from __future__ import annotations

import difflib
import re

from worked_text import PROJECT, folder_of_examples, with_true_output

GUIDE = PROJECT / "casemgmt" / "codes" / "README.md"


def test_every_example_of_the_guide_prints_what_the_guide_shows(tmp_path):
    text = GUIDE.read_text(encoding="utf-8")
    with folder_of_examples(tmp_path):
        now = with_true_output(text)
    differences = "\n".join(difflib.unified_diff(text.splitlines(), now.splitlines(), "shown", "printed", lineterm=""))
    assert now == text, f"run `python tests/helpers/worked_text.py casemgmt/codes/README.md`:\n{differences}"


def test_the_rules_that_the_guide_shows_can_be_loaded(tmp_path):
    from casemgmt.codes.rules import load_rules

    (shown,) = re.findall(r"```toml\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    path = tmp_path / "rules.toml"
    path.write_text(shown)
    assert [rule.name for rule in load_rules(path)] == ["asthma", "painful_condition", "cancer"]


def test_every_file_that_the_guide_and_the_synthea_page_link_to_is_there():
    for page in (GUIDE, PROJECT / "examples" / "synthea" / "README.md"):
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
            assert target.startswith("https://") or (page.parent / target).exists(), target
