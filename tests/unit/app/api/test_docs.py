import re

import pytest

from app.api.docs import ASSETS
from app.factory import create_app
from app.market.markets import PROFILES
from app.settings import load_settings
from tests.fakes import RecordingDispatch

PATHS = ("/api/quotes", "/api/quotes/stream", "/api/bars", "/api/ticks", "/api/health/live", "/api/health/ready")
PATHS += ("/api/session", "/api/sessions", "/api/certificates", "/api/watchlist", "/api/desk", "/metrics")


def test_the_specification_is_openapi_3_1_and_names_every_endpoint(spec):
    assert spec["openapi"].startswith("3.1.")
    assert set(PATHS) <= set(spec["paths"])
    assert "servers" not in spec


def test_every_operation_has_a_name_and_a_summary(spec):
    for operation in operations(spec):
        assert operation["operationId"]
        assert operation["summary"]


def test_operation_names_differ(spec):
    names = [operation["operationId"] for operation in operations(spec)]

    assert len(set(names)) == len(names)


def test_every_reference_leads_somewhere(spec):
    for reference in re.findall(r"'\$ref': '#/([^']+)'", str(spec)):
        part = spec
        for name in reference.split("/"):
            part = part[name]
        assert part


def test_the_quotes_answer_the_stream_and_the_metrics_are_shown_by_example(spec):
    metrics = spec["paths"]["/metrics"]["get"]["responses"]["200"]["content"]["text/plain"]
    quotes = spec["paths"]["/api/quotes"]["get"]["responses"]["200"]["content"]["application/json"]
    stream = spec["paths"]["/api/quotes/stream"]["get"]["responses"]["200"]["content"]

    assert quotes["example"]["quotes"][0]["symbol"] == "ES"
    assert "event: quote" in stream["text/event-stream"]["example"]
    assert "# TYPE thor_stream_entries gauge" in metrics["example"]


@pytest.mark.parametrize(
    ("path", "schema", "headers"),
    [("/api/ticks", "TicksAnswer", set()), ("/api/bars", "BarsAnswer", {"X-Previous-End"})],
)
def test_history_is_described_in_all_its_forms(spec, path, schema, headers):
    answer = spec["paths"][path]["get"]["responses"]["200"]

    assert answer["content"]["application/json"]["schema"] == {"$ref": f"#/components/schemas/{schema}"}
    assert answer["content"]["application/json"]["example"]["symbol"] == "ES"
    assert {"text/csv", "application/vnd.apache.arrow.stream"} < set(answer["content"])
    assert set(answer["headers"]) == {"X-Next-Cursor", "Link", *headers}
    assert {"from", "to", "label"} == set(spec["components"]["schemas"]["BarsAnswer.HoleAnswer"]["properties"])


def test_the_ways_to_ask_for_bars_are_described(spec):
    parameters = {found["name"]: found for found in spec["paths"]["/api/bars"]["get"]["parameters"]}

    assert parameters["timeframe"]["schema"]["enum"] == ["1m", "5m", "15m", "30m", "1h", "4h", "1d"]
    last = parameters["last"]["schema"]
    assert (last["type"], last["minimum"], last["maximum"]) == ("integer", 1, 10_000)
    assert (parameters["forming"]["schema"]["type"], parameters["forming"]["schema"]["default"]) == ("boolean", False)
    assert {"through", "through_seq"} < set(spec["components"]["schemas"]["BarsAnswer.FormingAnswer"]["properties"])


def test_the_parameters_are_described(spec):
    parameters = {found["name"]: found for found in spec["paths"]["/api/quotes"]["get"]["parameters"]}

    assert set(parameters) == {"symbols", "at"}
    assert "500" in str(parameters["symbols"])


def test_market_hours_are_shown_by_example_and_name_the_markets(spec):
    for path, schema in (("/api/session", "SessionAnswer"), ("/api/sessions", "SessionsAnswer")):
        operation = spec["paths"][path]["get"]
        content = operation["responses"]["200"]["content"]["application/json"]
        market = next(found for found in operation["parameters"] if found["name"] == "market")

        assert content["schema"] == {"$ref": f"#/components/schemas/{schema}"}
        assert content["example"]["market"] == "CME_Futures"
        assert all(name in str(market["schema"]) for name in PROFILES)
        assert "400" in operation["responses"]


def test_the_page_takes_everything_from_this_machine(client):
    answer = client.get("/docs")
    page = answer.text
    loaded = re.findall(r'(?:src|href)="([^"]+)"', page)

    assert answer.status_code == 200
    assert len(loaded) == 4
    assert all(address.startswith("/docs/") for address in loaded)
    for address in loaded:
        with client.get(address) as answer:
            assert answer.status_code == 200


def test_the_page_runs_and_styles_nothing_but_what_it_loads(client):
    answer = client.get("/docs")

    assert re.findall(r"<script(?![^>]*src=)|<style|\son\w+=|style=", answer.text) == []
    policy = answer.headers["Content-Security-Policy"]
    assert "script-src 'self'; style-src 'self';" in policy
    assert "unsafe" not in policy


def test_styles_and_scripts_name_no_address_outside_that_a_browser_would_load():
    styles = (ASSETS / "swagger-ui.css").read_text()

    assert not re.search(r"(?:url\(|@import)\s*[\"']?https?:", styles)


def test_the_pages_of_the_dashboard_are_no_part_of_the_specification(spec):
    assert [path for path in spec["paths"] if not path.startswith(("/api/", "/metrics"))] == []


def operations(spec):
    return [operation for path in spec["paths"].values() for operation in path.values()]


@pytest.fixture
def spec(client):
    return client.get("/openapi.json").json


@pytest.fixture
def client(tmp_path):
    return create_app(load_settings(_env_file=None, state_dir=tmp_path), RecordingDispatch()).test_client()
