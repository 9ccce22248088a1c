"""What an examination finds."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

Level = Literal["ok", "warning", "wrong", "unknown"]
LEVELS: Final[Sequence[Level]] = ("wrong", "warning", "unknown", "ok")  # The gravest first.


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: `detail` is a line for a person, `fix` what to do, empty where that is nothing.

    `wrong` loses data, lets others in or stops work, now or soon; a `warning` may come to that; `unknown` could not be
    looked at.
    """

    name: str
    level: Level
    detail: str
    fix: str = ""


def count_levels(findings: Iterable[Finding]) -> dict[Level, int]:
    """How many findings there are of each level, each level present, the gravest first."""
    levels = [one.level for one in findings]
    return {level: levels.count(level) for level in LEVELS}


def without_secrets(findings: Iterable[Finding], secrets: Iterable[str]) -> Iterator[Finding]:
    """The findings, with stars where a line would tell a secret: what a server or a file says may hold one."""
    known = [secret for secret in secrets if secret]
    for one in findings:
        yield replace(one, detail=_starred(one.detail, known), fix=_starred(one.fix, known))


def _starred(line: str, secrets: Sequence[str]) -> str:
    for secret in secrets:
        line = line.replace(secret, "***")
    return line
