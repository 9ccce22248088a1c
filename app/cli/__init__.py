"""The command line: one module per group of commands."""

from app.cli import ingest, replay, stack

COMMANDS = (*stack.COMMANDS, *replay.COMMANDS, *ingest.COMMANDS)
