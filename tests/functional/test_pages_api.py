"""Pages of every list, while rows are added to it, and what a wrong question is answered."""

from collections.abc import Callable
from itertools import count
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.access.roles import Role
from app.runtime import Runtime
from tests.fakes import FixedClock
from tests.keyed_client import bearing, make_key
from tests.listed_rows import (
    NOON,
    add_alert,
    add_audit,
    add_gap,
    add_job,
    add_ladder,
    add_letter,
    add_loss,
    add_partition,
    add_prediction,
    add_roll,
)

PROBLEM = "application/problem+json"


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOON)


LISTS: dict[str, tuple[str, Callable[[Runtime, int], None]]] = {
    "/api/audit?actor=user anna": ("entries", add_audit),
    "/api/alerts": ("alerts", add_alert),
    "/api/losses": ("losses", add_loss),
    "/api/gaps": ("gaps", add_gap),
    "/api/dead-letters": ("dead_letters", add_letter),
    "/api/jobs": ("jobs", add_job),
    "/api/predictions": ("predictions", add_prediction),
    "/api/premarket": ("ladders", add_ladder),
    "/api/lake": ("partitions", add_partition),
    "/api/instruments/ES/rolls": ("rolls", add_roll),
}


@pytest.mark.parametrize("path", LISTS)
def test_pages_hold_every_row_once_and_in_order_while_rows_are_added(
    client: FlaskClient, rt: Runtime, path: str
) -> None:
    (name, add), numbers = LISTS[path], count(1)
    admin = bearing(make_key(rt, Role.ADMIN))
    for _row in range(5):
        add(rt, next(numbers))
    whole = client.get(path, headers=admin).json[name]

    joined = "&" if "?" in path else "?"
    page = client.get(f"{path}{joined}limit=2", headers=admin)
    shown = page.json[name]
    while page.json["next_cursor"] is not None:
        add(rt, next(numbers))
        page = client.get(next_address(page), headers=admin)
        assert len(page.json[name]) <= 2
        shown = shown + page.json[name]

    assert len(whole) == 5
    assert shown == whole
    assert "Link" not in page.headers


def next_address(page: Any) -> str:
    """Where `Link` leads to; it says the same as the cursor of the body."""
    address, _, relation = page.headers["Link"].partition("; ")
    assert relation == 'rel="next"'
    assert f"cursor={page.json['next_cursor']}" in address
    return str(address.strip("<>"))


@pytest.mark.parametrize("path", [path.partition("?")[0] for path in LISTS])
@pytest.mark.parametrize("wrong", ["limit=0", "limit=1001", "limit=1e2", "cursor=%7C", "cursor=", "page=2"])
def test_a_wrong_question_is_answered_alike_by_every_list(
    client: FlaskClient, rt: Runtime, path: str, wrong: str
) -> None:
    answer = client.get(f"{path}?{wrong}", headers=bearing(make_key(rt, Role.ADMIN)))

    assert (answer.status_code, answer.content_type) == (400, PROBLEM)
    assert [(one["in"], one["field"]) for one in answer.json["errors"]] == [("query", wrong.partition("=")[0])]


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/api/lake?start=2025-10-10&end=2025-10-09", "end"),
        ("/api/certificates?start=2025-10-10&end=2025-10-09", "end"),
        ("/api/certificates?end=1850-01-01", "end"),
        ("/api/certificates?start=2020-01-01&end=2025-10-09", "end"),
        ("/api/sessions?start=2025-10-10&end=2025-10-09", "end"),
        ("/api/sessions?start=1850-01-01", "start"),
        ("/api/sessions?market=Moon", "market"),
        ("/api/certificates?market=Moon", "market"),
        ("/api/premarket?market=Moon", "market"),
        ("/api/premarket/latest?market=Moon", "market"),
        ("/api/sessions/2025-10-09?market=Moon", "market"),
        ("/api/sessions/now", "day"),
        ("/api/premarket/now", "day"),
        ("/api/instruments/E S/rolls", "symbol"),
        ("/api/losses?day=now", "day"),
        ("/api/jobs?symbol=E S", "symbol"),
        ("/api/gaps?source=MOON", "source"),
        ("/api/ticks?symbol=ES", "start"),
        ("/api/ticks?symbol=ES&start=2025-10-09T15:00:00Z&end=2025-10-09T14:00:00Z", "end"),
        ("/api/ticks?symbol=ES&start=2025-10-09T15:00:00Z&limit=10001", "limit"),
        ("/api/ticks?symbol=ES&cursor=abc", "cursor"),
        ("/api/bars?symbol=ES&cursor=abc", "cursor"),
        ("/api/bars?symbol=ES&limit=10001", "limit"),
        ("/api/bars?symbol=ES&last=5&limit=5", "last"),
    ],
)
def test_a_problem_names_the_field_at_fault(client: FlaskClient, path: str, field: str) -> None:
    answer = client.get(path)

    assert (answer.status_code, answer.content_type) == (400, PROBLEM)
    assert [one["field"] for one in answer.json["errors"]] == [field]
    assert answer.json["detail"].startswith(f"{field}: ")
