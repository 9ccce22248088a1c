import pytest

from app.collectors.schwab.merging import Merger
from tests.factories import quote
from tests.faults.harness.generations import duplicates, generations_in, stale_merges
from tests.faults.scenarios.schwab_faults import SCHWAB_FAULTS

pytestmark = pytest.mark.timeout(300)


def test_whatever_happens_to_a_stream_it_streams_again_and_mixes_and_doubles_nothing(play):
    assert play(SCHWAB_FAULTS).wrong == []


def test_a_merger_that_remembers_what_was_before_a_gap_is_found_out(play, monkeypatch):
    monkeypatch.setattr(Merger, "forget", lambda _merger: None)

    wrong = play(SCHWAB_FAULTS).wrong

    for kind in ("dropped", "silent", "denied", "expired", "malformed"):
        assert any(line.startswith(kind) and "mix" in line for line in wrong), wrong


def test_the_judge_sees_values_of_two_generations_and_what_is_told_twice():
    whole = quote(bid=1010, ask=1012, last=1011, bid_size=1_004, ask_size=1_005, last_size=1_006)
    mixed = whole._replace(ask=1022)

    assert generations_in(mixed) == {1, 2}
    assert stale_merges([whole, mixed]) == 1
    assert duplicates([whole, whole._replace(seq=2), whole]) == (1, 2)
