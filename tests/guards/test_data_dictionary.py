import inspect
import re

import pytest
from sqlalchemy.dialects import postgresql

from app.api.answers import QuoteAnswer
from app.bus import keys
from app.export.merging import ROWS_BEFORE
from app.factory import create_app
from app.lake.schemas import BAR_FILE, TICK_FILE
from app.lake.seals import MERGED_FROM, SEAL
from app.models import TABLES
from app.quotes import REQUIRED_FIELDS, Quote
from app.settings import Settings
from tests.documentation import document, section_of, sections, table
from tests.fakes import RecordingDispatch

TEXT = document("data-dictionary.md")
SECTIONS = sections(TEXT)
SHORT = (("timestamp with time zone", "timestamptz"), (" precision", ""))
# Not keys: which database of the server, which name a reader has, and how published counts are looked for.
NO_KEYS = {"worker_consumer", "published_pattern"}
# Marks of works that were asked for have one row.
ASKED = {"close_asked", "stage_asked", "job_asked"}


@pytest.mark.parametrize("model", TABLES, ids=lambda model: model.__tablename__)
def test_every_column_of_a_table_is_told_with_its_type(model):
    told = [row[:2] for row in table(SECTIONS[model.__tablename__], "| column |")]

    assert told == [
        [f"`{column.name}`", told_type(column) + ("?" if column.nullable else "")] for column in model.__table__.columns
    ]


def test_no_table_is_told_that_there_is_not():
    told = re.findall(r"^### (\w+)$", section_of(TEXT, "Tables"), re.MULTILINE)

    assert told == sorted(model.__tablename__ for model in TABLES)


@pytest.mark.parametrize("row", [line for line in TEXT.splitlines() if line.startswith("| `")])
def test_every_row_says_what_is_meant(row):
    assert all(cell.strip() for cell in row.strip("|").split(" | "))


def test_the_fields_of_the_quote_are_told_in_their_order():
    told = [row[:2] for row in table(SECTIONS["the-quote"], "| field | wire |")]

    assert [name.strip("`") for name, _ in told] == list(Quote._fields)
    assert {name.strip("`") for name, kind in told if not kind.endswith("?")} == set(REQUIRED_FIELDS)


def test_what_the_api_adds_to_a_quote_is_told():
    told = {row[0].strip("`") for row in table(SECTIONS["the-quote"], "| field | unit |")}

    assert told == set(QuoteAnswer.model_fields) - set(Quote._fields)


@pytest.mark.parametrize(("beginning", "schema"), [("`ticks/date=", TICK_FILE), ("`bars/date=", BAR_FILE)])
def test_the_columns_of_a_file_are_told_with_their_types(beginning, schema):
    told = table(SECTIONS["files-of-the-lake"].partition(f"\n{beginning}")[2], "| column |")

    assert [row[:2] for row in told] == [[f"`{field.name}`", arrow_type(field)] for field in schema.columns]
    assert ", ".join(f"`{name}`" for name in schema.sorted_by) in SECTIONS["files-of-the-lake"]


def test_the_labels_of_files_are_told():
    told = {row[0].strip("`") for row in table(SECTIONS["files-of-the-lake"], "| label |")}
    always = {"kind", "session_date", "symbol", "rows", "sorted_by", "exported_at", "schema_version"}

    assert told == {f"thor.{name}" for name in (*always, MERGED_FROM, ROWS_BEFORE, SEAL)}


def test_every_key_in_redis_is_told():
    told = {row[0].strip("`") for row in table(SECTIONS["keys-in-redis"], "| key |")}

    assert told == set(known_keys())
    for name in ASKED:
        inner = key_of(getattr(keys, name)).removeprefix("control:").removesuffix(":asked")
        assert f"`{inner}`" in SECTIONS["keys-in-redis"]


def test_every_address_of_the_api_is_told_with_its_methods(tmp_path):
    application = create_app(Settings(_env_file=None, state_dir=tmp_path), RecordingDispatch())
    known = {}
    for rule in application.url_map.iter_rules():
        if rule.rule.startswith("/api/"):
            address = re.sub(r"<\w+:", "<", rule.rule)
            known[address] = known.get(address, set()) | rule.methods - {"HEAD", "OPTIONS"}

    told = {row[0].strip("`"): set(row[1].split(", ")) for row in table(SECTIONS["names-in-the-api"], "| address |")}
    assert told == known


def test_the_tables_that_the_api_is_told_to_come_from_exist():
    named = set(re.findall(r"`(\w+)`", " ".join(row[3] for row in table(SECTIONS["names-in-the-api"], "| address |"))))

    assert named <= {model.__tablename__ for model in TABLES}


def told_type(column):
    told = column.type.compile(postgresql.dialect()).lower()
    for long, short in SHORT:
        told = told.replace(long, short)
    return told


def arrow_type(field):
    told = re.sub(r"dictionary<.*>", "dictionary of string", str(field.type)).replace("[day]", "")
    return told + ("?" if field.nullable else "")


def known_keys():
    for name, value in vars(keys).items():
        if inspect.isfunction(value) and name not in NO_KEYS | ASKED:
            yield key_of(value)
        elif isinstance(value, str) and name.isupper():
            yield value


def key_of(function):
    class Day:
        def isoformat(self):
            return "<day>"

    names = inspect.signature(function).parameters
    return function(*(Day() if name == "day" else f"<{name}>" for name in names))
