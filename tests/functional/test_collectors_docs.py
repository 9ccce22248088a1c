import re
import shlex
from typing import get_args

import pytest

from app.bus.leases import LEASE_TTL_S
from app.collectors import feeds
from app.collectors.crashes import FIRST_WAIT, LONGEST_WAIT, LOOP_STARTS, WINDOW
from app.collectors.excel.polling import Patience as ExcelPatience
from app.collectors.run import Assignment
from app.collectors.schwab.patience import Patience as SchwabPatience
from app.operations.collector_states import State
from app.operations.displaying import STEADY
from app.operations.divergences import PERSISTS
from app.operations.session_health import FEED_SILENCE_S
from app.operations.silence import FIRST_DISTANCE, LONGEST_DISTANCE
from app.operations.tick_steps import SILENT_AFTER_S
from app.settings import Settings
from tests.schwab_desk import schwab, settings
from tests.schwab_feeds import FUTURES, now_ms
from tests.schwab_logins import have_pasted
from tests.tree import ROOT

__all__ = ["schwab", "settings"]

TEXT = (ROOT / "docs/collectors.md").read_text()
WORDS = " ".join(TEXT.split())
COMMANDS = re.search(r"```sh\n(.*?)```", TEXT, re.DOTALL)[1].splitlines()
ADDRESS = "http://127.0.0.1:8000"
SCHWAB, EXCEL, SETTINGS = SchwabPatience(), ExcelPatience(), Settings(_env_file=None)


def test_the_commands_of_the_document_work_one_after_the_other(app, schwab, monkeypatch):
    have_pasted(monkeypatch)
    schwab.update(FUTURES, "/ES", {1: 6879.25, 2: 6879.5, 3: 6879.5, 10: now_ms(), 11: now_ms()})

    answers = {line: code_of(app, shlex.split(line)) for line in COMMANDS}

    assert answers.pop(f"curl -s '{ADDRESS}/api/health/ready'") in (200, 503)  # No worker runs here.
    assert {line: code for line, code in answers.items() if code not in (0, 200, 202)} == {}


def test_the_states_of_the_document_are_those_that_are_known():
    told = first_cells("| state |")

    assert told == set(get_args(State))


def test_the_ways_a_feed_stands_are_those_that_are_known():
    told = first_cells("| `feed` |")

    known = ("CONNECTING", "STREAMING", "FALLBACK", "BUSY", "LOST", "NEEDS_LOGIN", "MISCONFIGURED")
    assert told == {getattr(feeds, name) for name in known}


def test_the_settings_of_the_document_exist():
    named = set(re.findall(r"`([A-Z]+_[A-Z_]+)`", TEXT))

    assert {name.lower() for name in named} <= set(Settings.model_fields)
    assert {"SCHWAB_SYMBOLS", "SESSION_SOURCES", "SPOOL_MAX_MB"} <= named


@pytest.mark.parametrize(
    ("words", "figures"),
    [
        ("`QUOTE_STALE_S` ({:.0f} s)", [SETTINGS.quote_stale_s]),
        ("`DIVERGENCE_TICKS` ({:.0f})", [SETTINGS.divergence_ticks]),
        ("every check for {} seconds", [PERSISTS.seconds]),
        ("streamed for {} seconds without", ["ten" if STEADY.seconds == 10 else STEADY.seconds]),
        ("within {:.0f} seconds, {:.0f} where a collector was killed", [Assignment.look_every_s, LEASE_TTL_S]),
        (
            "{} starts in {} minutes",
            ["three" if LOOP_STARTS == 3 else LOOP_STARTS, "ten" if WINDOW.seconds == 600 else 0],
        ),
        ("waits {} s to {} min", [FIRST_WAIT.seconds, LONGEST_WAIT.seconds // 60]),
        ("asked for every {:.0f} s", [SCHWAB.poll_s]),
        ("after {:.0f} s in an open market, then", [SCHWAB.silent_s]),
        ("up to every {:.0f} min", [SCHWAB.longest_silent_s / 60]),
        ("away for more than {:.0f} s", [SCHWAB.fallback_after_s]),
        ("tried again after {:.0f} s", [SCHWAB.taken_over_s]),
        (
            "said after {:.0f} s; a call that hangs is given up after {:.0f} s",
            [EXCEL.busy_after_s, EXCEL.give_up_after_s],
        ),
        ("nothing new for {:.0f} s in an open market", [SILENT_AFTER_S]),
        ("{} to {} min apart", [FIRST_DISTANCE.seconds // 60, LONGEST_DISTANCE.seconds // 60]),
        ("`feeds` fails after {:.0f} s", [FEED_SILENCE_S]),
    ],
)
def test_a_figure_of_the_document_is_that_of_the_code(words, figures):
    assert words.format(*figures) in WORDS


def code_of(app, words):
    """How a command ended, or the status of the answer."""
    if words[0] == "flask":
        return app.test_cli_runner().invoke(args=words[1:]).exit_code
    options = {"json": {}} if "-d" in words else {}
    method = "POST" if "-d" in words else "GET"
    return app.test_client().open(words[-1].removeprefix(ADDRESS), method=method, **options).status_code


def first_cells(head):
    rows = TEXT.partition(f"\n{head}")[2].partition("\n\n")[0].splitlines()[2:]
    return {word for row in rows for word in re.findall(r"`([^`]+)`", row.split("|")[1])}
