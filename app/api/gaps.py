"""GET /api/gaps: what storage lacks."""

from apiflask import APIBlueprint

from app.api.accounting_shapes import GapsAnswer, GapsQuery
from app.api.pages import PageAnswer, answer_page, by_id, cut_page
from app.ledger.gaps import read_gaps
from app.operations.accounting import gap_form
from app.runtime import runtime

gaps = APIBlueprint("gaps", __name__, url_prefix="/api", tag="Accounting")


@gaps.get("/gaps")
@gaps.input(GapsQuery, location="query", arg_name="query")
@gaps.output(GapsAnswer)
@gaps.doc(operation_id="getGaps", responses={400: "A parameter is wrong"})
def list_gaps(query: GapsQuery) -> PageAnswer:
    """Stretches that storage lacks

    Newest found first: numbers that were given and are not stored, and times in which the market was open and nothing
    shows that the source's feed was alive. With a symbol, those that are known to lack it, and those of which it is not
    known that they do not: its own history has no other gaps.
    """
    with runtime().sessions() as session:
        found = read_gaps(session, query.wanted(), query.limit + 1, query.cursor)
    shown, cursor = cut_page(found, query.limit, by_id)
    return answer_page("gaps", [gap_form(gap) for gap in shown], cursor)
