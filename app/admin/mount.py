"""Putting the admin beside the API: an application of its own under /admin, made when somebody first asks for it."""

from collections.abc import Callable, Iterable
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from apiflask import APIFlask

from app.runtime import EXTENSION, Runtime

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

PREFIX: Final = "/admin"
Wsgi = Callable[["WSGIEnvironment", "StartResponse"], Iterable[bytes]]


def install_admin(app: APIFlask) -> None:
    """Have `app`, which has its runtime, answer /admin too.

    Its libraries are loaded at the first request there, so that commands, workers and the API do not wait for them.
    """
    vars(app)["wsgi_app"] = AdminMount(app.wsgi_app, app.extensions[EXTENSION])


class AdminMount:
    """A WSGI application that hands what is under /admin to the admin, and everything else to another one."""

    def __init__(self, others: Wsgi, runtime: Runtime) -> None:
        self._others, self._runtime = others, runtime
        self._admin: Any = None
        self._lock = Lock()

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer a request."""
        path = environ.get("PATH_INFO", "")
        if path == PREFIX or path.startswith(f"{PREFIX}/"):
            answer: Iterable[bytes] = self.admin()(environ, start_response)
            return answer
        return self._others(environ, start_response)

    def admin(self) -> Any:
        """The admin's application, the same one for all threads."""
        with self._lock:
            if self._admin is None:
                from app.admin.application import make_admin

                self._admin = make_admin(self._runtime)
            return self._admin
