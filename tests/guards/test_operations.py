import re

import pytest
import yaml

from app.alerts.rules import RULES
from tests.documentation import document, sections
from tests.tree import ROOT

TEXT = document("operations.md")
SECTIONS = sections(TEXT)
PROMETHEUS = [
    rule
    for group in yaml.safe_load((ROOT / "deploy/prometheus/rules.yml").read_text())["groups"]
    for rule in group["rules"]
]
ABOUT = {
    place: re.findall(r"`(\w+)`", body.strip().partition("\n\n")[0])
    for place, body in SECTIONS.items()
    if "**Means**" in body
}
PARTS = ["Means", "Costs", "Look", "Do", "Over"]


@pytest.mark.parametrize("rule", PROMETHEUS, ids=lambda rule: rule["alert"])
def test_a_rule_of_prometheus_names_the_section_that_is_about_it(rule):
    name, _, place = rule["annotations"]["runbook"].partition("#")

    assert name == "docs/operations.md"
    assert rule["alert"] in ABOUT[place]


def test_every_alert_rule_and_every_rule_of_prometheus_has_one_section():
    told = sorted(name for names in ABOUT.values() for name in names)

    assert told == sorted([*RULES, *(rule["alert"] for rule in PROMETHEUS)])


@pytest.mark.parametrize("place", ABOUT)
def test_a_section_tells_everything_that_somebody_on_duty_needs(place):
    assert re.findall(r"^- \*\*(\w+)\*\*", SECTIONS[place], re.MULTILINE) == PARTS
    assert "```sh" in SECTIONS[place]
