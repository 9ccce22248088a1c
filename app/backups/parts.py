"""Writing the parts of a backup: each is hashed while it is written, made durable, and a link where it is not new."""

import contextlib
import hashlib
import io
import os
import shutil
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, Final

from app.backups.manifest import Manifest, Part
from app.backups.shelf import sync
from app.lake.facts import file_digest

_CHUNK_BYTES: Final = 1 << 20


class HashedFile:
    """A file that is written from beginning to end, and knows the hash of what it was given."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self._hash = file, hashlib.sha256()
        self.bytes, self.closed = 0, False

    def write(self, data: bytes) -> int:
        """Take what comes next."""
        self._hash.update(data)
        self.bytes += len(data)
        return self._file.write(data)

    def flush(self) -> None:
        """Hand it to the system."""
        self._file.flush()

    def close(self) -> None:
        """Leave the file to its owner, who makes it durable."""

    @property
    def sha256(self) -> str:
        """The hash of everything that was written."""
        return self._hash.hexdigest()


class Packed(io.RawIOBase):
    """Bytes on their way into a packed part: their lines and hash, before packing.

    Write small pieces through a buffer, and flush that.
    """

    def __init__(self, stream: Any) -> None:
        super().__init__()
        self._stream, self._hash = stream, hashlib.sha256()
        self.lines = 0

    def writable(self) -> bool:
        """It is."""
        return True

    def write(self, data: Any) -> int:
        """Take what comes next; COPY ends each row with the only line feed that is in it."""
        taken = bytes(data)
        self._hash.update(taken)
        self.lines += taken.count(b"\n")
        self._stream.write(taken)
        return len(taken)

    @property
    def sha256(self) -> str:
        """The hash of what was written, unpacked."""
        return self._hash.hexdigest()


class Unpacked:
    """A packed part as it was before packing, to be read from beginning to end."""

    def __init__(self, path: Path) -> None:
        import pyarrow as pa

        self._stream = pa.CompressedInputStream(pa.OSFile(str(path)), "zstd")
        self._hash = hashlib.sha256()
        self.lines = 0

    def read(self, size: int = _CHUNK_BYTES) -> bytes:
        """The next bytes, none at the end."""
        data: bytes = self._stream.read(size)
        self._hash.update(data)
        self.lines += data.count(b"\n")
        return data

    def read_all(self) -> "Unpacked":
        """Itself, read to the end."""
        while self.read():
            pass
        return self

    @property
    def sha256(self) -> str:
        """The hash of what was read."""
        return self._hash.hexdigest()


class Folder:
    """A backup in the making. Files are of mode 0600; what an earlier backup has as well is linked, and costs nothing.

    An earlier part is read whole before it is linked, so that damage is not handed on. Without `earlier` backups
    everything is copied.
    """

    def __init__(self, root: Path, earlier: Iterable[tuple[Path, Manifest]] = ()) -> None:
        self.root = root
        self.linked_bytes = 0
        self.linked: set[str] = set()  # Paths of parts that an earlier backup has as well.
        self._earlier: dict[str, list[Path]] = defaultdict(list)
        for folder, manifest in earlier:
            for part in manifest.parts:
                self._earlier[part.sha256].insert(0, folder / part.path)

    @contextlib.contextmanager
    def packed(self, path: str, parts: list[Part]) -> Iterator[Packed]:
        """A new part, packed with zstd; when the block ends well it is appended to `parts`."""
        import pyarrow as pa  # Half a second, which whoever does not write a backup saves.

        with self._new(path, parts) as file:
            stream = pa.CompressedOutputStream(pa.PythonFile(file, "w"), "zstd")
            with contextlib.closing(stream):
                yield Packed(stream)

    def text(self, path: str, content: str) -> Part:
        """A new part with this text."""
        parts: list[Part] = []
        with self._new(path, parts) as file:
            file.write(content.encode())
        return parts[0]

    def copy(self, path: str, source: Path) -> Part:
        """A new part with a file's bytes; OSError when that cannot be read."""
        parts: list[Part] = []
        with source.open("rb") as original, self._new(path, parts) as file:
            while chunk := original.read(_CHUNK_BYTES):
                file.write(chunk)
        return parts[0]

    def link(self, path: str, sha256: str) -> Part | None:
        """A part with these bytes, out of an earlier backup; None where none has them whole."""
        for known in self._earlier.get(sha256, ()):
            with contextlib.suppress(OSError):
                if file_digest(known) != sha256:
                    continue
                target = self._target(path)
                _link_or_copy(known, target)
                part = Part(path=path, bytes=target.stat().st_size, sha256=sha256)
                self.linked_bytes += part.bytes
                self.linked.add(path)
                return part
        return None

    @contextlib.contextmanager
    def _new(self, path: str, parts: list[Part]) -> Iterator[HashedFile]:
        target = self._target(path)
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            hashed = HashedFile(file)
            yield hashed
            file.flush()
            os.fsync(file.fileno())
        part = Part(path=path, bytes=hashed.bytes, sha256=hashed.sha256)
        parts.append(self._shared(target, part))

    def _shared(self, target: Path, part: Part) -> Part:
        if part.sha256 in self._earlier:
            target.rename(spare := target.with_name(f"{target.name}.new"))
            if self.link(part.path, part.sha256) is None:
                spare.rename(target)
            else:
                spare.unlink()
        return part

    def _target(self, path: str) -> Path:
        target = self.root / path
        for folder in reversed(target.parents):
            if folder.is_relative_to(self.root):
                folder.mkdir(mode=0o700, exist_ok=True)
        return target


def _link_or_copy(source: Path, target: Path) -> None:
    target.unlink(missing_ok=True)
    try:
        os.link(source, target)
    except OSError:  # A drive without hard links.
        shutil.copyfile(source, target)
        target.chmod(0o600)
        sync(target)
