"""The pages on Spark print what they show."""

from __future__ import annotations

import pytest
from spark_session import needs_spark
from worked_text import PROJECT, folder_of_examples, with_true_output

pytestmark = needs_spark()


@pytest.mark.parametrize("name", ["on-spark", "on-databricks-and-fabric"])
def test_the_page_prints_what_it_shows(spark, tmp_path, name):
    page = (PROJECT / "examples" / f"{name}.md").read_text(encoding="utf-8")
    with folder_of_examples(tmp_path):
        assert with_true_output(page) == page
