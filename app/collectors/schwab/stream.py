"""One connection to Schwab's streamer, by schwab-py."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Final

from app.collectors.schwab.fields import EQUITIES, FUTURES, wanted_numbers
from app.collectors.schwab.intake import StreamEnded
from app.collectors.schwab.listings import Listing
from app.collectors.schwab.patience import Patience
from app.collectors.schwab.upstream import library

NOT_ASKED: Final = -1  # No code of Schwab's.
DENIED: Final = 3
TAKEN_OVER: Final = 12
SYMBOL_LIMIT: Final = 19
SUCCEEDED: Final = frozenset({0, 26, 27, 28, 29})
KEYS_AT_ONCE: Final = 100
LARGEST_FRAME: Final = 16 * 2**20
WAITING_FRAMES: Final = 1024
TakeFrame = Callable[[str | bytes], Mapping[str, object]]


@contextlib.asynccontextmanager
async def opened(client: Any, take: TakeFrame, patience: Patience) -> AsyncIterator[Any]:
    """A `StreamClient` that is logged in, as long as the block lasts. `take` gets every frame as it comes.

    StreamEnded when the streamer refuses; other errors of schwab-py, httpx and websockets as they are.
    """
    sockets: list[Any] = []
    stream = library().StreamClient(client)
    stream.set_json_decoder(_decoder(take))
    # Heartbeats tell whether it lives: a server that is slow with pongs is no reason to lose it.
    options: dict[str, Any] = {"ping_interval": None, "max_size": LARGEST_FRAME, "max_queue": WAITING_FRAMES}
    options |= {"open_timeout": patience.attempt_s, "close_timeout": patience.close_s}
    try:
        with translated():
            await stream.login(options | {"create_protocol": _kept_in(sockets)})
        yield stream
    finally:
        for socket in sockets:
            with contextlib.suppress(Exception):
                await asyncio.wait_for(socket.close(), 3 * patience.close_s)


async def subscribe(stream: Any, listings: Sequence[Listing]) -> list[Listing]:
    """Subscribe to them and to nothing else; those that the symbol limit left out. StreamEnded when it is refused."""
    refused: list[Listing] = []
    for service, ask_first, ask_more, field in (
        (FUTURES, stream.level_one_futures_subs, stream.level_one_futures_add, stream.LevelOneFuturesFields),
        (EQUITIES, stream.level_one_equity_subs, stream.level_one_equity_add, stream.LevelOneEquityFields),
    ):
        wanted = [listing for listing in listings if listing.service == service]
        fields = [field(number) for number in wanted_numbers(service)]
        for asked in range(0, len(wanted), KEYS_AT_ONCE):
            ask = ask_more if asked else ask_first
            keys = [listing.key for listing in wanted[asked : asked + KEYS_AT_ONCE]]
            if not await _is_accepted(ask(keys, fields=fields)):
                refused += wanted[asked:]
                break
    return refused


@contextlib.contextmanager
def translated() -> Iterator[None]:
    """Tell a response that was not expected as StreamEnded."""
    try:
        yield
    except (_responses().UnexpectedResponse, _responses().UnexpectedResponseCode) as error:
        raise _ended(error) from None


async def _is_accepted(asking: Awaitable[None]) -> bool:
    try:
        with translated():
            await asking
    except StreamEnded as refusal:
        if refusal.code == SYMBOL_LIMIT:
            return False
        if refusal.code not in SUCCEEDED:
            raise
    return True


def _ended(error: Any) -> StreamEnded:
    first = error.response["response"][0]
    code, text = first["content"]["code"], str(first["content"].get("msg", ""))[:200]
    if isinstance(error, _responses().UnexpectedResponse) and code in SUCCEEDED:
        return StreamEnded(NOT_ASKED, f"an answer to {str(first.get('command'))[:20]} that was not asked for")
    return StreamEnded(code, text)


def _kept_in(sockets: list[Any]) -> Callable[..., Any]:
    library()
    from websockets.legacy.client import WebSocketClientProtocol

    def make(*given: Any, **named: Any) -> Any:
        sockets.append(WebSocketClientProtocol(*given, **named))
        return sockets[-1]

    return make


@cache
def _responses() -> Any:
    library()
    import schwab.streaming

    return schwab.streaming


def _decoder(take: TakeFrame) -> Any:
    library()
    from schwab.contrib.util import StreamJsonDecoder

    class Tap(StreamJsonDecoder):  # type: ignore[misc]
        def decode_json_string(self, raw: str | bytes) -> Mapping[str, object]:
            return take(raw)

    return Tap()
