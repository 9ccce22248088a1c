from app.local.backoff import RestartHistory, RestartPolicy

POLICY = RestartPolicy(jitter=0.0)


def test_waits_double_up_to_the_longest() -> None:
    history = RestartHistory(POLICY)

    delays = [history.after_exit(now_s=float(n), up_s=1.0).delay_s for n in range(9)]

    assert delays == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]


def test_a_process_that_stayed_healthy_starts_afresh() -> None:
    history = RestartHistory(POLICY)
    for n in range(5):
        history.after_exit(now_s=float(n), up_s=1.0)

    assert history.after_exit(now_s=100.0, up_s=60.0).delay_s == 0.5


def test_the_eleventh_restart_in_ten_minutes_is_a_crash_loop() -> None:
    history = RestartHistory(POLICY)

    decisions = [history.after_exit(now_s=50.0 * n, up_s=1.0) for n in range(11)]

    assert [decision.crash_loop for decision in decisions] == [False] * 10 + [True]
    assert decisions[-1].delay_s == 60.0


def test_restarts_longer_ago_than_the_window_do_not_count() -> None:
    history = RestartHistory(POLICY)

    decisions = [history.after_exit(now_s=61.0 * n, up_s=1.0) for n in range(30)]

    assert not any(decision.crash_loop for decision in decisions)


def test_jitter_spreads_the_waits_by_a_fifth_either_way() -> None:
    least, most = (RestartHistory(RestartPolicy(), chance=lambda c=c: c) for c in (0.0, 1.0))  # type: ignore[misc]

    low, high = (history.after_exit(now_s=0.0, up_s=0.0).delay_s for history in (least, most))

    assert (round(low, 6), round(high, 6)) == (0.4, 0.6)
