import pytest

from app.bus import keys
from app.bus.joining import join_group

GROUP = keys.INGEST_GROUP


def join(bus, position=None):
    return join_group(bus, GROUP, lambda: position)


def fill(bus, count):
    return [bus.xadd(keys.STREAM, {"seq": number}) for number in range(count)]


def unread(bus):
    found = bus.xreadgroup(GROUP, "one", {keys.STREAM: ">"})
    return [entry_id for entry_id, _fields in found[0][1]] if found else []


def lag(bus):
    return bus.xinfo_groups(keys.STREAM)[0]["lag"]


def test_a_first_group_begins_at_the_beginning(bus):
    ids = fill(bus, 5)

    join(bus)

    assert lag(bus) == 5
    assert unread(bus) == ids


def test_a_group_may_be_there_before_the_stream(bus):
    join(bus)
    ids = fill(bus, 2)

    assert lag(bus) == 2
    assert unread(bus) == ids


def test_joining_again_changes_nothing_and_asks_for_no_position(bus):
    first = join(bus)

    def unwanted():
        raise AssertionError("nobody needs to know")

    assert join_group(bus, GROUP, unwanted) == first
    assert bus.get(keys.GENERATION) == first


@pytest.mark.parametrize("place", [0, 3, 4])
def test_a_group_that_was_destroyed_goes_on_after_the_saved_position(bus, place):
    ids = fill(bus, 5)
    generation = join(bus)
    unread(bus)
    bus.xgroup_destroy(keys.STREAM, GROUP)

    assert join(bus, (generation, ids[place])) == generation

    assert unread(bus) == ids[place + 1 :]
    assert lag(bus) == 0


def test_a_position_older_than_what_is_left_begins_with_what_is_left(bus):
    ids = fill(bus, 5)
    generation = join(bus)
    bus.xgroup_destroy(keys.STREAM, GROUP)
    bus.xtrim(keys.STREAM, maxlen=2, approximate=False)

    join(bus, (generation, ids[0]))

    assert lag(bus) == 2
    assert unread(bus) == ids[3:]


def test_a_position_between_two_ids_of_one_millisecond_is_kept_exactly(bus):
    ids = [bus.xadd(keys.STREAM, {"a": 1}, id=f"7-{part}") for part in (0, 9, 10, 2**64 - 1)]
    generation = join(bus)
    bus.xgroup_destroy(keys.STREAM, GROUP)

    join(bus, (generation, ids[2]))

    assert unread(bus) == ids[3:]


def test_after_a_flush_the_saved_position_means_nothing_and_the_generation_is_another(bus):
    ids = fill(bus, 5)
    old = join(bus)
    bus.flushdb()
    new_ids = fill(bus, 3)

    assert join(bus, (old, ids[-1])) != old

    assert unread(bus) == new_ids


def test_a_position_beyond_the_stream_is_not_of_this_stream(bus):
    generation = join(bus)
    bus.delete(keys.STREAM)
    ids = fill(bus, 3)

    join(bus, (generation, f"{2**50}-{2**64 - 1}"))

    assert unread(bus) == ids


def test_a_key_of_another_kind_is_told(bus):
    bus.set(keys.STREAM, "no stream")

    with pytest.raises(Exception, match="WRONGTYPE"):
        join(bus)
