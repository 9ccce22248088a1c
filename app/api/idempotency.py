"""One effect for one Idempotency-Key: an answer that was given is given again, and nothing is done a second time."""

import hashlib
from collections.abc import Callable
from functools import wraps
from typing import Any, Final

from flask import Flask, Response, current_app, json, request

from app.api.job_shapes import KEY_HEADER, read_key
from app.api.parts import parts
from app.bus import keys
from app.edge.limiting import caller_name
from app.errors import Conflict

KEPT_S: Final = 86_400
# A request that is worked on for longer has lost its process.
WORKED_ON_S: Final = 120
REPLAYED: Final = "Idempotency-Replayed"
# The row of a job has the key itself, for as long as there is the row.
_OWN: Final = frozenset({"jobs.submit_job"})
_KEPT_HEADERS: Final = ("Content-Type", "Location")


def install_idempotency(app: Flask) -> None:
    """Have every POST of `app` take an Idempotency-Key; call it when all of them are there.

    The same caller's same request gets the first one's answer for a day, with `Idempotency-Replayed: true`; another
    request under the key is a Conflict, and so is one whose first is still worked on. What failed may be tried again.
    Without Redis a request with a key is refused with 503, since nobody could remember it.
    """
    posts = {rule.endpoint for rule in app.url_map.iter_rules() if "POST" in (rule.methods or ())}
    for endpoint in posts - _OWN:
        app.view_functions[endpoint] = _once(app.view_functions[endpoint])


def _once(view: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(view)
    def answered(*args: Any, **kwargs: Any) -> Any:
        key = read_key(request.headers.get(KEY_HEADER)) if request.method == "POST" else None
        return view(*args, **kwargs) if key is None else _kept(key, lambda: view(*args, **kwargs))

    return answered


def _kept(key: str, work: Callable[[], Any]) -> Response:
    bus, place, print_ = parts().bus, keys.answered(caller_name(), _digest(key.encode())), _fingerprint()
    if not bus.set(place, json.dumps({"print": print_}), nx=True, ex=WORKED_ON_S):
        return _again(bus.get(place), print_)
    try:
        answer = current_app.make_response(work())
    except BaseException:
        bus.delete(place)
        raise
    if answer.status_code >= 400:
        bus.delete(place)
        return answer
    headers = {name: answer.headers[name] for name in _KEPT_HEADERS if name in answer.headers}
    kept = {"print": print_, "status": answer.status_code, "headers": headers, "body": answer.get_data(as_text=True)}
    bus.set(place, json.dumps(kept), ex=KEPT_S)
    return answer


def _again(kept: Any, print_: str) -> Response:
    found: dict[str, Any] = json.loads(kept) if kept else {"print": print_}
    if found["print"] != print_:
        raise Conflict(f"this {KEY_HEADER} was used for another request: take a new one for each")
    if "status" not in found:
        raise Conflict(f"the request of this {KEY_HEADER} is still worked on: ask again in a moment")
    return Response(found["body"], found["status"], found["headers"] | {REPLAYED: "true"})


def _fingerprint() -> str:
    told = (request.method, request.full_path, request.get_data(as_text=True))
    return _digest("\n".join(told).encode())


def _digest(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()
