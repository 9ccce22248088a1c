"""Questions to the lake, asked of DuckDB inside a sandbox that reaches the lake's files and nothing else."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Event, Thread
from typing import Any, Final

import duckdb
import pyarrow as pa

from app.errors import Conflict, Unavailable
from app.lake.layout import Lake

MEMORY_LIMIT_MB: Final = 1024
_AGAIN_S: Final = 0.1
_BATCH_ROWS: Final = 50_000
_IN_WORDS: Final = {
    "Out of Memory": duckdb.OutOfMemoryException,
    "Conversion": duckdb.ConversionException,
    "INTERRUPT": duckdb.InterruptException,
}
_DAMAGED: Final = (duckdb.IOException, duckdb.InvalidInputException, duckdb.SerializationException)


@contextmanager
def connect(
    lake: Lake, *, memory_limit_mb: int = MEMORY_LIMIT_MB, threads: int | None = None
) -> Iterator[duckdb.DuckDBPyConnection]:
    """As `confined`, to the files under the lake's root."""
    roots = [f"{root}/" for root in (lake.root.absolute(), lake.root.resolve())]
    with confined(roots, memory_limit_mb=memory_limit_mb, threads=threads) as connection:
        yield connection


@contextmanager
def confined(
    roots: Sequence[str], *, files: Any = None, memory_limit_mb: int = MEMORY_LIMIT_MB, threads: int | None = None
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection of its own, closed at the end; not to be shared between threads.

    It reaches what is under these roots only, of which `files`, a file system as fsspec has them, knows those of its
    protocol. It loads no extension, sees no Python variable, knows time in UTC, and its settings are locked. `threads`
    defaults to those that Arrow has in this process. DuckDB checks no checksum of a page: what must be right is read by
    `app.history`. Inside the block a file that cannot be read is a Conflict, and a question too large for the memory
    limit Unavailable.
    """
    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": f"{memory_limit_mb}MB",
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "python_enable_replacements": False,
        "temp_directory": "",
        # DuckDB is the only one of the numeric libraries that does not see what the environment allows.
        "threads": threads or pa.cpu_count(),
    }
    connection = duckdb.connect(config=config)
    try:
        if files is not None:
            connection.register_filesystem(files)
        _confine(connection, roots)
        yield connection
    except duckdb.OutOfMemoryException:
        raise Unavailable(f"the question is too large: it needs more than {memory_limit_mb} MB") from None
    except duckdb.Error as error:
        # DuckDB reports much of what damage does to it as a bare Error; the subclasses are mistakes in the question.
        if type(error) is duckdb.Error or isinstance(error, _DAMAGED):
            raise Conflict(f"a file of the lake cannot be read: {str(error).splitlines()[0][:300]}") from None
        raise
    finally:
        if files is not None:
            connection.unregister_filesystem(files.protocol)
        connection.close()


@contextmanager
def interrupted(connection: duckdb.DuckDBPyConnection, timeout_s: float | None) -> Iterator[None]:
    """End what the connection is asked in the block after `timeout_s` seconds, which is Unavailable; None for never."""
    if timeout_s is None:
        yield
        return
    done, late = Event(), Event()
    watch = Thread(target=_interrupt, args=(connection, timeout_s, done, late), name="query-limit", daemon=True)
    watch.start()
    try:
        yield
    except duckdb.InterruptException:
        if not late.is_set():
            raise
        raise Unavailable(
            f"the query ran for longer than {timeout_s:g} seconds: ask for less, or give more with timeout_s"
        ) from None
    finally:
        done.set()
        watch.join()


def _interrupt(connection: duckdb.DuckDBPyConnection, timeout_s: float, done: Event, late: Event) -> None:
    if done.wait(timeout_s):
        return
    late.set()
    # A statement that begins after an interruption knows nothing of it.
    while not done.wait(_AGAIN_S):
        connection.interrupt()


def collect(answer: duckdb.DuckDBPyRelation, *, memory_limit_mb: int = MEMORY_LIMIT_MB) -> pa.Table:
    """A question's whole answer; to be called inside the block of `confined`, whose errors are those of this as well.

    Unavailable as soon as the answer takes more than `memory_limit_mb`: what DuckDB has handed out, it does not count.
    """
    reader = answer.to_arrow_reader(_BATCH_ROWS)
    batches, taken = [], 0
    try:
        for batch in reader:
            batches.append(batch)
            taken += batch.nbytes
            if taken > memory_limit_mb * 2**20:
                raise Unavailable(
                    f"the answer is too large: it takes more than {memory_limit_mb} MB; ask for less of it"
                )
        return pa.Table.from_batches(batches, reader.schema)
    except (OSError, pa.ArrowException) as error:
        raise _as_duckdb(error) from None
    finally:
        reader.close()


def _as_duckdb(error: Exception) -> duckdb.Error:
    # What fails after the first batch comes as an error of Arrow, which has DuckDB's words alone.
    told = str(error)
    kind = next((kind for words, kind in _IN_WORDS.items() if told.startswith(words)), duckdb.Error)
    return kind(told)


def _confine(connection: duckdb.DuckDBPyConnection, roots: Sequence[str]) -> None:
    connection.execute("SET TimeZone = 'UTC'")
    # In a notebook without widgets there is no bar, and to switch it off is an error.
    if connection.execute("SELECT current_setting('enable_progress_bar')").fetchall() == [(True,)]:
        connection.execute("SET enable_progress_bar = false")
    connection.execute(f"SET allowed_directories = [{', '.join(map(_quoted, roots))}]")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
