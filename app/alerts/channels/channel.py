"""What every channel can do."""

from typing import Final, Protocol

from app.alerts.messages import Message

SEND_WITHIN_S: Final = 10.0


class Channel(Protocol):
    """A way to somebody, under the name by which settings, rows and commands call it."""

    @property
    def name(self) -> str:
        """Its name, of 16 letters at most."""

    def send(self, message: Message) -> None:
        """Send a message, or say within about `SEND_WITHIN_S` why not.

        Unavailable where it may go later, Rejected where it never will as things are set up. Their texts are kept and
        shown: they tell no secret, nothing of an address behind its host, and nothing that the other side said.
        """
