import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.collectors.schwab.counts import Counts
from app.collectors.schwab.fields import EQUITIES, FUTURES
from app.collectors.schwab.frames import read_frame
from app.collectors.schwab.listings import listings
from app.collectors.schwab.merging import UNNUMBERED, Merger, Stamp
from app.quotes import to_fields
from tests.hours import MARKETS, SHARED

SAMPLES = SHARED.parent / "schwab_samples"
RECEIVED = datetime(2025, 12, 7, 4, 57, 11, tzinfo=UTC)
SENT_MS = 1765083430060
QUOTED_MS, TRADED_MS = 1765083430010, 1765083429874
FULL = {"1": 6879.25, "2": 6879.5, "3": 6879.5, "4": 11, "5": 4, "8": 812345, "9": 2, "10": QUOTED_MS, "11": TRADED_MS}
needs_samples = pytest.mark.skipif(not SAMPLES.is_dir(), reason=f"the folder of sample messages {SAMPLES} is absent")


class Desk:
    """A merger, and what it counted."""

    def __init__(self, *symbols):
        self.counts, self.received = Counts(), RECEIVED
        self.listings = listings(symbols or ["ES", "SPY"], RECEIVED.date())
        self.merger = Merger(self.listings, MARKETS.named("CME_Futures"), self.counts)

    def take(self, fields, key="/ES", service=FUTURES, sent_ms=SENT_MS):
        listing = self.listings[service, key]
        return self.merger.merge(listing, {"key": key, **fields}, Stamp(sent_ms, self.received))

    def ask(self, fields, delayed=False):
        return self.merger.replace(self.listings[FUTURES, "/ES"], fields, delayed, Stamp(None, RECEIVED))


@pytest.fixture
def desk():
    return Desk()


def instant(millis):
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=millis)


def test_a_first_message_is_a_whole_quote(desk):
    quote = desk.take({"delayed": False, **FULL, "12": 6895.75, "13": 6840.0, "14": 6870.25, "18": 6868.5, "19": 9.25})

    assert (quote.symbol, quote.source, quote.seq, quote.ts_origin) == ("ES", "SCHWAB", UNNUMBERED, "exchange")
    assert (quote.last, quote.bid, quote.ask) == (Decimal("6879.50"), Decimal("6879.25"), Decimal("6879.50"))
    assert (quote.last_size, quote.bid_size, quote.ask_size, quote.volume) == (2, 11, 4, 812345)
    assert [str(price) for price in (quote.open, quote.high, quote.low, quote.close, quote.change)] == [
        *("6868.50", "6895.75", "6840.00", "6870.25", "9.25"),
    ]
    assert quote.ts == datetime(2025, 12, 7, 4, 57, 10, 10_000, tzinfo=UTC)
    assert (quote.recv_ts, quote.trade, quote.delayed) == (RECEIVED, False, False)
    assert quote.session_date == MARKETS.named("CME_Futures").session_of(quote.ts)


def test_what_a_message_does_not_say_is_as_it_was(desk):
    desk.take(FULL)

    quote = desk.take({"2": 6879.75, "5": 9, "10": QUOTED_MS + 500})

    assert (quote.bid, quote.ask, quote.bid_size, quote.ask_size) == (Decimal("6879.25"), Decimal("6879.75"), 11, 9)
    assert (quote.ts, quote.trade) == (datetime(2025, 12, 7, 4, 57, 10, 510_000, tzinfo=UTC), False)


def test_a_trade_at_the_same_price_and_size_shows_in_the_volume(desk):
    desk.take(FULL)

    quote = desk.take({"8": 812347, "11": TRADED_MS + 828})

    assert (quote.trade, quote.last, quote.last_size, quote.volume) == (True, Decimal("6879.50"), 2, 812347)


@pytest.mark.parametrize(("fields", "trade"), [({"8": 812346}, True), ({"11": TRADED_MS + 1}, True), ({"8": 0}, False)])
def test_a_trade_is_more_volume_or_a_later_time_of_trade(desk, fields, trade):
    desk.take(FULL)

    assert desk.take(fields).trade is trade


