import re
import shlex

import pytest

from app.alerts.rules import RULES
from app.bus.stream import STREAM_CAP
from app.metrics.families import COUNTED
from app.operations.alerting import clocks, disks, stream
from app.operations.health import FULL_SHARE, PULSE_SILENCE_S
from app.operations.job_health import IDLE_S
from app.settings import Settings
from tests.documentation import document, sections, shell_lines
from tests.tree import ROOT

TEXT = document("operations.md")
WORDS = " ".join(TEXT.split())
LINES = sorted(set(shell_lines(TEXT)))
ADDRESS = "http://127.0.0.1:8000"
# Only Thor's servers run here: there was no backup, no open may be at hand, nobody has logged in at Schwab, and
# there is no bucket.
TELLS_OF_TROUBLE = {"flask doctor", "flask status", "flask premarket", "flask schwab-check"}
TELLS_OF_TROUBLE |= {"flask lake-push", "flask lake-compare"}
RULES_FILE = (ROOT / "deploy/prometheus/rules.yml").read_text()


@pytest.mark.parametrize("line", LINES)
def test_a_command_of_the_document_answers(line, client, runner):
    asked, _, sought = line.partition(" | grep ")
    words = shlex.split(asked)
    if words[0] == "curl":
        answer = client.get(words[-1].removeprefix(ADDRESS))
        assert answer.status_code == (503 if "ready" in line else 200)
        assert not sought or sought in answer.text or any(family.name.startswith(sought) for family in COUNTED)
        return

    answer = runner.invoke(args=words[1:])

    trouble = " ".join(words[:2]) in TELLS_OF_TROUBLE
    assert answer.exit_code in ((0, 1, 2, 3) if trouble else (0,)), answer.output
    assert "Usage:" not in answer.output
    assert "Traceback" not in answer.output


def test_what_is_not_set_up_is_told_in_words(runner):
    assert "SCHWAB_CLIENT_ID" in runner.invoke(args=["schwab-check"]).output


@pytest.mark.parametrize(
    ("place", "words", "figures"),
    [
        ("the-stream-is-nearly-full", "has {:.0f} % of `STREAM_CAP`", [100 * FULL_SHARE]),
        ("ingest-is-behind", "for more than {} seconds (critical from {} on)",
         [stream.WARNING.seconds, stream.CRITICAL.seconds]),
        ("clocks-differ", "more than {} seconds from this machine's; critical from {} on",
         [clocks.WARNING.seconds, clocks.CRITICAL.seconds]),
        ("a-disk-is-nearly-full", "less than {:.0f} % or {} GB is free; critical below {:.0f} % or {} GB",
         [100 * disks.WARNING[0], disks.WARNING[1] // disks.GB, 100 * disks.CRITICAL[0],
          disks.CRITICAL[1] // disks.GB]),
        ("a-worker-shows-no-sign-of-life", "finished no task for {:.0f} seconds", [PULSE_SILENCE_S]),
        ("analyses-wait", "showed life for {} minutes", ["three" if IDLE_S == 180 else IDLE_S]),
    ],
)  # fmt: skip
def test_a_figure_of_the_document_is_that_of_the_code(place, words, figures):
    assert words.format(*figures) in " ".join(sections(TEXT)[place].split())


@pytest.mark.parametrize(
    ("place", "condition", "words"),
    [
        ("ingest-is-behind", "> 50000", "more than 50,000 of them"),
        ("ingest-is-behind", "[5m]))) > 5'", "longer than 5 seconds"),
        ("a-process-grows", "> 3e9", "more than 3 GB of memory"),
        ("a-process-grows", "> 800", "more than 800 files"),
        ("the-backup-is-old", "> 26 * 3600", "more than 26 hours old"),
        ("a-queue-grows", "thor_queue_messages > 100", "more than 100 tasks"),
        ("analyses-wait", "> 1800", "for half an hour"),
        ("requests-fail", "> 2.5", "longer than 2.5 seconds"),
        ("tasks-fail", "[15m])) > 2", "three times or more in fifteen minutes"),
    ],
)
def test_a_figure_of_a_rule_of_prometheus_is_that_of_the_document(place, condition, words):
    assert condition in RULES_FILE
    assert words in " ".join(sections(TEXT)[place].split())


def test_what_the_document_says_of_an_end_is_what_the_rules_do():
    minutes = {rule.clear_after.seconds // 60 for rule in RULES.values() if not rule.event}

    assert minutes == {2}
    assert RULES["premarket_failure"].clear_after == RULES["premarket_cache_miss"].clear_after
    assert RULES["premarket_failure"].clear_after.days == 1


def test_the_settings_of_the_document_exist():
    named = set(re.findall(r"`([A-Z]+_[A-Z_]+)`", TEXT)) - {"DEGRADED", "MISSING"}

    assert {"STREAM_CAP", "SPOOL_MAX_MB"} <= named
    assert {name.lower() for name in named} <= set(Settings.model_fields)
    assert Settings(_env_file=None).stream_cap == STREAM_CAP
