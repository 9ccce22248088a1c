from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from decimal import Decimal
from threading import Barrier

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from app.errors import Conflict, NotFound, Rejected
from app.lake.layout import TICKS
from app.lake.manifest import mark_purged, record_file
from app.ledger.dead_letters import LetterFilter
from app.ledger.models import DuplicateCount
from app.operations.dead_letter_desk import DeadLetterDesk
from app.ticks.models import Tick
from app.ticks.partitions import existing_partitions
from tests.factories import DAY, MOMENT, quote, words
from tests.letters import actions_of, put_letter, read_letter
from tests.poison import POISON
from tests.ticks import LATER, store_quotes, write_ticks
from tests.waiting import until

ANOTHER_PRICE = "conflict: the stored event has another last"


@pytest.fixture
def desk(rt):
    return DeadLetterDesk(rt, "ann")


@pytest.fixture
def put(sessions):
    return lambda entry, reason=None: put_letter(sessions, entry, reason)


@pytest.fixture
def ticks(sessions):
    """The stored ticks by number."""

    def read():
        with sessions() as session:
            return {tick.seq: tick for tick in session.scalars(select(Tick))}

    return read


@pytest.fixture
def duplicates(sessions):
    def read():
        with sessions() as session:
            return {
                (one.source, one.symbol, one.session_date): one.count for one in session.scalars(select(DuplicateCount))
            }

    return read


def test_a_corrected_letter_is_stored(desk, put, ticks, sessions):
    letter_id = put(words(last="5,000.25", bid="4999.75"))

    case = desk.correct(letter_id, {"last": "5000.25"})
    done = desk.redrive(letter_id)

    assert (case.wrong, done.outcome) == (None, "stored")
    assert (ticks()[1].last, ticks()[1].bid, ticks()[1].session_date) == (Decimal("5000.25"), Decimal("4999.75"), DAY)
    letter = read_letter(sessions, letter_id)
    assert (letter.state, letter.fields["last"], letter.correction) == ("redriven", "5,000.25", {"last": "5000.25"})
    assert actions_of(sessions, letter_id) == [("corrected", "ann", ""), ("stored", "ann", "")]


def test_a_tick_that_is_stored_late_says_when(desk, put, ticks, rt):
    before = rt.clock.now()
    letter_id = put(words(last="x"))
    desk.correct(letter_id, {"last": None})

    desk.redrive(letter_id)

    assert ticks()[1].created_at >= before - timedelta(seconds=5)


def test_a_correction_says_what_is_still_wrong_and_is_kept(desk, put, sessions):
    letter_id = put(words(last="x", seq="-1"))

    first = desk.correct(letter_id, {"last": "1"})
    second = desk.correct(letter_id, {"seq": "7"})

    assert (first.wrong or "").startswith("seq: '-1'")
    assert (second.wrong, second.letter.correction) == (None, {"last": "1", "seq": "7"})
    assert [note for _, _, note in actions_of(sessions, letter_id)] == [f"still wrong: {first.wrong}", ""]


def test_a_correction_can_be_begun_anew(desk, put):
    letter_id = put(words(last="x"))
    desk.correct(letter_id, {"last": "1", "symbol": "NQ"})

    assert desk.correct(letter_id, {"last": "2"}, reset=True).letter.correction == {"last": "2"}
    assert desk.correct(letter_id, {}, reset=True).letter.correction == {}


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"nonsense": "1"},
        {"session_date": "2025-10-09"},
        {"nonsense": None},
        {"last": "1\n2"},
        {"last": "\ud800"},
        {"last": "9" * 201},
        {"last\x00": "1"},
    ],
)
def test_a_correction_that_makes_no_sense_is_refused(desk, put, sessions, changes):
    letter_id = put(words(last="x"))

    with pytest.raises(Rejected):
        desk.correct(letter_id, changes)

    assert actions_of(sessions, letter_id) == []


def test_a_letter_that_is_still_refused_stays_open_and_says_why(desk, put, ticks, sessions):
    letter_id = put(words(last="x"))

    done = desk.redrive(letter_id)

    assert (done.outcome, done.reason.startswith("last: 'x'")) == ("refused", True)
    assert (read_letter(sessions, letter_id).state, ticks()) == ("open", {})
    assert actions_of(sessions, letter_id) == [("refused", "ann", done.reason)]


