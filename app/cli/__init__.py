"""The command line: one module per group of commands."""

from app.cli import (
    accounting,
    admin,
    collectors,
    database,
    dead_letters,
    demo,
    excel,
    export,
    ingest,
    instruments,
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
    *collectors.COMMANDS,
    *sessions.COMMANDS,
    *ingest.COMMANDS,
    *dead_letters.COMMANDS,
    *accounting.COMMANDS,
    *export.COMMANDS,
    *lake.COMMANDS,
    *market.COMMANDS,
    *schwab.COMMANDS,
    *instruments.COMMANDS,
    *excel.COMMANDS,
    *admin.COMMANDS,
)
