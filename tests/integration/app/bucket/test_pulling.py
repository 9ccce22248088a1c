from dataclasses import replace
from threading import Thread

import pytest

from app.bucket.objects import Bucket
from app.bucket.pulling import Puller
from app.bucket.pushing import push_day
from app.errors import Conflict, Unavailable
from app.lake.layout import BARS, TICKS, Lake
from app.lake.manifest import find_file, verify_file
from app.lake.models import LakeFile
from app.ticks.partitions import ensure_partitions
from tests.bar_files import damage
from tests.bucket_lakes import BARS_OF_ES, DAY, DAYS, END_HOLDERS, ES, NQ, trades
from tests.emptying import empty_tables
from tests.lake_days import export_quotes
from tests.ticks import LATER, store_quotes


def test_an_empty_lake_gets_every_file_and_its_record(sessions, lake, puller):
    before = files_in(lake)
    records = rows_of(sessions)
    forget(sessions)

    done = [puller.pull(day) for day in DAYS]

    assert files_in(puller.lake) == before
    assert [(len(one.taken), one.kept, one.refusals) for one in done] == [(3, 0, ())] * 2
    assert rows_of(sessions) == records
    with sessions() as session:
        assert verify_file(puller.lake, find_file(session, TICKS, DAY, "ES")).is_file()


def test_ticks_that_the_database_lacks_are_from_now_on_in_the_file_alone(sessions, puller):
    forget(sessions)
    store_quotes(sessions, trades(DAYS[1], "ES", 2))
    with sessions.begin() as session:
        ensure_partitions(session, [DAYS[0]])

    for day in DAYS:
        puller.pull(day)

    with sessions() as session:
        assert find_file(session, TICKS, DAYS[0], "ES").purged_at == LATER
        assert find_file(session, TICKS, DAYS[1], "ES").purged_at is None
        assert find_file(session, BARS, DAYS[0], "ES", "1m").purged_at is None


def test_what_is_here_is_not_fetched_again(lake, puller, store):
    here = replace(puller, lake=lake)
    store.requests.clear()

    done = here.pull(DAY)

    assert (done.taken, done.kept) == ((), 3)
    assert [one.name for one in store.asked("GET")] == ["manifest/date=2025-10-09.json"]


def test_a_file_that_is_gone_here_comes_back(lake, puller):
    whole = (lake.root / ES).read_bytes()
    (lake.root / ES).unlink()

    assert replace(puller, lake=lake).pull(DAY).taken == (ES,)
    assert (lake.root / ES).read_bytes() == whole


def test_a_different_file_stays_unless_told_otherwise(sessions, lake, puller):
    export_quotes(sessions, lake, trades(DAY, "ES", 7))
    own = (lake.root / ES).read_bytes()
    here = replace(puller, lake=lake)

    kept = here.pull(DAY)

    assert kept.refusals == (f"{ES} is different here, so it stays: add --overwrite to replace it",)
    assert (lake.root / ES).read_bytes() == own
    assert replace(here, overwrite=True).pull(DAY).taken == (ES,)
    with sessions() as session:
        assert find_file(session, TICKS, DAY, "ES").rows == 300


def test_a_damaged_file_stays_unless_told_otherwise(lake, puller):
    damage(lake.root / ES)

    assert len(replace(puller, lake=lake).pull(DAY).refusals) == 1
    assert replace(puller, lake=lake, overwrite=True).pull(DAY).taken == (ES,)


def test_a_folder_of_its_own_needs_no_database(lake, puller):
    alone = replace(puller, sessions=None, symbols=["NQ"])

    assert alone.pull(DAY).taken == (NQ,)
    assert files_in(alone.lake) == {NQ: (lake.root / NQ).read_bytes()}


def test_a_dry_run_tells_and_fetches_nothing(puller):
    alone = replace(puller, sessions=None, dry_run=True)

    assert len(alone.pull(DAY).taken) == 3
    assert not alone.lake.root.exists()


def test_other_bytes_in_the_bucket_are_refused_and_the_others_come(sessions, puller, store):
    forget(sessions)
    store.put(ES, bytes(len(store.get(ES))))
    store.delete(NQ)

    done = puller.pull(DAY)

    assert done.taken == (BARS_OF_ES,)
    assert list(done.refusals) == [
        f"{ES} is damaged in the bucket: see `flask lake-compare --verify`",
        f"{NQ} is gone from the bucket: see `flask lake-compare --verify`",
    ]
    assert list(files_in(puller.lake)) == [BARS_OF_ES]
    assert rows_of(sessions).keys() == {BARS_OF_ES}


def test_an_answer_that_breaks_off_is_asked_for_again(sessions, lake, puller, store):
    forget(sessions)
    store.truncate(lambda one: one.method == "GET" and one.name == ES, times=2)

    puller.pull(DAY)

    assert files_in(puller.lake)[ES] == (lake.root / ES).read_bytes()


def test_answers_that_keep_breaking_off_leave_no_file(sessions, puller, store, monkeypatch):
    monkeypatch.setattr("app.bucket.objects.MAX_ATTEMPTS", 2)
    puller = replace(puller, bucket=Bucket(store.plan))
    forget(sessions)
    store.truncate(lambda one: one.method == "GET" and one.name == ES)

    with pytest.raises(Unavailable):
        puller.pull(DAY)

    assert ES not in files_in(puller.lake)
    assert list(puller.lake.staging.iterdir()) == []


def test_a_pull_that_lost_its_right_puts_nothing_in_place(sessions, puller, store):
    forget(sessions)
    found = []
    with store.holding(lambda one: one.name == ES) as came:
        pull = Thread(target=lambda: found.append(puller.pull(DAY)))
        pull.start()
        assert came.wait(10)
        with sessions() as session:
            session.execute(END_HOLDERS)
    pull.join(20)

    assert found[0].refusals[0].startswith("the connection that guarded the files of ES on 2025-10-09 was lost")
    assert ES not in files_in(puller.lake)
    assert ES not in rows_of(sessions)


@pytest.mark.parametrize(
    ("part", "other"),
    [
        (b'"path": "ticks/date=2025-10-09', b'"path": "../../date=2025-10-09'),
        (b'"symbol": "ES"', b'"symbol": "../.."'),
        (b'"timeframe": ""', b'"timeframe": "5m"'),
    ],
)
def test_a_days_object_that_names_places_outside_of_the_lake_is_refused(puller, store, part, other):
    text = store.get("manifest/date=2025-10-09.json")
    assert part in text
    store.put("manifest/date=2025-10-09.json", text.replace(part, other))

    with pytest.raises(Conflict, match="is damaged"):
        puller.pull(DAY)


def files_in(lake):
    return {lake.relative(path): path.read_bytes() for path in sorted(lake.root.rglob("*.parquet"))}


def rows_of(sessions):
    with sessions() as session:
        return {row.path: (row.sha256, row.rows, row.written_at, row.min_ts) for row in session.query(LakeFile)}


def forget(sessions):
    with sessions.begin() as session:
        empty_tables(session)


@pytest.fixture
def puller(sessions, lake, bucket, tmp_path):
    for day in DAYS:
        push_day(sessions, lake, bucket, day)
    return Puller(Lake(tmp_path / "other"), bucket, LATER, sessions)
