from datetime import date
from itertools import count

import pytest

from app.errors import Conflict, NotFound, Rejected
from app.ledger.dead_letters import (
    LetterFilter,
    count_letters,
    hold_letter,
    letter_ids,
    parse_kind,
    read_actions,
    read_letter,
    read_letters,
    reason_kind,
    record_action,
)
from app.ledger.models import DeadLetter
from tests.factories import DAY, MOMENT
from tests.poison import NAMED

NOBODY = 2**63 - 1
NUMBERS = count(1)


@pytest.fixture
def put(db_session):
    """Makes dead letters, one after another."""

    def make(*reasons, **parts):
        letters = [DeadLetter(stream_id=f"{next(NUMBERS)}-0", reason=reason, fields={}, **parts) for reason in reasons]
        for letter in letters:
            db_session.add(letter)
            db_session.flush()
        return [letter.id for letter in letters]

    return make


def test_letters_come_newest_first_and_page_by_page(db_session, put):
    ids = put("a", "b", "c", "d", "e")

    first = read_letters(db_session, LetterFilter(), 2)
    second = read_letters(db_session, LetterFilter(), 2, first[-1].id)
    third = read_letters(db_session, LetterFilter(), 2, second[-1].id)

    assert [letter.id for letter in first + second + third] == ids[::-1]


def test_letters_are_chosen_by_what_they_are_about(db_session, put):
    [es] = put("last: bad", source="REPLAY", symbol="ES", session_date=DAY)
    [nq] = put("ts missing", source="REPLAY", symbol="NQ", session_date=date(2025, 10, 10))
    [old] = put("last: worse", source="EXCEL", symbol="ES", session_date=DAY, state="discarded")

    def chosen(**parts):
        return letter_ids(db_session, LetterFilter(**parts))

    assert chosen() == [es, nq, old]
    assert chosen(state="open") == [es, nq]
    assert chosen(kind="last") == [es, old]
    assert chosen(kind="missing") == [nq]
    assert chosen(source="REPLAY", symbol="ES") == [es]
    assert chosen(day=DAY, state="discarded") == [old]
    assert chosen(symbol="YM") == []
    assert count_letters(db_session, LetterFilter(symbol="ES")) == 2
    assert letter_ids(db_session, LetterFilter(), 1, es) == [nq]


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("last: 'x' is no number", "last"),
        ("symbol, ts missing", "missing"),
        ("symbol missing", "missing"),
        ("conflict: another last", "conflict"),
        ("an entry of 5000 fields is no quote: at most 100 are read", "other"),
        ("\\xff: is not valid UTF-8", "other"),
        ("note: something missing", "note"),
        ("", "other"),
        ("first line\nlast: second", "other"),
    ],
)
def test_the_database_and_the_program_agree_on_the_kind_of_a_reason(db_session, put, reason, kind):
    [letter] = put(reason)

    assert reason_kind(reason) == kind
    assert letter_ids(db_session, LetterFilter(kind=kind)) == [letter]


def test_a_kind_that_no_reason_has_is_refused():
    with pytest.raises(Rejected):
        parse_kind("Last'; --")

    assert [parse_kind(kind) for kind in ("last", "ts_origin", "missing")] == ["last", "ts_origin", "missing"]
    assert {kind for kind in NAMED.values() if kind.isidentifier() and parse_kind(kind) != kind} == set()


@pytest.mark.parametrize("letter_id", [0, -1, NOBODY, NOBODY + 1, 10**30])
def test_a_letter_that_is_not_there_is_not_found(db_session, letter_id):
    with pytest.raises(NotFound):
        read_letter(db_session, letter_id)
    with pytest.raises(NotFound):
        hold_letter(db_session, letter_id)


@pytest.mark.parametrize(
    ("action", "state"),
    [
        ("corrected", "open"),
        ("refused", "open"),
        ("stored", "redriven"),
        ("duplicate", "redriven"),
        ("discarded", "discarded"),
    ],
)
def test_an_action_is_recorded_and_closes_the_letter_where_it_should(db_session, put, action, state):
    [letter_id] = put("last: bad")

    record_action(db_session, hold_letter(db_session, letter_id), action, "ann", MOMENT, note="why", fields={"a": None})

    db_session.expire_all()
    letter, [done] = read_letter(db_session, letter_id), read_actions(db_session, letter_id)
    assert (letter.state, letter.resolved_at) == (state, None if state == "open" else MOMENT)
    assert (done.action, done.actor, done.at, done.note, done.fields) == (action, "ann", MOMENT, "why", {"a": None})


def test_an_action_without_fields_has_none(db_session, put):
    [letter_id] = put("last: bad")

    record_action(db_session, read_letter(db_session, letter_id), "refused", "ann", MOMENT)

    count = "SELECT count(*) FROM dead_letter_actions WHERE fields IS NULL"
    assert db_session.connection().exec_driver_sql(count).scalar() == 1


def test_a_closed_letter_is_not_held_again(db_session, put):
    [letter_id] = put("last: bad", state="discarded")

    with pytest.raises(Conflict, match=f"{letter_id} is discarded already"):
        hold_letter(db_session, letter_id)
