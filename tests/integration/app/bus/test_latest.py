from datetime import UTC, date, datetime, time, timedelta
from itertools import count
from random import Random

import pytest

from app.bus import keys
from app.bus.latest import LIVE, read_latest, read_newest
from app.bus.leases import acquire
from app.bus.stream import QuotePublisher
from app.errors import Conflict
from tests.factories import MOMENT, quote, quotes

SECOND = timedelta(seconds=1)
LONG_AGO = "1000000000000-0"  # A stream id of the year 2001.


NUMBERS = count(1)


def seqs(client, symbol="ES"):
    return {source: client.hget(keys.by_source(source, symbol), "seq") for source in LIVE}


def behind(client, source, symbol="ES"):
    return client.hget(keys.by_source(source, symbol), "behind")


def test_each_live_source_keeps_its_own_newest_quote_and_the_latest_is_the_newest_of_all(bus, excel, schwab):
    excel.publish([quote(source="EXCEL", seq=1, ts=MOMENT), quote(source="EXCEL", seq=2, ts=MOMENT, symbol="NQ")])
    schwab.publish([quote(source="SCHWAB", seq=7, ts=MOMENT + SECOND)])

    assert seqs(bus) == {"EXCEL": "1", "SCHWAB": "7"}
    assert seqs(bus, "NQ") == {"EXCEL": "2", "SCHWAB": None}
    latest = read_latest(bus, ["ES", "NQ"])
    assert {symbol: fields["source"] for symbol, fields in latest.items()} == {"ES": "SCHWAB", "NQ": "EXCEL"}
    assert bus.hgetall(keys.by_source("SCHWAB", "ES")) == latest["ES"]
    assert read_newest(bus, ["ES", "NQ", "GC"]) == {
        "ES": [bus.hgetall(keys.by_source(source, "ES")) for source in LIVE],
        "NQ": [latest["NQ"]],
        "GC": [],
    }


def test_two_sources_interleaved_at_random_keep_what_is_newest_of_each(bus, excel, schwab):
    random = Random(5)
    sent = {"EXCEL": [], "SCHWAB": []}
    for seq in range(1, 200):
        source = random.choice(LIVE)
        ts = MOMENT + random.randrange(50) * SECOND
        sent[source].append((ts, seq))
        {"EXCEL": excel, "SCHWAB": schwab}[source].publish([quote(source=source, seq=seq, ts=ts)])

    assert seqs(bus) == {source: str(max(events)[1]) for source, events in sent.items()}
    newest = max((*max(events), source) for source, events in sent.items())
    assert bus.hget(keys.latest("ES"), "seq") == str(newest[1])


def test_an_older_event_of_a_source_changes_neither_its_newest_quote_nor_the_others(bus, excel, schwab):
    excel.publish([quote(source="EXCEL", seq=5, ts=MOMENT)])
    schwab.publish([quote(source="SCHWAB", seq=5, ts=MOMENT - 2 * SECOND)])
    before = bus.hgetall(keys.by_source("EXCEL", "ES"))

    excel.publish([quote(source="EXCEL", seq=9, ts=MOMENT - SECOND)])

    assert (seqs(bus), bus.hgetall(keys.by_source("EXCEL", "ES"))) == ({"EXCEL": "5", "SCHWAB": "5"}, before)


def test_a_quote_that_is_news_of_its_source_alone_does_not_take_the_place_of_the_latest(bus, excel, schwab):
    excel.publish([quote(source="EXCEL", seq=5, ts=MOMENT + SECOND)])

    schwab.publish([quote(source="SCHWAB", seq=9, ts=MOMENT)])

    assert (bus.hget(keys.latest("ES"), "source"), seqs(bus)["SCHWAB"]) == ("EXCEL", "9")


def test_a_fenced_publisher_changes_no_source(bus, excel, schwab):
    excel.publish(quotes(1, source="EXCEL"))
    schwab.publish([quote(source="SCHWAB", ts=MOMENT - SECOND)])
    bus.hset(keys.by_source("SCHWAB", "ES"), "stream_id", LONG_AGO)
    bus.delete(keys.lease("EXCEL"))
    acquire(bus, keys.lease("EXCEL"), keys.epoch("EXCEL"))
    before = {key: bus.dump(key) for key in bus.keys("quotes:*")}

    with pytest.raises(Conflict):
        excel.publish([quote(source="EXCEL", seq=2, ts=MOMENT + SECOND)])

    assert {key: bus.dump(key) for key in bus.keys("quotes:*")} == before


def test_quotes_of_a_replay_are_kept_as_the_latest_only(bus, publisher):
    publisher.publish(quotes(1))

    assert bus.keys("quotes:by_source:*") == []
    assert [fields["source"] for fields in read_newest(bus, ["ES"])["ES"]] == ["REPLAY"]


