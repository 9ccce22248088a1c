from app.bus.hashes import read_hash, write_hash


def test_a_hash_that_is_not_there_is_empty(bus):
    assert read_hash(bus, "none") == {}


def test_fields_are_set_as_text_beside_those_that_are_there(bus):
    write_hash(bus, "h", {"a": 1, "b": "x"})
    write_hash(bus, "h", {"a": 2.5})

    assert read_hash(bus, "h") == {"a": "2.5", "b": "x"}
    assert bus.ttl("h") == -1


def test_a_hash_may_be_kept_for_a_time(bus):
    write_hash(bus, "h", {"a": 1}, kept_s=60)

    assert 0 < bus.ttl("h") <= 60
