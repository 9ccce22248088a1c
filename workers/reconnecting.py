"""What a worker forgets when it has lost its broker."""

from typing import Any, Final

from celery import bootsteps

# The transport asks its event loop to be called at each turn, and never takes that back.
TRANSPORT_TICK: Final = ("kombu.transport.redis", "Transport.register_with_event_loop.<locals>.on_poll_start")


class ForgetLostTransports(bootsteps.StartStopStep):
    """A step of the consumer: takes the transport of a lost connection out of the event loop, which else keeps it.

    Each loss of the connection would cost its memory and a call at every turn of the loop until the worker ends.
    """

    def stop(self, parent: Any) -> None:
        """Forget the transports before the consumer connects again; while the worker ends, its loop stays as it is."""
        if parent.hub is not None and parent.blueprint.human_state() == "running":
            parent.hub.on_tick.difference_update([tick for tick in parent.hub.on_tick if _is_of_transport(tick)])


def _is_of_transport(tick: object) -> bool:
    return (getattr(tick, "__module__", ""), getattr(tick, "__qualname__", "")) == TRANSPORT_TICK