def test_a_letter_whose_reason_has_passed_is_stored_without_a_correction(desk, put, ticks):
    letter_id = put(words(), "ts: was in the future")

    assert desk.redrive(letter_id).outcome == "stored"
    assert list(ticks()) == [1]


def test_an_event_that_is_there_already_counts_as_a_duplicate(desk, put, ticks, duplicates, sessions):
    store_quotes(sessions, [quote(recv_ts=MOMENT - timedelta(seconds=1))])
    letter_id = put(words(), "last: was odd")

    done = desk.redrive(letter_id)

    assert (done.outcome, len(ticks())) == ("already_there", 1)
    assert duplicates() == {("REPLAY", "ES", DAY): 1}
    assert read_letter(sessions, letter_id).state == "redriven"
    assert actions_of(sessions, letter_id) == [("duplicate", "ann", "")]


def test_a_duplicate_counts_for_what_was_published_and_not_for_what_it_was_corrected_to(
    desk, put, duplicates, sessions
):
    store_quotes(sessions, [quote(symbol="NQ")])
    letter_id = put(words(), "last: was odd")
    desk.correct(letter_id, {"symbol": "NQ"})

    assert desk.redrive(letter_id).outcome == "already_there"
    assert duplicates() == {("REPLAY", "ES", DAY): 1}


def test_an_event_that_contradicts_a_stored_one_is_refused(desk, put, ticks, sessions):
    store_quotes(sessions, [quote(last=Decimal("1"))])
    letter_id = put(words(), "bid: was odd")

    done = desk.redrive(letter_id)

    assert (done.outcome, "another last" in done.reason) == ("refused", True)
    assert (ticks()[1].last, read_letter(sessions, letter_id).state) == (Decimal("1"), "open")


@pytest.mark.parametrize("is_stored", [True, False])
def test_a_conflict_is_refused_until_it_has_a_number_of_its_own(desk, put, ticks, sessions, is_stored):
    if is_stored:
        store_quotes(sessions, [quote(last=Decimal("1"))])
    letter_id = put(words(note="x" * 5_000), ANOTHER_PRICE)
    desk.correct(letter_id, {"note": None})

    before = desk.redrive(letter_id)
    desk.correct(letter_id, {"last": "2", "seq": "01"})
    same = desk.redrive(letter_id)
    desk.correct(letter_id, {"seq": "2"})
    after = desk.redrive(letter_id)

    assert [one.outcome for one in (before, same, after)] == ["refused", "refused", "stored"]
    assert before.reason.startswith("conflict: ")
    assert "correct it to a seq of its own" in before.reason
    assert ticks()[2].last == Decimal("2")


def test_a_conflict_that_tells_its_number_twice_is_one_of_the_last_number(desk, put, ticks, sessions):
    store_quotes(sessions, [quote(seq=7, last=Decimal("1"))])
    letter_id = put([*words(seq="6"), b"seq", b"7"], ANOTHER_PRICE)

    assert (desk.case(letter_id).wrong or "").startswith("conflict: ")
    assert desk.try_redrive(letter_id).outcome == "refused"
    assert (desk.correct(letter_id, {"seq": "07"}).wrong or "").startswith("conflict: ")
    assert desk.correct(letter_id, {"seq": "8"}).wrong is None
    assert desk.redrive(letter_id).outcome == "stored"
    assert sorted(ticks()) == [7, 8]


def test_a_conflict_of_which_too_little_was_kept_does_not_hold_up_its_neighbours(desk, put, ticks):
    conflict = put([b"seq", b"1"] * 70 + words(), ANOTHER_PRICE)
    desk.correct(conflict, {"symbol": "NQ", "source": "REPLAY", "seq": "9", "ts": "2025-10-09T15:30:00.000000Z"})
    good = put(words(seq="2"), "last: was odd")

    assert [one.outcome for one in desk.redrive_each([conflict, good])] == ["refused", "stored"]
    assert list(ticks()) == [2]


