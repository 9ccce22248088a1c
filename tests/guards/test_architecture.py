import re
import tomllib

import pytest

from app.dispatch import QUEUES
from app.settings import Settings
from tests.documentation import document, sections, table
from tests.faults.catalogue import SCENARIOS
from tests.tree import ROOT

TEXT = document("architecture.md")
SECTIONS = sections(TEXT)
DECISIONS = sorted((ROOT / "docs/adr").glob("*.md"))
BANDS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"][0]["layers"]
# The settings of parts are told together.
TOGETHER = {
    "app.alert_settings", "app.collector_settings", "app.server_settings", "app.exposure", "app.setting_types",
}  # fmt: skip


@pytest.mark.parametrize("path", DECISIONS, ids=lambda path: path.stem)
def test_every_decision_is_listed_with_its_title(path):
    title = path.read_text().splitlines()[0].removeprefix("# ")

    assert f"- [{title}](adr/{path.name})" in SECTIONS["why"].splitlines()


def test_decisions_are_listed_in_their_order():
    listed = re.findall(r"\(adr/(\S+)\)", SECTIONS["why"])

    assert listed == sorted(listed)


def test_every_package_of_the_layers_is_in_a_band_in_their_order():
    told = re.findall(r"`(app\.\w+)`", " ".join(row[1] for row in table(SECTIONS["layers"], "| band |")))

    assert told == [name for band in BANDS for name in band.split(" | ") if name not in TOGETHER]


def test_every_queue_and_process_is_told():
    told = {name for row in table(SECTIONS["processes"], "| process |") for name in re.findall(r"`([^`]+)`", row[0])}

    assert {"web", "beat", "flower", "postgres", "valkey", *QUEUES} <= told


def test_the_scenarios_that_show_a_guarantee_exist():
    named = re.findall(r'make faults ARGS="?([a-z -]+)"?`', TEXT)

    assert len(named) >= 10
    assert {name for words in named for name in words.split()} <= {scenario.name for scenario in SCENARIOS}


def test_the_settings_of_the_document_exist():
    named = set(re.findall(r"`([A-Z]+_[A-Z_]+)`", TEXT))

    assert named
    assert {name.lower() for name in named} <= set(Settings.model_fields)
