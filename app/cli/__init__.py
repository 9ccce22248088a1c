"""The command line: one module per group of commands."""

from app.cli import database, demo, export, ingest, replay, stack

COMMANDS = (
    *stack.COMMANDS,
    *demo.COMMANDS,
    *database.COMMANDS,
    *replay.COMMANDS,
    *ingest.COMMANDS,
    *export.COMMANDS,
)
