"""The four kinds of error, named by who must act; HTTP status and exit code are decided from the kind alone."""


class ThorError(Exception):
    """Base of every error that Thor raises on purpose; its text is one line fit for a person."""


class Rejected(ThorError):
    """The caller's input is wrong: mend it and call again. HTTP 400, exit code 2."""


class NotFound(ThorError):
    """What was asked for does not exist. HTTP 404, exit code 2."""


class Conflict(ThorError):
    """Refused because of the present state: a lease is held, a file is unverified. HTTP 409, exit code 3."""


class Unavailable(ThorError):
    """A server that Thor needs is away or full: try again. HTTP 503, exit code 1."""
