import hashlib
import time
from datetime import timedelta
from threading import Lock, Thread

import pytest

from app.bucket.days import list_days, read_day, write_day
from app.bucket.objects import Bucket
from app.bucket.pushing import PushOptions, push_day
from app.bucket.sending import AtWork
from app.errors import Conflict, NotFound, Unavailable
from app.lake.locks import file_lock, files_lock
from tests.bar_files import damage
from tests.bucket_lakes import BARS_OF_ES, DAY, END_HOLDERS, ES, NEXT, NQ, trades
from tests.lake_days import export_quotes

OBJECTS = [BARS_OF_ES, "manifest/date=2025-10-09.json", ES, NQ]


def test_a_days_files_are_brought_with_what_is_known_of_them(sessions, lake, bucket, store):
    done = push_day(sessions, lake, bucket, DAY)

    assert store.names() == OBJECTS
    assert (sorted(done.sent), done.kept, done.refusals) == ([BARS_OF_ES, ES, NQ], 0, ())
    assert {name: store.get(name) for name in (BARS_OF_ES, ES, NQ)} == bytes_of(lake, BARS_OF_ES, ES, NQ)
    known = read_day(bucket, DAY).by_path[ES]
    assert (known.sha256, known.rows) == (hashlib.sha256(store.get(ES)).hexdigest(), 300)


def test_what_is_there_is_not_sent_again(sessions, lake, bucket, store):
    push_day(sessions, lake, bucket, DAY)
    store.requests.clear()

    again = push_day(sessions, lake, bucket, DAY)

    assert (again.sent, again.kept, store.asked("PUT", "POST", "DELETE")) == ((), 3, [])


def test_a_file_that_was_written_again_is_replaced_and_the_others_stay(sessions, lake, bucket, store):
    push_day(sessions, lake, bucket, DAY)
    export_quotes(sessions, lake, trades(DAY, "ES", 301))

    again = push_day(sessions, lake, bucket, DAY)

    assert (again.sent, again.kept) == ((ES,), 2)
    assert store.get(ES) == (lake.root / ES).read_bytes()
    assert read_day(bucket, DAY).by_path[ES].rows == 301


def test_the_day_is_told_after_all_its_files(sessions, lake, bucket, store):
    push_day(sessions, lake, bucket, DAY)

    written = [one.name for one in store.asked("PUT")]
    assert written[-1] == "manifest/date=2025-10-09.json"
    assert sorted(written[:-1]) == [BARS_OF_ES, ES, NQ]


def test_a_dry_run_tells_and_writes_nothing(sessions, lake, bucket, store):
    done = push_day(sessions, lake, bucket, DAY, PushOptions(dry_run=True))

    assert (len(done.sent), store.names(), store.asked("PUT", "POST")) == (3, [], [])


def test_a_symbol_alone_leaves_what_is_known_of_the_others(sessions, lake, bucket):
    push_day(sessions, lake, bucket, DAY, PushOptions(symbols=["NQ"]))
    push_day(sessions, lake, bucket, DAY, PushOptions(symbols=["ES"]))

    assert sorted(read_day(bucket, DAY).by_path) == [BARS_OF_ES, ES, NQ]


def test_a_damaged_file_is_refused_and_the_others_go(sessions, lake, bucket, store):
    damage(lake.root / ES)
    (lake.root / BARS_OF_ES).unlink()

    done = push_day(sessions, lake, bucket, DAY)

    assert done.sent == (NQ,)
    assert sorted(done.refusals) == [
        f"{BARS_OF_ES} is recorded but gone: see `flask verify-lake`",
        f"{ES} is not what is recorded: see `flask verify-lake`",
    ]
    assert store.names() == ["manifest/date=2025-10-09.json", NQ]


def test_a_damaged_file_does_not_replace_the_sound_one_in_the_bucket(sessions, lake, bucket, store):
    push_day(sessions, lake, bucket, DAY)
    sound = store.get(ES)
    damage(lake.root / ES)

    push_day(sessions, lake, bucket, DAY, PushOptions(verify=True))

    assert store.get(ES) == sound


