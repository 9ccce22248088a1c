"""The forms in which the findings of an analysis are answered."""

import base64
import hashlib
import re
from collections.abc import Mapping
from typing import Any, Final

from flask import request
from werkzeug.exceptions import NotAcceptable

from app.api.job_shapes import Form
from app.api.negotiation import choose_form

MEDIA: Final[Mapping[Form, str]] = {
    "json": "application/json",
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "html": "text/html; charset=utf-8",
}
MEDIA_TYPES: Final[Mapping[str, Form]] = {media.partition(";")[0]: name for name, media in MEDIA.items()}
_STYLE: Final = re.compile(r"<style>(.*?)</style>", re.DOTALL)


def asked_form() -> Form:
    """The form that the present request's Accept asks for most; NotAcceptable when it is none of them."""
    best = choose_form(request.headers.get("Accept", ""), tuple(MEDIA_TYPES))
    if best is None:
        raise NotAcceptable(f"this is answered as {', '.join(MEDIA_TYPES)}: name one of them in Accept")
    return MEDIA_TYPES[best]


def written(form: Form, document: Mapping[str, Any]) -> str | bytes:
    """A document in a form other than JSON."""
    # What writes workbooks and reports takes a while to load.
    if form == "csv":
        from app.reports.csv_rows import csv_export

        return csv_export(document)
    if form == "xlsx":
        from app.reports.spreadsheet import xlsx_export

        return xlsx_export(document)
    from app.reports.html import html_report

    return html_report(document)


def report_policy(page: str) -> str:
    """What a report may do in a browser: be looked at, in a frame of the dashboard too, with the styles that it has.

    It is made of names and numbers that others may have chosen, so it runs nothing and loads nothing.
    """
    styles = (hashlib.sha256(style.encode()).digest() for style in _STYLE.findall(page))
    hashes = " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in styles) or "'none'"
    return f"default-src 'none'; style-src {hashes}; img-src data:; frame-ancestors 'self'"


def headers_of(form: Form, job_id: int, body: str | bytes) -> dict[str, str]:
    """What a browser is to be told of an answer: files are kept, reports are shown."""
    if form == "html":
        return {"Content-Security-Policy": report_policy(str(body))}
    return {} if form == "json" else {"Content-Disposition": f'attachment; filename="analysis-{job_id}.{form}"'}