def test_the_same_number_is_another_field_for_shares(desk):
    quote = desk.take({"1": 685.1, "2": 685.12, "4": 8, "9": 100, "10": 690.25}, key="SPY", service=EQUITIES)

    assert (quote.symbol, quote.high, quote.bid_size, quote.last_size) == ("SPY", Decimal("690.2500"), 800, 100)
    assert quote.ts == datetime(2025, 12, 7, 4, 57, 10, 60_000, tzinfo=UTC)


def test_after_a_gap_nothing_of_before_is_in_a_quote(desk):
    desk.take(FULL)
    desk.merger.forget()

    quote = desk.take({"2": 6880.0, "10": QUOTED_MS + 900})

    assert (quote.ask, quote.bid, quote.last, quote.volume) == (Decimal("6880.00"), None, None, None)


def test_a_whole_message_after_a_gap_that_says_what_was_published_is_no_news(desk):
    desk.take(FULL)
    desk.merger.forget()

    assert desk.take({"delayed": False, **FULL}) is None
    assert desk.take({"1": 6879.0}).bid == Decimal("6879.00")


def test_a_whole_message_after_a_gap_that_says_more_is_news_and_tells_of_trades_in_between(desk):
    desk.take(FULL)
    desk.merger.forget()

    quote = desk.take({**FULL, "8": 812350, "11": QUOTED_MS + 60})

    assert (quote.trade, quote.volume) == (True, 812350)


def test_a_whole_message_that_is_older_than_what_was_published_is_no_news(desk):
    desk.take(FULL)
    desk.take({"1": 6879.0, "10": QUOTED_MS + 400})
    desk.merger.forget()

    assert desk.take(FULL) is None


def test_a_message_without_anything_of_a_quote_is_no_news(desk):
    desk.take(FULL)

    assert desk.take({"22": "Halted", "23": 5}) is None
    assert desk.take({"1": 6879.25}) is None


def test_without_any_price_there_is_no_quote(desk):
    assert desk.take({"8": 812345}) is None


def test_a_key_whose_data_are_delayed_says_so_in_every_quote(desk):
    assert desk.take({"delayed": True, **FULL}).delayed
    assert desk.take({"1": 6879.0}).delayed


def test_what_is_delayed_is_delayed_after_a_gap_too_until_it_is_said_not_to_be(desk):
    desk.take({"delayed": True, **FULL})
    desk.merger.forget()

    assert desk.take({"1": 6879.0, "10": QUOTED_MS + 1}).delayed
    assert not desk.take({"delayed": False}).delayed


def test_that_data_are_delayed_from_now_on_is_news_though_they_are_older_and_the_same(desk):
    desk.take({"delayed": False, **FULL})
    desk.merger.forget()

    assert desk.take({"delayed": True, **FULL, "10": QUOTED_MS - 600_000}).delayed


def test_the_active_symbol_tells_the_contract_until_another_one_is(desk):
    assert desk.take({**FULL, "34": "/ESZ25"}).contract == "ESZ25"
    assert desk.take({"1": 6879.0}).contract == "ESZ25"
    assert desk.take({"34": "/ESH26"}).contract == "ESH26"


def test_another_contract_has_more_volume_and_later_trades_without_a_trade(desk):
    desk.take({**FULL, "34": "/ESZ25"})

    rolled = desk.take({"34": "/ESH26", "3": 6932.25, "8": 900_000, "11": TRADED_MS + 5})
    traded = desk.take({"8": 900_001, "11": TRADED_MS + 9})

    assert (rolled.contract, rolled.volume, rolled.trade) == ("ESH26", 900_000, False)
    assert (traded.contract, traded.trade) == ("ESH26", True)


@pytest.mark.parametrize("active", ["/ESY25", "/ESZ255", "/ABCDEFGHIJKL", "/ES"])
def test_an_active_symbol_that_names_no_contract_leaves_it_unknown(desk, active):
    assert desk.take({**FULL, "34": active}).contract is None


def test_a_contract_that_was_asked_for_is_known_without(desk):
    assert Desk("/ESZ25").take(FULL, key="/ESZ25").contract == "ESZ25"


