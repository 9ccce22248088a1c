import re

import pytest

from app.errors import Rejected
from app.settings import Settings, load_settings
from tests.tree import ROOT

EXAMPLE = ROOT / ".env.example"
LINES = EXAMPLE.read_text().splitlines()
GIVEN = dict(line.split("=", 1) for line in LINES if line and not line.startswith("#"))


def test_the_example_lists_exactly_the_settings_in_their_order():
    assert list(GIVEN) == [name.upper() for name in Settings.model_fields]


@pytest.mark.parametrize("name", Settings.model_fields)
def test_the_example_describes_a_setting_as_the_code_does(name):
    assert Settings.model_fields[name].description in comment_above(name.upper())


@pytest.mark.parametrize("name", Settings.model_fields)
def test_the_example_shows_the_default(name):
    field = Settings.model_fields[name]

    assert GIVEN[name.upper()] == ("" if field.default is None else str(field.default))


def test_a_copy_of_the_example_changes_nothing(no_environment):
    assert load_settings(_env_file=EXAMPLE) == load_settings(_env_file=None)


def test_a_setting_that_does_not_exist_is_refused(no_environment, tmp_path):
    copy = tmp_path / ".env"
    copy.write_text(EXAMPLE.read_text() + "INGEST_BATCHSIZE=5\n")

    with pytest.raises(Rejected, match="INGEST_BATCHSIZE: there is no such setting"):
        load_settings(_env_file=copy)


def test_durations_and_counts_carry_their_unit():
    numbers = {name for name, field in Settings.model_fields.items() if field.annotation is float}

    assert {name for name in numbers if not re.search("_(s|ms|bytes|days|ticks)$", name)} == set()


def test_the_readme_says_where_the_settings_are():
    assert ".env.example" in (ROOT / "README.md").read_text()


def comment_above(key: str) -> list[str]:
    at = next(number for number, line in enumerate(LINES) if line.startswith(f"{key}="))
    block: list[str] = []
    while LINES[at - 1].startswith("# "):
        at -= 1
        block.insert(0, LINES[at].removeprefix("# "))
    return block


@pytest.fixture
def no_environment(monkeypatch):
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
        monkeypatch.delenv(name, raising=False)
