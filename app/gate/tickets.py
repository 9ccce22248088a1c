"""Tickets: for clients that cannot send a header. Each opens one stream, once, within half a minute."""

import json
from typing import Final

from redis import Redis

from app.access.roles import Caller, Role
from app.access.tokens import is_same, make_token, read_token
from app.bus import keys

LASTS_S: Final = 30


def make_ticket(client: Redis, caller: Caller) -> str:
    """A ticket for a caller, good for `LASTS_S` seconds."""
    token = make_token("ticket")
    told = {"digest": token.digest, "kind": caller.kind, "name": caller.name, "role": caller.role.value}
    told["credential"] = caller.credential
    client.set(keys.ticket(token.id), json.dumps(told), ex=LASTS_S)
    return token.text


def take_ticket(client: Redis, text: str) -> Caller | None:
    """The caller for whom a ticket was made, and it is used up; None when it is none, was used, or is too old."""
    token = read_token(text, "ticket")
    kept = client.getdel(keys.ticket(token.id)) if token else None
    if token is None or kept is None:
        return None
    told = json.loads(str(kept))
    if not is_same(token, told["digest"]):
        return None
    return Caller(told["kind"], told["name"], Role(told["role"]), told["credential"])
