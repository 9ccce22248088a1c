import math
import re

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from app.api.metric_families import BACKUP, FAMILIES, UP
from app.api.metrics import EXAMPLE, Readings
from app.metrics.families import COUNTED
from app.operations.health import Check

LABELS = {
    "part", "source", "consumer", "kind", "state", "status", "symbol", "other", "severity", "market", "verdict",
    "stage", "model", "horizon", "event", "channel", "queue",
}  # fmt: skip


def test_a_reading_is_shown_with_its_labels_and_in_base_units():
    shown = samples(
        [
            Check(
                "redis",
                True,
                "",
                {"stream_fill_percent": {(): 12.5}, "source_spooled": {("SCHWAB",): 4, ("EXCEL",): 0}},
            )
        ]
    )

    assert shown == {
        ("thor_up", ("redis",)): 1,
        ("thor_stream_fill_ratio", ()): 0.125,
        ("thor_source_spooled_quotes", ("SCHWAB",)): 4,
        ("thor_source_spooled_quotes", ("EXCEL",)): 0,
    }


def test_a_server_that_is_away_is_told_and_has_no_figures():
    checks = [Check("redis", False, "no answer"), Check("postgres", True, "", {"ledger_published": {(): 8}})]

    assert samples(checks) == {
        ("thor_up", ("redis",)): 0,
        ("thor_up", ("postgres",)): 1,
        ("thor_ledger_published_total", ()): 8,
    }


def test_a_figure_that_no_metric_shows_is_left_out():
    assert samples([Check("redis", True, "", {"stream_colour": {(): 1}})]) == {("thor_up", ("redis",)): 1}


def test_a_label_with_any_letter_is_read_as_it_was_written():
    name = 'a"b\\c\nd'

    assert ("thor_ingest_read_total", (name,)) in samples([Check("redis", True, "", {"ingestor_read": {(name,): 1}})])


@pytest.mark.parametrize("family", [UP, BACKUP, *FAMILIES], ids=lambda family: family.name)
def test_a_metric_is_named_and_explained_as_prometheus_has_it(family):
    assert re.fullmatch(r"thor(_[a-z]+)+", family.name)
    assert family.help[0].isupper()
    assert set(family.labels) <= LABELS


def test_no_two_metrics_have_a_name_or_a_figure_in_common():
    families = [UP, BACKUP, *FAMILIES]
    names = {family.name.removesuffix("_total") for family in [*families, *COUNTED]}

    assert len(names) == len(families) + len(COUNTED)
    assert len({family.figure for family in families}) == len(families)


def test_the_example_of_the_documentation_is_what_is_sent():
    assert EXAMPLE in text([Check("redis", True, "", {"stream_length": {(): 120_345}})])


def text(checks):
    registry = CollectorRegistry()
    registry.register(Readings(checks))
    return generate_latest(registry).decode()


def samples(checks):
    found = [sample for family in text_string_to_metric_families(text(checks)) for sample in family.samples]
    assert all(math.isfinite(sample.value) for sample in found)
    return {(sample.name, tuple(sample.labels.values())): sample.value for sample in found}
