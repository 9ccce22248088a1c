import pytest

from app.factory import create_app
from app.settings import load_settings
from tests.fakes import RecordingDispatch

READS = "/api/jobs"


def security(tmp_path, reads):
    made = create_app(load_settings(_env_file=None, state_dir=tmp_path, anonymous_reads=reads), RecordingDispatch())
    with made.test_request_context():
        return {
            (path, method): told["security"]
            for path, ways in made.spec["paths"].items()
            for method, told in ways.items()
        }


@pytest.mark.parametrize(("reads", "may"), [(True, True), (False, False)])
def test_reading_unknown_is_told_of_where_the_settings_allow_it(tmp_path, reads, may):
    told = security(tmp_path, reads)

    assert ({} in told[READS, "get"]) is may
    assert {} not in told[READS, "post"]
    assert told["/api/health/live", "get"] == []


def test_what_an_address_cannot_hold_is_no_value_of_a_parameter(tmp_path):
    made = create_app(load_settings(_env_file=None, state_dir=tmp_path), RecordingDispatch())
    with made.test_request_context():
        parameters = [
            parameter
            for ways in made.spec["paths"].values()
            for one in ways.values()
            for parameter in one["parameters"]
        ]

    assert len(parameters) > 80
    assert [one["name"] for one in parameters if "null" in str(one["schema"].get("anyOf", ""))] == []
    assert {one["name"] for one in parameters if one["in"] == "header"} == {"Idempotency-Key", "Last-Event-ID"}
