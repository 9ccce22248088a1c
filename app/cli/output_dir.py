"""A folder of the user's own to export to, instead of the lake."""

import os
from pathlib import Path

from app.errors import Rejected
from app.lake.layout import Lake


def parse_output_dir(text: str, lake: Lake) -> Lake:
    """The folder as a lake of its own; it need not exist yet, but its parent must.

    Rejected when it is a file, a symbolic link, below a missing or read-only folder, the lake or a part of it, or
    written with `..`, `~` or backslashes.
    """
    path = Path(text).absolute()
    try:
        reason = _reason_against(text, path) or _reason_of_place(path, lake)
    except OSError as error:
        reason = f"cannot be used: {error.strerror}"
    if reason:
        raise Rejected(f"--output-dir {text[:200]!r} {reason}")
    return Lake(path)


def _reason_against(text: str, path: Path) -> str | None:
    if not text.strip() or not text.isprintable():
        return "is not a folder's name"
    if ".." in path.parts or text.startswith("~") or (os.sep == "/" and "\\" in text):
        return "must be written plainly, without .. or ~ or backslashes"
    return None


def _reason_of_place(path: Path, lake: Lake) -> str | None:
    if path.is_symlink():
        return f"is a symbolic link: name the folder itself, {path.resolve()}"
    if path.exists() and not path.is_dir():
        return "is a file: name a folder"
    if not path.parent.is_dir():
        return f"lies in no folder: make {path.parent} first"
    if not os.access(path if path.exists() else path.parent, os.W_OK | os.X_OK):
        return "cannot be written to: choose another or change its rights"
    if path.resolve().is_relative_to(lake.root.resolve()):
        return "is the lake: leave the option out"
    return None
