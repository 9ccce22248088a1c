import os
import signal
import sqlite3
import stat
import subprocess
import sys
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from app.bus.drops import DAMAGED_SPOOL, NO_ROOM
from app.collectors import spool_salvage
from app.collectors.spool import Spool
from app.errors import Unavailable
from app.quotes import to_fields
from tests.factories import DAY, quote, quotes

ROOM = 8 << 20


@pytest.fixture
def path(tmp_path):
    return tmp_path / "spool" / "EXCEL.db"


@pytest.fixture
def open_spool(path):
    opened = []

    def make(max_bytes=ROOM):
        opened.append(Spool(path, "EXCEL", max_bytes))
        return opened[-1]

    yield make
    for spool in opened:
        spool.close()


@pytest.fixture
def spool(open_spool):
    return open_spool()


def events(count, first_seq=1, **parts):
    return [to_fields(one) for one in quotes(count, first_seq=first_seq, source="EXCEL", **parts)]


def bulky(count, **parts):
    """Events that do not compress."""
    return [[*event, "note", os.urandom(200).hex()] for event in events(count, **parts)]


def append_or_drop(spool, batch):
    spooled = spool.append(batch)
    if spooled is None:
        spool.drop(batch)
    return spooled


def change(path, *statement):
    """What a broken disk does to a row."""
    with closing(sqlite3.connect(path)) as file:
        file.execute(*statement)
        file.commit()


def damaged(spool):
    """What is told of damage, by symbol and trading day."""
    return {(drop.symbol, drop.session_date): drop.count for drop in spool.drops() if drop.cause == DAMAGED_SPOOL}


def seqs(spooled):
    return [int(event[5]) for event in spooled.events]


def all_seqs(spool):
    spooled = spool.oldest(10**9)
    return seqs(spooled) if spooled else []


def damage(path, at=0, size=64):
    with path.open("r+b") as file:
        file.seek(at)
        file.write(os.urandom(size))


def fold(path):
    """Move everything from the write-ahead log into the file itself."""
    with closing(sqlite3.connect(path)) as file:
        file.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def overwrite(path, tree):
    """Fill the first page of a table or an index with what makes no sense."""
    fold(path)
    with closing(sqlite3.connect(path)) as file:
        [(page,)] = file.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (tree,))
    damage(path, at=(page - 1) * 4096, size=4096)


def test_events_come_back_word_for_word_in_their_order(spool):
    spool.append(events(2))
    spool.append(events(3, first_seq=3, contract=None, symbol="NQ"))

    assert spool.oldest(10).events == [*events(2), *events(3, first_seq=3, contract=None, symbol="NQ")]
    assert spool.size == 5


def test_whole_appends_come_up_to_a_limit_and_at_least_one(spool):
    for first in (1, 4, 7):
        spool.append(events(3, first_seq=first))

    assert seqs(spool.oldest(6)) == [1, 2, 3, 4, 5, 6]
    assert seqs(spool.oldest(5)) == [1, 2, 3]
    assert seqs(spool.oldest(1)) == [1, 2, 3]


def test_what_is_removed_is_gone_and_nothing_else(spool):
    for first in (1, 4, 7):
        spool.append(events(3, first_seq=first))

    spool.remove(spool.oldest(6))

    assert all_seqs(spool) == [7, 8, 9]
    assert not spool.is_empty


def test_an_append_is_known_by_its_row(spool):
    spool.append(events(1))
    second = spool.append(events(1, first_seq=2))
    spool.append(events(1, first_seq=3))

    spool.remove(second)

    assert all_seqs(spool) == [1, 3]


def test_an_empty_spool_says_so(spool):
    assert (spool.is_empty, spool.size, spool.dropped, spool.damaged, spool.oldest(10)) == (True, 0, 0, 0, None)


def test_it_outlives_its_process(open_spool):
    open_spool().append(events(2))

    assert all_seqs(open_spool()) == [1, 2]


def test_two_processes_see_each_others_appends(open_spool):
    first, second = open_spool(), open_spool()

    first.append(events(1))
    second.append(events(1, first_seq=2))
    second.remove(second.oldest(1))

    assert all_seqs(first) == [2]


