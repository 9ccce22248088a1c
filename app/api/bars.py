"""GET /api/bars: OHLCV bars of any range, from files or from stored ticks."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from apiflask import APIBlueprint
from flask import Response, jsonify

from app.api.bar_parameters import BarsQuery
from app.api.bar_question import BarQuestion, understand_bars
from app.api.bar_shapes import BARS_EXAMPLE, CSV_EXAMPLE, BarsAnswer
from app.api.last_question import LastQuestion, understand_last
from app.api.negotiation import JSON, asked_form, vary_by_accept
from app.api.page_shapes import BULK_LIMIT
from app.api.pages import (
    PAGE_HEADERS,
    PREVIOUS_HEADERS,
    answer_tables,
    link_next,
    link_previous,
    open_forms,
    require_json_limit,
)
from app.api.query import WrongField
from app.clock import instant_text
from app.errors import Conflict
from app.runtime import Runtime, runtime

log = logging.getLogger(__name__)
bars = APIBlueprint("bars", __name__, url_prefix="/api", tag="Bars")

OPENAPI: Final[Any] = {
    200: open_forms(CSV_EXAMPLE, {**PAGE_HEADERS, **PREVIOUS_HEADERS}),
    400: "A parameter is wrong, or the cursor is not ours",
    404: "The symbol has no bars and no ticks",
    406: "Accept names no form that there is",
    409: "A file of the lake is damaged",
}


@bars.after_request
def tell_caches(answer: Response) -> Response:
    """As `vary_by_accept`, errors too."""
    return vary_by_accept(answer)


@bars.get("/bars")
@bars.input(BarsQuery, location="query", arg_name="query")
@bars.output(BarsAnswer, example=BARS_EXAMPLE)
@bars.doc(operation_id="getBars", responses=OPENAPI)
def list_bars(query: BarsQuery) -> Response:
    """Bars of a symbol

    Those that open in `[start, end)`, at most 732 days apart, and have closed; without both, those of the newest
    session that has any; with `last`, so many that open before `end`, however far back they are, and `previous_end`
    leads on. An answer to `last` looks through at most 520 sessions: with fewer bars than asked for it leads on, too.
    With `forming=true` the bar that runs is told besides, and the newest session may be one in which none has closed
    yet. Bars come from the lake's files where those are complete,
    else from the ticks stored so far, in the same way. Sources are never mixed. `coverage` and `holes` tell a quiet
    market from a source that was away.
    """
    form, rt = asked_form(), runtime()
    if query.forming and form != JSON:
        raise WrongField("forming", "it is told in JSON only: a table of bars has those that have closed")
    require_json_limit(form, query.limit)
    with _discreet(rt, query.symbol):
        if last := understand_last(rt.clock, query, rt.display_rule.preference):
            return _answer_last(rt, last, form)
        with rt.sessions() as session:
            question = understand_bars(session, rt, query, rt.display_rule.preference)
        if form != JSON and query.limit is None:
            return _stream(rt, question, form)
        return _answer_page(rt, question, form, query.limit or BULK_LIMIT)


@contextmanager
def _discreet(rt: Runtime, symbol: str) -> Iterator[None]:
    try:
        yield
    except Conflict as error:
        if str(rt.lake.root) not in str(error):
            raise
        log.error("bars of %s: %s", symbol, error)
        # The reason names files of this machine, which are no client's business.
        raise Conflict(f"the lake's bars of {symbol} cannot be read: Thor's log says which file is wrong") from None


def _answer_page(rt: Runtime, question: BarQuestion, form: str, limit: int) -> Response:
    # DuckDB and Arrow take half a second and 100 MB to load: the first answer does, not the start.
    from app.api.bar_tables import json_of, read_page
    from app.history.covered_bars import COVERED_BARS

    with rt.sessions() as session:
        page = read_page(session, rt, question, limit)
    if form == JSON:
        answer = jsonify(json_of(rt, question, page))
    else:
        answer = answer_tables(form, [page.bars], COVERED_BARS, _name(question))
    return link_next(answer, page.following.cursor() if page.following else None)


def _answer_last(rt: Runtime, question: LastQuestion, form: str) -> Response:
    from app.api.bar_tables import json_of, read_last
    from app.history.covered_bars import COVERED_BARS

    with rt.sessions() as session:
        page = read_last(session, rt, question)
    if form == JSON:
        answer = jsonify(json_of(rt, page.answered, page))
    else:
        answer = answer_tables(form, [page.bars], COVERED_BARS, _name(page.answered))
    return link_previous(answer, instant_text(page.previous_end) if page.previous_end else None, page.answered.source)


def _stream(rt: Runtime, question: BarQuestion, form: str) -> Response:
    from app.api.bar_tables import stream_pages
    from app.history.covered_bars import COVERED_BARS

    return answer_tables(form, stream_pages(rt, question), COVERED_BARS, _name(question))


def _name(question: BarQuestion) -> str:
    return f"{question.wanted.symbol}_bars_{question.wanted.timeframe}"
