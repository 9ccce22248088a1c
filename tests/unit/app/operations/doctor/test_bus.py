import pytest

from app.operations.doctor.bus import (
    check_eviction,
    check_fsync,
    check_memory,
    check_persistence,
    check_version,
)

GB = 1 << 30


@pytest.mark.parametrize(
    ("info", "level", "said"),
    [
        ({"redis_version": "6.2.14"}, "wrong", "Redis 6.2.14"),
        ({"redis_version": "7.0.15"}, "ok", "Redis 7.0.15"),
        ({"redis_version": "7.2.4", "valkey_version": "9.1.2"}, "ok", "Valkey 9.1.2"),
        ({}, "wrong", "too old"),
    ],
)
def test_redis_is_new_enough_or_not(info, level, said):
    found = check_version(info)

    assert found.level == level
    assert said in found.detail


@pytest.mark.parametrize(
    ("info", "level"),
    [
        ({"aof_enabled": 1}, "ok"),
        ({"aof_enabled": 0}, "wrong"),
        ({"aof_enabled": 1, "aof_last_write_status": "err"}, "wrong"),
        ({"aof_enabled": 1, "aof_last_bgrewrite_status": "err"}, "warning"),
    ],
)
def test_an_append_only_file_that_is_missing_or_not_written_is_wrong(info, level):
    assert check_persistence(info).level == level


@pytest.mark.parametrize(
    ("policy", "level"), [("everysec", "ok"), ("always", "ok"), ("no", "wrong"), (None, "unknown")]
)
def test_the_append_only_file_reaches_the_disk_in_time_or_not(policy, level):
    assert check_fsync(policy).level == level


@pytest.mark.parametrize(("policy", "level"), [("noeviction", "ok"), ("allkeys-lru", "wrong")])
def test_a_redis_that_evicts_is_wrong(policy, level):
    assert check_eviction({"maxmemory_policy": policy}).level == level


@pytest.mark.parametrize(
    ("used", "limit", "machine", "level"),
    [
        (1 * GB, 8 * GB, 16 * GB, "ok"),
        (7 * GB, 8 * GB, 16 * GB, "warning"),
        (7 * GB, 0, 16 * GB, "ok"),
        (15.5 * GB, 0, 16 * GB, "wrong"),
        (GB // 8, GB, 16 * GB, "warning"),
        (GB, 0, 0, "unknown"),
    ],
)
def test_redis_has_memory_left_also_for_the_longest_stream_or_not(used, limit, machine, level):
    info = {"used_memory": used, "maxmemory": limit, "total_system_memory": machine}

    assert check_memory(info, 10_000_000).level == level


def test_a_stream_that_would_not_fit_is_told_with_the_setting():
    found = check_memory({"used_memory": 0, "maxmemory": 1_000_000_000}, 10_000_000)

    assert found.fix.startswith("set STREAM_CAP to 4000000 at most")
