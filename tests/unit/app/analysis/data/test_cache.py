import multiprocessing
import os
import shutil
from pathlib import Path

import pytest

from app.analysis.data.cache import Cache, cache_key

KEY, OTHER = cache_key("one"), cache_key("other")


def test_a_value_is_found_by_its_kind_and_key(tmp_path):
    cache = Cache(tmp_path, 1_000)

    cache.put("bars", KEY, b"value")

    assert Cache(tmp_path, 1_000).get("bars", KEY) == b"value"
    assert cache.get("bars", OTHER) is None
    assert cache.get("levels", KEY) is None


def test_a_key_tells_parts_apart():
    assert cache_key("a", "bc") != cache_key("ab", "c")
    assert cache_key("1") != cache_key(1)
    assert cache_key("a", None) == cache_key("a", None)


@pytest.mark.parametrize("damage", [b"", b"short", b"\x00" * 40], ids=["emptied", "cut", "overwritten"])
def test_a_damaged_value_is_dropped_and_can_be_put_again(tmp_path, damage):
    cache = Cache(tmp_path, 1_000)
    cache.put("bars", KEY, b"value")
    (path,) = files(tmp_path)
    path.write_bytes(damage)

    assert cache.get("bars", KEY) is None

    assert files(tmp_path) == []
    cache.put("bars", KEY, b"value")
    assert cache.get("bars", KEY) == b"value"


def test_one_flipped_bit_is_noticed(tmp_path):
    cache = Cache(tmp_path, 1_000)
    cache.put("bars", KEY, b"value")
    (path,) = files(tmp_path)
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)

    assert cache.get("bars", KEY) is None


def test_the_least_recently_used_make_room(tmp_path):
    cache = Cache(tmp_path, 1_000)
    keys = [cache_key(place) for place in range(10)]
    for place, key in enumerate(keys):
        cache.put("bars", key, b"x" * 68)
        age(tmp_path, "bars", key, hours=10 - place)
    cache.get("bars", keys[0])

    cache.put("bars", OTHER, b"x" * 68)

    kept = [key for key in keys if cache.get("bars", key)]
    assert kept == [keys[0], *keys[3:]]
    assert cache.get("bars", OTHER) == b"x" * 68


def test_a_value_larger_than_the_cache_is_not_kept_and_costs_no_other(tmp_path):
    cache = Cache(tmp_path, 200)
    cache.put("bars", KEY, b"value")

    cache.put("bars", OTHER, b"x" * 200)

    assert cache.get("bars", OTHER) is None
    assert cache.get("bars", KEY) == b"value"


def test_what_a_killed_writer_left_is_removed_after_a_while(tmp_path):
    folder = tmp_path / "bars" / "aa"
    folder.mkdir(parents=True)
    old, fresh = folder / "old.part", folder / "fresh.part"
    for path in (old, fresh):
        path.write_bytes(b"half")
    os.utime(old, (0, 0))

    Cache(tmp_path, 1_000).put("bars", KEY, b"value")

    assert (old.exists(), fresh.exists()) == (False, True)


def test_where_nothing_can_be_written_nothing_is_kept_and_nothing_raised(tmp_path):
    (tmp_path / "file").write_text("in the way")
    cache = Cache(tmp_path / "file", 1_000)

    cache.put("bars", KEY, b"value")

    assert cache.get("bars", KEY) is None


def test_a_write_that_fails_half_way_leaves_nothing(tmp_path, monkeypatch):
    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", fail)

    Cache(tmp_path, 1_000).put("bars", KEY, b"value")

    assert files(tmp_path) == []


def test_a_folder_that_is_removed_in_between_is_made_again(tmp_path):
    cache = Cache(tmp_path / "cache", 1_000)
    cache.put("bars", KEY, b"value")
    shutil.rmtree(tmp_path / "cache")

    cache.put("bars", KEY, b"value")

    assert cache.get("bars", KEY) == b"value"


def test_no_file_of_the_cache_looks_like_one_of_the_lake(tmp_path):
    Cache(tmp_path, 1_000).put("bars", KEY, b"value")

    assert len(files(tmp_path)) == 1
    assert list(tmp_path.rglob("*.parquet")) == []


def test_several_processes_share_it_without_ever_reading_half_a_value(tmp_path):
    context = multiprocessing.get_context("spawn")

    with context.Pool(2) as pool:
        wrong = pool.starmap(put_and_get, [(tmp_path, seed) for seed in range(2)])

    assert wrong == [0, 0]
    assert sum(path.stat().st_size for path in files(tmp_path)) <= 40_000


@pytest.mark.parametrize(("kind", "key"), [("../bars", KEY), ("bars", "../" + KEY), ("bars", "abc"), ("", KEY)])
def test_a_malformed_kind_or_key_reaches_no_file(tmp_path, kind, key):
    cache = Cache(tmp_path / "cache", 1_000)

    with pytest.raises(ValueError, match="is no kind, or"):
        cache.put(kind, key, b"value")
    with pytest.raises(ValueError, match="is no kind, or"):
        cache.get(kind, key)
    assert files(tmp_path) == []


def put_and_get(root, seed):
    cache, wrong = Cache(root, 32_000), 0
    for turn in range(150):
        key = cache_key((turn * 7 + seed) % 20)
        found = cache.get("bars", key)
        wrong += found is not None and (len(set(found)) != 1 or len(found) != 3_000)
        cache.put("bars", key, bytes([turn % 256]) * 3_000)
    return wrong


def age(root, kind, key, hours):
    (path,) = root.glob(f"{kind}/*/{key}")
    then = path.stat().st_mtime - 3_600 * hours
    os.utime(path, (then, then))


def files(root):
    return [path for path in root.rglob("*") if path.is_file()]