def test_it_is_private(spool, path):
    spool.append(events(1))

    files = [name for name in path.parent.iterdir() if name.name.startswith(path.name)]
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert {stat.S_IMODE(name.stat().st_mode) for name in files} == {0o600}


def test_beyond_its_room_the_newest_are_dropped_and_counted(open_spool, path):
    spool = open_spool(max_bytes=200_000)
    kept = dropped = 0
    for number in range(40):
        batch = [*bulky(20, first_seq=number), *bulky(5, symbol="NQ")]
        if append_or_drop(spool, batch):
            kept += 25
        else:
            dropped += 25

    assert kept and dropped
    assert spool.size == kept
    assert spool.dropped == dropped
    found = {(drop.source, drop.symbol, drop.session_date, drop.cause): drop.count for drop in spool.drops()}
    assert found == {
        ("EXCEL", "ES", DAY.isoformat(), NO_ROOM): dropped * 4 // 5,
        ("EXCEL", "NQ", DAY.isoformat(), NO_ROOM): dropped // 5,
    }
    fold(path)
    assert path.stat().st_size < 300_000


def test_what_finds_no_room_is_not_counted_until_it_is_given_up(open_spool):
    spool = open_spool(max_bytes=1)

    assert spool.append(events(3)) is None

    assert (spool.dropped, spool.drops()) == (0, [])


def test_there_is_room_again_once_something_left(open_spool):
    spool = open_spool(max_bytes=150_000)
    while spool.append(bulky(50)):
        pass

    spool.remove(spool.oldest(10**9))

    assert spool.append(bulky(50))


def test_an_emptied_spool_gives_its_disk_back(open_spool, path):
    spool = open_spool(max_bytes=64 << 20)
    for number in range(30):
        spool.append(bulky(1_000, first_seq=number))
    fold(path)
    assert path.stat().st_size > 4 << 20

    spool.remove(spool.oldest(10**9))

    assert path.stat().st_size < 1 << 20


def test_drops_outlive_the_process_and_stand_still_once_they_were_asked_for(open_spool):
    first = open_spool(max_bytes=1)
    first.drop(events(3))
    told = first.drops()
    first.drop(events(2))

    again = open_spool(max_bytes=1)
    assert {drop.id for drop in told} < {drop.id for drop in again.drops()}
    assert Counter(drop.count for drop in again.drops()) == Counter([3, 2])
    assert again.dropped == 5


def test_drops_tell_between_which_numbers_they_were_by_symbol_day_and_epoch(open_spool):
    epoch = 1 << 32
    spool = open_spool(max_bytes=1)
    spool.drop([*events(3, first_seq=epoch + 5), *events(1, first_seq=epoch + 8, symbol="NQ")])
    spool.drop(events(2, first_seq=epoch + 9))
    spool.drop(events(1, first_seq=2 * epoch + 1))

    found = {(drop.symbol, drop.count, drop.first_seq, drop.last_seq) for drop in spool.drops()}

    assert found == {
        ("ES", 5, epoch + 5, epoch + 10),
        ("NQ", 1, epoch + 8, epoch + 8),
        ("ES", 1, 2 * epoch + 1, 2 * epoch + 1),
    }


def test_a_drop_that_was_told_is_forgotten_and_still_in_the_total(open_spool):
    spool = open_spool(max_bytes=1)
    spool.drop(events(3))

    for drop in spool.drops():
        spool.forget(drop)

    assert spool.drops() == []
    assert spool.dropped == 3


def test_a_file_that_is_no_spool_is_moved_aside(open_spool, path, caplog):
    path.parent.mkdir()
    path.write_bytes(b"not a database" * 1_000)

    spool = open_spool()

    assert spool.append(events(1))
    assert spool.damaged == 1
    assert path.with_name("EXCEL.db.damaged-1").read_bytes().startswith(b"not a database")
    assert "was damaged" in caplog.text


