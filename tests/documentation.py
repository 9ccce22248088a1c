"""What documents say in code: their blocks of a shell, the commands that they name, their sections and tables."""

import ast
import re
import shlex
from collections.abc import Mapping
from functools import cache

import click

from tests.tree import ROOT, code_files, parsed


def document(name: str) -> str:
    """The text of a document of docs/."""
    return (ROOT / "docs" / name).read_text()


def shell_lines(text: str) -> list[str]:
    """The lines of all blocks of a shell, also of those in lists; without blank ones."""
    blocks = re.findall(r"^ *```sh\n(.*?)^ *```", text, re.DOTALL | re.MULTILINE)
    return [line.strip() for block in blocks for line in block.splitlines() if line.strip()]


def commands_named(text: str) -> list[str]:
    """What follows `flask` in every command that stands in code, each once."""
    fenced = re.findall(r"^ *```(\w*)\n(.*?)^ *```", text, re.DOTALL | re.MULTILINE)
    blocks = [block for language, block in fenced if language in ("", "sh", "powershell")]
    spans = re.findall(r"`([^`]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
    code = "\n".join([*blocks, *(" ".join(span.split()) for span in spans)])
    return sorted(set(re.findall(r"(?:^|[\s/\\])flask ([a-z][^\n#|;&)>…]*)", code)))


def strange_words(line: str, commands: Mapping[str, click.Command]) -> set[str]:
    """The command, or those of its options, that there are not."""
    name, *words = shlex.split(line)
    if name not in commands:
        return {name}
    command = commands[name]
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        inner = words.pop(0)
        if inner not in command.commands:
            return {inner}
        command = command.commands[inner]
    known = {"--help", *(option for parameter in command.params for option in parameter.opts)}
    return {word.partition("=")[0] for word in words if word.startswith("--")} - known


def sections(text: str) -> dict[str, str]:
    """What stands under each heading up to the next one, by the anchor that the heading gets."""
    parts = re.split(r"^#{2,4} (.+)$", text, flags=re.MULTILINE)
    return {anchor(title): body for title, body in zip(parts[1::2], parts[2::2], strict=True)}


def section_of(text: str, beginning: str) -> str:
    """What stands under the one heading that begins so, up to the next of its level."""
    return re.split(r"^## ", text.split(f"\n## {beginning}")[1], maxsplit=1, flags=re.MULTILINE)[0]


def anchor(title: str) -> str:
    """The anchor of a heading, as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


def table(text: str, head: str) -> list[list[str]]:
    """The cells of the first table whose first line begins with `head`, without head and rule."""
    rows = text.partition(f"\n{head}")[2].partition("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", row.strip())[1:-1]] for row in rows]


def unsaid(words: str) -> list[str]:
    """The parts of what Thor is told to say, between dots that stand for names and numbers, that it never says."""
    parts = [part.strip() for part in words.split("…") if part.strip()]
    return [part for part in parts if not any(part in line for line in _spoken())]


@cache
def _spoken() -> tuple[str, ...]:
    # Every text of the code; those that are put together as one, with a blank where something is filled in.
    texts = [
        "".join(map(_letters, node.values)) if isinstance(node, ast.JoinedStr) else str(node.value)
        for path in code_files()
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))
    ]
    pages = [path.read_text() for path in (ROOT / "app").rglob("*.html")]
    return (*texts, *pages, (ROOT / "Makefile").read_text())


def _letters(part: ast.expr) -> str:
    return str(part.value) if isinstance(part, ast.Constant) else " "
