"""A store that speaks S3 over HTTP, from moto, which counts what it is asked and fails on demand."""

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Lock, Thread
from typing import Any
from urllib.parse import unquote
from uuid import uuid4

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from pyarrow import fs
from werkzeug.serving import WSGIRequestHandler, make_server

from app.bucket.plan import BucketPlan

_ERROR = "<?xml version='1.0'?><Error><Code>{}</Code><Message>as asked by a test</Message></Error>"


@dataclass(frozen=True)
class Request:
    """A request: its method, the object's name within the bucket, the query, the range of bytes that it is for, and
    the kind of checksum that comes with its body."""

    method: str
    name: str
    query: str
    range: str
    checksum: str = ""

    @property
    def is_listing(self) -> bool:
        """Whether it asks for names."""
        return "list-type" in self.query


Fits = Callable[[Request], bool]


@dataclass
class Fault:
    """What becomes of requests that fit, so many times after the first `skip` of them."""

    fits: Fits
    answer: Callable[[Any, Any, Any], Iterable[bytes]]
    times: int
    skip: int = 0
    lock: Lock = field(default_factory=Lock)

    def strikes(self, request: Request) -> bool:
        """Whether it is this request's turn."""
        with self.lock:
            if not self.fits(request) or not self.times:
                return False
            if self.skip:
                self.skip -= 1
                return False
            self.times -= 1
            return True


class ObjectStore:
    """The store, at `url`, and the way to a bucket of its own with a lake's folder in it, `plan`."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.faults: list[Fault] = []
        self._inner = DomainDispatcherApplication(create_backend_app)
        self._server = make_server("127.0.0.1", 0, self._answer, threaded=True, request_handler=_Quiet)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        Thread(target=self._server.serve_forever, daemon=True).start()
        self.reset()

    def reset(self) -> None:
        """Forget faults and requests, and have a new bucket."""
        self.faults.clear()
        self.new_bucket()
        self.admin.create_dir(self.plan.bucket)
        self.requests.clear()

    def new_bucket(self) -> None:
        """Another name for the bucket."""
        place = f"s3://desk-{uuid4().hex[:12]}/thor"
        self.plan = BucketPlan(place, self.url, "us-east-1", "DESKKEY", "desk-secret")

    @property
    def environment(self) -> dict[str, str]:
        """The settings with which a process finds it."""
        return {
            "LAKE_BUCKET": self.plan.place,
            "LAKE_BUCKET_ENDPOINT": self.url,
            "LAKE_BUCKET_REGION": "us-east-1",
            "LAKE_BUCKET_KEY": "DESKKEY",
            "LAKE_BUCKET_SECRET": "desk-secret",
        }

    @property
    def admin(self) -> fs.S3FileSystem:
        """The way of somebody else to the objects."""
        return fs.S3FileSystem(
            access_key="other", secret_key="other", region="us-east-1", endpoint_override=self.url,
            allow_bucket_creation=True,
        )  # fmt: skip

    def names(self) -> list[str]:
        """The names of all objects of the lake."""
        found = self.admin.get_file_info(fs.FileSelector(self.plan.root, recursive=True, allow_not_found=True))
        return sorted(one.path.removeprefix(f"{self.plan.root}/") for one in found if one.is_file)

    def get(self, name: str) -> bytes:
        """The bytes of an object."""
        with self.admin.open_input_file(f"{self.plan.root}/{name}") as found:
            return found.read()

    def put(self, name: str, data: bytes) -> None:
        """Put an object there, by somebody else."""
        with self.admin.open_output_stream(f"{self.plan.root}/{name}") as stream:
            stream.write(data)

    def delete(self, name: str) -> None:
        """Remove an object, by somebody else."""
        self.admin.delete_file(f"{self.plan.root}/{name}")

    def asked(self, *methods: str) -> list[Request]:
        """The requests so far of these methods."""
        return [one for one in self.requests if one.method in methods]

    def refuse(self, code: str, status: int, fits: Fits = lambda _one: True, times: int = -1, skip: int = 0) -> None:
        """Answer with an error of S3."""

        def answer(_inner: Any, _environ: Any, start: Any) -> list[bytes]:
            start(f"{status} as asked", [("Content-Type", "application/xml"), ("Connection", "close")])
            return [_ERROR.format(code).encode()]

        self.faults.append(Fault(fits, answer, times, skip))

    def truncate(self, fits: Fits, times: int = -1) -> None:
        """Break off in the middle of the answer."""

        def answer(inner: Any, environ: Any, start: Any) -> list[bytes]:
            status, headers, body = _called(inner, environ)
            start(status, [*headers, ("Connection", "close")])
            return [body[: len(body) // 2]]

        self.faults.append(Fault(fits, answer, times))

    def corrupt(self, fits: Fits, times: int = -1) -> None:
        """Flip bits in the middle of the answer."""

        def answer(inner: Any, environ: Any, start: Any) -> list[bytes]:
            status, headers, body = _called(inner, environ)
            middle = len(body) // 2
            start(status, headers)
            return [body[:middle], bytes([body[middle] ^ 0xFF]), body[middle + 1 :]]

        self.faults.append(Fault(fits, answer, times))

    @contextmanager
    def holding(self, fits: Fits, skip: int = 0) -> Iterator[Event]:
        """Keep a request that fits, and those after it, waiting until the block ends; tells when the first has come."""
        came, go_on = Event(), Event()

        def answer(inner: Any, environ: Any, start: Any) -> Iterable[bytes]:
            came.set()
            go_on.wait(60)
            return inner(environ, start)

        fault = Fault(fits, answer, -1, skip)
        self.faults.append(fault)
        try:
            yield came
        finally:
            self.faults.remove(fault)
            go_on.set()

    def close(self) -> None:
        """Answer nobody any more."""
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, environ: Any, start: Any) -> Iterable[bytes]:
        _bucket, _, path = environ["PATH_INFO"].lstrip("/").partition("/")
        query = unquote(environ.get("QUERY_STRING", ""))
        told = [environ.get(name, "") for name in ("HTTP_RANGE", "HTTP_X_AMZ_TRAILER")]
        request = Request(environ["REQUEST_METHOD"], path.removeprefix("thor/"), query, *told)
        if "Credential=other/" in environ.get("HTTP_AUTHORIZATION", ""):
            return self._inner(environ, start)
        self.requests.append(request)
        for fault in list(self.faults):
            if fault.strikes(request):
                return fault.answer(self._inner, environ, start)
        return self._inner(environ, start)


class _Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, type: str, message: str, *args: Any) -> None:
        pass


def _called(inner: Any, environ: Any) -> tuple[str, list[tuple[str, str]], bytes]:
    told: list[Any] = []
    body = b"".join(inner(environ, lambda status, headers, _info=None: told.extend((status, headers))))
    return told[0], [pair for pair in told[1] if not re.fullmatch("(?i)connection", pair[0])], body
