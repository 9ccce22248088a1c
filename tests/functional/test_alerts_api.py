import json
from datetime import timedelta

import pytest

from app.alerts.models import AlertDelivery
from app.alerts.rules import Condition
from app.alerts.store import acknowledge_alert, raise_alert, resolve_alert
from app.api import alert_events as events_module
from app.api.alert_events import AlertFeed, alert_events
from app.api.alert_shapes import AlertAnswer, AlertsAnswer, AlertWholeAnswer
from app.api.parts import ALERT_CLIENTS
from app.api.parts import EXTENSION as PARTS
from tests.factories import MOMENT
from tests.fakes import FixedClock

SECOND = timedelta(seconds=1)


@pytest.fixture
def clock():
    return FixedClock(MOMENT)


@pytest.fixture
def alert(rt):
    """Raises an alert now and returns its number."""

    def make(rule="source_silent", subject="", severity=None):
        with rt.sessions.begin() as session:
            return raise_alert(session, Condition(rule, subject, "look", severity, {"n": 1}), rt.clock.now()).id

    return make


@pytest.fixture
def change(rt):
    """Acknowledges or resolves an alert now."""

    def do(act, number, by="maria"):
        with rt.sessions.begin() as session:
            act(session, number, rt.clock.now(), by=by)

    return do


def test_the_list_has_what_is_unresolved_the_latest_first(client, alert, change):
    over, one, two = alert(subject="over"), alert(subject="A"), alert("losses")
    change(resolve_alert, over)

    listed = client.get("/api/alerts")
    AlertsAnswer.model_validate(listed.json, strict=True)

    assert ids(listed) == [two, one]
    assert ids(client.get("/api/alerts?state=all")) == [two, one, over]
    assert ids(client.get("/api/alerts?state=all&rule=source_silent")) == [one, over]
    assert ids(client.get("/api/alerts?severity=warning")) == []
    assert listed.json["alerts"][0]["title"] == "Events were lost without an explanation"


def test_the_list_comes_in_pages(client, alert):
    numbers = [alert(subject=str(place)) for place in range(5)]

    pages, cursor = [], ""
    while cursor is not None:
        page = client.get(f"/api/alerts?limit=2{f'&cursor={cursor}' if cursor else ''}")
        pages += ids(page)
        cursor = page.json["next_cursor"]

    assert pages == numbers[::-1]


@pytest.mark.parametrize("query", ["state=open", "rule=nonsense", "severity=loud", "cursor=x", "limit=0", "colour=red"])
def test_a_wrong_question_is_refused(client, query):
    assert client.get(f"/api/alerts?{query}").status_code == 400


def test_an_alert_is_shown_with_the_messages_about_it(client, alert, rt):
    number = alert()
    with rt.sessions.begin() as session:
        told = {"alert_id": number, "channel": "email", "event": "raised", "severity": "critical", "due_at": MOMENT}
        session.add(AlertDelivery(**told, error="refused", attempts=2))

    answer = client.get(f"/api/alerts/{number}")
    AlertWholeAnswer.model_validate(answer.json, strict=True)

    [message] = answer.json["deliveries"]
    assert (message["channel"], message["error"], message["attempts"], message["sent_at"]) == (
        "email",
        "refused",
        2,
        None,
    )
    assert client.get("/api/alerts/999999").status_code == 404


def test_an_alert_is_acknowledged_once_and_by_name(client, alert):
    number = alert()

    first = client.post(f"/api/alerts/{number}/acknowledge", json={"by": " maria ", "note": "on it"})
    again = client.post(f"/api/alerts/{number}/acknowledge", json={})
    AlertAnswer.model_validate(first.json, strict=True)

    assert (first.status_code, first.json["acknowledged_by"], first.json["note"]) == (200, "maria", "on it")
    assert again.json["acknowledged_by"] == "maria"


def test_an_alert_is_resolved_once(client, alert):
    number = alert()

    first = client.post(f"/api/alerts/{number}/resolve", json={})

    assert (first.status_code, first.json["resolved_by"]) == (200, "key tests")
    assert client.post(f"/api/alerts/{number}/resolve", json={}).status_code == 409
    assert client.post(f"/api/alerts/{number}/acknowledge", json={}).status_code == 409
    assert client.post("/api/alerts/999999/resolve", json={}).status_code == 404


@pytest.mark.parametrize("what", ["acknowledge", "resolve"])
def test_changes_come_as_json(client, alert, what):
    path = f"/api/alerts/{alert()}/{what}"

    assert client.post(path, data="{}").status_code == 415
    assert client.post(path, json={"by": " "}).status_code == 400
    assert client.post(path, json={"colour": "red"}).status_code == 400


def test_who_follows_alerts_gets_all_that_last_and_then_every_change(alert, change, look, clock):
    over, lasting = alert(subject="over"), alert(subject="ES", severity="warning")
    change(resolve_alert, over)
    feed = AlertFeed(None, clock.now())

    begun = look(feed)
    clock.advance(SECOND)
    quiet = look(feed)
    alert(subject="ES", severity="critical")
    worse = look(feed)
    change(acknowledge_alert, lasting)
    seen_to = look(feed)
    change(resolve_alert, lasting)
    ended = look(feed)

    assert [told[0] for told in begun] == [lasting]
    assert quiet == []
    assert [told[1]["severity"] for told in worse] == ["critical"]
    assert [told[1]["acknowledged_by"] for told in seen_to] == ["maria"]
    assert [told[1]["resolved_by"] for told in ended] == ["maria"]
    assert look(feed) == []


def test_that_an_alert_is_found_again_is_no_event(alert, look, clock):
    alert(subject="ES")
    feed = AlertFeed(None, clock.now())
    look(feed)
    clock.advance(15 * SECOND)

    alert(subject="ES")

    assert look(feed) == []


