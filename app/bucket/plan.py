"""Which bucket the lake has a copy in, and how to get there; light to import, unlike what goes there."""

import re
from dataclasses import dataclass, field
from typing import Final

from app.errors import Rejected

SCHEME: Final = "s3://"
_BUCKET: Final = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_PREFIX: Final = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*")


@dataclass(frozen=True, slots=True)
class BucketPlan:
    """The place of the copy, as `parse_place` has it, and how to get there.

    What is None is left to the standard ways of AWS: its environment variables, its files, the role of the machine.
    """

    place: str
    endpoint: str | None = None
    region: str | None = None
    key: str | None = field(default=None, repr=False)
    secret: str | None = field(default=None, repr=False)

    @property
    def root(self) -> str:
        """Bucket and prefix, with a slash between them."""
        return self.place.removeprefix(SCHEME)

    @property
    def bucket(self) -> str:
        """The bucket's name."""
        return self.root.partition("/")[0]


def parse_place(text: str) -> str:
    """A place such as `s3://desk/thor`, without a slash at the end; Rejected when it names no bucket or folder in one.

    The message says nothing of what was given, which may hold a password.
    """
    bucket, _, prefix = text.removeprefix(SCHEME).rstrip("/").partition("/")
    is_named = text.startswith(SCHEME) and _BUCKET.fullmatch(bucket) and (not prefix or _PREFIX.fullmatch(prefix))
    if not is_named:
        raise Rejected("a bucket must look like s3://desk/thor: its name, and the folder of this lake in it")
    return f"{SCHEME}{bucket}/{prefix}" if prefix else f"{SCHEME}{bucket}"
