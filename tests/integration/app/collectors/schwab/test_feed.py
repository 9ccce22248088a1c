import json
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from app.collectors.feeds import CONNECTING, FALLBACK, LOST, MISCONFIGURED, NEEDS_LOGIN, STREAMING
from app.collectors.schwab.fallback import Fallback
from app.errors import Rejected, Unavailable
from tests.schwab.standin import StandIn
from tests.schwab_feeds import EQUITIES, FUTURES, HASTY, now_ms, plan_of, running
from tests.waiting import until

NO_FALLBACK = replace(HASTY, fallback_after_s=60.0)
BOOK = {1: 6879.25, 2: 6879.5, 3: 6879.5, 4: 11, 5: 4, 8: 812345, 9: 2, 34: "/ESZ26"}


@pytest.fixture
def schwab():
    with StandIn(heartbeat_s=0.3) as standing:
        yield standing


@pytest.fixture
def plan(schwab, tmp_path):
    return plan_of(schwab, tmp_path)


@pytest.fixture
def es(schwab):
    """Gives ES new values, and the present time."""

    def update(**fields):
        given = {int(name.removeprefix("f")): value for name, value in fields.items()}
        schwab.update(FUTURES, "/ES", given | {10: now_ms()})

    schwab.update(FUTURES, "/ES", BOOK | {10: now_ms(), 11: now_ms()})
    return update


def started(feed):
    feed.wait(lambda quotes: quotes)
    feed.wait_for_state(STREAMING)
    return feed.feed


def test_quotes_come_whole_numbered_and_in_order(plan, es):
    with running(plan) as feed:
        state = started(feed).state()
        es(f1=6879.0)
        es(f2=6879.75)
        feed.wait(lambda quotes: len(quotes) == 3)

    first, second, third = feed.quotes
    assert (first.symbol, first.contract, first.last, first.volume) == ("ES", "ESZ26", Decimal("6879.50"), 812345)
    assert [(quote.bid, quote.ask) for quote in (second, third)] == [
        (Decimal("6879.00"), Decimal("6879.50")),
        (Decimal("6879.00"), Decimal("6879.75")),
    ]
    assert [quote.seq for quote in feed.quotes] == [1, 2, 3]
    assert (state.state, state.detail, state.reconnects, state.symbols, state.silent) == (STREAMING, "", 0, ("ES",), ())
    assert state.steady_since is not None
    assert state.data_at is not None


def test_shares_and_futures_come_from_their_own_services(schwab, plan, es):
    schwab.update(EQUITIES, "SPY", {1: 685.1, 2: 685.12, 4: 8, 10: 690.0, 34: now_ms()})

    with running(plan, ["ES", "SPY"]) as feed:
        feed.wait(lambda quotes: len(quotes) == 2)

    spy = next(quote for quote in feed.quotes if quote.symbol == "SPY")
    assert (spy.high, spy.bid_size, spy.contract) == (Decimal("690"), 800, None)


def test_a_wait_ends_when_a_quote_comes(plan, es):
    with running(plan) as feed:
        started(feed)
        timer = threading.Timer(0.2, lambda: es(f1=6878.0))
        timer.start()
        feed.feed.wait(600)  # Longer than a test may last.
        timer.join()
        feed.take()

    assert feed.quotes[-1].bid == Decimal("6878.00")


def test_after_a_drop_it_streams_again_and_what_was_published_does_not_come_twice(schwab, plan, es):
    with running(plan, patience=NO_FALLBACK) as feed:
        started(feed)
        schwab.faults.drop()
        schwab.wait_for_logins(2)
        feed.wait(lambda _quotes: feed.feed.state().reconnects == 1)
        es(f1=6879.0)
        feed.wait(lambda quotes: len(quotes) > 1)
        state = feed.feed.state()

    assert [quote.bid for quote in feed.quotes] == [Decimal("6879.25"), Decimal("6879.00")]
    assert (state.state, state.detail) == (STREAMING, "")


def test_what_changed_while_it_was_away_comes_once(schwab, plan, es):
    with running(plan, patience=NO_FALLBACK) as feed:
        started(feed)
        schwab.faults.refuse_connections()
        schwab.faults.drop()
        feed.wait_for_state(LOST)
        schwab.reset(FUTURES, "/ES")
        schwab.update(FUTURES, "/ES", {2: 6900.0, 10: now_ms()})
        schwab.faults.refuse_connections(False)
        feed.wait(lambda quotes: len(quotes) == 2)

    after = feed.quotes[1]
    assert (after.ask, after.bid, after.last, after.volume) == (Decimal("6900.00"), None, None, None)