@pytest.mark.parametrize(
    ("fields", "millis"),
    [
        ({"1": 6879.0}, QUOTED_MS),
        ({"5": 9}, QUOTED_MS),
        ({"8": 812346}, QUOTED_MS),
        ({"5": 9, "9": 3}, QUOTED_MS),
        ({"14": 6871.0}, SENT_MS),
    ],
)
def test_a_time_that_is_not_told_has_not_changed(desk, fields, millis):
    desk.take(FULL)

    assert desk.take(fields).ts == instant(millis)


@pytest.mark.parametrize("fields", [{"3": 6880.0, "11": TRADED_MS + 1}, {"8": 812346}, {"5": 9, "11": TRADED_MS + 1}])
def test_a_trade_from_before_the_newest_quote_does_not_make_a_quote_that_is_older_than_the_one_before(desk, fields):
    before = desk.take(FULL)

    assert desk.take(fields).ts == before.ts


def test_a_volume_that_begins_anew_without_a_time_is_of_the_session_in_which_it_is_told(desk):
    opened_ms = 1765148400000  # Sunday 2025-12-07 17:00 in Chicago, when that of Monday begins.
    desk.received = instant(opened_ms + 100)
    friday = desk.take({**FULL, "10": 1764971999000, "11": 1764971998000, "12": 6895.75})

    monday = desk.take({"8": 0, "12": 0, "13": 0, "18": 0}, sent_ms=opened_ms + 50)
    traded = desk.take({"3": 6881.0, "8": 3, "9": 3, "11": opened_ms + 60}, sent_ms=opened_ms + 90)

    assert [str(quote.session_date) for quote in (friday, monday, traded)] == ["2025-12-05", "2025-12-08", "2025-12-08"]
    assert (monday.ts, monday.volume, monday.high, monday.trade) == (instant(opened_ms + 50), 0, None, False)
    assert (traded.ts, traded.volume, traded.trade) == (instant(opened_ms + 60), 3, True)


@pytest.mark.parametrize(
    ("fields", "sent_ms", "ts", "origin", "odd"),
    [
        ({"10": 5}, SENT_MS, "04:57:10.060", "exchange", 1),
        ({"10": QUOTED_MS + 10**9}, SENT_MS, "04:57:10.060", "exchange", 1),
        ({"10": 0}, SENT_MS, "04:57:10.060", "exchange", 0),
        ({}, SENT_MS + 10**9, "04:57:11.000", "local", 1),
        ({}, "soon", "04:57:11.000", "local", 1),
        ({}, None, "04:57:11.000", "local", 0),
    ],
)
def test_a_time_that_cannot_be_true_is_counted_and_the_next_best_taken(desk, fields, sent_ms, ts, origin, odd):
    quote = desk.take({"1": 6879.25, **fields}, sent_ms=sent_ms)

    assert quote.ts == datetime.fromisoformat(f"2025-12-07T{ts}+00:00")
    assert (quote.ts_origin, desk.counts.odd_times) == (origin, odd)


@pytest.mark.parametrize("spoilt", ["6880.0", None, float("nan"), float("inf"), 1e300, [6880], {"a": 1}, True])
def test_a_value_that_cannot_be_read_leaves_its_field_unknown(desk, spoilt):
    desk.take(FULL)

    quote = desk.take({"1": spoilt, "2": 6880.0})

    assert (quote.bid, quote.ask, desk.counts.malformed) == (None, Decimal("6880.00"), 1)
    assert desk.take({"1": 6879.75}).bid == Decimal("6879.75")


def test_a_quote_that_was_asked_for_is_one_more_event_and_nothing_to_merge_with(desk):
    desk.take(FULL)
    desk.merger.forget()

    quote = desk.ask({"bidPrice": 6881.0, "askPrice": 6881.25, "totalVolume": 812400, "quoteTime": QUOTED_MS + 800})
    later = desk.take({"2": 6881.5, "10": QUOTED_MS + 900})

    assert (quote.bid, quote.trade, quote.last) == (Decimal("6881.00"), True, None)
    assert (later.ask, later.bid) == (Decimal("6881.50"), None)


