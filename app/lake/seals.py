"""Files that prove their own bytes, for the moment between their being put in their place and being recorded.

A seal is the SHA-256 of a file whose label `thor.seal` is blank, written into that label. Unlike the checksums of pages
it covers every byte, footer and labels included; so does the hash in the manifest, which a merge that was killed could
not write any more.
"""

import hashlib
import re
from pathlib import Path
from typing import BinaryIO, Final

from app.errors import Unavailable

# The labels: the seal, and the hash of the recorded file that this one takes the place of.
SEAL: Final = "seal"
MERGED_FROM: Final = "merged_from"
BLANK: Final = "0" * 64
# Pairs of strings, each after its length, as Thrift's compact protocol writes them into the footer. No more of it is
# understood here, because it is not known yet to be sound. https://parquet.apache.org/docs/file-format/metadata/
_SEAL_LABEL: Final = re.compile(rb"\x18\x09thor\.seal\x18\x40([0-9a-f]{64})\x00")
_ORIGIN_LABEL: Final = re.compile(rb"\x18\x10thor\.merged_from\x18\x40([0-9a-f]{64})\x00")
_MAGIC: Final = b"PAR1"
_TAIL_BYTES: Final = 4 + len(_MAGIC)
_CHUNK_BYTES: Final = 1 << 20


def seal(path: Path) -> None:
    """Fill the blank label `seal` of a Parquet file that was just written; a file without one stays as it is."""
    with path.open("r+b") as file:
        place, footer = _read_footer(file)
        blank = _SEAL_LABEL.search(footer)
        if blank:
            at = place + blank.start(1)
            digest = _digest_around(file, at)
            file.seek(at)
            file.write(digest.encode())


def replaced_hash(file: BinaryIO) -> str | None:
    """The hash of the recorded file whose place a file takes; None unless all its bytes are as they were sealed.

    Leaves the file at its beginning.
    """
    place, footer = _read_footer(file)
    sealed, origin = _SEAL_LABEL.search(footer), _ORIGIN_LABEL.search(footer)
    is_sound = sealed and origin and _digest_around(file, place + sealed.start(1)) == sealed[1].decode()
    file.seek(0)
    return origin[1].decode() if origin and is_sound else None


def replaces(path: Path, sha256: str) -> bool:
    """Whether a file takes the place of the recorded file of that hash, and all its bytes are as they were sealed.

    Unavailable when it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return replaced_hash(file) == sha256
    except OSError as error:
        raise Unavailable(f"{path} cannot be read: {error.strerror}") from None


def _read_footer(file: BinaryIO) -> tuple[int, bytes]:
    end = file.seek(0, 2) - _TAIL_BYTES
    if end < 0:
        return 0, b""
    file.seek(end)
    tail = file.read(_TAIL_BYTES)
    place = end - int.from_bytes(tail[:4], "little")
    if place < 0 or not tail.endswith(_MAGIC):
        return 0, b""
    file.seek(place)
    return place, file.read(end - place)


def _digest_around(file: BinaryIO, at: int) -> str:
    digest, left = hashlib.sha256(), at
    file.seek(0)
    while chunk := file.read(min(left, _CHUNK_BYTES)):
        digest.update(chunk)
        left -= len(chunk)
    digest.update(BLANK.encode())
    file.seek(at + len(BLANK))
    while chunk := file.read(_CHUNK_BYTES):
        digest.update(chunk)
    return digest.hexdigest()
