import jsonschema
import pytest

from app.factory import create_app
from app.settings import load_settings
from tests.fakes import RecordingDispatch

PROBLEM = "application/problem+json"
# What these mean is known to whoever knows the field, or is said by the shape that holds them.
OBVIOUS = {
    "action", "actor", "admin_path", "all", "already_there", "ask_size", "at", "attempts", "bid_size", "brier",
    "bytes", "cancel_asked", "channel", "contract", "correction", "count", "currency", "date", "day", "days",
    "degraded", "detail", "docs_path", "end", "event", "facts", "fields", "files", "hit_rate", "horizon", "host",
    "id", "is_early_close", "is_open", "is_weekend", "kind", "last_error", "last_size", "lasts_s", "limit",
    "market", "missing", "model_id", "name", "note", "ok", "open", "outcome", "outcomes", "phase", "pid", "reason",
    "reasons", "reconnects", "refused", "request_id", "rows", "seq", "severity", "side", "source", "stage", "start",
    "state", "status", "stored", "subject", "symbol", "symbols", "ticks", "timezone", "to_contract", "to_seq",
    "trade",
}  # fmt: skip


@pytest.fixture(scope="module")
def spec(tmp_path_factory):
    settings = load_settings(_env_file=None, state_dir=tmp_path_factory.mktemp("state"))
    return create_app(settings, RecordingDispatch()).test_client().get("/openapi.json").json


def operations(spec):
    return [told for ways in spec["paths"].values() for told in ways.values()]


def answers(spec, first):
    return [
        (one["operationId"], status, answer)
        for one in operations(spec)
        for status, answer in one["responses"].items()
        if status[0] in first
    ]


def resolved(spec, schema):
    return {**schema, "components": spec["components"]}


def test_every_json_answer_of_success_has_an_example_that_its_schema_allows(spec):
    for name, status, answer in answers(spec, "2"):
        if media := answer.get("content", {}).get("application/json"):
            assert media["schema"], f"{name} {status}"
            jsonschema.Draft202012Validator(resolved(spec, media["schema"])).validate(media["example"])


def test_every_error_is_told_with_a_reason_and_is_a_problem_document(spec):
    for name, status, answer in answers(spec, "45"):
        assert answer["description"], f"{name} {status}"
        assert PROBLEM in answer["content"], f"{name} {status}"


def test_every_operation_tells_what_may_go_wrong(spec):
    for one in operations(spec):
        expected = {"400"} | ({"401", "403", "429", "503"} if one["security"] else set())
        expected |= {"413", "415"} if "requestBody" in one else set()
        expected |= {"404"} if any(told["in"] == "path" for told in one["parameters"]) else set()
        assert expected <= set(one["responses"]), one["operationId"]


def test_every_parameter_says_what_it_is(spec):
    silent = {
        f"{one['operationId']} {told['name']}"
        for one in operations(spec)
        for told in one["parameters"]
        if "description" not in told and told["name"] not in OBVIOUS
    }

    assert silent == set()


def test_every_field_says_what_it_is(spec):
    assert {place for shape, place in silent_fields(spec)} == set()


def silent_fields(spec):
    for shape, schema in spec["components"]["schemas"].items():
        for name, told in schema.get("properties", {}).items():
            if name not in OBVIOUS and not says(told):
                yield shape, f"{shape}.{name}"


def says(told):
    parts = [told, *told.get("anyOf", ()), told.get("items", {})]
    return any(key in part for part in parts for key in ("description", "$ref"))


def test_shapes_of_one_name_differ(spec):
    names = [name.rpartition(".")[2] for name in spec["components"]["schemas"]]

    assert len(set(names)) == len(names)


def test_every_link_leads_to_an_operation_that_takes_what_is_given(spec):
    known = {one["operationId"]: {told["name"] for told in one["parameters"]} for one in operations(spec)}
    links = [link for *_, answer in answers(spec, "2") for link in answer.get("links", {}).values()]

    assert len(links) > 20
    for link in links:
        assert set(link["parameters"]) <= known[link["operationId"]]