@pytest.mark.parametrize("code", [11, 20, 21, 22, 30])
def test_a_subscription_that_is_refused_is_tried_again(schwab, plan, es, code):
    schwab.faults.respond("SUBS", code)

    with running(plan, patience=NO_FALLBACK) as feed:
        started(feed)

    assert (schwab.logins, len(feed.quotes)) == (2, 1)


def test_a_success_that_is_told_by_its_own_code_is_one(schwab, plan, es):
    schwab.faults.respond("SUBS", 26)

    with running(plan, patience=NO_FALLBACK) as feed:
        feed.wait_for_state(STREAMING)

    assert schwab.logins == 1


def test_an_answer_to_something_else_is_a_broken_stream(schwab, plan, es):
    schwab.faults.malform("wrong requestid")

    with running(plan, patience=NO_FALLBACK) as feed:
        started(feed)

    assert schwab.logins == 2


def test_a_long_message_is_read_too(schwab, plan, es):
    with running(plan, patience=NO_FALLBACK) as feed:
        started(feed)
        schwab.faults.malform("oversize")
        es(f1=6874.0)
        feed.wait(lambda quotes: len(quotes) == 2)

    assert (feed.quotes[-1].bid, schwab.logins) == (Decimal("6874.00"), 1)


def test_a_stream_that_is_stopped_begins_again(schwab, plan, es):
    with running(plan, patience=replace(NO_FALLBACK, first_wait_s=1.0, longest_wait_s=1.0)) as feed:
        started(feed)
        schwab.faults.end_sessions(30)
        feed.wait_for_state(LOST)
        detail = feed.feed.state().detail
        feed.wait_for_state(STREAMING)

    assert detail.startswith("Schwab ended the stream with code 30: Stop streaming")


def test_a_stream_that_another_program_took_over_is_left_to_it_for_a_while(schwab, plan, es):
    with running(plan, patience=replace(NO_FALLBACK, taken_over_s=0.7)) as feed:
        started(feed)
        schwab.faults.end_sessions(12)
        began = time.monotonic()
        feed.wait_for_state(LOST)
        state = feed.feed.state()
        schwab.wait_for_logins(2)
        away_s = time.monotonic() - began

    assert "another program has taken over" in state.detail
    assert state.steady_since is None
    assert away_s > 0.5


def test_a_login_that_is_denied_is_refreshed_and_tried_again(schwab, plan, es):
    schwab.faults.deny_logins(1)

    with running(plan, patience=NO_FALLBACK) as feed:
        started(feed)

    assert (schwab.logins, schwab.refreshes) == (1, 1)


def test_a_login_that_is_denied_again_and_again_is_refreshed_ever_more_rarely(schwab, plan, es):
    with running(plan, patience=NO_FALLBACK) as feed:
        started(feed)
        schwab.faults.deny_logins(7)
        schwab.faults.drop()
        schwab.wait_for_logins(2)

    assert schwab.connections == 9
    assert schwab.refreshes == 3


def test_a_file_that_may_not_be_used_is_told_as_such_until_it_is_mended(schwab, tmp_path, es):
    plan = plan_of(schwab, tmp_path)
    kept = plan.token_file.rename(tmp_path / "elsewhere.json")
    plan.token_file.symlink_to(kept)
    with running(plan) as feed:
        feed.wait_for_state(MISCONFIGURED)
        assert "is a symbolic link" in feed.feed.state().detail
        kept.replace(plan.token_file)
        feed.wait_for_state(STREAMING)


def test_an_access_token_that_died_is_refreshed(schwab, plan, es):
    with running(plan, patience=NO_FALLBACK) as feed:
        started(feed)
        schwab.faults.expire_access()
        schwab.faults.drop()
        schwab.wait_for_logins(2)

    assert schwab.refreshes == 1


def test_without_a_login_it_says_so_and_goes_on_when_there_is_one(schwab, tmp_path, es):
    plan = plan_of(schwab, tmp_path)
    told = []
    with running(plan, on_term=told.append) as feed:
        started(feed)
        schwab.faults.expire_refresh()
        schwab.faults.expire_access()
        schwab.faults.drop()
        feed.wait_for_state(NEEDS_LOGIN)
        state = feed.feed.state()
        until(lambda: told[-1].is_over(datetime.now(UTC)))
        plan_of(schwab, tmp_path)
        feed.wait_for_state(STREAMING)
        until(lambda: not told[-1].is_over(datetime.now(UTC)))

    assert "flask schwab-login" in state.detail
    assert state.steady_since is None
    assert told[0].expires_at > datetime.now(UTC)
    assert schwab.client_secret not in json.dumps(state.detail)


