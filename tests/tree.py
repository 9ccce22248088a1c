"""The files of this repository as the guards see them: what is committed, or would be by `git add --all`."""

import ast
import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ENTRY_POINTS = ("wsgi.py", "celeryconfig.py")


@cache
def repository_files(root: Path = ROOT) -> tuple[Path, ...]:
    """Every file of the repository, relative to its root; RuntimeError where git cannot tell."""
    listing = ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    answer = subprocess.run(listing, cwd=root, capture_output=True, text=True, check=False)
    if answer.returncode:
        raise RuntimeError(f"git cannot list the files of this repository: {answer.stderr.strip()}")
    names = sorted({Path(name) for name in answer.stdout.split("\0") if name})
    return tuple(name for name in names if (root / name).is_file())


def python_files(*folders: str) -> list[Path]:
    """The Python files under these folders, relative to the root."""
    return [path for path in repository_files() if path.suffix == ".py" and path.parts[0] in folders]


def code_files() -> list[Path]:
    """The modules that run: the application, the workers and the entry points."""
    return [*python_files("app", "workers"), *(Path(name) for name in ENTRY_POINTS)]


@cache
def parsed(path: Path) -> ast.Module:
    """The syntax tree of a file of the repository."""
    return ast.parse((ROOT / path).read_bytes())


def imported_names(tree: ast.AST) -> set[str]:
    """Every module, or name in a module, that is imported anywhere in the tree, dotted."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{'.' * node.level}{node.module or ''}.{alias.name}" for alias in node.names}
    return found
