"""The objects of the lake in a bucket: read, written whole, listed; none is ever deleted."""

import hashlib
from collections.abc import Callable, Generator
from contextlib import closing
from functools import cached_property
from typing import Final
from urllib.parse import urlsplit

import pyarrow as pa
from pyarrow import fs

from app.bucket.outcomes import explained
from app.bucket.plan import BucketPlan

MAX_ATTEMPTS: Final = 4
CONNECT_TIMEOUT_S: Final = 5.0
READ_TIMEOUT_S: Final = 20.0
_CHUNK_BYTES: Final = 8 << 20


class Bucket:
    """The objects under a place; names run from there on, as the paths of files do from the lake's root on.

    Whatever fails for a while is tried again, at most four times and with growing pauses. Errors are those of
    `explained`. May be shared between threads, but not between processes.
    """

    def __init__(self, plan: BucketPlan) -> None:
        self.plan = plan

    def read(self, name: str) -> bytes | None:
        """The bytes of an object; None where there is none."""
        try:
            with explained(self.plan), self._store.open_input_file(self._path(name)) as found:
                return bytes(found.read())
        except FileNotFoundError:
            return None

    def write(self, name: str, data: bytes, content_type: str) -> None:
        """Put an object in its place, or in that of an older one; readers see what was there before, or all of this."""
        about = {"Content-Type": content_type}
        with explained(self.plan), self._store.open_output_stream(self._path(name), metadata=about) as stream:
            # All at once, because a stream that ends early for whatever reason makes an object of what it got.
            stream.write(data)

    def take(self, name: str, sink: Callable[[bytes], object]) -> str | None:
        """Pass the bytes of an object to `sink`, part by part; their SHA-256 in the end. None where there is none.

        What `sink` raises is passed on as it is.
        """
        digest = hashlib.sha256()
        with closing(self._chunks(name)) as chunks:
            while True:
                try:
                    chunk = next(chunks, b"")
                except FileNotFoundError:
                    return None
                if not chunk:
                    return digest.hexdigest()
                digest.update(chunk)
                sink(chunk)

    def digest(self, name: str) -> str | None:
        """The SHA-256 of an object, of which every byte is read for it; None where there is none."""
        return self.take(name, lambda _chunk: None)

    def sizes(self, folder: str) -> dict[str, int]:
        """The size of every object below a folder, by name; NotFound when there is no bucket."""
        # That nothing is found must not hide that there is no bucket, which `allow_not_found` would.
        below = fs.FileSelector(self._path(folder), recursive=True)
        try:
            with explained(self.plan):
                found = self._store.get_file_info(below)
        except FileNotFoundError:
            return {}
        start = len(self.plan.root) + 1
        return {one.path[start:]: one.size for one in found if one.type is fs.FileType.File}

    def open(self, name: str) -> pa.NativeFile:
        """An object for reading parts of it; FileNotFoundError where there is none, errors of reading are OSError."""
        with explained(self.plan):
            return self._store.open_input_file(self._path(name))

    def _chunks(self, name: str) -> Generator[bytes]:
        with explained(self.plan), self._store.open_input_file(self._path(name)) as found:
            while chunk := found.read(_CHUNK_BYTES):
                yield chunk

    @cached_property
    def _store(self) -> fs.S3FileSystem:
        endpoint = urlsplit(self.plan.endpoint or "")
        with explained(self.plan):
            return fs.S3FileSystem(
                access_key=self.plan.key,
                secret_key=self.plan.secret,
                region=self.plan.region,
                scheme=endpoint.scheme or "https",
                endpoint_override=endpoint.netloc or None,
                retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=MAX_ATTEMPTS),
                connect_timeout=CONNECT_TIMEOUT_S,
                request_timeout=READ_TIMEOUT_S,
                allow_delayed_open=True,  # One request for a small object instead of three.
            )

    def _path(self, name: str) -> str:
        return f"{self.plan.root}/{name}"
