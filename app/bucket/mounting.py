"""The files of a bucket as a file system of DuckDB, which knows those that it is told of and reaches no others."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Final

import pyarrow as pa
from fsspec import AbstractFileSystem
from fsspec.implementations.arrow import ArrowFile

from app.bucket.days import BucketFile
from app.bucket.objects import Bucket
from app.bucket.outcomes import explained
from app.bucket.plan import SCHEME
from app.errors import ThorError

PROTOCOL: Final = "s3"


class BucketMount(AbstractFileSystem):
    """The files of a bucket, by path from the lake's root on; sizes are those that were recorded, asked of nobody.

    `failure` is what the store last failed at, of which DuckDB passes on a trace only.
    """

    protocol = PROTOCOL
    cachable = False

    def __init__(self, bucket: Bucket, files: Mapping[str, BucketFile]) -> None:
        super().__init__()
        self._bucket = bucket
        self.failure: ThorError | None = None
        self._files = {f"{bucket.plan.root}/{path}": file for path, file in files.items()}

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return path.removeprefix(SCHEME)

    def info(self, path: str, **_options: Any) -> dict[str, Any]:
        """Name and size of a file; FileNotFoundError where none is known."""
        name = self._strip_protocol(path)
        if name not in self._files:
            raise FileNotFoundError(name)
        return {"name": name, "size": self._files[name].bytes, "type": "file"}

    def glob(self, path: str, **_options: Any) -> list[str]:
        """The path itself where it is known: patterns are none."""
        name = self._strip_protocol(path)
        return [name] if name in self._files else []

    def modified(self, path: str) -> datetime:
        """When a file was published."""
        return self._files[self._strip_protocol(path)].written_at.astimezone(UTC)

    def _open(self, path: str, mode: str = "rb", **_options: Any) -> ArrowFile:
        if mode != "rb":
            raise PermissionError(f"{path} is for reading only")
        with self.noting():
            stream: pa.NativeFile = self._bucket.open(self._files[self._strip_protocol(path)].path)
            return _MountedFile(self, stream, path, mode)

    @contextmanager
    def noting(self) -> Iterator[None]:
        """Keep what fails in the block as `failure`."""
        try:
            with explained(self._bucket.plan):
                yield
        except ThorError as failure:
            self.failure = failure
            raise


class _MountedFile(ArrowFile):
    def read(self, *arguments: Any) -> bytes:
        with self.fs.noting():
            return bytes(self.stream.read(*arguments))
