"""GET /api/accounting and /api/losses: what became of published events."""

from apiflask import APIBlueprint

from app.api.accounting_shapes import AccountAnswer, AccountQuery, LossesAnswer, LossesQuery
from app.api.pages import PageAnswer, answer_page, by_id, cut_page
from app.ledger.totals import read_losses, sum_losses
from app.operations.accounting import day_account, loss_form
from app.runtime import runtime

accounting = APIBlueprint("accounting", __name__, url_prefix="/api", tag="Accounting")


@accounting.get("/accounting")
@accounting.input(AccountQuery, location="query", arg_name="query")
@accounting.output(AccountAnswer)
@accounting.doc(operation_id="getAccounting", responses={400: "A parameter is wrong"})
def show_account(query: AccountQuery) -> dict[str, object]:
    """The balance of a trading day

    By source and symbol: published = stored + dead + duplicates + lost + in_flight, as last reconciled.
    """
    rt = runtime()
    day = query.day or rt.market.session_of(rt.clock.now())
    with rt.sessions() as session:
        return day_account(session, day, query.source, query.symbol)


@accounting.get("/losses")
@accounting.input(LossesQuery, location="query", arg_name="query")
@accounting.output(LossesAnswer)
@accounting.doc(operation_id="getLosses", responses={400: "A parameter is wrong"})
def list_losses(query: LossesQuery) -> PageAnswer:
    """Events that are gone

    Newest first; each piece of evidence is one row, and rows with a parent say of which symbols its events were.
    """
    with runtime().sessions() as session:
        found = read_losses(session, query.wanted(), query.limit + 1, query.cursor)
        totals = sum_losses(session)
    shown, cursor = cut_page(found, query.limit, by_id)
    return answer_page("losses", [loss_form(loss) for loss in shown], cursor, totals=totals)
