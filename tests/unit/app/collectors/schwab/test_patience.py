import itertools

from app.collectors.schwab.patience import Backoff, Doubling, Patience, Silence

PATIENCE = Patience(first_wait_s=0.5, longest_wait_s=10, no_frame_s=25, silent_s=20, longest_silent_s=300)


def test_waits_grow_to_the_longest_and_have_chance_in_them():
    one, other = Backoff(PATIENCE), Backoff(PATIENCE)

    waits = [one.next_s() for _ in range(12)]

    assert 0.5 <= waits[0] <= 1.0
    assert waits[-1] == 10.0
    assert all(earlier < later for earlier, later in itertools.pairwise(waits[:5]))
    assert waits[:4] != [other.next_s() for _ in range(4)]


def test_after_a_success_waits_are_short_again():
    backoff = Backoff(PATIENCE)
    for _ in range(8):
        backoff.next_s()

    backoff.reset()

    assert backoff.next_s() <= 1.0


def test_an_attempt_and_a_wait_together_keep_it_from_streaming_for_less_than_30_s():
    told = Patience()

    assert told.attempt_s + told.longest_wait_s + told.look_s < 30


def test_a_time_doubles_up_to_the_longest():
    time = Doubling(2, 7)

    lasted = []
    for _ in range(4):
        lasted.append(time.s)
        time.double()
    time.reset()

    assert (lasted, time.s) == ([2, 4, 7, 7], 2)


def test_a_connection_without_even_a_heartbeat_is_replaced():
    silence = Silence(PATIENCE)
    silence.begin(100.0)
    silence.hear(110.0)

    assert silence.verdict(134.9, False, 0.0) == ""
    assert "heartbeat" in silence.verdict(135.1, False, 0.0)


def test_heartbeats_without_news_are_no_life_while_a_market_is_open():
    silence = Silence(PATIENCE)
    silence.begin(100.0)
    silence.hear(120.0)

    assert silence.verdict(119.9, True, 0.0) == ""
    assert "no news" in silence.verdict(120.1, True, 0.0)


def test_silence_is_no_fault_while_every_market_is_closed_and_counts_from_its_opening():
    silence = Silence(PATIENCE)
    silence.begin(100.0)
    for now in range(100, 500, 10):
        silence.hear(now)
        assert silence.verdict(now, False, 0.0) == ""

    silence.hear(508.0)

    assert silence.verdict(509.0, True, 0.0) == ""
    assert silence.verdict(511.0, True, 0.0) != ""


def test_where_a_new_connection_brings_no_news_the_next_is_given_twice_the_time():
    silence, now, lived = Silence(PATIENCE), 0.0, []
    for _ in range(6):
        silence.begin(now)
        began = now
        while not silence.verdict(now, True, 0.0):
            now += 1
            silence.hear(now)
        lived.append(round(now - began))

    assert lived == [21, 41, 81, 161, 301, 301]


def test_news_make_it_strict_again():
    silence = Silence(PATIENCE)
    silence.begin(0.0)
    silence.hear(21.0)
    assert silence.verdict(21.0, True, 0.0)
    silence.begin(22.0)
    assert silence.verdict(23.0, True, 22.5) == ""

    silence.hear(43.0)

    assert silence.verdict(43.0, True, 22.5)
