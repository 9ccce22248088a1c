"""How the specification describes a stream of server-sent events."""

from typing import Any


def event_stream(description: str, events: dict[str, str], example: str | None = None) -> dict[str, Any]:
    """An answer whose schema is that of each event; `events` are their names with what each is."""
    told = "; ".join(f"{name}: {what}" for name, what in events.items())
    schema = {
        "type": "object",
        "description": "one event of the stream",
        "required": ["event", "data"],
        "properties": {
            "id": {"type": "string", "description": "send the last one back as Last-Event-ID"},
            "event": {"type": "string", "enum": list(events), "description": told},
            "data": {"type": "string", "description": "an object of JSON"},
        },
    }
    media = {"schema": schema} if example is None else {"schema": schema, "example": example}
    return {"description": description, "content": {"text/event-stream": media}}
