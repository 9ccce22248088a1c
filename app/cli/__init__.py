"""The command line: one module per group of commands."""

from app.cli import demo, ingest, replay, stack

COMMANDS = (*stack.COMMANDS, *demo.COMMANDS, *replay.COMMANDS, *ingest.COMMANDS)
