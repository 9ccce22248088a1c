"""What holds at any instant of any market."""

from datetime import datetime, timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from app.market.market import Market
from app.market.sessions import Status, TransitionType
from tests.hours import ONE_DAY, TICK, days, each_market, edges, instants, windows

DURING = {
    Status.CLOSED: {TransitionType.PRE_OPEN, TransitionType.OPEN},
    Status.PRE_MARKET: {TransitionType.OPEN},
    Status.OPEN: {TransitionType.CLOSE},
    Status.POST_MARKET: {TransitionType.POST_CLOSE},
}
few = settings(max_examples=50)


def status_by_windows(market: Market, instant: datetime) -> list[str]:
    around = windows(market, instant.date() - 6 * ONE_DAY, instant.date() + 7 * ONE_DAY)
    return [status for begin, end, status in around if begin <= instant < end] or ["CLOSED"]


@each_market
@given(st.data())
@few
def test_an_instant_has_exactly_one_status_which_its_sessions_explain(market: Market, data: st.DataObject) -> None:
    instant = data.draw(st.one_of(instants, edges(market)))

    assert status_by_windows(market, instant) == [market.status_at(instant)]
    assert market.is_open(instant) == (market.status_at(instant) is Status.OPEN)


@each_market
@given(day=days)
@few
def test_windows_never_overlap_and_never_are_empty(market: Market, day: object) -> None:
    found = windows(market, day, day + 40 * ONE_DAY)

    assert all(begin < end for begin, end, _status in found)
    assert all(end <= begin for (_begin, end, _one), (begin, _end, _other) in pairwise(found))


@each_market
@given(st.data())
@few
def test_at_the_next_transition_and_not_before_the_status_changes(market: Market, data: st.DataObject) -> None:
    instant = data.draw(st.one_of(instants, edges(market)))

    status, following = market.status_at(instant), market.next_transition(instant)

    assert following.at > instant
    assert following.type in DURING[status]
    assert market.status_at(following.at) is not status
    for share in (0, 0.25, 0.5, 0.75):
        between = instant + (following.at - TICK - instant) * share
        assert market.status_at(between) is status
        assert market.next_transition(between) == following
    assert market.status_at(following.at - TICK) is status


@each_market
@given(st.data())
@few
def test_going_from_transition_to_transition_goes_forward(market: Market, data: st.DataObject) -> None:
    seen = [data.draw(st.one_of(instants, edges(market)))]

    for _step in range(30):
        seen.append(market.next_transition(seen[-1]).at)

    assert all(one < other for one, other in pairwise(seen))
    assert seen[-1] - seen[0] < timedelta(days=40)


@each_market
@given(st.data())
@few
def test_a_later_instant_never_has_an_earlier_trading_day(market: Market, data: st.DataObject) -> None:
    earlier, later = sorted(data.draw(st.one_of(instants, edges(market))) for _each in range(2))

    assert market.session_of(earlier) <= market.session_of(later)


@each_market
@given(st.data())
@few
def test_everything_that_is_said_of_an_instant_agrees(market: Market, data: st.DataObject) -> None:
    instant = data.draw(st.one_of(instants, edges(market)))

    state = market.state_at(instant)

    assert (state.status, state.next_transition) == (market.status_at(instant), market.next_transition(instant))
    assert state.session == market.session(market.session_of(instant))
    assert state.today == market.day(state.today.day)
    assert state.today.day <= state.session.day
    assert (state.today.session is not None) == (state.today.day == state.session.day)
    assert state.trade_date == market.trade_date(state.session.day)
    assert state.rth == market.regular_hours(state.session.day, instant)
    assert state.is_early_close or state.remark is None


@each_market
@given(day=days)
@few
def test_a_trade_date_is_a_day_with_a_session_that_is_no_holiday(market: Market, day: object) -> None:
    cleared = market.trade_date(day)

    if not market.profile.clears_ahead or market.session(day) is None:
        assert cleared is None
    else:
        assert cleared >= day
        assert market.session(cleared) is not None
        assert market.day(cleared).holiday is None
