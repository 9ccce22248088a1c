"""The command line: one module per group of commands."""

from app.cli import (
    accounting,
    database,
    dead_letters,
    demo,
    export,
    ingest,
    lake,
    market,
    replay,
    schwab,
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
    *schwab.COMMANDS,
)
