from app.alerts.deliveries import MOST_ATTEMPTS, wait_s


def test_waits_grow_from_half_a_minute_to_half_an_hour():
    waits = [wait_s(attempt, lambda: 0.5) for attempt in range(1, MOST_ATTEMPTS)]

    assert waits == [30, 60, 120, 300, 600, 1800, 1800]


def test_a_wait_varies_by_a_fifth_either_way():
    assert (wait_s(1, lambda: 0.0), wait_s(1, lambda: 1.0)) == (24, 36)
