"""The streamer: who is connected, and what becomes of a request."""

import asyncio
import contextlib
import json
import logging
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request

from tests.schwab import frames
from tests.schwab.board import SERVICES, Board
from tests.schwab.faults import OF_RESPONSES, Faults, spoiled_response
from tests.schwab.record import Record
from tests.schwab.session import Session
from tests.schwab.tokens import Tokens

FAILURES: Final = {"SUBS": 22, "UNSUBS": 23, "ADD": 24, "VIEW": 25}
IDS: Final = ("SchwabClientCustomerId", "SchwabClientCorrelId")
START_S: Final = 10.0
CLOSE_S: Final = 1.0
Asked = dict[str, Any]


@dataclass(frozen=True)
class Habits:
    """Seconds between heartbeats, until an empty subscription is stopped and over which changes are conflated."""

    heartbeat_s: float = 10.0
    empty_s: float = 20.0
    conflate_s: float = 0.0
    key_limit: int = 500


class Streamer:
    """A websocket server in a thread of its own.

    Each user has one connection. The login of a second one is granted; the connection that was there before is told
    code 12 and closed.
    """

    def __init__(self, board: Board, tokens: Tokens, faults: Faults, record: Record, habits: Habits) -> None:
        self.lock = threading.Condition(threading.RLock())
        self.url = ""
        self._board, self._tokens, self._faults, self._record, self._habits = board, tokens, faults, record, habits
        self._sessions: list[Session] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="schwab-streamer", daemon=True)

    def start(self) -> None:
        """Listen."""
        self._thread.start()
        if not self._ready.wait(START_S):
            raise RuntimeError("the streamer does not listen")

    def close(self) -> None:
        """Cut every connection and listen no more."""
        if self._loop and self._stop and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(START_S)
        assert not self._thread.is_alive(), "the streamer does not end"

    def open_sessions(self) -> list[Session]:
        """The connections that are open."""
        with self.lock:
            return [session for session in self._sessions if session.open]

    def subscribers(self, service: str, key: str) -> Iterator[tuple[Session, frozenset[str]]]:
        """Who subscribes to a key, and to which of its fields; to be called with the lock held."""
        for session in self._sessions:
            wanted = session.wants(service, key) if session.open else None
            if wanted is not None:
                yield session, wanted

    def is_subscribed(self, key: str) -> bool:
        """Whether an open connection subscribes to a key of whichever service."""
        with self.lock:
            return any(True for service in SERVICES for _ in self.subscribers(service, key))

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        options: dict[str, Any] = {
            "ping_interval": None,
            "close_timeout": CLOSE_S,
            "compression": None,
            "logger": _log(),
        }
        async with serve(self._converse, "127.0.0.1", 0, process_request=self._admit, **options) as server:
            self.url = _address(server)
            self._ready.set()
            await self._stop.wait()
            for session in self._sessions:  # Also those that wait for the far end to close.
                session.cut()
            server.close()

    def _admit(self, connection: ServerConnection, request: Request) -> None:
        if self._faults.refusing:
            connection.transport.abort()

    async def _converse(self, socket: ServerConnection) -> None:
        if self._faults.refusing:
            return
        self._record.count("connections")
        session = Session(socket, self.lock, self._faults, self._habits.conflate_s)
        with self.lock:
            self._sessions.append(session)
        loops = (
            session.write(),
            session.beat(self._habits.heartbeat_s),
            session.stop_when_empty(self._habits.empty_s),
            self._listen(socket, session),
        )
        tasks = [asyncio.create_task(loop) for loop in loops]
        try:
            await asyncio.wait({tasks[0], tasks[3]}, return_when=asyncio.FIRST_COMPLETED)
            if session.ending:
                await asyncio.wait({tasks[0]}, timeout=2 * CLOSE_S)
        finally:
            with self.lock:
                session.open = False
                self._sessions.remove(session)
                self.lock.notify_all()
            for task in tasks:
                task.cancel()
            for ending in await asyncio.gather(*tasks, return_exceptions=True):
                if isinstance(ending, Exception):
                    self._record.fail(ending)

    async def _listen(self, socket: ServerConnection, session: Session) -> None:
        with contextlib.suppress(ConnectionClosed):
            async for text in socket:
                for request in _requests(text):
                    self._answer(session, request)
                    if not session.open:
                        return

    def _answer(self, session: Session, request: Asked) -> None:
        service, command = str(request.get("service")), str(request.get("command"))
        given = request.get("parameters") or {}
        parameters = given if isinstance(given, dict) else None
        self._record.add("stream", {"service": service, "command": command}, parameters or {})
        with self.lock:
            forced = self._faults.take_code(command) or 0
            if forced and forced not in frames.SUCCESSES:
                code = forced
            else:
                code = self._obey(session, request, service, command, parameters)
            is_done = code == 0
            code = code or forced
            frame = frames.response(request, code, _text(command, code))
            if self._faults.take_malformation(OF_RESPONSES):
                frame = spoiled_response(frame)
            session.say(frame)
            if code in frames.CLOSING or command == "LOGOUT":
                session.close_after_all()
            elif is_done and command in ("SUBS", "ADD", "VIEW"):
                self._tell_all(session, service, _names(parameters or {}, "keys"))
            self.lock.notify_all()

    def _obey(self, session: Session, request: Asked, service: str, command: str, parameters: Asked | None) -> int:
        if any(not request.get(name) for name in IDS) or parameters is None:
            return frames.BAD_FORMAT
        if command == "LOGIN":
            return self._log_in(session, parameters)
        if not session.logged_in:
            return frames.NO_LOGIN
        if command == "LOGOUT":
            return 0
        if service not in SERVICES:
            return 11
        return self._subscribe(session, service, command, parameters)

    def _log_in(self, session: Session, parameters: Asked) -> int:
        if self._faults.take_denial() or not self._tokens.admits(parameters.get("Authorization")):
            return frames.DENIED
        for other in self.open_sessions():
            if other is not session and other.logged_in:
                other.end(frames.CLOSED_BY_SECOND)
        session.logged_in = True
        self._record.count("logins")
        return 0

    def _subscribe(self, session: Session, service: str, command: str, parameters: Asked) -> int:
        keys, fields = _names(parameters, "keys"), frozenset(_names(parameters, "fields"))
        had = session.subscriptions.get(service, {})
        if command == "VIEW":
            keys = list(had)
        if command not in FAILURES:
            return 9
        if not keys or (command != "UNSUBS" and "0" not in fields):
            return FAILURES[command]
        if command == "UNSUBS":
            session.subscriptions[service] = {key: wanted for key, wanted in had.items() if key not in keys}
            return 0
        subscribed = (had if command == "ADD" else {}) | dict.fromkeys(keys, fields)
        if len(subscribed) > self._habits.key_limit:
            return frames.TOO_MANY_KEYS
        session.subscriptions[service] = subscribed
        return 0

    def _tell_all(self, session: Session, service: str, keys: list[str]) -> None:
        for key in keys:
            wanted, listing = session.wants(service, key), self._board.find(service, key)
            if wanted is not None and listing is not None:
                session.change(service, listing.full(wanted))


def _requests(text: str | bytes) -> list[Asked]:
    try:
        asked = json.loads(text)
        found = asked.get("requests", [asked])
        return [request for request in found if isinstance(request, dict)] or [{}]
    except (ValueError, AttributeError, TypeError):
        return [{}]


def _names(parameters: Asked, name: str) -> list[str]:
    return [item.strip() for item in str(parameters.get(name, "")).split(",") if item.strip()]


def _text(command: str, code: int) -> str:
    if code:
        return frames.TEXTS.get(code, "Unknown failure")
    return {"LOGIN": "server=s0166bdv-1;status=NP", "LOGOUT": "SUCCESS"}.get(command, f"{command} command succeeded")


def _log() -> logging.Logger:
    log = logging.getLogger("tests.schwab.websockets")
    log.setLevel(logging.WARNING)  # Below that it shows frames, and with them tokens.
    log.addFilter(lambda record: "handshake failed" not in record.getMessage())
    return log


def _address(server: Server) -> str:
    return f"ws://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}/ws"
