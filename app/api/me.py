"""GET /api/me and POST /api/tickets: who the caller is, and a way to a stream for those that cannot send a header."""

from apiflask import APIBlueprint

from app.api.access_shapes import MeAnswer, TicketAnswer, TicketBody
from app.api.json_writes import require_json_write
from app.api.parts import parts
from app.gate.guard import LOGIN, caller
from app.gate.tickets import LASTS_S, make_ticket

LOGOUT = "/logout"

me = APIBlueprint("me", __name__, url_prefix="/api", tag="Access")


@me.before_request
def guard_writes() -> None:
    """What is sent has to be JSON."""
    require_json_write()


@me.get("/me")
@me.output(MeAnswer)
@me.doc(operation_id="getMe")
def show_me() -> dict[str, object]:
    """Who you are to this server

    By your key, your login, or as nobody in particular on the server's own machine, where that may read.
    """
    found = caller()
    return {
        "kind": found.kind,
        "name": found.name,
        "role": found.role,
        "login_path": LOGIN,
        "logout_path": LOGOUT,
    }


@me.post("/tickets")
@me.input(TicketBody, arg_name="_body")
@me.output(TicketAnswer, status_code=201)
@me.doc(operation_id="makeTicket", responses={400: "The body is wrong", 415: "The body is not JSON"})
def make_stream_ticket(_body: TicketBody) -> dict[str, object]:
    """A ticket for one stream

    For clients whose EventSource cannot send a header: open a stream with `?ticket=…` within half a minute. It works
    once. A client that comes back gets another one; a browser that is logged in needs none.
    """
    return {"ticket": make_ticket(parts().bus, caller()), "lasts_s": LASTS_S}
