"""Alerts for tests: conditions, messages, channels that do as they are told, and certificates of a made authority."""

import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from app.alerts.messages import Message
from app.alerts.rules import Condition

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)


def silent(subject="SCHWAB", detail="nothing for 60 s: see `flask collectors`", **given):
    """A critical condition."""
    return Condition("source_silent", subject, detail, **given)


def disk(subject="/data", detail="4 % is free: make room", **given):
    """A condition that warns."""
    return Condition("disk_low", subject, detail, **given)


def message(**given):
    """A message about an alert."""
    told = {
        "id": "7-raised-critical-20260304T120000000000",
        "event": "raised",
        "severity": "critical",
        "rule": "source_silent",
        "title": "A source brings nothing new",
        "subject": "SCHWAB",
        "detail": "nothing for 60 s",
        "raised_at": NOW,
        "alert": 7,
    }
    return Message(**{**told, **given})


@dataclass
class FakeChannel:
    """Keeps what it was asked to send; raises the next of its `answers` that is an error."""

    name: str = "mail"
    answers: list[Exception | None] = field(default_factory=list)
    sent: list[Message] = field(default_factory=list)

    def send(self, message: Message) -> None:
        """Send it, or fail as was told."""
        answer = self.answers.pop(0) if self.answers else None
        if answer is not None:
            raise answer
        self.sent.append(message)


class Authority:
    """An authority that vouches for servers of a test; `trust` is how a client trusts it alone."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "An authority of a test")])
        self._certificate = self._sign(self._name, self._key.public_key(), [], is_authority=True)

    @property
    def trust(self) -> ssl.SSLContext:
        """A client's context."""
        pem = self._certificate.public_bytes(serialization.Encoding.PEM).decode()
        return ssl.create_default_context(cadata=pem)

    def server(self, *names: str) -> ssl.SSLContext:
        """The context of a server of these names."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
        certificate = self._sign(name, key.public_key(), names)
        pem = self._folder / f"{names[0]}.pem"
        secret = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        pem.write_bytes(secret + certificate.public_bytes(serialization.Encoding.PEM))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem)
        return context

    def _sign(self, name, public_key, names: Sequence[str], *, is_authority: bool = False) -> x509.Certificate:
        now = datetime.now(UTC)
        made = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self._name)
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        )
        if names:
            made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName(one) for one in names]), critical=False)
        return made.sign(self._key, hashes.SHA256())
