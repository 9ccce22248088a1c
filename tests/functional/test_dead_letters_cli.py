import json
import re
import shlex

import pytest
from sqlalchemy import text

from app.bus.keys import STREAM
from tests.factories import wire, words
from tests.letters import actions_of, put_letter, read_letter
from tests.tree import ROOT

TEXT = (ROOT / "docs/dead-letters.md").read_text()


@pytest.fixture
def desk(runner):
    return lambda *args: runner.invoke(args=["dead-letters", *map(str, args)])


@pytest.fixture
def put(app, sessions):
    return lambda entry, reason=None: put_letter(sessions, entry, reason)


@pytest.fixture
def seqs(sessions):
    def read():
        with sessions() as session:
            return list(session.scalars(text("SELECT seq FROM ticks ORDER BY seq")))

    return read


def test_an_entry_is_dead_lettered_corrected_and_stored(desk, runner, bus, sessions, seqs):
    bus.xadd(STREAM, wire(last="5,000.25"))
    runner.invoke(args=["redis-to-postgres", "--drain"])

    listed = json.loads(desk("list", "--json").output)["dead_letters"]
    letter_id = listed[0]["id"]
    refused = desk("redrive", letter_id)
    corrected = desk("correct", letter_id, "--set", "last=5000.25")
    stored = desk("redrive", letter_id)

    assert (len(listed), listed[0]["kind"], listed[0]["symbol"]) == (1, "last", "ES")
    assert (refused.exit_code, "refused, last: '5,000.25'" in refused.output) == (3, True)
    assert (corrected.exit_code, f"Nothing is wrong: flask dead-letters redrive {letter_id}" in corrected.output) == (
        0,
        True,
    )
    assert (stored.exit_code, "Done: 1 stored" in stored.output) == (0, True)
    assert seqs() == [1]
    assert [action for action, _, _ in actions_of(sessions, letter_id)] == ["refused", "corrected", "stored"]
    assert {actor for _, actor, _ in actions_of(sessions, letter_id)} != {""}


def test_the_list_is_chosen_by_filters_and_goes_on(desk, put):
    ids = [put(words(last="x")), put(words(bid="y", symbol="NQ")), put(words(last="z"))]

    def listed(*args):
        answer = json.loads(desk("list", "--json", *args).output)
        return [one["id"] for one in answer["dead_letters"]], answer["next_before"]

    assert listed() == (ids[::-1], None)
    assert listed("--limit=2") == ([ids[2], ids[1]], ids[1])
    assert listed("--limit=2", f"--before={ids[1]}") == ([ids[0]], None)
    assert listed("--kind=last")[0] == [ids[2], ids[0]]
    assert listed("--symbol=NQ", "--source=REPLAY", "--date=2025-10-09")[0] == [ids[1]]
    assert listed("--state=discarded")[0] == []


def test_the_table_of_letters_says_how_to_go_on(desk, put):
    ids = [put(words(last="x")), put(words(last="y"))]

    answer = desk("list", "--limit", 1)

    assert answer.exit_code == 0
    assert "last: 'y' is not a decimal number" in answer.output
    assert f"--before={ids[1]}" in answer.output
    assert desk("list", "--state=discarded").output == "No dead letters\n"


def test_a_letter_is_shown_whole_and_cannot_steer_the_terminal(desk, put):
    letter_id = put([*words(last="x"), b"note", b"\x1b[2J[red]"])
    desk("correct", letter_id, "--set=bid=1", "--unset=note")

    answer = desk("show", letter_id)

    assert answer.exit_code == 0
    assert "\x1b" not in answer.output
    assert r"\x1b[2J[red]" in answer.output
    assert "taken away" in answer.output
    assert "Still wrong: last: 'x'" in answer.output
    shown = json.loads(desk("show", letter_id, "--json").output)
    assert (shown["fields"]["last"], shown["correction"]) == ("x", {"bid": "1", "note": None})


