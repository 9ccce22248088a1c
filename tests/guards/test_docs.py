import re

import pytest

from tests.faults.catalogue import SCENARIOS
from tests.tree import ROOT

DOCUMENTS = sorted((ROOT / "docs").glob("**/*.md"))


def test_every_scenario_is_told_in_the_order_in_which_it_is_played():
    told = re.findall(r"^\| `([a-z-]+)` \|", (ROOT / "docs/faults.md").read_text(), re.MULTILINE)

    assert told == [scenario.name for scenario in SCENARIOS]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_document_that_a_document_names_exists(path):
    links = [link for link in re.findall(r"\]\(([^)#\s]+)", path.read_text()) if "://" not in link]

    assert [link for link in links if not (path.parent / link).exists()] == []


@pytest.mark.parametrize("path", sorted((ROOT / "docs").glob("*.md")), ids=lambda path: path.name)
def test_every_document_is_named_in_the_readme(path):
    assert f"(docs/{path.name})" in (ROOT / "README.md").read_text()