def test_damage_while_it_is_open_costs_what_cannot_be_read_only(open_spool, path, caplog):
    spool = open_spool()
    rows = [spool.append(events(50, first_seq=first)) for first in range(0, 500, 50)]
    fold(path)
    change(path, "UPDATE batches SET events = ? WHERE id = ?", (b"nonsense", rows[3].first_row))

    found = all_seqs(spool)

    assert found == [seq for seq in range(500) if not 150 <= seq < 200]
    assert spool.damaged == 1
    assert spool.unreadable == 50
    assert "450 quotes of it go on, 50 cannot be read and will be counted as lost (`flask losses`); " in caplog.text


def test_what_cannot_be_read_is_told_by_symbol_and_day_as_lost_to_the_damage(open_spool, path):
    spool = open_spool()
    row = spool.append([*events(3), *events(2, symbol="NQ")]).first_row
    spool.append(events(4, first_seq=4))
    spool.close()
    change(path, "UPDATE batches SET events = ? WHERE id = ?", (b"nonsense", row))

    again = open_spool()

    assert all_seqs(again) == [4, 5, 6, 7]
    assert damaged(again) == {("ES", DAY.isoformat()): 3, ("NQ", DAY.isoformat()): 2}
    assert len(again.drops()) == len({drop.id for drop in again.drops()}) == 2
    assert (again.unreadable, again.dropped, again.damaged) == (5, 0, 1)


@pytest.mark.parametrize("lost", ["row", "index"])
def test_one_of_two_copies_is_enough_to_know_what_cannot_be_read(open_spool, path, lost):
    spool = open_spool()
    spool.append(events(4))
    spool.append(events(4, first_seq=5))
    spool.close()
    change(path, "UPDATE batches SET events = 'x' WHERE id = 1")
    overwrite(path, "batches_accounts" if lost == "index" else "batches")

    again = open_spool()

    assert all_seqs(again) == ([5, 6, 7, 8] if lost == "index" else [])
    assert damaged(again) == {("ES", DAY.isoformat()): 4 if lost == "index" else 8}


def test_of_what_is_not_even_accounted_for_the_number_is_told(open_spool, path):
    spool = open_spool()
    spool.append([*events(3), *events(2, symbol="NQ")])
    spool.close()
    change(path, "UPDATE batches SET events = 'x', counts = 'x'")

    again = open_spool()

    assert all_seqs(again) == []
    assert damaged(again) == {(None, None): 5}
    assert again.unreadable == 5


def test_where_nothing_makes_sense_the_log_says_that_nobody_can_count(open_spool, path, caplog):
    spool = open_spool()
    spool.append(events(5))
    spool.close()
    fold(path)
    damage(path, size=100)

    assert open_spool().unreadable == 0

    assert "0 cannot be read and will be counted as lost (`flask losses`), and perhaps there were more" in caplog.text


def test_what_somebody_has_in_hand_goes_on_whatever_became_of_its_rows(spool, path):
    for first in (1, 3, 5):
        spool.append(events(2, first_seq=first))
    in_hand = spool.oldest(4)
    change(path, "UPDATE batches SET events = 'x'")
    overwrite(path, "batches_accounts")

    assert spool.size == 4
    assert damaged(spool) == {("ES", DAY.isoformat()): 2}

    assert all_seqs(spool) == [1, 2, 3, 4]
    spool.remove(in_hand)
    assert spool.is_empty


def test_drops_of_a_damaged_file_go_on(open_spool, path):
    spool = open_spool(max_bytes=1)
    spool.drop(events(3))
    [told] = spool.drops()
    spool.drop(events(2))
    spool.close()
    change(path, "PRAGMA user_version = 99")

    again = open_spool()

    assert told in again.drops()
    assert sorted(drop.count for drop in again.drops()) == [2, 3]
    assert again.dropped == 5


def test_drops_whose_words_make_no_sense_are_of_unknown_symbols(open_spool, path):
    spool = open_spool()
    spool.drop(events(3))
    spool.close()
    change(path, "UPDATE drops SET day = '2O25-10-09'")
    change(path, "PRAGMA user_version = 99")

    [drop] = open_spool().drops()

    assert (drop.symbol, drop.session_date, drop.count, drop.cause) == (None, None, 3, NO_ROOM)


