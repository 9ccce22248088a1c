import json
import re
import shlex
import time

import pytest

from app.alerts.channels.channel import SEND_WITHIN_S
from app.alerts.channels.webhook import AGAIN, MESSAGE_ID, SIGNATURE, body_of, sign
from app.alerts.deliveries import LEASE, MOST_ATTEMPTS, WAITS_S
from app.alerts.rules import RULES
from app.settings import Settings
from tests.alerting import message
from tests.tree import ROOT

TEXT = (ROOT / "docs/alerts.md").read_text()
WORDS = " ".join(TEXT.split())
COMMANDS = re.search(r"```sh\n(.*?)```", TEXT, re.DOTALL)[1].splitlines()


def test_the_commands_of_the_document_work_one_after_the_other(runner):
    answers = {line: runner.invoke(args=shlex.split(line)[1:]).exit_code for line in COMMANDS}

    assert {line: code for line, code in answers.items() if code != 0} == {}


def test_the_rules_of_the_document_are_those_of_the_code():
    told = re.findall(r"^\| `(\w+)`(\*?) \| (.+) \| (\w+) \| (\d+) (min|h) \|$", TEXT, re.MULTILINE)

    assert told == [
        (rule.name, "*" if rule.event else "", rule.title, rule.severity, *span(rule.clear_after))
        for rule in RULES.values()
    ]


def test_the_settings_of_the_document_exist_and_all_of_alerts_are_told():
    named = set(re.findall(r"`([A-Z]+_[A-Z_]+)[`=]", TEXT))

    assert {name.lower() for name in named} <= set(Settings.model_fields)
    assert {name for name in Settings.model_fields if name.startswith(("alert_", "smtp_"))} == {
        name.lower() for name in named
    }


def test_the_post_of_the_document_is_one():
    shown = json.loads(re.search(r"```json\n(.*?)```", TEXT, re.DOTALL)[1])
    told = message(
        id="17-raised-critical-20260304T120000000000",
        alert=17,
        detail="nothing for 60 s: see `flask collectors`",
        facts={"age_s": 60},
    )

    assert shown == json.loads(body_of(told))


def test_a_receiver_verifies_a_signature_as_the_document_says():
    names = {}
    exec(re.search(r"```python\n(.*?)```", TEXT, re.DOTALL)[1], names)
    body, now_s = body_of(message()), int(time.time())

    def verify(at_s, key="key", given=body):
        return names["is_from_thor"](key, sign("key", at_s, body), given)

    assert verify(now_s)
    assert not verify(now_s, key="other")
    assert not verify(now_s, given=body + b" ")
    assert not verify(now_s - 3600)


@pytest.mark.parametrize(
    ("words", "figures"),
    [
        ("after {} s, 1, 2, 5, 10 and 30 min", [WAITS_S[0]]),
        ("given up after {} attempts", [MOST_ATTEMPTS]),
        ("to another after {} s", [LEASE.seconds]),
        ("takes about {:.0f} s at most", [SEND_WITHIN_S]),
        ("`{}` of a post", [MESSAGE_ID]),
        ("`{}: t=", [SIGNATURE]),
        ("`ALERT_MIN_SEVERITY` ({})", [Settings(_env_file=None).alert_min_severity]),
        ("is over after {} minutes", [RULES["channel_test"].clear_after.seconds // 60]),
        ("{} and from 500 on mean later", [", ".join(map(str, sorted(AGAIN)))]),
    ],
)
def test_a_figure_of_the_document_is_that_of_the_code(words, figures):
    assert words.format(*figures) in WORDS


def test_the_waits_of_the_document_are_those_of_the_code():
    assert list(dict.fromkeys(WAITS_S)) == [30, 60, 120, 300, 600, 1800]


def span(length):
    seconds = int(length.total_seconds())
    return (str(seconds // 3600), "h") if seconds >= 3600 else (str(seconds // 60), "min")
