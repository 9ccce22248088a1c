"""Where messages about alerts go: what the settings say of each channel."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

Security = Literal["starttls", "tls", "none"]


@dataclass(frozen=True)
class MailPlan:
    """The mail server, how the way to it is protected, who logs in there, and between whom mail goes."""

    host: str
    port: int
    security: Security
    sender: str
    recipients: Sequence[str]
    user: str = ""
    password: str = field(default="", repr=False)


@dataclass(frozen=True)
class WebhookPlan:
    """The address that is posted to, which hosts it may name, and the secret that signs what is sent.

    A host of `hosts` is a name, for port 443, or a name with a port, such as hooks.example.com:8443.
    """

    url: str = field(repr=False)
    hosts: Sequence[str]
    secret: str = field(default="", repr=False)
