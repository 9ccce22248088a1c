"""What a soak makes of its samples, its faults and its record; what it finds is told by running it."""

import os
import random
import signal
import subprocess
import sys
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import psutil
import pytest

from app.bus.encoding import encode
from app.collectors.spool import Spool
from benchmarks.soak.accounts import Account, Accounts, spooled
from benchmarks.soak.desk import Kept
from benchmarks.soak.faults import FAULTS, OUTAGES, draw
from benchmarks.soak.feed import RecordFeed
from benchmarks.soak.progress import watch
from benchmarks.soak.record import SYMBOLS, Held, Record, hold
from benchmarks.soak.run import Outcome
from benchmarks.soak.samples import Sample, lives, read, role_of, sample, write
from benchmarks.soak.slopes import Slope, WarmUp, slope_of
from benchmarks.soak.verdict import Judged, judge
from tests.waiting import until

BEGAN = datetime(2025, 10, 9, 15, tzinfo=UTC)
RATE = 300.0
WHOLE = Held(accepted=900, in_doubt=3, stored=901, lost=0, doubled=0, foreign=0)


def life(from_s: float, to_s: float, size_mb, noise_mb: float = 0.3):
    chance = random.Random(7)
    return [(at_s, size_mb(at_s) + chance.uniform(-noise_mb, noise_mb)) for at_s in np.arange(from_s, to_s, 5.0)]


@pytest.mark.parametrize(
    ("size_mb", "per_hour"),
    [
        (lambda _at_s: 200.0, 0.0),
        (lambda at_s: 200.0 + min(at_s, 800) / 2, 0.0),
        (lambda at_s: 100.0 + at_s % 15, 0.0),
        (lambda at_s: 200.0 + (500 if 2000 < at_s < 2060 else 0), 0.0),
        (lambda at_s: 200.0 + 20 * (at_s % 60 < at_s / 72), 0.0),
        (lambda at_s: 200.0 + 3 * at_s / 3600, 3.0),
        (lambda at_s: 200.0 + 3 * at_s / 3600 + at_s % 15, 3.0),
        (lambda at_s: 200.0 + 3 * at_s / 3600 + 20 * (at_s % 60 < at_s / 72), 3.0),
        (lambda at_s: 200.0 - 3 * at_s / 3600, -3.0),
    ],
    ids=[
        "still",
        "fills a cache",
        "teeth",
        "a peak",
        "works longer",
        "grows",
        "with teeth",
        "and works longer",
        "shrinks",
    ],
)
def test_the_slope_is_that_after_the_warm_up_and_lies_within_its_interval(size_mb, per_hour):
    found = slope_of([life(0, 3600, size_mb)], WarmUp())

    assert found is not None
    assert found.per_hour == pytest.approx(per_hour, abs=0.3)
    assert found.low - 0.3 <= per_hour <= found.high + 0.3
    assert found.minutes == pytest.approx(44, abs=1)


def test_a_new_life_that_is_larger_than_the_one_before_is_no_growth():
    before, after = life(0, 2400, lambda _: 200.0), life(2400, 4800, lambda _: 300.0)

    found = slope_of([before, after], WarmUp())

    assert found is not None
    assert found.per_hour == pytest.approx(0.0, abs=0.3)
    assert found.lives == 2


def test_lives_that_begin_small_again_hide_no_growth():
    each = [life(begun, begun + 1800, lambda at_s, begun=begun: 200 + (at_s - begun) / 300) for begun in (0, 1800)]

    found = slope_of(each, WarmUp())

    assert found is not None
    assert found.per_hour == pytest.approx(12.0, abs=1.0)


def test_the_first_minutes_of_a_life_are_left_out_however_late_it_begins():
    found = slope_of([life(2000, 3600, lambda at_s: 100.0 + min(at_s - 2000, 300))], WarmUp())

    assert found is not None
    assert found.per_hour == pytest.approx(0.0, abs=0.3)
    assert found.greatest < 401


def test_of_lives_that_were_never_warm_there_is_no_slope():
    assert slope_of([life(0, 890, lambda at_s: at_s), life(890, 1180, lambda at_s: at_s)], WarmUp()) is None


@pytest.mark.parametrize(
    ("seconds", "mb_per_hour", "verdict"),
    [(3600, 0.0, "flat"), (3600, 0.8, "flat"), (3600, 2.0, "GROWS"), (2000, 9.0, "insufficient data")],
)
def test_a_process_is_judged_by_its_limit_once_it_was_warm_for_twenty_minutes(seconds, mb_per_hour, verdict):
    samples = [
        Sample(at_s, "web", 7, 1.0, mb, 20, 9)
        for at_s, mb in life(0, seconds, lambda at_s: 100 + mb_per_hour * at_s / 3600, noise_mb=0.01)
    ]

    found = {one.measure: one.verdict for one in judge(samples, WarmUp())}

    assert found["anonymous_mb"] == verdict
    assert found["descriptors"] == found["threads"] == ("flat" if seconds == 3600 else "insufficient data")


