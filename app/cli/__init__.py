"""The command line: one module per group of commands."""

from app.cli import (
    accounting,
    database,
    dead_letters,
    demo,
    excel,
    export,
    ingest,
    lake,
    market,
    replay,
    sessions,
    stack,
)

COMMANDS = (
    *stack.COMMANDS,
    *demo.COMMANDS,
    *database.COMMANDS,
    *replay.COMMANDS,
    *sessions.COMMANDS,
    *ingest.COMMANDS,
    *dead_letters.COMMANDS,
    *accounting.COMMANDS,
    *export.COMMANDS,
    *lake.COMMANDS,
    *market.COMMANDS,
    *excel.COMMANDS,
)
