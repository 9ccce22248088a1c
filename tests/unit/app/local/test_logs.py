import io
import os
from typing import BinaryIO

from app.local.logs import GroupLog, OutputPump


def test_every_line_bears_the_name_of_its_process() -> None:
    output = io.StringIO()
    log = GroupLog(output, ["web", "collectors"], colour=False)

    log.write("web", "hello")
    log.write("collectors", "there")
    log.say("ready")

    assert output.getvalue() == "web        | hello\ncollectors | there\nthor       | ready\n"


def test_colour_goes_to_the_name_only() -> None:
    output = io.StringIO()

    GroupLog(output, ["web"], colour=True).write("web", "hello")

    assert output.getvalue() == "\x1b[36mweb  |\x1b[0m hello\n"


def test_a_closed_output_does_not_hurt() -> None:
    output = io.StringIO()
    log = GroupLog(output, ["web"], colour=False)
    output.close()

    log.write("web", "nobody reads this")


def test_lines_pass_from_the_pipe_to_the_log_and_to_the_listener() -> None:
    output, seen = io.StringIO(), list[str]()
    pump = OutputPump(GroupLog(output, ["web"], colour=False), "web", _pipe(b"one\r\n\xff two\nlast"), seen.append)

    assert pump.last_words(patience_s=10) == "last"
    assert seen == ["one", "\ufffd two", "last"]
    assert output.getvalue() == "web  | one\nweb  | \ufffd two\nweb  | last\n"


def test_the_last_words_are_the_last_line_that_says_something() -> None:
    pump = OutputPump(GroupLog(io.StringIO(), [], colour=False), "web", _pipe(b"the reason\n\n  \n"), print)

    assert pump.last_words(patience_s=10) == "the reason"


def test_an_endless_line_is_cut_rather_than_gathered() -> None:
    lines = list[str]()
    pump = OutputPump(GroupLog(io.StringIO(), [], colour=False), "web", _file(b"x" * 200_000), lines.append)

    pump.last_words(patience_s=10)

    assert [len(line) for line in lines] == [65536, 65536, 65536, 3392]


def _pipe(content: bytes) -> BinaryIO:
    reader, writer = os.pipe()
    with os.fdopen(writer, "wb") as file:
        file.write(content)
    return os.fdopen(reader, "rb")


def _file(content: bytes) -> BinaryIO:
    return io.BytesIO(content)
