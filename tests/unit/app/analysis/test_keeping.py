from app.analysis.keeping import CountedKeep


class Shelf:
    def __init__(self):
        self.kept = {}

    def get(self, kind, key):
        return self.kept.get((kind, key))

    def put(self, kind, key, data):
        self.kept[kind, key] = data


def test_what_was_kept_and_what_was_lacking_is_counted():
    shelf = Shelf()
    keep = CountedKeep(shelf)
    keep.get("findings", "a")
    keep.put("findings", "a", b"one")

    found = keep.get("findings", "a"), keep.get("minutes", "a")

    assert found == (b"one", None)
    assert (keep.hits, keep.misses) == (1, 2)
    assert shelf.kept == {("findings", "a"): b"one"}


def test_without_a_store_nothing_is_kept_and_everything_lacks():
    keep = CountedKeep(None)
    keep.put("findings", "a", b"one")

    assert keep.get("findings", "a") is None
    assert (keep.hits, keep.misses) == (0, 1)


def test_what_is_empty_is_kept_too():
    keep = CountedKeep(Shelf())
    keep.put("findings", "a", b"")

    assert keep.get("findings", "a") == b""
    assert keep.hits == 1
