"""A store of bytes that can be made again, shared by processes: what is lost or broken only costs time."""

import contextlib
import hashlib
import json
import os
import re
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_KIND: Final = re.compile(r"[a-z][a-z0-9_-]{0,31}")
_KEY: Final = re.compile(r"[0-9a-f]{64}")
_DRAFT: Final = ".part"
_ABANDONED_S: Final = 3_600
_DIGEST_BYTES: Final = 32
# Making room empties a little more than needed, so that not every value that is put has to look for room.
_KEPT: Final = 0.9
# The store is measured again after this part of it was written, since other processes write to it too.
_MEASURED: Final = 1 / 16


def cache_key(*parts: str | int | None) -> str:
    """A key for a value that depends on those parts and on nothing else."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


class Cache:
    """Values under a folder that is the cache's own, up to `most_bytes` in all; the least recently used make room.

    Safe with several processes and threads. A value is written aside and renamed, and read back only whole: one that
    is not as it was written is dropped. Where the disk fails nothing is raised, the value is merely not kept.
    """

    def __init__(self, root: Path, most_bytes: int) -> None:
        self._root, self._most_bytes = root, most_bytes
        self._unmeasured = most_bytes

    def get(self, kind: str, key: str) -> bytes | None:
        """The value of a key, None when there is none; ValueError for a malformed kind or key."""
        path = self._path(kind, key)
        try:
            found = path.read_bytes()
        except OSError:
            return None
        data = found[_DIGEST_BYTES:]
        is_whole = hashlib.sha256(data).digest() == found[:_DIGEST_BYTES]
        with contextlib.suppress(OSError):
            # When a file was last read is not known of every disk; its time of change says it.
            os.utime(path) if is_whole else path.unlink(missing_ok=True)
        return data if is_whole else None

    def put(self, kind: str, key: str, data: bytes) -> None:
        """Keep a value; one that is larger than the whole cache is not. ValueError for a malformed kind or key."""
        path = self._path(kind, key)
        if len(data) + _DIGEST_BYTES > self._most_bytes:
            return
        with contextlib.suppress(OSError):
            self._write(path, hashlib.sha256(data).digest() + data)
            self._unmeasured += len(data)
            if self._unmeasured >= self._most_bytes * _MEASURED:
                self._make_room()
                self._unmeasured = 0

    def _path(self, kind: str, key: str) -> Path:
        if not (_KIND.fullmatch(kind) and _KEY.fullmatch(key)):
            raise ValueError(f"{kind[:40]!r} is no kind, or {key[:80]!r} no key")
        return self._root / kind / key[:2] / key

    def _write(self, path: Path, content: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(suffix=_DRAFT, dir=path.parent)
        draft = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            draft.replace(path)
        except OSError:
            draft.unlink(missing_ok=True)
            raise

    def _make_room(self) -> None:
        found = sorted(self._entries())
        used = sum(size for _, size, _ in found)
        if used <= self._most_bytes:
            return
        for _, size, path in found:
            if used <= self._most_bytes * _KEPT:
                return
            path.unlink(missing_ok=True)
            used -= size

    def _entries(self) -> Iterator[tuple[int, int, Path]]:
        # Time of use in nanoseconds, size, place; what a killed writer left is removed on the way.
        for path in self._root.glob("*/*/*"):
            try:
                state = path.stat()
            except FileNotFoundError:
                continue
            if path.suffix != _DRAFT:
                yield state.st_mtime_ns, state.st_size, path
            elif time.time() - state.st_mtime > _ABANDONED_S:
                path.unlink(missing_ok=True)
