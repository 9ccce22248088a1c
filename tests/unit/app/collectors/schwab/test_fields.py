from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from app.collectors.schwab.fields import (
    EQUITIES,
    FUTURES,
    STREAMED,
    Unreadable,
    contract_of,
    instant_of,
    is_sensible,
    read_active,
    read_price,
    read_size,
    rest_readers,
    streamed_readers,
    wanted_numbers,
)

RECEIVED = datetime(2025, 12, 7, 4, 57, 10, tzinfo=UTC)
RECEIVED_MS = int(RECEIVED.timestamp() * 1000)
QUARTER = Decimal("0.25")


@pytest.mark.parametrize(
    ("value", "tick", "price"),
    [
        (6879.25, "0.25", "6879.25"),
        (6879.5, "0.25", "6879.50"),
        (6879, "0.25", "6879.00"),
        (4.582500000001, "0.0005", "4.5825"),
        (0.0069234999999, "0.0000005", "0.0069235"),
        (101.8203125, "0.0078125", "101.8203125"),
        (-37.63, "0.01", "-37.63"),
        (6879.26, "0.25", "6879.26"),
        (685.1, "0.0001", "685.1000"),
        (1.12345678912, "0.25", "1.123456789"),
        (-0.0, "0.25", "0.00"),
    ],
)
def test_a_price_is_a_multiple_of_its_tick_where_it_is_off_by_noise_alone(value, tick, price):
    assert str(read_price(value, Decimal(tick))) == price


@pytest.mark.parametrize("value", [None, "6879.25", True, float("nan"), float("inf"), 1e300, 10**400, [1], {}])
def test_what_is_no_price_is_refused(value):
    with pytest.raises(Unreadable):
        read_price(value, QUARTER)


@pytest.mark.parametrize("value", [None, "11", True, float("nan"), float("inf"), 1e300, -1, 1.5, 2**63, [1]])
def test_what_is_no_size_is_refused(value):
    with pytest.raises(Unreadable):
        read_size(value)


def test_a_size_may_come_as_a_double():
    assert read_size(11.0) == 11


def test_bids_and_offers_of_shares_are_streamed_in_lots_and_all_else_in_shares():
    read = dict(streamed_readers(EQUITIES, QUARTER).values())

    assert [read[name](8) for name in ("bid_size", "ask_size", "last_size", "volume")] == [800, 800, 8, 8]


def test_sizes_of_futures_and_those_that_are_asked_for_are_what_they_say():
    streamed = dict(streamed_readers(FUTURES, QUARTER).values())
    asked = dict(rest_readers(QUARTER).values())

    assert (streamed["bid_size"](8), asked["bid_size"](8)) == (8, 8)


def test_a_zero_is_no_price_but_may_be_a_change():
    read = dict(streamed_readers(FUTURES, QUARTER).values())

    assert (read["bid"](0.0), read["open"](0), read["change"](0.0)) == (None, None, Decimal(0))


def test_a_number_means_different_things_in_the_two_services():
    futures, equities = (streamed_readers(service, QUARTER) for service in (FUTURES, EQUITIES))

    assert (futures["10"][0], equities["10"][0]) == ("quote_time", "high")
    assert (futures["18"][0], equities["18"][0]) == ("open", "change")
    assert wanted_numbers(EQUITIES) == [0, 1, 2, 3, 4, 5, 8, 9, 10, 11, 12, 17, 18, 34, 35]
    assert wanted_numbers(FUTURES) == [0, 1, 2, 3, 4, 5, 8, 9, 10, 11, 12, 13, 14, 18, 19, 34]


def test_both_services_tell_the_same_things_but_for_the_contract():
    assert set(STREAMED[FUTURES]) - set(STREAMED[EQUITIES]) == {"active"}


@pytest.mark.parametrize(
    ("millis", "sensible"),
    [(RECEIVED_MS, True), (RECEIVED_MS + 300_000, True), (RECEIVED_MS + 300_001, False), (0, False), (2**62, False)],
)
def test_a_time_is_neither_before_2000_nor_well_in_the_future(millis, sensible):
    assert is_sensible(millis, RECEIVED) is sensible


def test_milliseconds_are_exact():
    assert instant_of(1765083430010) == datetime(2025, 12, 7, 4, 57, 10, 10_000, tzinfo=UTC)


def test_the_active_symbol_names_the_contract():
    assert contract_of(read_active("/ESZ25"), date(2025, 12, 7)) == "ESZ25"
    assert contract_of(read_active("/ES"), date(2025, 12, 7)) is None


@pytest.mark.parametrize("value", [None, 34, "", "ESZ25", "/", "/es z", "/" + "E" * 40])
def test_what_is_no_active_symbol_is_refused(value):
    with pytest.raises(Unreadable):
        read_active(value)
