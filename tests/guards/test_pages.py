"""Every list of the API keeps the contract of docs/api.md: pages, filters, and what has neither."""

import json
import re

import pytest

from app.factory import create_app
from app.settings import load_settings
from tests.fakes import RecordingDispatch
from tests.tree import ROOT

TEXT = (ROOT / "docs/api.md").read_text()
LIST = {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100}
BULK = {"type": "integer", "minimum": 1, "maximum": 100_000}
# Ticks and bars are asked for by instants, and of one symbol; of some lists the default is told.
OF_DAYS = ("start", "end")
FILTERS = ("symbol", "symbols", "market", "source", "day", "at")


@pytest.fixture(scope="module")
def spec(tmp_path_factory):
    settings = load_settings(_env_file=None, state_dir=tmp_path_factory.mktemp("state"))
    return create_app(settings, RecordingDispatch()).test_client().get("/openapi.json").json


def section(name):
    return TEXT.partition(f"\n## {name}\n")[2].partition("\n## ")[0]


def told_addresses(first_cell):
    [row] = [line for line in section("Pages").splitlines() if line.startswith(f"| {first_cell} |")]
    return set(re.findall(r"`(/api/[^`]+)`", row))


def bounded_lines():
    rows = [line for line in section("Pages").splitlines() if line.startswith("| `/api/")]
    assert all(len(line.split("|")) == 4 and line.split("|")[2].strip() for line in rows)
    return [line.split("|")[1] for line in rows]


def reads(spec):
    return {path: ways["get"] for path, ways in spec["paths"].items() if "get" in ways}


def parameters(told):
    return {one["name"]: one for one in told["parameters"] if one["in"] == "query"}


def shape(spec, told):
    schema = told["responses"].get("200", {}).get("content", {}).get("application/json", {}).get("schema", {})
    return spec["components"]["schemas"].get(schema.get("$ref", "").rpartition("/")[2], {})


def lists_in(spec, told):
    """The names of the lists of rows that an answer holds at its top."""
    found = []
    for name, field in shape(spec, told).get("properties", {}).items():
        item = field.get("items", {}).get("$ref")
        if field.get("type") == "array" and item:
            found.append(name)
    return found


def paged(spec):
    return {path: told for path, told in reads(spec).items() if "cursor" in parameters(told)}


def test_every_list_has_pages_or_is_named_with_what_bounds_it(spec):
    lists = {path for path, told in reads(spec).items() if lists_in(spec, told)}
    bounded = {address for line in bounded_lines() for address in re.findall(r"`(/api/[^`]+)`", line)}

    assert set(paged(spec)) == told_addresses("lists") | told_addresses("bulk data")
    assert lists - set(paged(spec)) <= bounded
    assert not bounded & set(paged(spec))
    assert bounded <= set(reads(spec))


def test_every_page_has_the_same_limit(spec):
    for path, told in paged(spec).items():
        limit = {key: part for key, part in parameters(told)["limit"]["schema"].items() if key != "title"}
        assert limit == (BULK if path in told_addresses("bulk data") else LIST), path


def test_limit_and_cursor_belong_together_and_mean_nothing_else(spec):
    for path, told in reads(spec).items():
        assert ("limit" in parameters(told)) == ("cursor" in parameters(told)), path


def test_every_page_holds_one_list_and_leads_on_in_body_and_header(spec):
    for path, told in paged(spec).items():
        fields = shape(spec, told)
        kinds = {kind.get("type") for kind in fields["properties"]["next_cursor"]["anyOf"]}
        assert kinds == {"string", "null"}, path
        assert "next_cursor" in fields["required"], path
        assert 'rel="next"' in told["responses"]["200"]["headers"]["Link"]["description"], path
        assert told["responses"]["200"]["links"][told["operationId"]]["parameters"]["cursor"], path
        if path not in told_addresses("bulk data"):
            assert len(lists_in(spec, told)) == 1, path


@pytest.mark.parametrize("name", FILTERS)
def test_a_filter_reads_the_same_everywhere(spec, name):
    forms = {
        json.dumps({key: part for key, part in one["schema"].items() if key != "examples"}, sort_keys=True)
        for told in reads(spec).values()
        for one in [parameters(told).get(name)]
        if one
    }

    assert len(forms) == 1


def test_a_range_of_a_list_is_of_days_and_one_of_bulk_data_of_instants(spec):
    for path, told in reads(spec).items():
        expected = "date-time" if path in told_addresses("bulk data") else "date"
        for name in OF_DAYS:
            if one := parameters(told).get(name):
                assert one["schema"]["format"] == expected, path


def test_no_other_name_is_used_for_what_has_one(spec):
    foreign = {"date", "since", "until", "from", "to", "before", "after", "page", "offset", "sort", "order", "exchange"}

    for path, told in reads(spec).items():
        assert not foreign & set(parameters(told)), path