def test_a_late_event_gets_the_partition_that_it_needs(desk, put, ticks, sessions):
    letter_id = put(words(last="x", ts="2024-02-01T15:00:00.000000Z"))
    desk.correct(letter_id, {"last": "1"})

    assert desk.redrive(letter_id).outcome == "stored"
    with sessions() as session:
        assert date(2024, 2, 1) in existing_partitions(session)
    assert ticks()[1].session_date == date(2024, 2, 1)


def test_what_was_cut_is_stored_only_once_it_was_given_again(desk, put, ticks):
    letter_id = put(words(last=b"9" * 1_000_000))

    refused = desk.redrive(letter_id)
    desk.correct(letter_id, {"last": "9"})

    assert refused.reason == "last: only the beginning of its 1000000 bytes was kept"
    assert desk.redrive(letter_id).outcome == "stored"
    assert ticks()[1].last == 9


def test_every_kind_of_poison_can_be_corrected_and_stored(desk, put, ticks, sessions):
    good = dict(zip(*[iter(word.decode() for word in words())] * 2, strict=True))
    ids = [put(entry) for entry in POISON.values()]
    assert {one.outcome for one in desk.redrive_each(ids)} == {"refused"}

    for seq, letter_id in enumerate(ids, 1):
        known = read_letter(sessions, letter_id).fields
        given = {name: value for name, value in good.items() if name != "session_date"}
        desk.correct(letter_id, {**dict.fromkeys(known.keys() - good.keys()), **given, "seq": str(seq)})

    assert {one.outcome for one in desk.redrive_each(ids)} == {"stored"}
    assert list(ticks()) == list(range(1, len(POISON) + 1))


@pytest.mark.parametrize("state", ["stored", "discarded"])
def test_a_closed_letter_is_left_alone(desk, put, ticks, sessions, state):
    letter_id = put(words(), "last: was odd")
    desk.redrive(letter_id) if state == "stored" else desk.discard(letter_id, "a test")
    before = actions_of(sessions, letter_id)

    for act in (
        lambda: desk.redrive(letter_id),
        lambda: desk.try_redrive(letter_id),
        lambda: desk.correct(letter_id, {"last": "1"}),
        lambda: desk.discard(letter_id, "again"),
    ):
        with pytest.raises(Conflict, match="already"):
            act()
    assert [one.outcome for one in desk.redrive_each([letter_id])] == ["passed_over"]
    assert actions_of(sessions, letter_id) == before
    assert len(ticks()) == (state == "stored")


def test_nothing_is_done_about_a_letter_that_is_not_there(desk):
    for act in (
        desk.case,
        desk.redrive,
        desk.try_redrive,
        lambda one: desk.discard(one, "x"),
        lambda one: desk.require([one]),
    ):
        with pytest.raises(NotFound):
            act(10**18)


def test_a_letter_is_discarded_with_a_note_and_stays_on_record(desk, put, sessions, ticks):
    letter_id = put(words(last="x"))

    case = desk.discard(letter_id, " a test entry ")

    assert (case.letter.state, case.wrong, ticks()) == ("discarded", None, {})
    assert read_letter(sessions, letter_id).fields["last"] == "x"
    assert actions_of(sessions, letter_id) == [("discarded", "ann", "a test entry")]


@pytest.mark.parametrize("note", ["", "  ", "two\nlines", "x" * 501])
def test_a_letter_is_not_discarded_without_a_note(desk, put, sessions, note):
    letter_id = put(words(last="x"))

    with pytest.raises(Rejected):
        desk.discard(letter_id, note)
    with pytest.raises(Rejected):
        list(desk.discard_each([letter_id], note))

    assert read_letter(sessions, letter_id).state == "open"


def test_many_are_discarded_by_a_filter(desk, put, sessions):
    ids = [put(words(last="x")), put(words(last="y")), put(words(bid="z"))]

    assert list(desk.discard_each(desk.open_ids(LetterFilter(kind="last")), "a test")) == ids[:2]
    assert [read_letter(sessions, one).state for one in ids] == ["discarded", "discarded", "open"]


