"""YAML whose values are all text, so that nothing is taken for something else."""

from pathlib import Path
from stat import S_ISREG
from typing import Any

import yaml

from app.errors import Rejected


def load_plain(text: str) -> Any:
    """Text, lists and mappings as written, None for a file of comments alone; Rejected, with the line, else.

    Aliases and repeated keys are refused.
    """
    try:
        return yaml.load(text, Loader=_Plain)  # noqa: S506 - it makes nothing but text, lists and mappings.
    except yaml.MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        raise Rejected(f"{line}{error.problem}") from None
    except yaml.YAMLError as error:
        raise Rejected(f"it is not YAML: {' '.join(str(error).split())[:200]}") from None
    except RecursionError:
        raise Rejected("it is nested too deeply") from None


def read_text(path: Path, most_bytes: int) -> str:
    """The text of a file; Rejected when it is larger, no regular file, no UTF-8, or cannot be read."""
    try:
        # A pipe would be waited for, and a device read without end.
        found = path.stat()
        if not S_ISREG(found.st_mode):
            raise Rejected("it is no file")
        if found.st_size > most_bytes:
            raise Rejected(f"it has more than {most_bytes:,} bytes")
        return path.read_text("utf-8")
    except OSError as error:
        raise Rejected(f"it cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise Rejected("it is not UTF-8 text") from None


class _Plain(yaml.BaseLoader):
    # YAML's own types take 12:15 for the number 735, and stumble over dates that do not exist.

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            mark = self.get_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.MarkedYAMLError(problem="write it out: aliases are not read", problem_mark=mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        seen = set[str]()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    raise yaml.MarkedYAMLError(problem=f"{key.value[:40]!r} is told twice", problem_mark=key.start_mark)
                seen.add(key.value)
        return super().construct_mapping(node, deep=deep)