def test_who_comes_back_misses_nothing_that_happened_meanwhile(alert, change, look, clock):
    first = alert(subject="first")
    left_at = clock.now()
    clock.advance(120 * SECOND)
    change(resolve_alert, first)
    clock.advance(SECOND)
    brief = alert(subject="brief")
    change(resolve_alert, brief)
    lasting = alert(subject="lasting")
    clock.advance(120 * SECOND)

    told = look(AlertFeed(left_at, clock.now()))

    assert [number for number, _form, _id in told] == [first, brief, lasting]


def test_whoever_leaves_in_the_middle_of_what_was_missed_gets_the_rest(alert, change, look, clock):
    left_at = clock.now()
    numbers = []
    for place in range(4):
        clock.advance(120 * SECOND)
        numbers.append(alert(subject=str(place)))
        change(resolve_alert, numbers[-1])
    clock.advance(3600 * SECOND)

    for got in range(4):
        missed = look(AlertFeed(left_at, clock.now()))
        rest = look(AlertFeed(instant(missed[got][2]), clock.now()))
        assert {number for number, _form, _id in missed[: got + 1]} | {number for number, _f, _i in rest} == set(
            numbers
        )
        assert len(rest) == 4 - got


def test_a_change_that_is_committed_after_later_ones_is_told_to_those_who_come_back(alert, change, look, clock, rt):
    slow = alert(subject="slow")
    with rt.sessions() as session:
        resolve_alert(session, slow, clock.now(), by="maria")
        clock.advance(20 * SECOND)
        gone = AlertFeed(None, clock.now())
        look(gone)
        session.commit()

    assert [number for number, _form, _id in look(gone)] == [slow]
    assert [number for number, _form, _id in look(AlertFeed(gone.place, clock.now()))] == [slow]


def test_an_id_of_the_future_is_taken_for_the_present(alert, change, look, clock):
    number = alert()
    change(resolve_alert, number)

    told = look(AlertFeed(clock.now() + 3600 * SECOND, clock.now()))

    assert [one[0] for one in told] == [number]


def test_who_missed_too_much_is_told_so(alert, change, rt, clock, monkeypatch):
    monkeypatch.setattr(events_module, "MOST_MISSED", 2)
    for place in range(3):
        change(resolve_alert, alert(subject=str(place)))
    alert(subject="lasts")

    with rt.sessions() as session:
        frames = AlertFeed(clock.now(), clock.now() + SECOND).look(session, clock.now() + SECOND)

    assert [frame.split(b"event: ")[1].split(b"\n")[0] for frame in frames] == [b"reset", b"alert"]


def test_the_stream_begins_at_once_and_its_silence_is_broken_by_comments(rt, alert):
    alert(subject="ES")

    chunks = alert_events(rt.sessions, rt.clock, None, 0.01)
    got = [next(chunks) for _ in range(3)]

    assert got[0].startswith(b": connected")
    assert b"event: alert\ndata: " in got[1]
    assert got[2] == f": hb\nid: {int(MOMENT.timestamp() * 1000)}\n\n".encode()


def test_while_the_database_is_away_there_are_comments_alone_and_then_what_was_missed(rt, alert, caplog):
    class Away:
        def __init__(self):
            self.is_away = True

        def __call__(self):
            if self.is_away:
                from app.errors import Unavailable

                raise Unavailable("PostgreSQL is not running")
            return rt.sessions()

    number, sessions = alert(), Away()
    chunks = alert_events(sessions, rt.clock, None, 0.01)
    next(chunks)

    silent = [next(chunks) for _look in range(3)]
    sessions.is_away = False
    told = next(chunks)

    assert all(frame.startswith(b": hb") for frame in silent)
    assert f'"id":{number}'.encode() in told
    assert caplog.text.count("the alerts cannot be read") == 1


def test_the_stream_is_served_and_its_places_are_counted(app, client, alert):
    number = alert()
    places = app.extensions[PARTS].alert_places
    taken = [places.acquire(blocking=False) for _ in range(ALERT_CLIENTS)]

    full = client.get("/api/alerts/stream")
    places.release()
    with client.get("/api/alerts/stream", buffered=False) as stream:
        head, first = next(stream.response), next(stream.response)
        busy = client.get("/api/alerts/stream").status_code
    with client.get("/api/alerts/stream", buffered=False) as free:
        assert free.status_code == 200

    assert all(taken)
    assert (full.status_code, full.headers["Retry-After"], busy) == (429, "10", 429)
    assert stream.mimetype == "text/event-stream"
    assert head.startswith(b": connected")
    assert frame(first)[0] == number


@pytest.mark.parametrize("known", ["x", "-1", "1-2", "99999999999999"])
def test_a_malformed_id_is_refused(client, known):
    assert client.get("/api/alerts/stream", headers={"Last-Event-ID": known}).status_code == 400


def test_the_endpoints_are_documented(client):
    paths = client.get("/openapi.json").json["paths"]

    assert {"/api/alerts", "/api/alerts/stream", "/api/alerts/{alert_id}/acknowledge"} <= set(paths)


@pytest.fixture
def look(rt):
    """What a feed tells now: numbers, forms and ids of its events."""

    def see(feed):
        with rt.sessions() as session:
            return [frame(one) for one in feed.look(session, rt.clock.now())]

    return see


def frame(raw):
    lines = dict(line.split(": ", 1) for line in raw.decode().strip().split("\n"))
    form = json.loads(lines["data"])
    return form["id"], form, lines["id"]


def instant(event_id):
    return MOMENT + (int(event_id) - int(MOMENT.timestamp() * 1000)) * timedelta(milliseconds=1)


def ids(answer):
    return [one["id"] for one in answer.json["alerts"]]