@pytest.mark.parametrize(("name", "verdict"), [("postgres/client", "a cache"), ("web/child", "GROWS")])
def test_files_that_postgresql_keeps_open_are_its_cache_and_those_of_others_are_judged(name, verdict):
    samples = [Sample(at_s, name, 1, 0.0, 50.0, int(20 + at_s / 60), 1) for at_s in np.arange(0, 3600, 5.0)]

    assert {one.measure: one.verdict for one in judge(samples, WarmUp())}["descriptors"] == verdict


def test_a_process_without_a_warm_sample_is_not_called_flat():
    assert Judged("beat", "threads", None).verdict == "insufficient data"


@pytest.mark.parametrize(
    ("low", "high", "verdict", "is_above"),
    [
        (-3.0, 1.0, "flat", False),
        (0.1, 1.1, "not told apart", False),
        (0.4, 2.4, "not told apart", True),
        (1.1, 2.0, "GROWS", True),
    ],
)
def test_a_process_is_flat_or_grows_only_where_its_whole_interval_says_so(low, high, verdict, is_above):
    slope = Slope((low + high) / 2, low, high, minutes=45.0, lives=1, median=100.0, greatest=101.0)

    judged = Judged("web/child", "anonymous_mb", slope)
    assert (judged.verdict, judged.is_above) == (verdict, is_above)


def test_samples_that_were_written_are_read_again_though_the_last_line_is_cut(tmp_path):
    place, first = tmp_path / "samples.csv", Sample(5.0, "web", 7, 1.5, 100.25, 20, 9)
    write(place, [first])
    write(place, [Sample(10.0, "web", 8, 2.5, 101.0, 21, 9)])
    with place.open("a") as file:
        file.write("15.0,web,8,2.")

    found = read(place)

    assert found[0] == first
    assert len(found) == 2
    assert lives(found, "anonymous_mb") == {"web": [[(5.0, 100.25)], [(10.0, 101.0)]]}


def test_a_process_and_its_children_are_sampled_and_of_one_that_is_alone_no_child():
    nested = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'input()'])"
    with subprocess.Popen([sys.executable, "-c", nested], stdin=subprocess.PIPE) as process:
        until(lambda: len(list(sample(5.0, {"web": process.pid}))) == 2)
        found, alone = sample(5.0, {"web": process.pid}), sample(5.0, {"web": process.pid}, alone=["web"])

        assert [(one.name, one.anonymous_mb > 1, one.threads) for one in found] == [
            ("web", True, 1),
            ("web/child", True, 1),
        ]
        assert [one.pid for one in alone] == [process.pid]
        process.stdin.close()


@pytest.mark.parametrize(
    ("title", "role"),
    [
        ("postgres: io worker 0", "io worker 0"),
        ("postgres: thor thor 127.0.0.1(40510) idle", "client"),
        ("postgres: startup recovering 000000010000000000000013", "startup recovering"),
        ("/usr/bin/python -m celery worker", "child"),
    ],
)
def test_a_process_of_postgresql_is_known_by_its_title(title, role):
    assert role_of(title) == role


def test_a_process_that_has_ended_is_no_sample():
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()

    assert list(sample(5.0, {"web": process.pid})) == []


def test_a_feed_that_is_killed_is_started_again_until_it_is_told_to_end(tmp_path):
    kept = Kept([sys.executable, "-c", "import time; time.sleep(600)"], dict(os.environ), tmp_path / "feed.log")
    until(lambda: kept.pid)
    first = kept.pid

    os.kill(first, signal.SIGKILL)
    until(lambda: kept.pid != first)
    second = kept.pid
    kept.end()

    assert not psutil.pid_exists(first)
    assert not psutil.pid_exists(second)
    assert kept.pid == second


def test_the_same_seed_draws_the_same_faults_and_another_one_others():
    names = [fault.name for fault in draw(50, 7)]

    assert names == [fault.name for fault in draw(50, 7)]
    assert names != [fault.name for fault in draw(50, 8)]


def test_outages_are_faults_that_kill_none_of_the_processes_that_are_judged():
    drawn = {fault.name for fault in draw(50, 7, OUTAGES)}

    assert drawn == {fault.name for fault in OUTAGES} < {fault.name for fault in FAULTS}
    assert not [name for name in drawn if name.startswith(("kill", "keep"))]


def test_no_fault_is_drawn_again_before_all_others_were():
    names = [fault.name for fault in draw(2 * len(FAULTS), 7)]

    assert len(set(names[: len(FAULTS)])) == len(set(names[len(FAULTS) :])) == len(FAULTS)


