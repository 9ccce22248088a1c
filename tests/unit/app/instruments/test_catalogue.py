"""The built-in catalogue of futures against the recorded table of instruments."""

import csv
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path

import pytest

from app.instruments.catalogue import CATALOGUE, DEFAULT_WATCHLIST
from app.quotes import parse_symbol

TABLE = Path(__file__).parents[5] / "shared" / "data" / "instruments.csv"


@pytest.mark.skipif(not TABLE.is_file(), reason=f"the recorded table {TABLE} is absent")
def test_every_fact_of_the_recorded_table_is_in_the_catalogue() -> None:
    with TABLE.open(newline="") as lines:
        rows = list(csv.DictReader(lines))

    assert list(CATALOGUE) == [row["symbol"] for row in rows]
    for row in rows:
        found = asdict(CATALOGUE[row["symbol"]])
        shown = {name: f"{value:f}" if isinstance(value, Decimal) else str(value) for name, value in found.items()}
        assert shown == {name: row["schwab_root" if name == "schwab_symbol" else name] for name in found}
        assert found["tick_size"] * found["multiplier"] == Decimal(row["tick_value"])


def test_the_default_watchlist_names_eleven_instruments_in_the_order_of_the_sheet() -> None:
    assert DEFAULT_WATCHLIST == ("YM", "ES", "NQ", "RTY", "CL", "SI", "HG", "GC", "VX", "DX", "ZB")
    assert set(DEFAULT_WATCHLIST) <= set(CATALOGUE)


@pytest.mark.parametrize("symbol", CATALOGUE)
def test_an_instrument_has_a_legal_symbol_and_the_decimals_of_its_tick(symbol: str) -> None:
    instrument = CATALOGUE[symbol]

    assert parse_symbol(symbol) == instrument.symbol == symbol
    assert instrument.tick_size > 0
    assert instrument.multiplier > 0
    assert -int(instrument.tick_size.as_tuple().exponent) == instrument.tick_decimals
