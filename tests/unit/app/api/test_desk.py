import json

import pytest

from app import VERSION
from app.admin.mount import PREFIX
from app.api.desk import flower_url
from app.api.desk_shapes import DESK_EXAMPLE, DeskAnswer
from app.factory import create_app
from app.local.lock import hold_lock
from app.local.state import PROCESSES, StateDirectory
from app.local.status import ProcessStatus, write_processes
from app.market.markets import PROFILES
from app.settings import load_settings
from tests.fakes import RecordingDispatch

FLOWER = ProcessStatus("flower", "running", "2025-10-09T15:30:00Z", 7, url="http://127.0.0.1:5601/")


def test_what_a_front_end_must_know_is_told_and_the_example_is_true(tmp_path):
    told = desk(tmp_path)

    DeskAnswer.model_validate(told, strict=True)
    assert told.keys() == DESK_EXAMPLE.keys()
    assert [one["name"] for one in told["markets"]] == list(PROFILES)
    assert {name for name in told if told[name] != DESK_EXAMPLE[name]} == {"markets", "flower_url"}
    assert all(one in told["markets"] for one in DESK_EXAMPLE["markets"])
    assert told["version"] == VERSION


def test_it_follows_the_settings(tmp_path):
    told = desk(
        tmp_path,
        market="US_Equity",
        quote_stale_s=2.5,
        sse_heartbeat_s=0.25,
        sse_max_clients=12,
        source_preference="EXCEL",
        divergence_ticks=1.5,
    )

    assert (told["market"], told["timezone"]) == ("US_Equity", "America/New_York")
    assert (told["stale_after_ms"], told["sse_heartbeat_ms"], told["sse_max_clients"]) == (2500, 250, 12)
    assert (told["source_preference"], told["divergence_ticks"]) == (["EXCEL"], 1.5)


def test_the_other_pages_are_where_it_says(tmp_path):
    client = create_app(load_settings(_env_file=None, state_dir=tmp_path), RecordingDispatch()).test_client()
    told = client.get("/api/desk").json

    assert told["admin_path"] == f"{PREFIX}/"
    assert client.get(told["docs_path"]).status_code == 200


def test_flower_is_where_it_runs_whatever_the_setting(tmp_path):
    settings = load_settings(_env_file=None, state_dir=tmp_path, flower_port=5602)
    with hold_lock(tmp_path):
        write_processes(StateDirectory(tmp_path), [FLOWER])

        assert flower_url(settings) == "http://127.0.0.1:5601/"


@pytest.mark.parametrize(("port", "url"), [(None, None), (5602, "http://127.0.0.1:5602/")])
def test_flower_that_nobody_runs_here_is_where_the_setting_has_it(tmp_path, port, url):
    StateDirectory(tmp_path).write(PROCESSES, [vars(FLOWER)])

    assert flower_url(load_settings(_env_file=None, state_dir=tmp_path, flower_port=port)) == url


def test_a_state_that_cannot_be_read_leaves_flower_unknown(tmp_path):
    with hold_lock(tmp_path):
        (tmp_path / PROCESSES).write_text(json.dumps([])[:1])

        assert flower_url(load_settings(_env_file=None, state_dir=tmp_path)) is None


@pytest.mark.parametrize(
    ("options", "url"),
    [
        ({"environ_base": {"REMOTE_ADDR": "127.0.0.1"}}, "http://127.0.0.1:5602/"),
        ({"environ_base": {"REMOTE_ADDR": "::1"}}, "http://127.0.0.1:5602/"),
        ({"environ_base": {"REMOTE_ADDR": "10.0.0.9"}}, None),
        ({"headers": {"X-Forwarded-For": "10.0.0.9"}}, None),
    ],
)
def test_flower_is_told_to_a_browser_that_reaches_it_only(tmp_path, options, url):
    settings = load_settings(_env_file=None, state_dir=tmp_path, flower_port=5602)

    app = create_app(settings, RecordingDispatch())
    with app.test_request_context("/api/desk", **options):
        answer = app.make_response(app.view_functions["desk.show_desk"]())

    assert answer.json["flower_url"] == url


def desk(folder, **settings):
    """The answer of an installation with these settings."""
    told = load_settings(_env_file=None, state_dir=folder, **settings)
    answer = create_app(told, RecordingDispatch()).test_client().get("/api/desk")
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
    return answer.json
