import pytest

from app.cli.stack import advice_on, urls_of
from app.local.status import ProcessStatus

SINCE = "2025-10-09T15:30:00Z"


def test_the_dashboard_is_named_first_and_is_the_web_servers_root():
    processes = [
        ProcessStatus("postgres", "running", SINCE, 1),
        ProcessStatus("web", "running", SINCE, 2, url="http://127.0.0.1:8000/"),
        ProcessStatus("flower", "running", SINCE, 3, url="http://127.0.0.1:5555/"),
    ]

    urls = urls_of(processes)

    assert next(iter(urls)) == "dashboard"
    assert urls["dashboard"] == urls["web"] == "http://127.0.0.1:8000/"
    assert urls["docs"] == "http://127.0.0.1:8000/docs"
    assert urls["flower"] == "http://127.0.0.1:5555/"


def test_without_a_web_server_there_is_no_dashboard():
    assert urls_of([ProcessStatus("postgres", "running", SINCE, 1)]) == {}


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ({"alerts": {"warning": 1, "worst": "warning: 4 % is free"}}, "The worst alert is warning: 4 % is free. "),
        ({"alerts": {"error": "it is away"}, "lake": {}}, "Not to be read: alerts. "),
    ],
)
def test_something_wrong_is_named_with_the_way_to_the_doctor(state, said):
    advice = advice_on(state)

    assert advice.startswith(said)
    assert "`flask doctor`" in advice


def test_where_nothing_is_wrong_there_is_no_advice():
    assert advice_on({"alerts": {"warning": 0, "latest": []}, "at": "now"}) is None
