"""A sheet as the collector has it, and a workbook that another process saves again and again while it is read."""

import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from decimal import Decimal
from itertools import count
from pathlib import Path
from threading import Event

import pytest
from python_calamine import CalamineError

from app.bus import keys
from app.clock import SystemClock
from app.collectors.excel.feed import ExcelFeed
from app.collectors.excel.file_reader import FileReader
from app.collectors.excel.plan import ExcelPlan
from app.collectors.feeds import STREAMING
from app.collectors.run import Assignment, run_collector
from app.market.markets import market
from app.quotes import Quote
from tests.sheets import ZB, loading, row, sheet
from tests.tree import ROOT
from tests.waiting import until

VERSIONS = 200
SYMBOLS = ("ES", "NQ", "YM", "CL")
# Every price, size and volume of a version is made of its number, so that cells of two versions cannot stand together.
# The next version is saved, in place and in two halves, when somebody has said that this one was seen. The first one,
# number 0, is what the sheet says before anything changes.
WRITER = f"""
import io, sys, time
from openpyxl import Workbook

path, symbols = sys.argv[1], {SYMBOLS!r}
for version in range({VERSIONS} + 1):
    book = Workbook()
    page = book.worksheets[0]
    page.title = "Futures"
    page.append(["Symbol", "Last", "Bid", "Ask", "Last Size", "Bid Size", "Ask Size", "Volume"])
    for symbol in symbols:
        page.append([symbol, version, version + 1000, version + 2000, version, version, version, version * 10])
    if version % 2 == 0:
        book.save(path)
    else:
        content = io.BytesIO()
        book.save(content)
        whole = content.getvalue()
        with open(path, "r+b") as file:
            file.truncate(0)
            file.write(whole[: len(whole) // 2])
            file.flush()
            time.sleep(0.01)
            file.write(whole[len(whole) // 2 :])
    print(version, flush=True)
    sys.stdin.readline()
"""


def test_a_workbook_that_is_rewritten_while_it_is_read_is_told_change_by_change_and_never_torn(tmp_path):
    plan = ExcelPlan("excel_file", tmp_path / "Futures.xlsm", poll_s=0.001)

    with saving(plan.file) as writer, reading(plan) as feed:
        quotes = followed(feed, writer)
        told = feed.state()

    assert [(quote.symbol, quote.last) for quote in quotes] == [
        (symbol, Decimal(version)) for version in range(1, VERSIONS + 1) for symbol in SYMBOLS
    ]
    assert [quote for quote in quotes if is_torn(quote)] == []
    assert [quote.seq for quote in quotes] == list(range(1, len(quotes) + 1))
    assert [quote.trade for quote in quotes] == [version > 1 for version in range(1, VERSIONS + 1) for _ in SYMBOLS]
    assert (told.state, told.reconnects) == (STREAMING, 0)
    assert told.figures["frames"] > 2 * VERSIONS


def test_a_sheet_is_collected_into_the_stream_as_any_source_is(bus, open_spool, tmp_path):
    path = tmp_path / "frames.jsonl"
    shown = [sheet(row(last=6879.5 + n, volume=100.0 + n), ZB) for n in range(2)]
    frames = [{"at": n / 5, "rows": rows} for n, rows in enumerate([loading(shown[0]), *shown])]
    path.write_text("\n".join(map(json.dumps, frames)))
    plan, clock, stop = ExcelPlan("excel_recorded", path, poll_s=0.001), SystemClock(), Event()

    def is_wanted() -> bool:
        if bus.xlen(keys.STREAM) == 3:
            stop.set()
        return True

    assignment = Assignment(
        "EXCEL",
        0.01,
        is_wanted,
        lambda next_seq: ExcelFeed(plan, next_seq, market(), clock),
        lambda: open_spool("EXCEL"),
        market(),
        look_every_s=0.0,
    )
    assert run_collector(bus, assignment, clock, stop) == 3

    events = [fields for _, fields in bus.xrange(keys.STREAM)]
    assert [(found["symbol"], found["last"], found["trade"]) for found in events] == [
        ("ES", "6879.50", "0"),
        ("ZB", "118.50000", "0"),
        ("ES", "6880.50", "1"),
    ]
    assert {(found["source"], found["ts_origin"], found["ts"] == found["recv_ts"]) for found in events} == {
        ("EXCEL", "local", True)
    }
    assert bus.hgetall(keys.latest("ES"))["last"] == "6880.50"


@pytest.mark.parametrize("careless", ["Careless", "Hasty"])
def test_a_reader_without_its_safeguards_is_found_out(tmp_path, careless):
    path = tmp_path / "Futures.xlsm"
    reader = {"Careless": Careless, "Hasty": Hasty}[careless](ExcelPlan("excel_file", path))

    with saving(path) as writer:
        assert writer.stdout.readline() == "0\n"
        with pytest.raises((CalamineError, BlockingIOError)):
            for version in range(VERSIONS + 1):
                see(reader, writer, version)


class Careless(FileReader):
    """Takes what is half written for the last word."""

    def read(self):
        self._refresh()
        return self._rows


class Hasty(FileReader):
    """Reads a file in two halves, as a slow disk does it, and does not look whether it is still the same."""

    def read(self):
        with self._path.open("rb") as file:
            first = file.read(self._path.stat().st_size // 2)
            time.sleep(0.003)
            return self._parsed(first + file.read())


def see(reader, writer, version):
    deadline = time.monotonic() + 30
    while reader.read()[1][1] != version:
        assert time.monotonic() < deadline
    writer.stdin.write("seen\n")
    writer.stdin.flush()


def followed(feed, writer) -> list[Quote]:
    quotes: list[Quote] = []
    clock = SystemClock()
    until(lambda: feed.step(clock.now()) == [] and feed.state().state == STREAMING)
    for version in range(VERSIONS + 1):
        until(lambda wanted=version: quotes.extend(feed.step(clock.now())) or len(quotes) >= wanted * len(SYMBOLS))
        assert writer.stdout.readline() == f"{version}\n"
        writer.stdin.write("seen\n")
        writer.stdin.flush()
    writer.wait(30)
    feed.wait(0.1)
    return [*quotes, *feed.step(clock.now())]


def is_torn(quote: Quote) -> bool:
    last = quote.last
    prices = [quote.bid - 1000, quote.ask - 2000]
    return {*prices, *map(Decimal, (quote.last_size, quote.bid_size, quote.ask_size, quote.volume // 10))} != {last}


@contextlib.contextmanager
def saving(path: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", WRITER, str(path)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as writer:
        try:
            yield writer
        finally:
            writer.kill()


@contextlib.contextmanager
def reading(plan: ExcelPlan) -> Iterator[ExcelFeed]:
    numbers = count(1)
    with contextlib.closing(ExcelFeed(plan, lambda: next(numbers), market(), SystemClock())) as feed:
        yield feed
