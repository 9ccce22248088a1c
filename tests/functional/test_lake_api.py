from datetime import timedelta

import pytest
from sqlalchemy import update

from app.errors import Unavailable
from app.export.purging import purge_day
from app.export.ticks import export_day
from app.lake.models import LakeFile
from app.operations.exporting import export_session
from tests.factories import DAY, quote, quotes
from tests.fakes import FixedClock
from tests.ticks import LATER, store_quotes, trade

NEXT = DAY + timedelta(days=1)
BEFORE = DAY - timedelta(days=1)
RANGE = {"start": "2025-10-03", "end": "2025-10-09"}
ONE_DAY = {"start": "2025-10-09", "end": "2025-10-09"}


def test_partitions_are_listed_newest_day_first(client, exported):
    answer = client.get("/api/lake")

    listed = [(one["date"], one["symbol"], one["state"], one["rows"]) for one in answer.json["partitions"]]
    assert listed == [
        ("2025-10-09", "ES", "exported", 3),
        ("2025-10-09", "NQ", "exported", 2),
        ("2025-10-08", "ES", "missing", 1),
    ]
    totals = answer.json["totals"]
    assert (totals["files"], totals["days"], totals["rows"], totals["missing"]) == (2, 1, 5, 1)
    assert answer.json["next_cursor"] is None


def test_a_partition_is_told_with_all_that_is_known_of_it(client, rt, exported):
    (found,) = client.get("/api/lake?symbol=es&start=2025-10-09").json["partitions"]

    path = rt.lake.ticks_file(DAY, "ES")
    assert found["bytes"] == path.stat().st_size
    assert (found["kind"], found["timeframe"], found["detail"]) == ("ticks", None, None)
    assert (found["first_ts"], found["last_ts"]) == ("2025-10-09T15:30:00.000000Z",) * 2
    assert (found["path"], len(found["sha256"])) == (rt.lake.relative(path), 64)
    assert (found["written_at"], found["verified_at"]) == ("2025-10-10T12:00:00.000000Z", None)


def test_pages_follow_each_other_without_gap_or_repetition(client, rt, exported):
    seen, cursor = [], None
    for _page in range(10):
        answer = client.get("/api/lake", query_string={"limit": 1, **({"cursor": cursor} if cursor else {})}).json
        seen += [(one["date"], one["symbol"]) for one in answer["partitions"]]
        cursor = answer["next_cursor"]
        if cursor is None:
            break

    assert seen == [("2025-10-09", "ES"), ("2025-10-09", "NQ"), ("2025-10-08", "ES")]


@pytest.mark.parametrize(
    ("query", "days"),
    [
        ("start=2025-10-09", ["2025-10-09", "2025-10-09"]),
        ("end=2025-10-08", ["2025-10-08"]),
        ("symbol=NQ", ["2025-10-09"]),
        ("kind=bars", []),
        ("start=2025-10-08&end=2025-10-08&kind=ticks", ["2025-10-08"]),
    ],
)
def test_a_query_narrows_the_catalog(client, exported, query, days):
    assert [one["date"] for one in client.get(f"/api/lake?{query}").json["partitions"]] == days


def test_every_state_is_told(client, rt, exported):
    export_day(rt.sessions, rt.lake, BEFORE, LATER)
    purge_day(rt.sessions, rt.lake, BEFORE, LATER)
    store_quotes(rt.sessions, [*quotes(2, symbol="YM"), *quotes(2, symbol="GC"), *quotes(2, symbol="SI")])
    export_day(rt.sessions, rt.lake, DAY, LATER)
    store_quotes(rt.sessions, [quote(symbol="NQ", seq=9)])
    rt.lake.ticks_file(DAY, "YM").unlink()
    rt.lake.ticks_file(DAY, "GC").write_bytes(b"cut")
    with rt.sessions.begin() as session:
        session.execute(update(LakeFile).where(LakeFile.symbol == "SI").values(verified_at=LATER))

    states = {(one["date"], one["symbol"]): one["state"] for one in client.get("/api/lake").json["partitions"]}

    assert states == {
        ("2025-10-09", "ES"): "exported",
        ("2025-10-09", "GC"): "damaged",
        ("2025-10-09", "NQ"): "stale",
        ("2025-10-09", "SI"): "verified",
        ("2025-10-09", "YM"): "missing",
        ("2025-10-08", "ES"): "purged",
    }


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("start=2025-02-30", "start"),
        ("end=20251009", "end"),
        ("start=2025-10-09&end=2025-10-01", "start"),
        ("symbol=../x", "symbol"),
        ("kind=quotes", "kind"),
        ("limit=0", "limit"),
        ("limit=2001", "limit"),
        ("cursor=abc", "cursor"),
        ("cursor=MjAyNS0xMC0wOXxFU3xxdW90ZXN8", "cursor"),
        ("days=3", "days"),
    ],
)
def test_a_wrong_parameter_is_named(client, exported, query, field):
    answer = client.get(f"/api/lake?{query}")

    assert (answer.status_code, answer.mimetype) == (400, "application/problem+json")
    assert field in answer.json["detail"]