def test_quotes_of_a_file_with_another_layout_go_on(open_spool, path, caplog):
    spool = open_spool()
    spool.append(events(3))
    spool.close()
    change(path, "DROP INDEX batches_accounts")
    change(path, "ALTER TABLE batches DROP COLUMN counts")
    change(path, "PRAGMA user_version = 0")

    again = open_spool()

    assert all_seqs(again) == [1, 2, 3]
    assert "it has layout 0, not 2" in caplog.text


def test_a_file_that_could_not_be_replaced_is_replaced_at_the_next_try(open_spool, path, monkeypatch):
    spool = open_spool()
    rows = [spool.append(events(1, first_seq=first)) for first in range(3)]
    change(path, "UPDATE batches SET events = ? WHERE id = ?", (b"nonsense", rows[0].first_row))
    spool.close()
    spool = open_spool()
    with monkeypatch.context() as full:
        full.setattr(spool_salvage, "ADD_TO_TOTAL", "INSERT INTO a full disk")
        with pytest.raises(Unavailable, match="cannot be used"):
            spool.oldest(10)
    assert spool.damaged == 0

    found = all_seqs(spool)

    assert (found, spool.unreadable, spool.damaged) == ([1, 2], 1, 1)


def test_rows_keep_their_numbers_when_a_damaged_file_is_replaced(open_spool, path):
    spool = open_spool()
    rows = [spool.append(events(1, first_seq=first)) for first in range(4)]
    change(path, "UPDATE batches SET events = ? WHERE id = ?", (b"nonsense", rows[0].first_row))
    spool.close()
    spool = open_spool()
    assert all_seqs(spool) == [1, 2, 3]

    spool.remove(rows[2])
    spool.append(events(1, first_seq=4))

    assert all_seqs(spool) == [1, 3, 4]


@pytest.mark.parametrize("seed", range(20))
def test_no_damage_anywhere_in_the_file_breaks_it(open_spool, path, seed):
    spool = open_spool()
    for first in range(0, 2_000, 100):
        spool.append(events(100, first_seq=first))
    spool.close()
    fold(path)
    damage(path, at=path.stat().st_size * seed // 20)

    again = open_spool()

    found = all_seqs(again)
    assert found == sorted(set(found))
    assert again.append(events(1, first_seq=9_999))
    assert all_seqs(again)[-1] == 9_999


def test_several_damaged_files_are_kept_apart(open_spool, path):
    for _ in range(2):
        spool = open_spool()
        spool.append(events(1))
        spool.close()
        fold(path)
        damage(path)
    spool = open_spool()

    assert spool.damaged == 2


def test_a_spool_that_cannot_be_made_is_unavailable(tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(Unavailable, match="cannot be opened"):
        Spool(tmp_path / "file" / "EXCEL.db", "EXCEL", ROOM)


KILLED = """
import sys
from pathlib import Path
from app.collectors.spool import Spool
from tests.unit.app.collectors.test_spool import events

spool = Spool(Path(sys.argv[1]), "EXCEL", 64 << 20)
for seq in range(100_000):
    spool.append(events(1, first_seq=seq))
    print(seq, flush=True)
"""


def test_a_kill_loses_nothing_that_was_appended(open_spool, path):
    root = Path(__file__).parents[4]
    process = subprocess.Popen([sys.executable, "-c", KILLED, path], stdout=subprocess.PIPE, cwd=root, text=True)
    told = [int(process.stdout.readline()) for _ in range(50)]
    process.send_signal(signal.SIGKILL)
    told += [int(line) for line in process.stdout.read().split("\n")[:-1]]
    process.stdout.close()
    process.wait()

    found = all_seqs(open_spool())

    assert found[: len(told)] == told
    assert len(found) - len(told) <= 1


def test_a_negative_price_and_every_field_survive(spool):
    event = to_fields(quote(source="EXCEL", delayed=True, contract=None, volume=2**62))

    spool.append([event])

    assert spool.oldest(1).events == [event]
