"""The built files as answers: as they are, or as they were packed when they were built."""

from pathlib import Path
from typing import Final

from flask import Request, Response, send_file
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


def page_answer(static: Path, request: Request) -> Response:
    """The page, which a browser asks for anew each time; 304 when it has this one."""
    path, is_packed = _chosen(static / INDEX, request)
    answer = Response(path.read_bytes(), content_type=KINDS[".html"])
    answer.cache_control.no_cache = True
    answer.add_etag()
    answer.make_conditional(request)
    return _told(answer, is_packed)


def file_answer(folder: Path, name: str, request: Request) -> Response | None:
    """A file whose name tells its content, to be kept for a year; None when there is none, or its kind is not known."""
    found = safe_join(str(folder), name)
    kind = KINDS.get(Path(name).suffix)
    if found is None or kind is None or not Path(found).is_file():
        return None
    path, is_packed = _chosen(Path(found), request)
    answer = send_file(path, mimetype=kind, max_age=KEPT_S, etag=True, conditional=True)
    answer.cache_control.public, answer.cache_control.immutable = True, True
    return _told(answer, is_packed)


def _chosen(path: Path, request: Request) -> tuple[Path, bool]:
    packed = path.with_name(path.name + PACKED)
    encodings = request.accept_encodings
    # A part of a file is asked of the file itself.
    is_packed = encodings["gzip"] > 0 and "Range" not in request.headers and packed.is_file()
    return (packed, True) if is_packed else (path, False)


def _told(answer: Response, is_packed: bool) -> Response:
    if is_packed:
        answer.headers["Content-Encoding"] = "gzip"
    answer.vary.add("Accept-Encoding")
    return answer
