from datetime import UTC, datetime

import pytest

from app.collectors.feeds import CONNECTING, FALLBACK, LOST, NEEDS_LOGIN, STREAMING
from app.collectors.schwab.standing import Board

NOW = datetime(2025, 12, 7, 4, 57, tzinfo=UTC)
LATER = datetime(2025, 12, 7, 5, 57, tzinfo=UTC)


@pytest.fixture
def board():
    return Board()


def shown(board):
    return board.now.state, board.now.since, board.now.reconnects


def test_each_stream_after_the_first_is_a_reconnection(board):
    assert shown(board) == (CONNECTING, None, 0)
    board.stream(NOW, [])
    assert shown(board) == (STREAMING, NOW, 0)
    board.fail(LOST, "it broke")
    assert (shown(board), board.now.detail) == ((LOST, None, 0), "it broke")
    board.stream(LATER, [])
    assert (shown(board), board.now.detail) == ((STREAMING, LATER, 1), "")


def test_a_fresh_subscription_interrupts_nothing(board):
    board.stream(NOW, [])

    board.stream(LATER, ["X1"])

    assert (shown(board), board.now.refused) == ((STREAMING, NOW, 0), ("X1",))


def test_a_fallback_delivers_while_the_connection_is_lost_again_and_again(board):
    board.fail(LOST, "it broke")
    board.fall_back(NOW)
    board.fail(LOST, "it broke again")
    board.fall_back(LATER)

    assert (shown(board), board.now.detail) == ((FALLBACK, NOW, 0), "it broke again")


def test_a_fallback_that_is_not_answered_delivers_nothing(board):
    board.fail(LOST, "it broke")
    board.fall_back(NOW)

    board.end_fallback()

    assert (shown(board), board.now.detail) == ((LOST, None, 0), "it broke")


def test_without_a_login_there_is_no_fallback(board):
    board.fail(LOST, "it broke")
    board.fall_back(NOW)
    board.fail(NEEDS_LOGIN, "run it")
    board.fall_back(LATER)

    assert shown(board) == (NEEDS_LOGIN, None, 0)


def test_a_stream_that_says_nothing_has_a_fallback_and_streams_again_when_it_does(board):
    board.stream(NOW, [])
    board.fall_back(LATER)
    fallen = shown(board)
    board.stream(LATER, [])

    assert (fallen, shown(board)) == ((FALLBACK, LATER, 0), (STREAMING, LATER, 1))


def test_a_stream_is_not_ended_with_a_fallback_that_there_is_not(board):
    board.stream(NOW, [])
    board.end_fallback()

    assert shown(board) == (STREAMING, NOW, 0)
