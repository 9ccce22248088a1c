import json
from datetime import timedelta

import pytest

from app.alerts.store import find_alert, raise_alert, resolve_alert
from tests.alerting import NOW, disk, silent
from tests.fakes import FixedClock
from tests.mail_servers import mail_server

MAIL = {"smtp_security": "none", "alert_mail_from": "t@example.com", "alert_mail_to": "a@example.com"}


@pytest.fixture
def clock():
    return FixedClock(NOW + timedelta(minutes=5))


@pytest.fixture
def raised(rt):
    with rt.sessions.begin() as session:
        over = raise_alert(session, silent("EXCEL"), NOW)
        resolve_alert(session, over.id, NOW, by="ann")
        return raise_alert(session, disk(), NOW), raise_alert(session, silent(), NOW), over


def run(runner, *words):
    answer = runner.invoke(args=["alerts", *words])
    return answer.exit_code, answer.output


def test_without_alerts_that_is_said(runner):
    assert run(runner) == (0, "No alerts\n")


def test_alerts_that_last_are_listed_newest_first(runner, raised):
    low, high, over = raised

    code, said = run(runner)

    lines = [line for line in said.splitlines() if "source_silent" in line or "disk_low" in line]
    assert code == 0
    assert [line.split("│")[1].strip() for line in lines] == [str(high.id), str(low.id)]
    assert "SCHWAB" in lines[0]
    assert "5 min" in lines[0]
    assert str(over.id) not in [line.split("│")[1].strip() for line in lines]


def test_programs_get_json_of_what_they_ask_for(runner, raised):
    low, high, over = raised

    def listed(*words):
        code, said = run(runner, "--json", *words)
        return code, [alert["id"] for alert in json.loads(said)["alerts"]]

    assert listed() == (0, [high.id, low.id])
    assert listed("--all") == (0, [high.id, low.id, over.id])
    assert listed("--severity=warning") == (0, [low.id])


def test_an_alert_is_acknowledged_and_ended_with_a_note(runner, raised, rt):
    _low, high, _over = raised

    code, said = run(runner, f"--acknowledge={high.id}", "--note=restarting the feed")
    with rt.sessions() as session:
        seen = find_alert(session, high.id)
    ended, _ = run(runner, f"--resolve={high.id}")
    again, refused = run(runner, f"--resolve={high.id}")

    assert (code, ended, again) == (0, 0, 3)
    assert "seen to by" in said
    assert (seen.note, bool(seen.acknowledged_by)) == ("restarting the feed", True)
    assert refused.startswith(f"error: alert {high.id} is over since")


@pytest.mark.parametrize(
    "words",
    [
        ["--acknowledge=4711"],
        ["--acknowledge=0"],
        ["--acknowledge=1", "--resolve=1"],
        ["--test=mail", "--resolve=1"],
        ["--note=x"],
        ["--severity=grave"],
        ["--test=pigeon"],
    ],
)
def test_what_makes_no_sense_is_refused_in_one_line(runner, words):
    code, said = run(runner, *words)

    assert code == 2
    assert said.startswith("error: ")
    assert len(said.splitlines()) == 1


@pytest.mark.parametrize(("channel", "setting"), [("mail", "SMTP_HOST"), ("webhook", "ALERT_WEBHOOK_URL")])
def test_a_channel_that_is_not_set_up_cannot_be_tested(runner, channel, setting):
    code, said = run(runner, f"--test={channel}")

    assert code == 3
    assert said.startswith(f"{channel}: not set up: set {setting}")


def test_a_test_mail_is_sent_at_once(runner_on):
    with mail_server() as box:
        code, said = run(runner_on(**MAIL, smtp_host="127.0.0.1", smtp_port=box.port), "--test=mail")

    [mail] = box.mails
    assert (code, said) == (0, "mail: sent: taken by the other side\n")
    assert mail["Subject"] == "[Thor TEST] A test of this channel"


def test_a_test_that_fails_says_why(runner_on):
    with mail_server() as box:
        box.replies["DATA"] = "554 never"
        code, said = run(runner_on(**MAIL, smtp_host="127.0.0.1", smtp_port=box.port), "--test=mail")

    assert code == 1
    assert said.splitlines() == ["mail: failed: 127.0.0.1 refused, with code 554, the message"]


def test_a_test_of_the_api_raises_an_alert(runner):
    code, said = run(runner, "--test=api")
    _, listed = run(runner, "--json")

    [alert] = json.loads(listed)["alerts"]
    assert code == 0
    assert (alert["rule"], alert["severity"]) == ("channel_test", "info")
    assert said.startswith(f"api: sent: alert {alert['id']} is raised")


def test_all_are_tested_and_those_that_are_not_set_up_are_named(runner, caplog):
    code, said = run(runner, "--test=all", "--json")

    outcomes = {trial["channel"]: trial["outcome"] for trial in json.loads(said)["channels"]}
    assert code == 0
    assert outcomes == {"log": "sent", "mail": "not set up", "webhook": "not set up", "api": "sent"}
    assert "a test of the log" in caplog.text
