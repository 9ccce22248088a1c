"""/api/watchlist: what is watched, in order, and choosing it."""

from apiflask import APIBlueprint
from flask import Response

from app.api.json_writes import require_json_write
from app.api.parts import parts
from app.api.problems import problem
from app.api.watchlist_shapes import WatchlistAnswer, WatchlistBody, WatchlistSetAnswer
from app.instruments.store import watchlist as read_watchlist
from app.operations.watching import check_names, watch
from app.runtime import runtime

watchlist = APIBlueprint("watchlist", __name__, url_prefix="/api/watchlist", tag="Instruments")


@watchlist.before_request
def guard_writes() -> None:
    """What is sent has to be JSON."""
    require_json_write()


@watchlist.get("")
@watchlist.output(WatchlistAnswer)
@watchlist.doc(operation_id="getWatchlist")
def show_watchlist() -> dict[str, object]:
    """What is watched, in order

    Without other symbols, quotes and their stream are of these.
    """
    with runtime().sessions() as session:
        return {"symbols": read_watchlist(session)}


@watchlist.put("")
@watchlist.input(WatchlistBody, arg_name="body")
@watchlist.output(WatchlistSetAnswer)
@watchlist.doc(
    operation_id="setWatchlist",
    responses={
        400: "The body is wrong; of a symbol that cannot be watched, `errors` names the place, such as symbols.2",
        415: "The body is not JSON",
    },
)
def set_watchlist(body: WatchlistBody) -> dict[str, object] | Response:
    """Watch these symbols, in this order, and no others

    At least one, each once and an instrument. Quotes follow at once; streams that run keep their symbols. Collectors
    that follow the watchlist begin anew with it, as by `flask watchlist`, unless only the order is another.
    """
    rt = runtime()
    symbols, wrong = check_names(rt, body.symbols)
    if wrong:
        found = {f"symbols.{place}": reason for place, reason in wrong.items()}
        errors = [{"in": "json", "field": field, "detail": reason} for field, reason in found.items()]
        return problem(400, "; ".join(f"{field}: {reason}" for field, reason in found.items()), errors=errors)
    telling = watch(rt, symbols)
    parts().watchlist.renew()
    return {"symbols": symbols, "restarted": telling.restarted, "collectors_told": telling.collectors_told}
