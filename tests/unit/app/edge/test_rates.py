from app.edge.rates import RateLimit, Refused
from app.edge.ring import slow_down


def test_a_burst_is_allowed_and_then_the_rate():
    limit = RateLimit(10, 5)

    assert [limit.take("a", 0.0) for _ in range(5)] == [0.0] * 5
    assert round(limit.take("a", 0.0), 6) == 0.1
    assert limit.take("a", 0.1) == 0.0
    assert limit.take("a", 0.1) > 0


def test_after_a_rest_there_is_a_whole_burst_and_not_more():
    limit = RateLimit(10, 5)
    for _ in range(5):
        limit.take("a", 0.0)

    assert [limit.take("a", 1_000.0) > 0 for _ in range(6)] == [False] * 5 + [True]


def test_a_flood_is_served_at_the_rate_and_costs_others_nothing():
    limit = RateLimit(100, 100)

    allowed = sum(limit.take("flood", number / 1_000) == 0.0 for number in range(10_000))

    assert 1_095 <= allowed <= 1_101
    assert limit.take("quiet", 10.0) == 0.0


def test_what_is_kept_of_callers_is_bounded_and_the_one_that_was_seen_last_is_kept():
    limit = RateLimit(1, 1, callers=2)
    for caller in ("a", "b", "a", "c"):
        limit.take(caller, 0.0)

    assert limit.take("c", 0.0) > 0
    assert limit.take("a", 0.0) == 0.0


def test_a_refused_caller_is_told_when_to_come_again_and_the_limit():
    assert slow_down(0.01, RateLimit(100, 400)) == {
        "Retry-After": "1",
        "RateLimit": '"requests";r=0;t=1',
        "RateLimit-Policy": '"requests";q=400;w=4',
    }


def test_who_is_refused_is_known_by_all_that_the_request_carries_until_it_is_over():
    refused = Refused(callers=2)
    refused.note(("10.0.0.1", "key"), 5.0)

    assert refused.wait_s(("10.0.0.1", "key"), 4.0) == 1.0
    assert refused.wait_s(("10.0.0.1", "another"), 4.0) == 0.0
    assert refused.wait_s(("10.0.0.1", "key"), 5.0) == 0.0
    for name in ("b", "c"):
        refused.note((name,), 9.0)
    assert refused.wait_s(("10.0.0.1", "key"), 4.0) == 0.0
