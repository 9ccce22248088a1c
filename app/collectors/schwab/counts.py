"""What a Schwab feed counts, for its health."""

from dataclasses import asdict, dataclass


@dataclass
class Counts:
    """Everything that happened since the feed began.

    `messages` are the frames of the stream, `entries` what they and REST said of symbols; `malformed` what could not
    be read: frames, entries or single values; `odd_times` times of events that could not be true; `unknown_keys`
    entries of keys that nobody asked for; `dropped_messages` quotes that were not taken in time.
    """

    messages: int = 0
    entries: int = 0
    malformed: int = 0
    odd_times: int = 0
    unknown_keys: int = 0
    dropped_messages: int = 0
    resubscribed: int = 0
    rest_polls: int = 0
    rest_failures: int = 0

    def figures(self) -> dict[str, int]:
        """The counts by name."""
        return asdict(self)
