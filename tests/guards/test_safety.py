import re

from tests.tree import ROOT, python_files

# Statements that are put together from the names of our own columns, which no bound value can be.
OWN_COLUMNS = {
    "app/ticks/store.py": 3, "app/ledger/batches.py": 1,
    # Names of tables and columns, as PostgreSQL quotes them.
    "app/backups/tables.py": 4, "app/backups/restoring.py": 1, "app/backups/target.py": 2,
    "app/operations/migrating.py": 1,
}  # fmt: skip


def test_no_statement_of_sql_is_put_together_from_text_but_for_our_own_columns():
    found = {
        str(path): count
        for folder in ("app", "workers", "migrations")
        for path in python_files(folder)
        if (count := len(re.findall(r"noqa: S608", (ROOT / path).read_text())))
    }

    assert found == OWN_COLUMNS


def test_the_linter_looks_for_such_statements_and_for_what_else_is_unsafe():
    chosen = re.search(r"select = \[(.*?)\]", (ROOT / "pyproject.toml").read_text(), re.DOTALL)

    assert chosen and '"S"' in chosen[1]


def test_nothing_that_starts_the_web_server_chooses_another_worker():
    for name in ("Dockerfile", "docker-compose.yml", "app/local/stack.py", "tests/functional/web_server.py"):
        assert not re.search(r"worker-class|\"-k\"|gthread", (ROOT / name).read_text()), name
    assert 'worker_class = "app.edge.worker.GatheringWorker"' in (ROOT / "gunicorn.conf.py").read_text()
