import itertools
import json
import re
import shutil
import subprocess

import promql_parser
import pytest
import yaml

from app.api.metric_families import BACKUP, FAMILIES, UP
from app.dispatch import QUEUES
from app.metrics.families import COUNTED
from tests.tree import ROOT

DEPLOY = ROOT / "deploy"
DASHBOARD = json.loads((DEPLOY / "grafana/dashboards/thor.json").read_text())
RULES_FILE = DEPLOY / "prometheus/rules.yml"
RULES = [rule for group in yaml.safe_load(RULES_FILE.read_text())["groups"] for rule in group["rules"]]
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
# Prometheus itself tells whether it could ask.
OF_PROMETHEUS = {"up"}
# Whoever wants to know how many predictions the figures beside it come from finds it in /api/predictions/performance.
NOT_SHOWN = {"thor_prediction_outcomes"}
INTERVALS = {"$__rate_interval": "5m"}
ROWS = [
    "At a glance", "Publish", "Ingest", "Requests and streams", "Queues and jobs", "Exports, lake and backups",
    "Markets and the time before the open", "Alerts", "Processes",
]  # fmt: skip


def shown_names():
    """Every name under which /metrics can show a value, with the labels that it has there."""
    found = {family.name: set(family.labels) for family in (UP, BACKUP, *FAMILIES)}
    for family in COUNTED:
        if family.kind == "histogram":
            found |= {f"{family.name}_{part}": set(family.labels) for part in ("sum", "count")}
            found[f"{family.name}_bucket"] = {*family.labels, "le"}
        else:
            found[family.name] = set(family.labels)
    return found


NAMES = shown_names()
EXPRESSIONS = {
    **{f"{panel['title']} {target['refId']}": target["expr"] for panel in PANELS for target in panel["targets"]},
    **{rule["alert"]: rule["expr"] for rule in RULES},
}


@pytest.mark.parametrize("place", EXPRESSIONS)
def test_an_expression_is_of_metrics_and_labels_that_there_are(place):
    selectors = list(selectors_of(EXPRESSIONS[place]))

    assert selectors
    assert {name for name, _labels in selectors} <= NAMES.keys() | OF_PROMETHEUS
    for name, labels in selectors:
        assert labels <= NAMES.get(name, {"job"})


def test_what_is_no_metric_of_ours_would_be_found():
    [(name, labels)] = selectors_of("sum(rate(thor_nothing_total{symbol='ES'}[$__rate_interval]))")

    assert name not in NAMES
    assert labels == {"symbol"}


def test_every_metric_is_shown_on_the_dashboard_or_is_known_not_to_be():
    used = {
        re.sub("_(sum|count|bucket)$", "", name)
        for panel in PANELS
        for target in panel["targets"]
        for name, _labels in selectors_of(target["expr"])
    }

    families = {family.name for family in (UP, BACKUP, *FAMILIES, *COUNTED)}
    assert families - used == NOT_SHOWN


def test_legends_name_labels_that_the_metrics_have():
    for panel in PANELS:
        for target in panel["targets"]:
            known = {label for name, _labels in selectors_of(target["expr"]) for label in NAMES[name]}
            assert set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"])) <= known, panel["title"]


def test_the_dashboard_has_its_rows_and_every_panel_its_place():
    assert [panel["title"] for panel in DASHBOARD["panels"] if panel["type"] == "row"] == ROWS
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
    places = [panel["gridPos"] for panel in DASHBOARD["panels"]]
    assert all(place["x"] + place["w"] <= 24 for place in places)
    assert not [pair for pair in itertools.combinations(places, 2) if overlap(*pair)]
    assert {panel["fieldConfig"]["defaults"]["unit"] for panel in PANELS} <= {
        "short", "s", "cps", "reqps", "bytes", "percentunit"
    }  # fmt: skip


def test_the_dashboard_asks_the_prometheus_that_is_provisioned():
    [source] = read("grafana/provisioning/datasources/prometheus.yml")["datasources"]
    [provider] = read("grafana/provisioning/dashboards/thor.yml")["providers"]

    asked = {target["datasource"]["uid"] for panel in PANELS for target in panel["targets"]}
    assert asked | {panel["datasource"]["uid"] for panel in PANELS} == {source["uid"]}
    assert (source["type"], provider["type"]) == ("prometheus", "file")


def test_prometheus_asks_thor_with_a_key_from_a_file_and_reads_the_rules():
    config = read("prometheus/prometheus.yml")

    jobs = {job["job_name"]: job for job in config["scrape_configs"]}
    assert jobs["thor"]["metrics_path"] == "/metrics"
    assert jobs["thor"]["authorization"] == {"type": "Bearer", "credentials_file": "/run/secrets/prometheus_token"}
    assert [name.rpartition("/")[2] for name in config["rule_files"]] == [RULES_FILE.name]


def test_rules_have_names_of_their_own():
    names = [rule["alert"] for rule in RULES]

    assert len(set(names)) == len(names)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_a_rule_says_what_is_wrong_how_grave_it_is_and_where_it_is_told_what_to_do(rule):
    assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
    assert re.fullmatch("Thor([A-Z][a-z]+)+", rule["alert"])
    assert re.fullmatch(r"\d+[smh]", rule.get("for", "1m"))
    assert rule["labels"]["severity"] in ("warning", "critical")
    assert set(rule["annotations"]) == {"summary", "runbook"}
    assert re.fullmatch(r"docs/operations\.md#[a-z]+(-[a-z]+)*", rule["annotations"]["runbook"])


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_a_summary_names_labels_that_the_expression_keeps(rule):
    named = set(re.findall(r"\$labels\.(\w+)", rule["annotations"]["summary"]))

    known = {label for name, labels in selectors_of(rule["expr"]) for label in NAMES.get(name, ()) or labels}
    assert named <= known | {"instance"}


def test_every_process_of_thor_is_missed_when_it_is_away():
    [rule] = [rule for rule in RULES if rule["alert"] == "ThorProcessMissing"]

    assert set(re.findall(r'process="(\w+)"', rule["expr"])) == {"web", "beat", *QUEUES}


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
def test_prometheus_takes_the_rules():
    subprocess.run(["promtool", "check", "rules", str(RULES_FILE)], check=True)


def selectors_of(expression):
    """The name and the labels asked for of every selector."""
    for word, length in INTERVALS.items():
        expression = expression.replace(word, length)
    yield from walked(promql_parser.parse(expression))


def walked(node):
    if isinstance(node, promql_parser.VectorSelector):
        yield node.name, {matcher.name for matcher in node.matchers.matchers}
    elif isinstance(node, promql_parser.MatrixSelector):
        yield from walked(node.vector_selector)
    elif isinstance(node, promql_parser.BinaryExpr):
        yield from walked(node.lhs)
        yield from walked(node.rhs)
    elif isinstance(node, promql_parser.Call):
        for argument in node.args:
            yield from walked(argument)
    elif isinstance(node, promql_parser.AggregateExpr | promql_parser.ParenExpr):
        yield from walked(node.expr)
    else:
        assert isinstance(node, promql_parser.NumberLiteral), type(node)


def overlap(one, other):
    apart = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
    return not (apart or one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"])


def read(name):
    return yaml.safe_load((DEPLOY / name).read_text())