def test_a_replayed_latest_quote_is_read_beside_those_of_live_sources(bus, excel, publisher):
    excel.publish([quote(source="EXCEL")])
    publisher.publish([quote(ts=MOMENT + SECOND)])

    assert [fields["source"] for fields in read_newest(bus, ["ES"])["ES"]] == ["REPLAY", "EXCEL"]


def test_a_source_is_behind_from_the_first_event_that_it_has_not_followed_for_a_while(bus, excel, schwab):
    schwab.publish([quote(source="SCHWAB", ts=MOMENT)])
    excel.publish([quote(source="EXCEL", seq=1, ts=MOMENT + SECOND)])
    at_once = behind(bus, "SCHWAB")
    bus.hset(keys.by_source("SCHWAB", "ES"), "stream_id", LONG_AGO)

    excel.publish([quote(source="EXCEL", seq=2, ts=MOMENT + 2 * SECOND)])
    first = bus.xrevrange(keys.STREAM, count=1)[0][0]
    excel.publish([quote(source="EXCEL", seq=3, ts=MOMENT + 3 * SECOND)])

    assert (at_once, behind(bus, "SCHWAB"), behind(bus, "EXCEL")) == (None, first, None)


def test_a_source_that_says_something_is_behind_no_more(bus, excel, schwab):
    schwab.publish([quote(source="SCHWAB", seq=1, ts=MOMENT)])
    bus.hset(keys.by_source("SCHWAB", "ES"), "stream_id", LONG_AGO)
    excel.publish([quote(source="EXCEL", seq=1, ts=MOMENT + SECOND)])
    was = behind(bus, "SCHWAB")

    schwab.publish([quote(source="SCHWAB", seq=2, ts=MOMENT + SECOND)])

    assert (was is not None, behind(bus, "SCHWAB")) == (True, None)


def test_a_source_whose_clock_is_ahead_is_behind_what_happened_after_its_quote_came(bus, excel, schwab):
    for day in (date(2000, 2, 29), date(2025, 1, 1), date(2025, 10, 9), date(2024, 3, 1)):
        came = datetime.combine(day, time(15, 30, 0, 250_000), UTC)
        marks = []
        for after_ms in (0, 1):
            bus.delete(keys.by_source("EXCEL", "ES"), keys.by_source("SCHWAB", "ES"))
            excel.publish([quote(source="EXCEL", seq=next(NUMBERS), ts=came + 120 * SECOND)])
            bus.hset(keys.by_source("EXCEL", "ES"), "stream_id", f"{int(came.timestamp() * 1000)}-0")
            ts = came + timedelta(milliseconds=after_ms)
            schwab.publish([quote(source="SCHWAB", seq=next(NUMBERS), ts=ts)])
            marks.append(behind(bus, "EXCEL") is not None)
        assert marks == [False, True]


def test_how_long_a_source_was_behind_is_kept_until_it_has_followed_for_ten_seconds(bus, excel, schwab):
    def now_ms():
        return int(bus.xrevrange(keys.STREAM, count=1)[0][0].partition("-")[0])

    def follow(**fields):
        key, seq = keys.by_source("SCHWAB", "ES"), next(NUMBERS)
        bus.hdel(key, "behind", "back", "away")
        bus.hset(key, mapping={"seq": 0, **fields})
        schwab.publish([quote(source="SCHWAB", seq=seq)])
        told = bus.hgetall(key)
        return None if "back" not in told else (now_ms() - int(told["back"]), round(int(told["away"]) / 1000))

    schwab.publish([quote(source="SCHWAB", seq=next(NUMBERS))])
    now = now_ms()

    assert follow() is None
    assert follow(behind=f"{now - 20_000}-0") == (0, 20)
    assert follow(back=now - 9_000, away=20_000)[1] == 20
    assert follow(back=now - 11_000, away=20_000) is None
    assert follow(behind=f"{now - 6_000}-0", back=now - 9_000, away=20_000) == (0, 20)
    assert follow(behind=f"{now - 30_000}-0", back=now - 39_000, away=20_000) == (0, 30)
    assert follow(behind=f"{now - 6_000}-0", back=now - 17_000, away=20_000) == (0, 6)


def test_nobody_is_behind_what_is_older_than_its_own_quote(bus, excel, schwab):
    schwab.publish([quote(source="SCHWAB", ts=MOMENT)])
    bus.hset(keys.by_source("SCHWAB", "ES"), "stream_id", f"{int(MOMENT.timestamp() * 1000)}-0")

    excel.publish([quote(source="EXCEL", ts=MOMENT - 900 * SECOND)])

    assert behind(bus, "SCHWAB") is None


@pytest.fixture
def excel(bus):
    return QuotePublisher(bus, acquire(bus, keys.lease("EXCEL"), keys.epoch("EXCEL")))


@pytest.fixture
def schwab(bus):
    return QuotePublisher(bus, acquire(bus, keys.lease("SCHWAB"), keys.epoch("SCHWAB")))