@pytest.mark.parametrize("harm", ["gone", "cut"])
def test_an_object_that_is_gone_or_cut_is_sent_again(sessions, lake, bucket, store, harm):
    push_day(sessions, lake, bucket, DAY)
    whole = store.get(ES)
    store.delete(ES) if harm == "gone" else store.put(ES, whole[:-9])

    assert push_day(sessions, lake, bucket, DAY).sent == (ES,)
    assert store.get(ES) == whole


def test_other_bytes_in_an_object_are_found_by_reading_it(sessions, lake, bucket, store):
    push_day(sessions, lake, bucket, DAY)
    whole = store.get(ES)
    store.put(ES, bytes([whole[0] ^ 1]) + whole[1:])

    assert push_day(sessions, lake, bucket, DAY, PushOptions(verify=True)).sent == (ES,)
    assert store.get(ES) == whole


def test_a_day_whose_object_is_damaged_is_refused_and_mended_by_a_push_that_verifies(sessions, lake, bucket, store):
    push_day(sessions, lake, bucket, DAY)
    store.put("manifest/date=2025-10-09.json", b"{}")

    with pytest.raises(Conflict, match=r"manifest/date=2025-10-09.json in the bucket is damaged: "):
        push_day(sessions, lake, bucket, DAY)
    push_day(sessions, lake, bucket, DAY, PushOptions(verify=True))

    assert sorted(read_day(bucket, DAY).by_path) == [BARS_OF_ES, ES, NQ]


def test_objects_of_others_are_left_alone(sessions, lake, bucket, store):
    store.put("manifest/readme.txt", b"theirs")
    store.put("ticks/date=2025-10-09/symbol=ES/notes.txt", b"theirs")

    push_day(sessions, lake, bucket, DAY)

    assert store.get("manifest/readme.txt") == store.get("ticks/date=2025-10-09/symbol=ES/notes.txt") == b"theirs"
    assert (list_days(bucket), store.asked("DELETE")) == ([DAY], [])


def test_bytes_that_arrive_otherwise_than_they_were_sent_do_not_count(sessions, lake, bucket, store):
    store.corrupt(lambda one: one.method == "GET" and one.name == ES)

    done = push_day(sessions, lake, bucket, DAY)

    assert done.refusals == (f"{ES} does not read back from the bucket as it was sent: run it again",)
    assert sorted(read_day(bucket, DAY).by_path) == [BARS_OF_ES, NQ]


def test_a_store_that_asks_for_patience_gets_it(sessions, lake, bucket, store):
    store.refuse("SlowDown", 503, lambda one: one.method == "PUT", times=2, skip=1)
    store.refuse("InternalError", 500, lambda one: one.method == "GET" and one.name == NQ, times=2)

    done = push_day(sessions, lake, bucket, DAY)

    assert (len(done.sent), done.refusals, store.names()) == (3, (), OBJECTS)


def test_an_answer_that_breaks_off_is_asked_for_again(sessions, lake, bucket, store):
    store.truncate(lambda one: one.method == "GET" and one.name == ES, times=1)

    assert push_day(sessions, lake, bucket, DAY).refusals == ()


def test_a_store_that_fails_for_good_is_given_up_and_the_day_is_not_told(sessions, lake, bucket, store):
    store.refuse("SlowDown", 503, lambda one: one.method == "PUT" and one.name == ES)

    with pytest.raises(Unavailable, match=r"failed \(slow_down\): run it again later$"):
        push_day(sessions, lake, bucket, DAY)

    assert (list_days(bucket), len([one for one in store.asked("PUT") if one.name == ES])) == ([], 4)