def test_a_letter_that_was_cut_is_shown_in_short(desk, put):
    letter_id = put(words(note="x" * 100_000))

    answer = desk("show", letter_id)

    assert "Not all of the entry was kept" in answer.output
    assert answer.output.count("x") < 300


def test_many_are_redriven_by_a_filter_after_a_trial(desk, put, seqs):
    for seq in range(1, 4):
        put(words(seq=str(seq)), "last: was odd")
    put(words(bid="x"))

    trial = desk("redrive", "--kind=last", "--dry-run")
    assert (trial.exit_code, "It would come to: 3 stored" in trial.output, seqs()) == (0, True, [])
    done = desk("redrive", "--all", "--json")

    assert (done.exit_code, seqs()) == (3, [1, 2, 3])
    report = json.loads(done.output)
    assert (report["stored"], report["refused"], len(report["letters"])) == (3, 1, 4)
    assert "nothing to do" in desk("redrive", "--kind=last").output


def test_letters_are_discarded_with_a_note(desk, put, sessions):
    ids = [put(words(last="x")), put(words(last="y"))]

    assert "2 would be discarded" in desk("discard", "--kind=last", "--dry-run").output
    assert desk("discard", *ids).exit_code == 2
    assert "1 discarded" in desk("discard", ids[0], "--note=a test").output
    again = desk("discard", *ids, "--note=a test")

    assert (again.exit_code, "1 discarded, 1 were closed already" in again.output) == (3, True)
    assert [read_letter(sessions, one).state for one in ids] == ["discarded", "discarded"]


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (["redrive"], 2),
        (["redrive", "1", "--all"], 2),
        (["redrive", "--kind=last", "--all"], 2),
        (["redrive", "999999999999"], 2),
        (["redrive", "x"], 2),
        (["redrive", "0"], 2),
        (["redrive", str(2**63)], 2),
        (["show", "999999999999"], 2),
        (["correct", "999999999999", "--set=last=1"], 2),
        (["correct", "1", "--set=last"], 2),
        (["correct", "1", "--set=last=1", "--unset=last"], 2),
        (["list", "--kind=Last!"], 2),
        (["list", "--source=MOON"], 2),
        (["list", "--symbol=../x"], 2),
        (["list", "--date=tomorrow"], 2),
        (["list", "--state=lost"], 2),
        (["list", "--limit=0"], 2),
        (["discard", "--all"], 2),
        (["bury"], 2),
    ],
)
def test_what_makes_no_sense_is_one_line_and_an_exit_code(desk, put, args, code):
    put(words(last="x"))

    answer = desk(*args)

    assert answer.exit_code == code, answer.output
    assert answer.stderr.startswith("error: ")
    assert answer.stderr.count("\n") == 1


def test_a_closed_letter_is_refused_with_3(desk, put):
    letter_id = put(words(last="x"))
    desk("discard", letter_id, "--note=a test")

    assert desk("correct", letter_id, "--set=last=1").exit_code == 3
    assert desk("redrive", letter_id).exit_code == 3


def test_a_database_that_is_away_is_said_in_one_line(runner_on):
    away = runner_on(database_url="postgresql://u:p@127.0.0.1:1/d")

    answer = away.invoke(args=["dead-letters", "list"])

    assert (answer.exit_code, answer.stderr) == (1, "error: PostgreSQL does not answer: see `flask status`\n")


def test_the_commands_of_the_document_work(runner, put, seqs):
    first, second = put(words(last="5,000.25", note=b"\xff")), put(words(last="x"))
    numbers = {"17": str(first), "18": str(second)}
    lines = re.findall(r"^flask (dead-letters .*)$", TEXT, re.MULTILINE)

    codes = [runner.invoke(args=[numbers.get(word, word) for word in shlex.split(line)]).exit_code for line in lines]

    # Of all open letters, the second is still refused.
    assert codes == [3 if line.endswith("--all") else 0 for line in lines]
    assert (len(lines), seqs()) == (9, [1])
