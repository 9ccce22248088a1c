import os
import re
import shlex
import signal
import subprocess
import sys
from datetime import timedelta
from decimal import Decimal

import openpyxl
import pytest
from redis.exceptions import RedisError
from sqlalchemy import select

from app.alerts.rules import RULES
from app.bus import keys
from app.bus.connection import check_persistence, connect
from app.clock import SystemClock
from app.collectors.feeds import STREAMING
from app.local.binaries import find_valkey
from app.local.ports import free_port
from app.settings import load_settings
from app.ticks.models import Tick
from tests.documentation import document, section_of, shell_lines, unsaid
from tests.fakes import FixedClock
from tests.hours import at
from tests.premarket_days import OPENS, climbed
from tests.sheets import ES, HEADERS, row, save_workbook
from tests.ticks import store_quotes, trade
from tests.tree import ROOT
from tests.waiting import until

TEXT = document("tutorial-windows.md")
CONFIGURATION = re.search(r"```conf\n(.*?)```", TEXT, re.DOTALL)[1]
ENV_FILE = re.search(r"```ini\n(.*?)```", TEXT, re.DOTALL)[1]
NQ = ("/NQ:XCME", *ES[1:])


def step(number):
    return shell_lines(section_of(TEXT, f"{number}. "))


def test_what_a_sheet_says_is_published_stored_and_balanced(app, reader, sessions):
    for number in range(1, 7):
        reader.change_to(last=6879.5 + number, volume=812_345.0 + number)
    reader.end()
    assert runs(app, "flask redis-to-postgres --drain").exit_code == 0

    said = {line: runs(app, line) for line in [*step(6), *step(8)]}

    assert [(line, answer.output) for line, answer in said.items() if answer.exit_code] == []
    assert said["flask reconcile"].output.count("balanced") >= 2
    with sessions() as session:
        stored = session.execute(select(Tick.source, Tick.symbol, Tick.last).order_by(Tick.seq)).all()
    assert stored[-2:] == [("EXCEL", "ES", Decimal("6885.5")), ("EXCEL", "NQ", Decimal("6885.5"))]
    assert len(stored) == 12


@pytest.mark.parametrize("clock", [FixedClock(at("2025-10-09T20:30:00Z"))])
def test_the_first_day_has_a_report_that_says_what_it_lacks(app, sessions, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for symbol in ("ES", "NQ"):
        trades = [trade(60 * minute, 6750 + minute % 7, minute + 1) for minute in range(1, 1300)]
        store_quotes(sessions, [one._replace(symbol=symbol, source="EXCEL") for one in trades])

    said = {line: runs(app, line) for line in step(9)}

    assert [(line, answer.output) for line, answer in said.items() if answer.exit_code] == []
    assert said[step(9)[-1]].output.count("Recommendation: HOLD") == 2
    assert "insufficient data" in said[step(9)[-1]].output
    assert "EXCEL" in (tmp_path / "first.html").read_text()


def test_the_template_of_the_tutorial_asks_thinkorswim_for_its_symbols(app, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    [line] = re.findall(r"^\.venv\\Scripts\\(flask excel-template.*)$", TEXT, re.MULTILINE)

    assert runs(app, line).exit_code == 0

    page = openpyxl.load_workbook(tmp_path / "Thor.xlsx")["Futures"]
    assert {page[f"A{at}"].value.partition(":")[0] for at in (2, 3, 4)} == {"/ES", "/NQ", "/YM"}


def test_the_servers_are_as_the_tutorial_configures_them(redis_of_the_tutorial, app):
    with connect(redis_of_the_tutorial) as client:
        check_persistence(client)
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
    assert [runs(app, line).exit_code in (0, 1) for line in step(4)] == [True] * len(step(4))


def test_the_settings_of_the_tutorial_are_taken(monkeypatch, tmp_path):
    (tmp_path / ".env").write_text(ENV_FILE)
    for name, value in re.findall(r"\$env:([A-Z_]+) = '([^']*)'", section_of(TEXT, "7. ")):
        monkeypatch.setenv(name, value)

    settings = load_settings(_env_file=tmp_path / ".env")

    assert settings.premarket_timeframe == "10days"
    assert settings.excel.provider == "excel_live"
    assert ENV_FILE.splitlines()[0].partition("=")[2] == os.environ["REDIS_URL"]


def test_what_can_go_wrong_is_said_in_these_words():
    said = re.findall(r'^\|[^|\n]*"([^"\n]+)"', TEXT, re.MULTILINE)
    of_others = {"System has not been booted with systemd", "running scripts is disabled"}

    assert len(said) > len(of_others)
    assert {words: unsaid(words) for words in set(said) - of_others if unsaid(words)} == {}


@pytest.mark.parametrize("clock", [FixedClock(OPENS - timedelta(minutes=20))])
def test_the_morning_report_is_read_as_the_tutorial_says(app, rt, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    climbed(rt)

    assert {line: runs(app, line).exit_code for line in step(10)} == dict.fromkeys(step(10), 0)
    assert (tmp_path / "open.html").read_text().startswith("<!doctype html>")
    assert "premarket_verdict" in RULES


def runs(app, line):
    return app.test_cli_runner().invoke(args=shlex.split(line)[1:])


class Reader:
    """A process that reads a workbook, and a program that saves it."""

    def __init__(self, process, path, bus):
        self._process, self._path, self._bus = process, path, bus

    def change_to(self, **cells):
        """Save the workbook until what was saved last is published."""
        before = self._bus.xlen(keys.STREAM)
        save_workbook(self._path, HEADERS, row(ES, **cells), row(NQ, **cells))

        def is_published():
            assert self._process.poll() is None
            return self._bus.xlen(keys.STREAM) >= before + 2

        until(is_published)

    def end(self):
        """End it as Ctrl-C does."""
        self._process.send_signal(signal.SIGINT)
        told, _ = self._process.communicate(timeout=30)
        assert self._process.returncode == 0, told


@pytest.fixture
def reader(bus, redis_url, tmp_path):
    """The command of the tutorial for those without Excel, once it has read the workbook for the first time."""
    [line] = re.findall(r"`(DATA_PROVIDER=excel_file [^`]+)`", TEXT)
    *told, flask, command = line.split()
    environment = {**dict(one.split("=") for one in told), "REDIS_URL": redis_url, "EXCEL_POLL_MS": "20"}
    path = tmp_path / environment["EXCEL_DATA_FILE"]
    environment |= {"PATH": os.environ["PATH"], "STATE_DIR": str(tmp_path / "reader"), "EXCEL_DATA_FILE": str(path)}
    save_workbook(path, HEADERS, ES, NQ)
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [sys.executable, "-m", flask, command],
        cwd=ROOT,
        env={**environment, "FLASK_APP": "wsgi"},
        stdout=pipe,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            until(lambda: process.poll() is not None or bus.hget(keys.health("EXCEL"), "feed") == STREAMING)
            yield Reader(process, path, bus)
        finally:
            process.kill()


@pytest.fixture
def redis_of_the_tutorial(tmp_path):
    port = free_port()
    written = tmp_path / "redis.conf"
    written.write_text(f"{CONFIGURATION}port {port}\ndir {tmp_path}\n")
    with subprocess.Popen([str(find_valkey(None)), str(written)], stdout=subprocess.DEVNULL) as process:
        try:
            with connect(url := f"redis://:PASSWORD@127.0.0.1:{port}/0") as client:
                until(lambda: answers(client))
            yield url
        finally:
            process.terminate()


def answers(client):
    try:
        return client.ping()
    except RedisError:
        return False


@pytest.fixture
def clock(request):
    return getattr(request, "param", SystemClock())
