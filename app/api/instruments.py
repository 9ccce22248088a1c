"""GET /api/instruments: what is traded and watched, and when contracts changed."""

from apiflask import APIBlueprint

from app.api.instrument_shapes import INSTRUMENTS_EXAMPLE, InstrumentsAnswer, RollsAnswer
from app.api.query import read_symbols
from app.errors import Rejected
from app.operations.instrument_forms import instrument_forms, roll_forms
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
@instruments.output(RollsAnswer)
@instruments.doc(operation_id="getRolls", responses={400: "That is no symbol", 404: "There is no such instrument"})
def show_rolls(symbol: str) -> dict[str, object]:
    """When the contract behind a symbol changed

    At each source, newest first. Returns across a change are no movement of the market.
    """
    names = read_symbols(symbol)
    if len(names) > 1:
        raise Rejected("name one symbol, such as ES")
    with runtime().sessions() as session:
        return {"symbol": names[0], "rolls": roll_forms(session, names[0])}
