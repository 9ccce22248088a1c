"""GET /api/quotes: the newest quotes."""

from apiflask import APIBlueprint

from app.api.answers import QUOTES_EXAMPLE, QuotesAnswer
from app.api.parts import parts
from app.api.query import QuotesQuery
from app.api.snapshot import take_snapshot
from app.runtime import runtime

quotes = APIBlueprint("quotes", __name__, url_prefix="/api", tag="Quotes")


@quotes.get("/quotes")
@quotes.input(QuotesQuery, location="query", arg_name="query")
@quotes.output(QuotesAnswer, example=QUOTES_EXAMPLE)
@quotes.doc(operation_id="getQuotes", responses={400: "A parameter is wrong", 503: "Redis is away"})
def list_quotes(query: QuotesQuery) -> dict[str, object]:
    """Newest quote per symbol

    From one source each, with age and state; `closed` is by the hours of each symbol's own market. Where several
    sources are at work, it is the quote of the preferred one that delivers steadily and keeps up, else the newest by
    event time. `sources` has what each live source says, and `disagrees` those of them that have differed for a while.
    Without `symbols` it answers for the watchlist.
    """
    rt = runtime()
    symbols = query.symbols or parts().watchlist.symbols()
    now = query.at or rt.clock.now()
    return take_snapshot(parts().bus, rt.markets, symbols, now, rt.display_rule)
