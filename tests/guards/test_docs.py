import re

import click
import pytest

from app.factory import create_app
from app.settings import Settings
from tests.documentation import commands_named, sections, strange_words
from tests.fakes import RecordingDispatch
from tests.faults.catalogue import SCENARIOS
from tests.guards.makefile import RULES
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


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_command_that_a_document_names_exists_with_its_options(path, commands):
    strange = {line: strange_words(line, commands) for line in commands_named(path.read_text())}

    assert {line: words for line, words in strange.items() if words} == {}


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_target_that_a_document_names_exists(path):
    assert set(re.findall(r"`make ([a-z-]+)", path.read_text())) - set(RULES) == set()


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_section_that_a_document_links_to_exists(path):
    links = re.findall(r"\]\(([^):\s]*\.md)?#([^)\s]+)\)", path.read_text())

    assert [
        (name, place)
        for name, place in links
        if (target := path.parent / name if name else path).exists() and place not in sections(target.read_text())
    ] == []


@pytest.fixture(scope="module")
def commands(tmp_path_factory):
    settings = Settings(_env_file=None, state_dir=tmp_path_factory.mktemp("state"))
    group = create_app(settings, RecordingDispatch()).cli
    context = click.Context(group)
    return {name: group.get_command(context, name) for name in group.list_commands(context)}
