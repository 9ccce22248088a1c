import hashlib
import json
import shutil
import subprocess

import pytest

from tests.checks import Failed, check_dashboard
from tests.dashboard_build import RECORD, SOURCES, STATIC, WEB, is_source
from tests.tree import ROOT

SOURCE = {
    "index.html": b"<!doctype html>",
    "package.json": b"{}",
    "package-lock.json": b"{}",
    "tsconfig.json": b"{}",
    "tsconfig.node.json": b"{}",
    "vite.config.ts": b"export default {};",
    "src/main.tsx": b"import './\xc3\xa9t\xc3\xa9.css';\n",
    "src/a/z.ts": b"",
    "src/a-b.ts": b"b",
    "src/\N{LATIN SMALL LETTER E WITH ACUTE}t\N{LATIN SMALL LETTER E WITH ACUTE}.css": b"\0\r\n",
    "public/robots.txt": b"no",
}
OTHERS = {"README.md": b"x", "biome.json": b"{}", "scripts/record.mjs": b"x", "e2e/chart.spec.ts": b"x"}
OTHERS |= {"src/main.test.tsx": b"x", "src/a/z.test.ts": b"x", "src/testing/setup.ts": b"x"}
WAY_OUT = "run make dashboard and commit what it writes"
BUILT = {"index.html": b"built", "assets/main-1.js": b"js", "assets/main-1.js.gz": b"\x1f\x8b"}


def test_a_build_of_the_source_as_it_is_passes(tree):
    assert check_dashboard(tree)


def test_the_files_are_taken_in_code_point_order_whole_names_at_once():
    names = sorted(SOURCE)

    # By parts of the path it would be the other way round.
    assert names.index("src/a-b.ts") < names.index("src/a/z.ts")


@pytest.mark.parametrize("name", sorted(SOURCE))
def test_a_source_that_changed_since_is_told(tree, name):
    (tree / WEB / name).write_bytes(SOURCE[name] + b" ")

    assert problems(tree) == [f"{WEB} is not what {STATIC} was built from", WAY_OUT]


@pytest.mark.parametrize("change", ["new", "gone", "moved"])
def test_a_source_that_came_went_or_moved_is_told(tree, change):
    source = tree / WEB / "src"
    if change == "new":
        (source / "b.ts").write_bytes(b"")
    elif change == "gone":
        (source / "a" / "z.ts").unlink()
    else:
        (source / "a" / "z.ts").rename(source / "z.ts")

    assert problems(tree)[0] == f"{WEB} is not what {STATIC} was built from"


@pytest.mark.parametrize("name", sorted(OTHERS))
def test_what_the_build_does_not_read_may_change(tree, name):
    (tree / WEB / name).write_bytes(b"another")

    assert check_dashboard(tree)


def test_what_git_ignores_is_no_source(tree):
    (tree / ".gitignore").write_text("*.log\nnode_modules/\n")
    for name in ("src/vite.log", "src/node_modules/x.js"):
        write(tree / WEB / name, b"x")

    assert check_dashboard(tree)


def test_every_built_file_that_differs_is_named(tree):
    (tree / STATIC / "index.html").write_bytes(b"by hand")
    (tree / STATIC / "assets" / "main-1.js").unlink()
    write(tree / STATIC / "assets" / "old-0.css", b"left")

    assert problems(tree) == [
        f"{STATIC}/assets/main-1.js is missing",
        f"{STATIC}/assets/old-0.css is not of the build",
        f"{STATIC}/index.html is not as it was built",
        WAY_OUT,
    ]


def test_of_many_files_some_are_named(tree):
    for number in range(14):
        write(tree / STATIC / f"assets/old-{number}.css", b"left")

    assert (len(problems(tree)), problems(tree)[10]) == (12, "and 4 more")


@pytest.mark.parametrize("content", [None, b"", b"[]", b'{"files": {}}', b'{"source_sha256": "a", "files": []}'])
def test_without_a_record_nothing_is_believed(tree, content):
    record = tree / STATIC / RECORD
    record.unlink()
    if content is not None:
        record.write_bytes(content)

    what = "is missing" if content is None else "is no record of a build"
    assert problems(tree) == [f"{STATIC}/{RECORD} {what}", WAY_OUT]


@pytest.mark.skipif(not shutil.which("node"), reason="Node is needed to record a build")
def test_what_a_build_records_is_what_is_compared(tree):
    (tree / ".gitignore").write_text("*.log\nnode_modules/\n")
    for name in ("src/vite.log", "src/node_modules/x.js", "src/testing/more/x.ts"):
        write(tree / WEB / name, b"x")
    for name in ("public/deep/robots.txt", "public/a.test.ts", "src/contest.ts", "src/new testing/x.ts"):
        write(tree / WEB / name, b"x")
    subprocess.run(["git", "add", "--all"], cwd=tree, check=True)
    (tree / WEB / "src" / "a-b.ts").unlink()
    shutil.copy(ROOT / WEB / "scripts" / "record.mjs", tree / WEB / "scripts" / "record.mjs")

    subprocess.run(["node", str(tree / WEB / "scripts" / "record.mjs")], check=True)

    assert check_dashboard(tree)
    (tree / WEB / "public" / "deep" / "robots.txt").write_bytes(b"another")
    assert problems(tree)[0] == f"{WEB} is not what {STATIC} was built from"


NONE = ["src", "vite.config.js", "tsconfig.json.bak", "e2e/index.html", "scripts/src/a.ts", "src/testing/a.tsx"]


@pytest.mark.parametrize("name", [*NONE, "src/a.test.ts", "src/a/b.test.tsx"])
def test_what_only_looks_like_a_source_is_none(name):
    assert not is_source(name)
    assert all(is_source(one.replace("*", ".app")) for one in SOURCES)


def problems(root):
    """The lines with which the check fails."""
    with pytest.raises(Failed) as failed:
        check_dashboard(root)
    return str(failed.value).splitlines()


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


@pytest.fixture
def tree(tmp_path):
    """A repository with a source, what the build does not read, and what it made."""
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    for name, content in (SOURCE | OTHERS).items():
        write(tmp_path / WEB / name, content)
    for name, content in BUILT.items():
        write(tmp_path / STATIC / name, content)
    whole = hashlib.sha256()
    for name in sorted(SOURCE):
        whole.update(name.encode() + b"\0" + str(len(SOURCE[name])).encode() + b"\0" + SOURCE[name])
    files = {name: hashlib.sha256(content).hexdigest() for name, content in BUILT.items()}
    (tmp_path / STATIC / RECORD).write_text(json.dumps({"source_sha256": whole.hexdigest(), "files": files}))
    return tmp_path
