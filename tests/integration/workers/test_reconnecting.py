from types import SimpleNamespace

import pytest
from celery import bootsteps
from kombu.asynchronous import Hub

from workers.reconnecting import ForgetLostTransports


@pytest.mark.parametrize(("state", "kept"), [(bootsteps.RUN, 1), (bootsteps.CLOSE, 4)], ids=["reconnects", "ends"])
def test_transports_of_lost_connections_leave_the_loop_of_a_worker_that_goes_on(celery, state, kept):
    hub, consumer_of = Hub(), lambda hub: SimpleNamespace(hub=hub, blueprint=blueprint_in(state))
    hub.on_tick.add(hub.fire_timers)
    for _ in range(3):
        with celery.connection_for_read() as connection:
            connection.connect()
            connection.transport.register_with_event_loop(connection.connection, hub)
    assert len(hub.on_tick) == 4

    step = ForgetLostTransports(consumer_of(hub))
    step.stop(consumer_of(hub))

    assert len(hub.on_tick) == kept
    assert hub.fire_timers in hub.on_tick


def test_a_worker_without_a_loop_has_nothing_to_forget():
    consumer = SimpleNamespace(hub=None, blueprint=blueprint_in(bootsteps.RUN))

    ForgetLostTransports(consumer).stop(consumer)


def blueprint_in(state):
    blueprint = bootsteps.Blueprint(name="consumer")
    blueprint.state = state
    return blueprint