def test_a_part_that_does_nothing_more_is_missing_and_the_others_are_not():
    parts = {"web": lambda _since: True, "beat": lambda _since: False}

    found = watch(parts, "kill beat", 40.0, give_up_at=time.monotonic() + 0.1)

    assert found.missing == ["beat"]
    assert found.longest_s is None


def test_the_watch_ends_as_soon_as_every_part_did_something_after_the_fault():
    found = watch({"web": lambda _since: True}, "kill web", 80.0, give_up_at=float("inf"))

    assert found.missing == []
    assert found.longest_s is not None


def test_the_feed_makes_what_is_due_once_and_takes_it_for_accepted_when_it_is_asked_again(record):
    feed = RecordFeed(record, iter(range(1, 1000)).__next__)

    first = feed.step(BEGAN + timedelta(seconds=1))
    accepted = int(record.acked.sum())
    second = feed.step(BEGAN + timedelta(seconds=1))

    assert [quote.volume for quote in first] == list(range(300))
    assert (accepted, int(record.acked.sum()), second) == (0, 300, [])


def test_a_feed_that_was_killed_goes_on_after_what_is_in_doubt(record):
    RecordFeed(record, iter(range(1, 1000)).__next__).step(BEGAN + timedelta(seconds=1))

    again = RecordFeed(record, iter(range(1000, 2000)).__next__).step(BEGAN + timedelta(seconds=2))

    assert [quote.volume for quote in again] == list(range(300, 600))
    assert not record.acked.any()


def test_rows_as_they_were_published_are_right(record):
    rows = published(record)

    found = hold(record, rows)

    assert (found.accepted, found.stored, found.wrong()) == (record.size, record.size, [])


def test_a_missing_row_is_lost_and_one_in_doubt_is_not(record):
    rows = published(record)

    assert hold(record, np.delete(rows, 17, axis=0)).lost == 1
    record._marks[17] = 1
    assert hold(record, np.delete(rows, 17, axis=0)).wrong() == []


@pytest.mark.parametrize("column", range(5), ids=["another event", "number", "time", "price", "symbol"])
def test_a_row_that_nobody_published_so_is_foreign(record, column):
    rows = published(record)
    rows[17, column] += 1 if column else record.size

    found = hold(record, rows)

    assert found.foreign == 1
    assert len(found.wrong()) == 1 + (column == 0)


def test_a_row_that_is_there_twice_is_doubled(record):
    rows = published(record)

    assert hold(record, np.vstack([rows, rows[17:18]])).doubled == 1


@pytest.mark.parametrize(
    "changed",
    [
        {"lost": 1, "stored": 900},
        {"verdicts": ("balanced", "unexplained")},
        {"dead": 1},
        {"stored": 900},
        {"rows": 902},
        {"spooled": 1},
        {"published": 904, "stored": 904, "rows": 904},
    ],
)
def test_accounts_that_do_not_come_out_even_are_wrong(changed):
    fine = {"published": 901, "stored": 901, "dead": 0, "duplicates": 0, "lost": 0, "verdicts": ("balanced",)}

    assert accounts(**fine, rows=901).wrong(WHOLE) == []
    assert accounts(**(fine | {"rows": 901} | changed)).wrong(WHOLE) != []


def test_what_waits_in_spools_is_counted(tmp_path, record):
    Spool(tmp_path / "SCHWAB.db", "SCHWAB", 1_000_000).append(encode([record.event(0, 1), record.event(1, 2)]).events)

    assert spooled(tmp_path) == 2


def test_a_run_is_wrong_when_a_part_stood_still_after_a_fault():
    still = watch({"beat": lambda _since: False}, "kill beat", 40.0, give_up_at=0.0)
    fine = {"published": 901, "stored": 901, "dead": 0, "duplicates": 0, "lost": 0, "verdicts": ("balanced",)}

    found = Outcome(Path(), WHOLE, accounts(**fine, rows=901), [still])

    assert found.wrong() == ["beat did nothing more after: kill beat"]


def accounts(spooled=0, **figures):
    return Accounts((Account("SCHWAB", **figures),), worst_exit=0, losses=0, pending=0, spooled=spooled)


def published(record):
    record.attempt(0, range(1, record.size + 1))
    record.acknowledge(0, record.size)
    events = [record.event(index, index + 1) for index in range(record.size)]
    return np.array(
        [
            (one.volume, one.seq, round(one.ts.timestamp() * 1e6), int(one.last * 4), ord(one.symbol[1]))
            for one in events
        ],
        np.int64,
    )


@pytest.fixture
def record(tmp_path):
    assert len({symbol[1] for symbol in SYMBOLS}) == len(SYMBOLS)
    return Record(tmp_path / "record", 900, BEGAN, RATE, lambda _ts: date(2025, 10, 9))