def test_a_trial_tells_what_would_come_and_changes_nothing(desk, put, ticks, sessions, duplicates):
    store_quotes(sessions, [quote(seq=7), quote(seq=8, last=Decimal("1"))])
    late = put(words(ts="2024-02-01T15:00:00.000000Z"), "bid: was odd")
    ids = [put(words(last="x")), late, put(words(seq="7"), "bid: was odd"), put(words(seq="8"), "bid: was odd")]

    tried = list(desk.redrive_each(ids, dry_run=True))

    assert [one.outcome for one in tried] == ["refused", "stored", "already_there", "refused"]
    assert (sorted(ticks()), duplicates()) == ([7, 8], {})
    assert [actions_of(sessions, one) for one in ids] == [[]] * 4
    assert [one.outcome for one in desk.redrive_each(ids)] == [one.outcome for one in tried]


def test_a_page_says_where_the_next_begins(desk, put):
    ids = [put(words(last="x")) for _ in range(3)]

    first = desk.page(LetterFilter(), 2)
    second = desk.page(LetterFilter(), 2, first.next_before)

    assert [letter.id for letter in (*first.letters, *second.letters)] == ids[::-1]
    assert (first.next_before, second.next_before) == (ids[1], None)
    assert desk.page(LetterFilter(), 3).next_before is None


def test_two_who_redrive_the_same_letters_store_each_once(rt, put, ticks, sessions):
    ids = [put(words(seq=str(seq)), "last: was odd") for seq in range(1, 41)]
    start = Barrier(2)

    def work(actor):
        start.wait()
        return [one.outcome for one in DeadLetterDesk(rt, actor).redrive_each(ids)]

    with ThreadPoolExecutor(2) as pool:
        ann, bob = pool.map(work, ["ann", "bob"])

    assert [sorted(pair) for pair in zip(ann, bob, strict=True)] == [["passed_over", "stored"]] * 40
    assert len(ticks()) == 40
    assert [len(actions_of(sessions, one)) for one in ids] == [1] * 40


def test_two_letters_with_one_event_become_one_tick_and_one_duplicate(rt, put, ticks, duplicates):
    pairs = [[put(words(seq=str(seq)), "last: was odd") for seq in range(1, 21)] for _ in range(2)]
    start = Barrier(2)

    def work(ids):
        start.wait()
        return [one.outcome for one in DeadLetterDesk(rt, "ann").redrive_each(ids)]

    with ThreadPoolExecutor(2) as pool:
        one, other = pool.map(work, pairs)

    assert [sorted(pair) for pair in zip(one, other, strict=True)] == [["already_there", "stored"]] * 20
    assert len(ticks()) == 20
    assert duplicates() == {("REPLAY", "ES", DAY): 20}


def test_a_crash_between_the_tick_and_its_record_leaves_neither_and_it_is_done_again(desk, put, ticks, sessions):
    letter_id = put(words(), "last: was odd")
    waiting = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"

    with sessions.begin() as holder, ThreadPoolExecutor(1) as pool:
        holder.execute(text("LOCK TABLE dead_letter_actions IN EXCLUSIVE MODE"))
        done = pool.submit(desk.redrive, letter_id)
        until(lambda: ask(sessions, waiting))
        ask(sessions, f"SELECT pg_terminate_backend(pid) FROM ({waiting}) AS stuck")
        with pytest.raises(DBAPIError):
            done.result(10)

    assert (ticks(), read_letter(sessions, letter_id).state, actions_of(sessions, letter_id)) == ({}, "open", [])
    assert desk.redrive(letter_id).outcome == "stored"
    assert list(ticks()) == [1]


def ask(sessions, question):
    # In a transaction of its own: the view is the same for the whole of one.
    with sessions() as session:
        return session.scalar(text(question))


@pytest.mark.parametrize(
    ("kept", "outcome", "reason"),
    [
        ({}, "already_there", ""),
        ({"last": Decimal("1")}, "refused", "has another last"),
        ({"seq": 2}, "stored", ""),
        ({"source": "EXCEL"}, "stored", ""),
    ],
)
def test_a_day_that_has_left_the_database_is_compared_with_the_lake(desk, put, ticks, rt, kept, outcome, reason):
    purge_to_lake(rt, quote(**kept))
    letter_id = put(words(), "last: was odd")

    tried, done = desk.try_redrive(letter_id), desk.redrive(letter_id)

    assert (tried, done.outcome, reason in done.reason) == (done, outcome, True)
    assert list(ticks()) == ([1] if outcome == "stored" else [])


