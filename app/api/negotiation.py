"""Which form an answer takes: JSON, CSV or an Arrow stream, as the client's Accept asks."""

from collections.abc import Iterator, Sequence
from typing import Final

from flask import Response, request
from werkzeug.exceptions import NotAcceptable

JSON: Final = "application/json"
CSV: Final = "text/csv"
ARROW: Final = "application/vnd.apache.arrow.stream"
FORMS: Final = (JSON, CSV, ARROW)


def asked_form() -> str:
    """The form that the present request asks for most, JSON where it does not say; NotAcceptable when it is none."""
    best = choose_form(request.headers.get("Accept", ""))
    if best is None:
        raise NotAcceptable(f"this is answered as {', '.join(FORMS)}: name one of them in Accept")
    return best


def choose_form(accept: str, forms: Sequence[str] = FORMS) -> str | None:
    """The form with the highest quality by RFC 9110, the first of equals; None when all are refused."""
    if not accept.strip():
        return forms[0]
    ranges = list(_ranges(accept))
    qualities = {form: _quality(form, ranges) for form in forms}
    best = max(forms, key=lambda form: qualities[form])
    return best if qualities[best] > 0 else None


def vary_by_accept(answer: Response) -> Response:
    """Tell caches that the answer depends on Accept."""
    answer.vary.add("Accept")
    return answer


def _ranges(accept: str) -> Iterator[tuple[str, float]]:
    for part in accept.split(","):
        media, *parameters = (word.strip().lower() for word in part.split(";"))
        weights = [word[2:].strip() for word in parameters if word.startswith("q=")]
        yield media, _weight(weights[0]) if weights else 1.0


def _weight(text: str) -> float:
    try:
        return min(1.0, max(0.0, float(text)))
    except ValueError:
        return 0.0


def _quality(form: str, ranges: Sequence[tuple[str, float]]) -> float:
    # The most specific range that fits decides.
    for fitting in (form, form.partition("/")[0] + "/*", "*/*"):
        found = [quality for media, quality in ranges if media == fitting]
        if found:
            return max(found)
    return 0.0