@pytest.mark.parametrize(
    ("code", "status", "kind", "told"),
    [
        ("AccessDenied", 403, Conflict, "denies access"),
        ("InvalidAccessKeyId", 403, Conflict, "denies access"),
        ("SignatureDoesNotMatch", 403, Conflict, "denies access"),
        ("RequestTimeTooSkewed", 403, Conflict, "clock"),
        ("ExpiredToken", 400, Conflict, "denies access"),
        ("PermanentRedirect", 301, Conflict, "LAKE_BUCKET_REGION"),
        ("NoSuchBucket", 404, NotFound, "there is no bucket desk-"),
    ],
)
def test_a_refusal_says_what_to_do_and_no_secret(bucket, store, monkeypatch, code, status, kind, told):
    monkeypatch.setattr("app.bucket.objects.MAX_ATTEMPTS", 2)
    store.refuse(code, status)

    with pytest.raises(kind, match=told) as refusal:
        list_days(bucket)

    assert not {"DESKKEY", "desk-secret"} & set(str(refusal.value).split())


def test_a_bucket_that_is_not_there_is_no_empty_one(store):
    store.new_bucket()

    with pytest.raises(NotFound, match="there is no bucket desk-"):
        list_days(Bucket(store.plan))


def test_a_store_that_is_away_is_told_with_its_address(store, monkeypatch):
    monkeypatch.setattr("app.bucket.objects.MAX_ATTEMPTS", 2)
    away = Bucket(type(store.plan)(store.plan.place, "http://127.0.0.1:9", "us-east-1", "k", "s"))

    with pytest.raises(Unavailable, match=r"at http://127\.0\.0\.1:9 cannot be reached"):
        list_days(away)


def test_a_store_that_says_nothing_is_given_up(store, monkeypatch):
    monkeypatch.setattr("app.bucket.objects.READ_TIMEOUT_S", 1.0)
    monkeypatch.setattr("app.bucket.objects.MAX_ATTEMPTS", 2)

    with (
        store.holding(lambda one: one.method == "GET") as came,
        pytest.raises(Unavailable, match="cannot be reached"),
    ):
        list_days(Bucket(store.plan))

    assert came.is_set()
    assert len(store.requests) == 2


def test_a_push_beside_another_of_the_same_day_waits_for_it(sessions, lake, bucket, store):
    with store.holding(lambda one: one.method == "PUT") as came:
        first = Thread(target=push_day, args=(sessions, lake, bucket, DAY))
        first.start()
        assert came.wait(10)
        second = Thread(target=push_day, args=(sessions, lake, Bucket(store.plan), DAY))
        second.start()
    first.join(20)
    second.join(20)

    assert (first.is_alive(), second.is_alive(), store.names()) == (False, False, OBJECTS)
    assert sorted(one.name for one in store.asked("PUT")) == OBJECTS


def test_a_day_on_which_another_push_stays_at_work_is_refused(sessions, lake, bucket, monkeypatch):
    monkeypatch.setattr("app.bucket.pushing.LOCK_WAIT_S", 0.1)

    with (
        files_lock(sessions, DAY, ["bucket"]),
        pytest.raises(AtWork, match="another push is at work on 2025-10-09"),
    ):
        push_day(sessions, lake, bucket, DAY)

    assert push_day(sessions, lake, bucket, NEXT).kept == 0


def test_a_file_with_more_ticks_in_the_bucket_stays_unless_told_otherwise(sessions, lake, bucket, store):
    push_day(sessions, lake, bucket, DAY)
    there = store.get(ES)
    export_quotes(sessions, lake, trades(DAY, "ES", 7))

    kept = push_day(sessions, lake, bucket, DAY)

    assert kept.sent == ()
    assert len(kept.refusals) == 1
    assert kept.refusals[0].startswith(f"{ES} is newer in the bucket or holds more there, so it stays: ")
    assert store.get(ES) == there
    assert push_day(sessions, lake, bucket, DAY, PushOptions(dry_run=True)).refusals == kept.refusals
    assert push_day(sessions, lake, bucket, DAY, PushOptions(overwrite=True)).sent == (ES,)
    assert read_day(bucket, DAY).by_path[ES].rows == 7


