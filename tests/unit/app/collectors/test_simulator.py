"""The source SIMULATED: past sessions and the live feed."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count, pairwise

import pytest

from app.collectors.simulator import LiveSimulation, session_quotes
from app.errors import Rejected
from app.instruments.catalogue import CATALOGUE, DEFAULT_WATCHLIST
from app.market.markets import market
from app.market.sessions import Session
from app.quotes import Quote, to_fields

EVERY = tuple(CATALOGUE)
MIDDAY = datetime(2025, 11, 19, 18, 0, tzinfo=UTC)
MIDNIGHT = datetime(2025, 11, 19, 5, 0, tzinfo=UTC)


def session(day: str) -> Session:
    found = market().session(date.fromisoformat(day))
    assert found is not None
    return found


def by_symbol(quotes: Iterable[Quote]) -> dict[str, list[Quote]]:
    groups: dict[str, list[Quote]] = defaultdict(list)
    for quote in quotes:
        groups[quote.symbol].append(quote)
    return groups


def assert_book_and_prices_are_sound(quotes: Iterable[Quote]) -> None:
    for quote in quotes:
        tick = CATALOGUE[quote.symbol].tick_size
        prices = [price for price in quote[8:16] if price is not None]
        assert all(isinstance(price, Decimal) and price % tick == 0 for price in prices)
        assert quote.bid is not None
        assert quote.ask is not None
        assert quote.bid < quote.ask
        assert min(quote.bid_size or 0, quote.ask_size or 0) >= 1


def assert_figures_follow_the_trades(quotes: list[Quote], volume: int = 0) -> None:
    paid: list[Decimal] = []
    for quote in quotes:
        if quote.trade:
            assert quote.last in (quote.bid, quote.ask)
            paid.append(quote.last)
            volume += quote.last_size or 0
        assert quote.volume == volume
        assert (quote.open, quote.high, quote.low) == ((paid[0], max(paid), min(paid)) if paid else (None, None, None))
        assert quote.change == (None if quote.last is None else quote.last - quote.close)


def live(symbols: Iterable[str] = ("ES", "GC"), rate: float = 200, seed: int = 3, **start: object) -> LiveSimulation:
    numbers = count(1)
    return LiveSimulation(list(symbols), seed, rate, lambda: next(numbers), **start)  # type: ignore[arg-type]


def run(
    simulation: LiveSimulation, start: datetime, steps: int, every: timedelta = timedelta(seconds=1)
) -> list[Quote]:
    return [quote for i in range(steps) for quote in simulation.step(start + i * every)]


def test_a_session_has_exactly_the_ticks_asked_for_inside_its_hours() -> None:
    regular = session("2025-11-19")

    quotes = list(session_quotes(regular, EVERY, 1, 300))

    assert {symbol: len(ticks) for symbol, ticks in by_symbol(quotes).items()} == dict.fromkeys(EVERY, 300)
    assert all(regular.open <= quote.ts < regular.close for quote in quotes)
    assert {(quote.source, quote.session_date) for quote in quotes} == {("SIMULATED", regular.day)}
    assert all(market().session_of(quote.ts) == quote.session_date for quote in quotes)


def test_quotes_come_in_order_of_time_numbered_from_one() -> None:
    quotes = list(session_quotes(session("2025-11-19"), DEFAULT_WATCHLIST, 1, 2_000))

    assert [quote.seq for quote in quotes] == list(range(1, 22_001))
    assert all(one.ts <= other.ts for one, other in pairwise(quotes))


def test_prices_are_exact_multiples_of_the_tick_and_books_are_not_crossed() -> None:
    quotes = list(session_quotes(session("2025-11-19"), EVERY, 1, 500))

    assert_book_and_prices_are_sound(quotes)
    for quote in quotes:
        to_fields(quote)  # Rejected, were it not fit for the wire.


def test_most_books_are_one_tick_wide_but_not_all() -> None:
    quotes = list(session_quotes(session("2025-11-19"), ["ES"], 1, 2_000))

    narrow = sum(quote.ask - quote.bid == Decimal("0.25") for quote in quotes)
    assert 0.8 < narrow / 2_000 < 1


def test_volume_starts_at_nothing_and_grows_by_each_trade() -> None:
    for quotes in by_symbol(session_quotes(session("2025-11-19"), EVERY, 1, 400)).values():
        assert (quotes[0].volume, quotes[0].trade, quotes[0].last) == (0, False, None)
        assert 0.2 < sum(quote.trade for quote in quotes) / 400 < 0.5
        assert_figures_follow_the_trades(quotes)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("2025-11-18", "2025-11-19"),
        ("2025-11-21", "2025-11-24"),
        ("2025-04-17", "2025-04-21"),
        ("2025-11-27", "2025-11-28"),
    ],
)
def test_a_session_goes_on_where_the_one_before_it_ended(before: str, after: str) -> None:
    ended = by_symbol(session_quotes(session(before), EVERY, 9, 50))
    begun = by_symbol(session_quotes(session(after), EVERY, 9, 100))

    for symbol in EVERY:
        last, close = ended[symbol][-1].last, begun[symbol][0].close
        assert last == close
        assert {quote.close for quote in begun[symbol]} == {close}
        assert abs(begun[symbol][1].last / close - 1) < Decimal("0.03")


def test_the_first_session_of_the_calendar_can_be_simulated() -> None:
    assert len(list(session_quotes(session("2000-01-03"), ["ES"], 1, 20))) == 20


def test_a_rerun_gives_the_same_quotes_and_another_seed_other_ones() -> None:
    regular = session("2025-11-19")
    quotes = list(session_quotes(regular, ["ES", "CL"], 4, 200))

    assert list(session_quotes(regular, ["ES", "CL"], 4, 200)) == quotes
    assert list(session_quotes(regular, ["ES", "CL"], 5, 200)) != quotes


def test_a_symbol_has_the_same_ticks_whatever_its_company() -> None:
    regular = session("2025-11-19")

    alone = list(session_quotes(regular, ["CL"], 4, 200))
    among = by_symbol(session_quotes(regular, EVERY, 4, 200))["CL"]

    assert [quote._replace(seq=0) for quote in alone] == [quote._replace(seq=0) for quote in among]


def test_the_day_is_busy_and_the_night_is_quiet() -> None:
    regular = session("2025-11-19")
    stamps = [quote.ts.astimezone(market().timezone) for quote in session_quotes(regular, ["ES"], 1, 5_000)]

    day = sum(8.5 <= ts.hour + ts.minute / 60 < 15 for ts in stamps) / 6.5
    night = sum(ts.hour >= 18 or ts.hour < 2 for ts in stamps) / 8
    assert day > 8 * night > 0


def test_a_half_session_ends_at_its_early_close() -> None:
    half = session("2025-11-28")

    quotes = list(session_quotes(half, ["ES"], 1, 3_000))

    assert max(quote.ts for quote in quotes) < half.close == datetime(2025, 11, 28, 18, 15, tzinfo=UTC)


@pytest.mark.parametrize("ticks", [1, 2, 3])
def test_even_the_smallest_session_ends_in_a_trade(ticks: int) -> None:
    quotes = list(session_quotes(session("2025-11-19"), ["ES"], 1, ticks))

    assert len(quotes) == ticks
    assert quotes[-1].trade
    assert_figures_follow_the_trades(quotes)


def test_a_symbol_named_twice_is_simulated_once() -> None:
    assert len(list(session_quotes(session("2025-11-19"), ["ES", "ES"], 1, 10))) == 10


@pytest.mark.parametrize(
    ("symbols", "seed", "ticks", "message"),
    [(["ES", "XX"], 1, 10, "XX"), ([], 1, 10, "no symbol"), (["ES"], -1, 10, "seed"), (["ES"], 1, 0, "at least 1")],
)
def test_a_bad_request_is_rejected_before_the_first_quote(
    symbols: list[str], seed: int, ticks: int, message: str
) -> None:
    with pytest.raises(Rejected, match=message):
        session_quotes(session("2025-11-19"), symbols, seed, ticks)


def test_the_first_step_shows_every_symbol_once_at_the_present_instant() -> None:
    quotes = live(EVERY).step(MIDDAY)

    assert [quote.symbol for quote in quotes] == list(EVERY)
    assert {quote.ts for quote in quotes} == {MIDDAY}
    assert all(quote.last is not None for quote in quotes)


def test_live_quotes_lie_between_the_last_step_and_the_present() -> None:
    simulation, present = live(), MIDDAY
    simulation.step(present)
    for _ in range(50):
        before, present = present, present + timedelta(milliseconds=137)

        assert all(before < quote.ts <= present for quote in simulation.step(present))


def test_live_numbers_increase_with_time() -> None:
    quotes = run(live(), MIDDAY, 20)

    assert [quote.seq for quote in quotes] == list(range(1, len(quotes) + 1))
    assert all(one.ts <= other.ts for one, other in pairwise(quotes))


def test_live_books_prices_and_figures_are_sound() -> None:
    quotes = run(live(EVERY, rate=500), MIDDAY, 20)

    assert_book_and_prices_are_sound(quotes)
    for quote in quotes:
        to_fields(quote)  # Rejected, were it not fit for the wire.
    for ticks in by_symbol(quotes).values():
        assert_figures_follow_the_trades(ticks)


def test_live_activity_follows_the_time_of_day() -> None:
    day, night = len(run(live(), MIDDAY, 60)), len(run(live(), MIDNIGHT, 60))

    assert day > 6 * night
    assert night > 60


def test_the_same_seed_and_the_same_steps_give_the_same_feed() -> None:
    assert run(live(), MIDDAY, 10) == run(live(), MIDDAY, 10)
    assert run(live(seed=4), MIDDAY, 10) != run(live(), MIDDAY, 10)


def test_a_symbol_is_quoted_while_it_is_traded_and_numbers_have_no_hole() -> None:
    start, close = datetime(2025, 9, 1, 16, 59, 30, tzinfo=UTC), datetime(2025, 9, 1, 17, tzinfo=UTC)
    feed = live(is_traded=lambda symbol, now: symbol == "GC" or now < close)

    quotes = run(feed, start, 60)

    assert max(quote.ts for quote in quotes if quote.symbol == "ES") < close
    assert max(quote.ts for quote in quotes if quote.symbol == "GC") > close
    assert [quote.seq for quote in quotes] == list(range(quotes[0].seq, quotes[0].seq + len(quotes)))


def test_a_symbol_that_opens_later_begins_with_a_quote_of_the_present() -> None:
    start = datetime(2025, 9, 1, 15, tzinfo=UTC)
    feed = live(is_traded=lambda symbol, now: symbol == "GC" or now > start)

    first, second = feed.step(start), feed.step(start + timedelta(seconds=1))

    assert {quote.symbol for quote in first} == {"GC"}
    assert [quote.ts for quote in second if quote.symbol == "ES"] == [start + timedelta(seconds=1)]


def test_a_pause_does_not_become_a_flood() -> None:
    simulation = live(rate=100)
    simulation.step(MIDDAY)

    quotes = simulation.step(MIDDAY + timedelta(hours=2))

    assert 0 < len(quotes) < 3_000
    assert quotes[0].ts > MIDDAY + timedelta(hours=2, seconds=-10)


def test_a_clock_that_goes_back_gives_nothing_and_spoils_nothing() -> None:
    simulation = live()
    run(simulation, MIDDAY, 5)

    assert simulation.step(MIDDAY - timedelta(days=2)) == []
    assert simulation.step(MIDDAY + timedelta(seconds=4)) == []
    assert {quote.session_date for quote in simulation.step(MIDDAY + timedelta(seconds=5))} == {date(2025, 11, 19)}


def test_figures_start_anew_when_the_trading_day_rolls() -> None:
    roll = market().window_of(MIDDAY).end
    simulation = live(["ES"], rate=2_000)
    before = run(simulation, roll - timedelta(seconds=5), 5)

    after = [*simulation.step(roll), *run(simulation, roll + timedelta(seconds=1), 5)]

    assert {quote.session_date for quote in before} == {date(2025, 11, 19)}
    assert {quote.session_date for quote in after} == {date(2025, 11, 20)}
    assert all(quote.ts >= roll for quote in after)
    assert {quote.close for quote in after} == {before[-1].last}
    assert_figures_follow_the_trades(after)


def test_a_feed_starts_from_the_last_prices_given() -> None:
    (quote,) = live(["ES"], prices={"ES": Decimal("5000.25")}).step(MIDDAY)

    assert quote.close == Decimal("5000.25")
    assert abs(quote.last - Decimal("5000.25")) <= 1


def test_a_feed_goes_on_from_the_latest_quote_of_the_same_trading_day() -> None:
    latest = run(live(["ES"]), MIDDAY, 30)[-1]

    quotes = run(live(["ES"], latest={"ES": latest}), MIDDAY + timedelta(minutes=1), 30)

    assert (quotes[0].volume, quotes[0].open, quotes[0].close) == (latest.volume, latest.open, latest.close)
    assert all(quote.high >= latest.high and quote.low <= latest.low for quote in quotes)
    assert all(one.volume <= other.volume for one, other in pairwise(quotes))


def test_a_feed_takes_the_last_price_of_an_earlier_trading_day_as_its_close() -> None:
    latest = run(live(["ES"]), MIDDAY - timedelta(days=1), 30)[-1]

    quote = live(["ES"], latest={"ES": latest}, prices={"ES": Decimal(1)}).step(MIDDAY)[0]

    assert quote.close == latest.last
    assert quote.volume == quote.last_size


def test_a_negative_price_is_a_legal_start() -> None:
    quotes = run(live(["CL"], prices={"CL": Decimal("-37.63")}), MIDDAY, 30)

    assert quotes[0].close == Decimal("-37.63")
    assert_book_and_prices_are_sound(quotes)


@pytest.mark.parametrize("rate", [0, -1, float("nan"), float("inf"), 50_001])
def test_an_impossible_rate_is_rejected(rate: float) -> None:
    with pytest.raises(Rejected, match="rate"):
        live(rate=rate)


@pytest.mark.parametrize("price", ["NaN", "Infinity", "1E+12"])
def test_an_impossible_start_price_is_rejected(price: str) -> None:
    with pytest.raises(Rejected, match="start"):
        live(["ES"], prices={"ES": Decimal(price)})


def test_an_unknown_symbol_or_a_naive_time_is_rejected() -> None:
    with pytest.raises(Rejected, match="AAPL"):
        live(["AAPL"])
    with pytest.raises(Rejected, match="zone"):
        live().step(datetime(2025, 11, 19, 18))