def test_a_login_that_is_made_while_it_streams_is_told(schwab, tmp_path, es):
    told = []
    with running(plan_of(schwab, tmp_path, schwab.token(age_s=6.9 * 86_400)), on_term=told.append) as feed:
        started(feed)
        until(lambda: told)
        plan_of(schwab, tmp_path)
        until(lambda: told[-1].expires_at - told[0].expires_at > timedelta(days=6))

    assert schwab.logins == 1


def test_who_cannot_be_told_how_long_the_login_is_good_is_not_told_again_at_once(plan, es, caplog):
    def fail(_term):
        raise Unavailable("nobody is there")

    with running(plan, on_term=fail) as feed:
        started(feed)
        until(lambda: "nobody is there" in caplog.text)
        time.sleep(5 * HASTY.login_s)

        assert feed.feed.state().state == STREAMING

    assert caplog.text.count("nobody is there") == 1


def test_a_symbol_limit_leaves_out_what_it_must_and_names_it(schwab, plan, es):
    schwab.faults.respond("ADD", 19)
    symbols = ["ES", *(f"/X{number}" for number in range(100, 201))]

    with running(plan, symbols) as feed:
        started(feed)
        state = feed.feed.state()

    assert "symbol limit leaves out X199, X200: watch fewer symbols" in state.detail
    assert [quote.symbol for quote in feed.quotes] == ["ES"]


def test_a_symbol_that_schwab_does_not_know_is_silent_and_no_fault(schwab, plan, es):
    with running(plan, ["ES", "VX"], patience=replace(HASTY, answer_s=60.0)) as feed:
        started(feed)
        feed.wait(lambda _quotes: feed.feed.state().silent)
        state = feed.feed.state()

    assert (state.state, state.silent) == (STREAMING, ("VX",))
    assert "no answer for VX" in state.detail


def test_no_symbol_is_silent_before_anything_was_asked_of_it(schwab, plan):
    plan.token_file.unlink()

    with running(plan, patience=replace(HASTY, answer_s=0.1)) as feed:
        feed.wait_for_state(NEEDS_LOGIN)
        time.sleep(0.2)
        state = feed.feed.state()

    assert (state.silent, "no answer" in state.detail) == ((), False)


def test_delayed_quotes_say_so(schwab, plan):
    schwab.update(FUTURES, "/ES", BOOK | {10: now_ms()}, delayed=True)

    with running(plan) as feed:
        detail = started(feed).state().detail

    assert (feed.quotes[0].delayed, detail) == (True, "delayed: ES")


@pytest.mark.parametrize("kind", ["not json", "not an object", "missing content", "string numbers", "nan", "huge"])
def test_after_a_message_that_cannot_be_read_all_is_asked_for_afresh(schwab, plan, es, kind):
    with running(plan) as feed:
        started(feed)
        schwab.faults.malform(kind)
        es(f1=6870.0, f2=6870.25, f4=1)
        es(f5=7)
        feed.wait(lambda quotes: quotes[-1].bid == Decimal("6870.00"))
        state = feed.feed.state()

    mixed = [quote for quote in feed.quotes if quote.bid == Decimal("6879.25") and quote.ask_size == 7]
    assert (mixed, feed.quotes[-1].ask_size, feed.quotes[-1].ask) == ([], 7, Decimal("6870.25"))
    assert state.figures["malformed"] >= 1
    assert (state.figures["resubscribed"], state.reconnects) == (1, 0)


def test_heartbeats_without_news_of_an_open_market_are_a_broken_stream(schwab, plan, es):
    with running(plan, patience=NO_FALLBACK, is_open=lambda _symbol, _now: True) as feed:
        started(feed)
        schwab.faults.silence()
        es(f1=6871.0)
        feed.wait(lambda quotes: quotes[-1].bid == Decimal("6871.00"))

    assert schwab.logins >= 2


def test_while_a_stream_tells_heartbeats_alone_quotes_come_by_request(schwab, plan, es):
    hasty = replace(HASTY, answer_s=60.0)
    with running(plan, patience=hasty, is_open=lambda _symbol, _now: True) as feed:
        started(feed)
        schwab.faults.silence(new=True)
        es(f1=6871.0)
        feed.wait(lambda quotes: quotes[-1].bid == Decimal("6871.00"))
        feed.wait_for_state(FALLBACK)
        schwab.faults.silence(False)
        es(f1=6872.0)
        feed.wait_for_state(STREAMING)
        feed.wait(lambda quotes: quotes[-1].bid == Decimal("6872.00"))

    assert schwab.logins >= 2


