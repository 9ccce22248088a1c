"""The three roles, and the caller that has one."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal


class Role(StrEnum):
    """What somebody may do: look (viewer), also run the desk (operator), also decide who may what (admin)."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"

    def allows(self, needed: "Role") -> bool:
        """Whether this role may do what `needed` may."""
        return _RANK[self] >= _RANK[needed]


_RANK = {role: rank for rank, role in enumerate(Role)}
Kind = Literal["key", "user", "anonymous"]


@dataclass(frozen=True)
class Caller:
    """Somebody who asks: a program with a key, a person who is logged in, or nobody in particular on this machine.

    `credential` names the key or the login that was shown, without being it; empty for nobody in particular.
    """

    kind: Kind
    name: str
    role: Role
    credential: str = ""

    @property
    def identity(self) -> str:
        """What tells this caller from all others, whatever names they have; empty for nobody in particular."""
        return {"key": f"key {self.credential}", "user": f"user {self.name}", "anonymous": ""}[self.kind]

    @property
    def label(self) -> str:
        """The caller as records name it: `user anna`, `key grafana`, `anonymous`."""
        return self.name if self.kind == "anonymous" else f"{self.kind} {self.name}"


ANONYMOUS = Caller("anonymous", "anonymous", Role.VIEWER)
