import errno
import hashlib
import os

import pytest

from app.bucket.objects import Bucket
from app.errors import Conflict, Unavailable

LARGE = bytes(range(256)) * (25 << 12)


def test_a_large_object_goes_in_parts_and_comes_back_whole(bucket, store):
    bucket.write("large", LARGE, "application/octet-stream")

    assert {one.query.partition("&")[0] for one in store.asked("PUT")} == {
        "partNumber=1",
        "partNumber=2",
        "partNumber=3",
    }
    assert bucket.digest("large") == hashlib.sha256(LARGE).hexdigest()
    assert bucket.sizes("") == {"large": len(LARGE)}


@pytest.mark.parametrize(
    ("code", "status", "kind"), [("InternalError", 500, Unavailable), ("AccessDenied", 403, Conflict)]
)
def test_an_upload_of_which_a_part_fails_leaves_what_was_there(bucket, store, monkeypatch, code, status, kind):
    monkeypatch.setattr("app.bucket.objects.MAX_ATTEMPTS", 2)
    bucket.write("large", b"before", "application/octet-stream")
    store.refuse(code, status, lambda one: "partNumber=2" in one.query)

    with pytest.raises(kind):
        bucket.write("large", LARGE, "application/octet-stream")

    assert store.get("large") == b"before"


def test_parts_are_sent_with_checksums(bucket, store):
    bucket.write("large", LARGE, "application/octet-stream")
    bucket.write("small", b"x", "application/octet-stream")

    assert {one.checksum for one in store.asked("PUT")} == {"x-amz-checksum-crc64nvme"}


def test_an_object_that_is_not_there_is_none(bucket):
    assert (bucket.read("none"), bucket.digest("none"), bucket.sizes("none")) == (None, None, {})


def test_a_full_disk_is_not_blamed_on_the_store(bucket):
    bucket.write("one", b"x", "text/plain")

    with pytest.raises(OSError, match="No space left on device"):
        bucket.take("one", on_a_full_disk)


def on_a_full_disk(_data):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_names_of_others_in_the_bucket_are_not_listed(bucket, store):
    bucket.write("manifest/a", b"1", "text/plain")
    other = Bucket(type(store.plan)(f"s3://{store.plan.bucket}/thor2", store.url, "us-east-1", "k", "s"))
    other.write("manifest/b", b"2", "text/plain")

    assert bucket.sizes("manifest") == {"manifest/a": 1}
