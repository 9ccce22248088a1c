"""GET /api/instruments: what is traded and watched, and when contracts changed."""

from apiflask import APIBlueprint

from app.api.filters import read_symbol
from app.api.instrument_shapes import INSTRUMENTS_EXAMPLE, InstrumentsAnswer, RollsAnswer, RollsQuery, roll_cursor
from app.api.pages import PageAnswer, answer_page, cut_page
from app.api.query import blaming
from app.operations.instrument_forms import instrument_forms, roll_form, roll_rows
from app.runtime import runtime

instruments = APIBlueprint("instruments", __name__, url_prefix="/api/instruments", tag="Instruments")


@instruments.get("")
@instruments.output(InstrumentsAnswer, example=INSTRUMENTS_EXAMPLE)
@instruments.doc(operation_id="getInstruments")
def show_instruments() -> dict[str, object]:
    """All instruments with their facts

    Ticks, multipliers, names at each source, hours, place in the watchlist, and the active contract. The watched ones
    come first and in the trader's order.
    """
    return {"instruments": instrument_forms(runtime())}


@instruments.get("/<symbol>/rolls")
@instruments.input(RollsQuery, location="query", arg_name="query")
@instruments.output(RollsAnswer)
@instruments.doc(
    operation_id="getRolls",
    responses={400: "That is no symbol, or a parameter is wrong", 404: "There is no such instrument"},
)
def show_rolls(symbol: str, query: RollsQuery) -> PageAnswer:
    """When the contract behind a symbol changed

    At each source, newest first. Returns across a change are no movement of the market.
    """
    with blaming("symbol", "path"):
        name = read_symbol(symbol)
    with runtime().sessions() as session:
        found = roll_rows(session, name, query.limit + 1, query.cursor)
    shown, cursor = cut_page(found, query.limit, roll_cursor)
    return answer_page("rolls", [roll_form(row) for row in shown], cursor, symbol=name)