def test_a_quote_that_was_asked_for_and_is_known_already_or_older_is_no_news(desk):
    desk.take(FULL)

    assert desk.ask({"bidPrice": 6879.25, "askPrice": 6879.5, "quoteTime": QUOTED_MS}) is None
    assert desk.ask({"bidPrice": 6878.0, "quoteTime": QUOTED_MS - 1, "tradeTime": TRADED_MS}) is None
    assert desk.ask({"bidPrice": 6878.0, "quoteTime": QUOTED_MS + 1}, delayed=True).delayed


@needs_samples
def test_the_samples_become_the_quotes_that_they_tell():
    desk, quotes = Desk("/ESZ25", "SPY"), []
    for name in ("data_first", "data_update_ask_only", "data_update_trade_same_price", "data_equity_first"):
        for entry in read_frame((SAMPLES / f"{name}.json").read_text()).entries:
            listing = desk.listings[entry.service, entry.key]
            quotes.append(desk.merger.merge(listing, entry.fields, Stamp(entry.sent_ms, RECEIVED)))

    assert [(one.symbol, one.contract, str(one.bid), str(one.ask), one.ask_size) for one in quotes] == [
        ("ES", "ESZ25", "6879.25", "6879.50", 4),
        ("ES", "ESZ25", "6879.25", "6879.75", 9),
        ("ES", "ESZ25", "6879.25", "6879.75", 9),
        ("SPY", None, "685.1000", "685.1200", 100),
    ]
    assert [one.volume for one in quotes] == [812345, 812345, 812347, 72756709]
    assert [one.trade for one in quotes] == [False, False, True, False]
    assert quotes[2].ts == datetime(2025, 12, 7, 4, 57, 10, 702_000, tzinfo=UTC)


@needs_samples
def test_the_sample_of_an_answer_to_a_request_says_what_the_stream_says():
    told = json.loads((SAMPLES / "quotes_rest.json").read_text())["/ESZ25"]
    streamed, asked = Desk("/ESZ25"), Desk("/ESZ25")
    entry = read_frame((SAMPLES / "data_first.json").read_text()).entries[0]
    listing = streamed.listings[FUTURES, "/ESZ25"]
    stamp = Stamp(None, RECEIVED)

    of_stream = streamed.merger.merge(listing, entry.fields, stamp)
    of_request = asked.merger.replace(listing, told["quote"], False, stamp)

    assert of_stream == of_request


prices = st.integers(-400, 40_000).map(lambda ticks: ticks * 0.25)
sizes = st.integers(0, 10**6)
states = st.fixed_dictionaries(
    {"1": prices, "2": prices, "3": prices, "4": sizes, "5": sizes, "8": sizes, "9": sizes},
    optional={"12": prices, "19": prices, "34": st.sampled_from(["/ESZ25", "/ESH26"])},
)


@given(st.lists(states, min_size=1, max_size=12), st.data())
def test_deltas_tell_what_whole_states_would(whole, data):
    deltas, replayed = Desk(), []
    known: dict[str, object] = {}
    for number, state in enumerate(whole):
        now = known | state | {"10": QUOTED_MS + number}
        if number and data.draw(st.booleans(), label="gap"):
            deltas.merger.forget()
            known = {}
        said = {name: value for name, value in now.items() if known.get(name) != value}
        replayed.append((deltas.take(said), Desk().take(now)))
        known = now

    for merged, fresh in replayed:
        assert (merged and merged._replace(trade=False)) == fresh


junk = (
    st.from_regex(r"/[A-Z0-9]{1,12}", fullmatch=True)
    | st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.lists(st.integers(), max_size=2)
)
entries = st.dictionaries(
    st.sampled_from([*FULL, "12", "19", "34", "delayed", "22"]), junk | prices | sizes, max_size=6
)


@given(st.lists(entries, max_size=8), st.none() | st.integers() | st.text(max_size=3))
def test_nothing_that_an_entry_holds_is_an_error_and_every_quote_can_be_published(said, sent_ms):
    desk = Desk()

    quotes = [desk.take(entry, sent_ms=sent_ms) for entry in said]

    for quote in filter(None, quotes):
        assert to_fields(quote)
        assert quote.ts <= RECEIVED + timedelta(minutes=5)