def test_a_damaged_file_of_such_a_day_is_no_reason_to_store_blindly(desk, put, ticks, rt, sessions):
    purge_to_lake(rt, quote())
    rt.lake.ticks_file(DAY, "ES").write_bytes(b"PAR1")
    letter_id = put(words(), "last: was odd")

    done = desk.redrive(letter_id)

    assert (done.outcome, "damaged" in done.reason, ticks()) == ("refused", True, {})
    assert read_letter(sessions, letter_id).state == "open"


def purge_to_lake(rt, kept):
    facts = write_ticks(rt.lake, [kept])
    path = rt.lake.ticks_file(DAY, "ES").relative_to(rt.lake.root).as_posix()
    with rt.sessions.begin() as session:
        record_file(session, TICKS, DAY, "ES", path, facts, LATER)
        mark_purged(session, DAY, {"ES"}, LATER)


def test_many_are_stored_beside_some_that_are_refused_or_there_already(desk, put, ticks, rt, sessions, duplicates):
    purge_to_lake(rt, quote(seq=1))
    store_quotes(sessions, [quote(seq=7, symbol="NQ")])
    cold = put(words(seq="1"), "last: was odd")
    bad = put(words(last="x"))
    new = [put(words(seq=str(seq), symbol="YM"), "last: was odd") for seq in range(10, 20)]

    plain = [one.outcome for one in desk.redrive_each([cold, bad, *new])]
    there = put(words(seq="7", symbol="NQ"), "last: was odd")
    twins = [put(words(seq="30", symbol="YM"), "last: was odd") for _ in range(2)]
    mixed = [one.outcome for one in desk.redrive_each([there, *twins])]

    assert plain == ["already_there", "refused", *["stored"] * 10]
    assert mixed == ["already_there", "stored", "already_there"]
    assert sorted(ticks()) == [7, *range(10, 20), 30]
    assert duplicates() == {("REPLAY", "ES", DAY): 1, ("REPLAY", "NQ", DAY): 1, ("REPLAY", "YM", DAY): 1}
    assert [actions_of(sessions, one) for one in new] == [[("stored", "ann", "")]] * 10
    assert {read_letter(sessions, one).state for one in (cold, there, *new, *twins)} == {"redriven"}
    assert read_letter(sessions, bad).state == "open"


def test_what_many_were_stored_as_is_on_record(desk, put, sessions):
    letter_id = put(words(last="x"))
    desk.correct(letter_id, {"last": "1", "symbol": "NQ", "seq": "9"})

    list(desk.redrive_each([letter_id]))

    assert desk.case(letter_id).actions[-1].fields == {
        "symbol": "NQ",
        "source": "REPLAY",
        "seq": 9,
        "ts": "2025-10-09T15:30:00.000000Z",
        "session_date": "2025-10-09",
    }
    assert read_letter(sessions, letter_id).resolved_at is not None


def test_a_crash_while_many_are_stored_leaves_nothing_half_done(desk, put, ticks, sessions):
    ids = [put(words(seq=str(seq)), "last: was odd") for seq in range(1, 11)]
    waiting = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"

    with sessions.begin() as holder, ThreadPoolExecutor(1) as pool:
        holder.execute(text("LOCK TABLE dead_letter_actions IN EXCLUSIVE MODE"))
        done = pool.submit(lambda: list(desk.redrive_each(ids)))
        until(lambda: ask(sessions, waiting))
        ask(sessions, f"SELECT pg_terminate_backend(pid) FROM ({waiting}) AS stuck")
        with pytest.raises(DBAPIError):
            done.result(10)

    assert (ticks(), {read_letter(sessions, one).state for one in ids}) == ({}, {"open"})
    assert [one.outcome for one in desk.redrive_each(ids)] == ["stored"] * 10
