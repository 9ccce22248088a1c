"""The database: one declarative base, one engine, its sessions."""

from functools import cached_property
from typing import Any, ClassVar

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import MetaData
from sqlalchemy.orm import DeclarativeBase


class Model(DeclarativeBase):
    """Base of every table; constraints get names that migrations can rely on."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


db = SQLAlchemy(model_class=Model, session_options={"expire_on_commit": False})


class Migrations:
    """What Flask-Migrate finds as an application's extension `migrate`: the database, and where the migrations are.

    `flask db` reads `directory` itself. Flask-Migrate and Alembic are loaded when they are asked for: a tenth of what
    every process would need to start.
    """

    db: ClassVar[SQLAlchemy] = db

    def __init__(self, directory: str) -> None:
        self.directory = directory

    @cached_property
    def migrate(self) -> Any:
        """Flask-Migrate's own object."""
        from flask_migrate import Migrate

        return Migrate(db=db, directory=self.directory)
