"""YAML whose values are all text, so that nothing is taken for something else."""

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