def test_a_file_that_is_newer_in_the_bucket_stays(sessions, lake, bucket, store):
    push_day(sessions, lake, bucket, DAY)
    known = read_day(bucket, DAY)
    other = replace_file(known.by_path[ES], sha256="0" * 64, seconds=1)
    write_day(bucket, known.with_files([other]))

    assert len(push_day(sessions, lake, bucket, DAY).refusals) == 1

    older = replace_file(other, sha256="0" * 64, seconds=-2)
    write_day(bucket, known.with_files([older]))
    assert push_day(sessions, lake, bucket, DAY).sent == (ES,)


def test_a_newer_file_that_is_gone_from_the_bucket_is_replaced(sessions, lake, bucket, store):
    push_day(sessions, lake, bucket, DAY)
    export_quotes(sessions, lake, trades(DAY, "ES", 7))
    store.delete(ES)

    assert push_day(sessions, lake, bucket, DAY).sent == (ES,)


def test_a_file_that_is_being_written_is_left_to_another_push(sessions, lake, bucket):
    (lake.root / NQ).write_bytes((lake.root / ES).read_bytes())

    with file_lock(sessions, DAY, "NQ"):
        done = push_day(sessions, lake, bucket, DAY)

    assert (done.refusals, done.waiting) == ((), (f"{NQ} is being written: run this again",))
    assert sorted(done.sent) == [BARS_OF_ES, ES]


def test_a_file_that_was_written_again_meanwhile_is_left_to_another_push(sessions, lake, bucket, store):
    with store.holding(lambda one: one.is_listing) as came:
        found = []
        push = Thread(target=lambda: found.append(push_day(sessions, lake, bucket, DAY)))
        push.start()
        assert came.wait(10)
        export_quotes(sessions, lake, trades(DAY, "ES", 301))
    push.join(20)

    assert (found[0].refusals, found[0].waiting) == ((), (f"{ES} is being written: run this again",))


def test_a_push_whose_time_is_over_gets_on_by_a_file_and_tells_it(sessions, lake, bucket):
    over = PushOptions(until=time.monotonic())

    sent = [push_day(sessions, lake, bucket, DAY, over) for _ in range(4)]

    assert [(len(one.sent), one.kept, len(one.waiting)) for one in sent] == [(1, 0, 2), (1, 1, 1), (1, 2, 0), (0, 3, 0)]
    assert sorted(read_day(bucket, DAY).by_path) == [BARS_OF_ES, ES, NQ]


def test_large_files_are_in_memory_one_at_a_time(sessions, lake, store, monkeypatch):
    monkeypatch.setattr("app.bucket.sending.LARGE_BYTES", 1)
    bucket = OneWriter(store.plan)

    assert len(push_day(sessions, lake, bucket, DAY).sent) == 3
    assert bucket.met == 0


def test_a_push_that_lost_its_right_tells_nothing(sessions, lake, bucket, store):
    with store.holding(lambda one: one.method == "PUT") as came:
        failures = []
        push = Thread(target=lambda: failures.append(failure_of(sessions, lake, bucket)))
        push.start()
        assert came.wait(10)
        with sessions() as session:
            session.execute(END_HOLDERS)
    push.join(20)

    assert isinstance(failures[0], Conflict)
    assert list_days(bucket) == []


class OneWriter(Bucket):
    """Counts how often one write met another."""

    def __init__(self, plan):
        super().__init__(plan)
        self.met, self.lock = 0, Lock()

    def write(self, name, data, content_type):
        self.met += self.lock.locked()
        with self.lock:
            super().write(name, data, content_type)


def failure_of(sessions, lake, bucket):
    try:
        return push_day(sessions, lake, bucket, DAY)
    except Conflict as failure:
        return failure


def replace_file(file, *, sha256, seconds):
    return file.model_copy(update={"sha256": sha256, "written_at": file.written_at + timedelta(seconds=seconds)})


def bytes_of(lake, *names):
    return {name: (lake.root / name).read_bytes() for name in names}
