from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import Rejected
from app.instruments.catalogue import CATALOGUE
from app.instruments.symbology import (
    MONTH_CODES,
    Traded,
    delivery_of,
    resolve,
    schwab_symbol,
    spellings,
    tos_symbol,
)

TODAY = date(2025, 11, 26)
YEARS = range(2021, 2031)
CONTRACTS = [(root, month, year) for root in CATALOGUE for month in MONTH_CODES for year in YEARS]


@pytest.mark.parametrize(
    ("name", "symbol", "contract"),
    [
        ("/ES:XCME", "ES", None),
        ("/ES", "ES", None),
        ("ES", "ES", None),
        ("/ESZ25", "ES", "ESZ25"),
        ("ESZ5", "ES", "ESZ25"),
        ("ESZ2025", "ES", "ESZ25"),
        ("/ESZ25:XCME", "ES", "ESZ25"),
        (" /es:xcme\u00a0", "ES", None),
        ("M2K", "M2K", None),
        ("/M2KH6", "M2K", "M2KH26"),
        ("6E", "6E", None),
        ("/6EH26:XCME", "6E", "6EH26"),
        ("6EH6", "6E", "6EH26"),
        ("MESZ5", "MES", "MESZ25"),
        ("/ZC", "ZC", None),
        ("/ZCZ25:XCBT", "ZC", "ZCZ25"),
        ("/ZCZ5", "ZC", "ZCZ25"),
        ("/SR3H2027", "SR3", "SR3H27"),
        ("/10Y", "10Y", None),
        ("AAPL", "AAPL", None),
        ("brk.b", "BRK.B", None),
    ],
)
def test_a_name_of_a_source_means_a_symbol_and_perhaps_a_contract(name: str, symbol: str, contract: str | None) -> None:
    assert resolve(name, TODAY) == Traded(symbol, contract)


@pytest.mark.parametrize(
    ("today", "contract"),
    [
        (date(2025, 11, 26), "ESZ29"),
        (date(2024, 1, 1), "ESZ29"),
        (date(2023, 12, 31), "ESZ19"),
        (date(2033, 12, 31), "ESZ29"),
        (date(2034, 1, 1), "ESZ39"),
    ],
)
def test_a_year_of_one_digit_lies_near_the_present(today: date, contract: str) -> None:
    assert resolve("/ESZ9", today).contract == contract


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("", "'' is no symbol: write it like /ES:XCME, /ESZ25 or ES"),
        ("   ", "is no symbol"),
        ("/", "is no symbol"),
        ("/:XCME", "is no symbol"),
        ("//ES", "'//ES' is no symbol"),
        ("/ES Z25", "is no symbol"),
        ("/ESZ25-/ESH26", "is no symbol"),
        ("./ESZ25C6000", "is no symbol"),
        ("$DXY", "is no symbol"),
        ("Eſ", "is no symbol"),
        ("/ES:XCME:XCME", "is no symbol"),
        ("/TOOLONG", "is no symbol"),
        ("#N/A", "is no symbol"),
        ("x" * 99, f"'{'x' * 40}' is no symbol"),
        ("/ESA25", "'/ESA25' names no month: A is not one of FGHJKMNQUVXZ, as in /ESZ25"),
        ("ESO5", "names no month: O"),
        ("/ESZ255", "names no year: write one, two or four digits"),
        ("/ESZ1925", "names no year"),
    ],
)
def test_a_name_that_means_nothing_is_refused_in_words_that_help(name: str, words: str) -> None:
    with pytest.raises(Rejected) as refusal:
        resolve(name, TODAY)

    assert words in str(refusal.value)


@given(st.text(max_size=12))
def test_whatever_is_written_gives_a_legal_symbol_or_is_refused(name):
    try:
        found = resolve(name, TODAY)
    except Rejected as refusal:
        assert repr(name[:40]) in str(refusal)
    else:
        assert resolve(found.symbol, TODAY).symbol == found.symbol


def test_every_contract_of_the_catalogue_is_found_under_each_of_its_names() -> None:
    for root, month, year in CONTRACTS:
        contract = f"{root}{month}{year % 100:02}"
        names = {*spellings(contract), schwab_symbol(root, contract), tos_symbol(root, contract), contract.lower()}

        assert {resolve(name, TODAY) for name in names} == {Traded(root, contract)}
        assert delivery_of(contract) == (year, MONTH_CODES.index(month) + 1)


def test_no_name_of_one_instrument_is_a_name_of_another() -> None:
    owners: dict[str, tuple[str, str | None]] = {}
    for root, month, year in CONTRACTS:
        contract = f"{root}{month}{year % 100:02}"
        for name in (*spellings(contract), schwab_symbol(root, contract), tos_symbol(root, contract)):
            assert owners.setdefault(name, (root, contract)) == (root, contract)
    for root in CATALOGUE:
        for name in (root, schwab_symbol(root), tos_symbol(root)):
            assert owners.setdefault(name, (root, None)) == (root, None)
            assert resolve(name, TODAY) == Traded(root)


def test_the_longest_root_is_taken_whatever_the_order_of_the_roots() -> None:
    for roots in (["E", "ES", "ESG"], ["ESG", "ES", "E"]):
        assert resolve("ESGZ25", TODAY, roots) == Traded("ESG", "ESGZ25")
        assert resolve("ESZ25", TODAY, roots) == Traded("ES", "ESZ25")


def test_a_symbol_outside_of_the_catalogue_is_written_as_a_share() -> None:
    assert (schwab_symbol("AAPL"), tos_symbol("AAPL")) == ("AAPL", "AAPL")
    assert schwab_symbol("ZC", "ZCZ25") == "/ZCZ25"
    with pytest.raises(Rejected, match="the exchange of ZCZ25 is not known: ZC is not in `flask instruments`"):
        tos_symbol("ZC", "ZCZ25")


@pytest.mark.parametrize("contract", ["ES", "ESZ5", "/ESZ25", "ESA25", ""])
def test_only_a_canonical_contract_has_a_delivery(contract: str) -> None:
    with pytest.raises(Rejected, match="is no contract: write it like ESZ25"):
        delivery_of(contract)
