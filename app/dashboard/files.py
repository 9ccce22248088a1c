"""The built files as answers: as they are, or as they were packed when they were built."""

from pathlib import Path
from typing import Final

from flask import Request, Response
from werkzeug.security import safe_join

INDEX: Final = "index.html"
ASSETS: Final = "assets"
PACKED: Final = ".gz"
KEPT_S: Final = 31_536_000
# What a system guesses of a name differs from machine to machine, and a browser that must not sniff runs what it is
# told only.
KINDS: Final = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
}


def page_answer(static: Path, request: Request) -> Response | None:
    """The page, which a browser asks for anew each time, 304 when it has this one; None when there is none."""
    answer = _answer(static / INDEX, KINDS[".html"], request)
    if answer is None:
        return None
    answer.cache_control.no_cache = True
    return answer


def file_answer(folder: Path, name: str, request: Request) -> Response | None:
    """A file whose name tells its content, to be kept for a year; None when there is none, or its kind is not known."""
    found = safe_join(str(folder), name)
    kind = KINDS.get(Path(name).suffix)
    if found is None or kind is None or (answer := _answer(Path(found), kind, request)) is None:
        return None
    kept = answer.cache_control
    kept.public, kept.max_age, kept.immutable = True, KEPT_S, True
    return answer


def _answer(path: Path, kind: str, request: Request) -> Response | None:
    takes_packed = request.accept_encodings["gzip"] > 0 and path.is_file()
    packed = _read(path.with_name(path.name + PACKED)) if takes_packed else None
    content = _read(path) if packed is None else packed
    if content is None:
        return None
    answer = Response(content, content_type=kind)
    if packed is not None:
        answer.headers["Content-Encoding"] = "gzip"
    answer.vary.add("Accept-Encoding")
    answer.add_etag()
    answer.make_conditional(request)
    return answer


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes() if path.is_file() else None
    except FileNotFoundError:  # A build that runs now has taken it away.
        return None