def test_a_stream_that_has_nothing_to_tell_streams_all_the_same(schwab, plan):
    with running(plan) as feed:
        feed.wait_for_state(STREAMING)

        assert feed.feed.state().silent == ("ES",)


def test_a_stream_without_even_heartbeats_is_a_broken_one_at_any_hour(schwab, plan, es):
    with running(plan, patience=NO_FALLBACK) as feed:
        started(feed)
        schwab.faults.mute()
        es(f1=6871.0)
        feed.wait(lambda quotes: quotes[-1].bid == Decimal("6871.00"))

    assert schwab.logins == 2


def test_a_quiet_hour_costs_fewer_and_fewer_connections(schwab, plan, es):
    hasty = replace(NO_FALLBACK, silent_s=0.2, longest_silent_s=100.0)

    with running(plan, patience=hasty, is_open=lambda _symbol, _now: True) as feed:
        schwab.wait_for_logins(4)
        began = time.monotonic()
        schwab.wait_for_logins(5)
        lasted_s = time.monotonic() - began
        feed.take()

    assert lasted_s > 1.0
    assert len(feed.quotes) == 1


def test_while_the_stream_is_away_quotes_are_asked_for(schwab, plan, es):
    with running(plan) as feed:
        started(feed)
        schwab.faults.refuse_connections()
        schwab.faults.drop()
        feed.wait_for_state(FALLBACK)
        es(f1=6872.0, f8=812400)
        feed.wait(lambda quotes: len(quotes) == 2)
        polls = feed.feed.state().figures["rest_polls"]
        feed.wait(lambda _quotes: feed.feed.state().figures["rest_polls"] > polls + 3)
        fallen = feed.feed.state()
        schwab.faults.refuse_connections(False)
        feed.wait_for_state(STREAMING)
        es(f1=6873.0)
        feed.wait(lambda quotes: len(quotes) == 3)

    assert [quote.bid for quote in feed.quotes] == [Decimal("6879.25"), Decimal("6872.00"), Decimal("6873.00")]
    assert feed.quotes[1].trade
    assert (fallen.state, fallen.steady_since is None) == (FALLBACK, False)
    assert "connection failed" in fallen.detail


def test_asked_too_much_it_is_asked_less(schwab, plan, es):
    schwab.faults.refuse_connections()
    schwab.faults.rest_status("quotes", 429, 1000)

    with running(plan, patience=replace(HASTY, longest_poll_s=100.0)) as feed:
        feed.wait(lambda _quotes: feed.feed.state().figures["rest_failures"] >= 4)
        times = [asked["at"] for asked in schwab.requests if asked.get("path", "").endswith("quotes")]

    assert times[3] - times[2] > 1.5 * (times[1] - times[0])
    assert feed.feed.state().state in (CONNECTING, LOST)


def test_an_end_is_quick_and_leaves_no_thread(schwab, plan, es):
    with running(plan) as feed:
        started(feed)

    assert "schwab-feed" not in {thread.name for thread in threading.enumerate()}
    assert feed.feed.step(datetime.now(UTC)) == []


def test_a_feed_ends_also_while_nobody_answers(schwab, plan):
    schwab.faults.slow(600)

    with running(plan):
        until(lambda: schwab.requests)

    assert "schwab-feed" not in {thread.name for thread in threading.enumerate()}


def test_a_symbol_that_is_none_is_rejected_at_once(plan):
    with pytest.raises(Rejected, match="no symbol"), running(plan, ["E S"]):
        pass


def test_the_same_trouble_is_logged_once_for_each_time_that_it_streamed(schwab, plan, es, caplog):
    with running(plan, patience=NO_FALLBACK) as feed:
        started(feed)
        schwab.faults.refuse_connections()
        schwab.faults.drop()
        tries = len(schwab.requests) + 6
        until(lambda: len(schwab.requests) > tries)

    warned = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert len(warned) == len(set(warned)) <= 2
    assert "the stream from Schwab ended" in warned[0]


def test_a_fault_of_its_own_ends_the_collector_instead_of_going_unseen(plan, monkeypatch):
    async def fail(_fallback):
        raise RuntimeError("a bug")

    monkeypatch.setattr(Fallback, "keep", fail)

    with running(plan) as feed, pytest.raises(Unavailable, match="RuntimeError: a bug"):
        feed.wait(lambda quotes: quotes)
