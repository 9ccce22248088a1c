from datetime import timedelta
from decimal import Decimal

from redis import Redis

from app.bus import keys
from app.operations.divergences import KEPT_S, found, read_divergences, write_divergences
from tests.factories import MOMENT


def test_what_a_check_found_is_read_as_it_was_written_and_is_forgotten_after_a_while(bus: Redis) -> None:
    price = found("ES", "price", "EXCEL", "SCHWAB", Decimal("-4.5"), MOMENT)
    lag = found("6E", "lag", "SCHWAB", "EXCEL", Decimal(16_000), MOMENT + timedelta(seconds=1)).after(None)

    write_divergences(bus, [price, lag])

    assert read_divergences(bus) == {price.name: price, lag.name: lag}
    assert 0 < bus.ttl(keys.DIVERGENCES) <= KEPT_S


def test_a_check_that_finds_less_leaves_nothing_of_the_one_before(bus: Redis) -> None:
    price = found("ES", "price", "EXCEL", "SCHWAB", Decimal(5), MOMENT)
    write_divergences(bus, [price])

    write_divergences(bus, [])

    assert read_divergences(bus) == {}