def test_a_backfill_asks_for_the_days_that_lack_something(client, dispatch, rt, exported):
    store_quotes(rt.sessions, [trade(0, 1, 1, session_date=DAY - timedelta(days=2))])
    export_day(rt.sessions, rt.lake, DAY - timedelta(days=2), LATER)
    purge_day(rt.sessions, rt.lake, DAY - timedelta(days=2), LATER)

    answer = client.post("/api/lake/backfill", json=RANGE)

    assert answer.status_code == 202
    assert {day["date"][-2:]: day["state"] for day in answer.json["days"]} == {
        "03": "no_ticks",
        "04": "no_session",
        "05": "no_session",
        "06": "no_ticks",
        "07": "purged",
        "08": "missing",
        "09": "exported",
    }
    assert (answer.json["queued"], dispatch.sent) == (1, [("export_session", "CME_Futures", BEFORE)])


def test_a_stale_day_is_asked_for_again(client, dispatch, rt, exported):
    store_quotes(rt.sessions, [quote(seq=9)])

    answer = client.post("/api/lake/backfill", json={"start": "2025-10-09", "end": "2025-10-09"})

    assert answer.json["days"] == [{"date": "2025-10-09", "state": "stale", "queued": True}]
    assert dispatch.sent == [("export_session", "CME_Futures", DAY)]


def test_what_only_a_backup_can_bring_back_is_told_and_not_asked_for(client, dispatch, rt, exported):
    purge_day(rt.sessions, rt.lake, DAY, LATER)
    rt.lake.ticks_file(DAY, "NQ").unlink()

    answer = client.post("/api/lake/backfill", json=ONE_DAY)

    assert answer.json["days"] == [{"date": "2025-10-09", "state": "missing", "queued": False}]
    assert dispatch.sent == []
    (found,) = client.get("/api/lake?symbol=NQ").json["partitions"]
    assert found["detail"].endswith("restore it from a backup")


@pytest.mark.parametrize("purged", [False, True])
def test_missing_bars_are_asked_for(client, dispatch, rt, purged):
    store_quotes(rt.sessions, [trade(i, 100, i) for i in range(90)])
    export_session(rt, "CME_Futures", DAY)
    if purged:
        purge_day(rt.sessions, rt.lake, DAY, LATER)
    rt.lake.bars_file(DAY, "ES", "5m").unlink()

    answer = client.post("/api/lake/backfill", json=ONE_DAY)

    assert answer.json["days"] == [{"date": "2025-10-09", "state": "missing", "queued": True}]
    assert dispatch.sent == [("export_session", "CME_Futures", DAY)]
    export_session(rt, "CME_Futures", DAY)
    assert client.post("/api/lake/backfill", json=ONE_DAY).json["queued"] == 0


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({}, "start"),
        ({"start": "2025-10-09"}, "end"),
        ({"start": "2025-10-09", "end": "2025-10-01"}, "is after"),
        ({"start": "2020-10-09", "end": "2025-10-01"}, "at most 366"),
        ({"start": "2025-10-09", "end": "2025-10-14"}, "lies in the future"),
        ({"start": 1, "end": "2025-10-14"}, "start"),
        ({**RANGE, "symbols": "ES"}, "symbols"),
    ],
)
def test_a_wrong_body_asks_for_nothing(client, dispatch, exported, body, reason):
    answer = client.post("/api/lake/backfill", json=body)

    assert answer.status_code == 400
    assert reason in answer.json["detail"]
    assert dispatch.sent == []


def test_a_backfill_is_asked_for_by_json_alone(client, dispatch, exported):
    form = client.post("/api/lake/backfill", data=RANGE)

    assert form.status_code == 415
    assert dispatch.sent == []


def test_a_queue_that_is_away_is_told(client, dispatch, exported, monkeypatch):
    def away(_market, _day):
        raise Unavailable("the task queue is away")

    monkeypatch.setattr(dispatch, "export_session", away)

    assert client.post("/api/lake/backfill", json=RANGE).status_code == 503


@pytest.fixture
def exported(rt):
    store_quotes(rt.sessions, [*quotes(3), *quotes(2, symbol="NQ"), quote(session_date=BEFORE)])
    export_day(rt.sessions, rt.lake, DAY, LATER)


@pytest.fixture
def clock():
    return FixedClock(LATER)
