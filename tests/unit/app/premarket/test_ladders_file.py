import os
from pathlib import Path

import pytest

from app.errors import Rejected
from app.premarket.definition import USUAL_MIN, Ladder
from app.premarket.ladders_file import MAX_BYTES, parse_ladders, read_ladders

MARKETS = ("CME_Futures", "US_Equity")


def test_a_market_by_its_name_alone_has_the_usual_ladder() -> None:
    assert parse_ladders("CME_Futures: {}\nUS_Equity:\n", MARKETS) == (Ladder("CME_Futures"), Ladder("US_Equity"))


def test_a_ladder_tells_what_it_leads_up_to_and_the_minutes_that_are_not_the_usual_ones() -> None:
    told = parse_ladders("CME_Futures:\n  anchor: session_open\n  minutes_before: {report: 20}\n", MARKETS)

    assert told == (Ladder("CME_Futures", "session_open", {**USUAL_MIN, "report": 20}),)


def test_an_empty_file_has_no_ladders() -> None:
    assert parse_ladders("", MARKETS) == ()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("- CME_Futures\n", "it must name markets"),
        ("CBOT: {}\n", "there is no market CBOT: known are CME_Futures, US_Equity"),
        ("CME_Futures: {anker: rth_open}\n", "CME_Futures.anker: "),
        ("CME_Futures: {anchor: lunch}\n", "CME_Futures.anchor: "),
        ("CME_Futures: {minutes_before: {verify: 10}}\n", "minutes_before names verify"),
        ("CME_Futures: {minutes_before: {report: 5}}\n", "CME_Futures.minutes_before.report: "),
        ("CME_Futures: {minutes_before: {report: 60}}\n", "composite must begin before report"),
        ("CME_Futures: {minutes_before: {patterns: 181}}\n", "comprehensive must begin before patterns"),
        ("CME_Futures: 5\n", "CME_Futures: "),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_place(text: str, told: str) -> None:
    with pytest.raises(Rejected, match=told):
        parse_ladders(text, MARKETS)


def test_a_file_is_named_in_what_is_wrong_with_it(tmp_path: Path) -> None:
    file = tmp_path / "ladders.yaml"

    with pytest.raises(Rejected, match=r"ladders\.yaml: it cannot be read"):
        read_ladders(file, MARKETS)
    file.write_bytes(b"\xff")
    with pytest.raises(Rejected, match=r"ladders\.yaml: it is not UTF-8"):
        read_ladders(file, MARKETS)
    file.write_bytes(b"#" * (MAX_BYTES + 1))
    with pytest.raises(Rejected, match=r"ladders\.yaml: it has more than 65,536 bytes"):
        read_ladders(file, MARKETS)
    file.write_text("CBOT: {}")
    with pytest.raises(Rejected, match=r"ladders\.yaml: there is no market CBOT"):
        read_ladders(file, MARKETS)
    os.mkfifo(tmp_path / "pipe.yaml")
    with pytest.raises(Rejected, match=r"pipe\.yaml: it is no file"):
        read_ladders(tmp_path / "pipe.yaml", MARKETS)
    file.write_text("US_Equity: {}")
    assert read_ladders(file, MARKETS) == (Ladder("US_Equity"),)
