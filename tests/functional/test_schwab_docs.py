import re
import shlex

import pytest

from app.alerts.rules import RULES
from app.collectors.schwab.expiry import WARN_AT
from app.collectors.schwab.login import CODE_LASTS_S
from app.collectors.schwab.tokens import LOGIN_LASTS
from app.settings import Settings
from tests.documentation import document, shell_lines, table, unsaid
from tests.schwab_desk import schwab, settings
from tests.schwab_feeds import FUTURES, now_ms
from tests.schwab_logins import have_pasted

__all__ = ["schwab", "settings"]

TEXT = document("schwab.md")
WORDS = " ".join(TEXT.split())
SAID = [words for row in table(TEXT, "| what is said |") for words in re.findall(r'"([^"]+)"', row[0])]


def test_the_commands_of_the_document_work_one_after_the_other(runner, schwab, monkeypatch):
    have_pasted(monkeypatch)
    schwab.update(FUTURES, "/ES", {1: 6879.25, 2: 6879.5, 3: 6879.5, 10: now_ms(), 11: now_ms()})

    answers = {line: runner.invoke(args=shlex.split(line)[1:]) for line in shell_lines(TEXT)}

    assert {line: answer.output for line, answer in answers.items() if answer.exit_code} == {}
    assert "6879.5" in answers["flask schwab-check"].output


@pytest.mark.parametrize("words", SAID)
def test_what_is_said_is_what_the_document_says(words):
    assert unsaid(re.sub(r"\((HTTP \d+|\w+_client)\)", "…", words)) == []


def test_the_check_ends_as_the_document_says_when_a_person_must_log_in(runner):
    assert runner.invoke(args=["schwab-check"]).exit_code == 3


@pytest.mark.parametrize(
    ("words", "figures"),
    [
        ("within {} seconds", [CODE_LASTS_S]),
        ("older than {} seconds", [CODE_LASTS_S]),
        ("lasts for {} days", ["seven" if LOGIN_LASTS.days == 7 else LOGIN_LASTS.days]),
        ("warns at {}, {} and {} hours", [one.total_seconds() // 3600 for one in WARN_AT[:3]]),
        ("callback address `{}`", [Settings(_env_file=None).schwab_redirect_uri]),
    ],
)
def test_a_figure_of_the_document_is_that_of_the_code(words, figures):
    assert words.format(*(f"{one:.0f}" if isinstance(one, float) else one for one in figures)) in WORDS


def test_the_settings_and_the_alert_of_the_document_exist():
    told = {row[0].strip("`") for row in table(TEXT, "| setting |")}

    assert {name.lower() for name in told} <= set(Settings.model_fields)
    assert {name for name in Settings.model_fields if name.startswith("schwab_")} == {
        name.lower() for name in told if name.startswith("SCHWAB_")
    } | {"schwab_api_url"}
    assert "`login_expiring`" in TEXT
    assert "login_expiring" in RULES
