"""The files of a bucket as a file system of DuckDB, which knows those that it is told of and reaches no others."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

import pyarrow as pa
from fsspec import AbstractFileSystem
from fsspec.implementations.arrow import ArrowFile

from app.bucket.days import BucketFile
from app.bucket.objects import Bucket
from app.bucket.plan import SCHEME

PROTOCOL: Final = "s3"


class BucketMount(AbstractFileSystem):
    """The files of a bucket, by path from the lake's root on; sizes are those that were recorded, asked of nobody."""

    protocol = PROTOCOL
    cachable = False

    def __init__(self, bucket: Bucket, files: Mapping[str, BucketFile]) -> None:
        super().__init__()
        self._bucket = bucket
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
        stream: pa.NativeFile = self._bucket.open(self._files[self._strip_protocol(path)].path)
        return ArrowFile(self, stream, path, mode)
