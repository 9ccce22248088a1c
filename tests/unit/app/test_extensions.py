from app.extensions import Migrations
from app.factory import create_app
from app.settings import load_settings
from tests.fakes import RecordingDispatch


def test_new_migrations_are_begun_where_the_application_has_them(tmp_path):
    app = create_app(load_settings(_env_file=None, state_dir=tmp_path), RecordingDispatch())
    app.extensions["migrate"] = Migrations(str(tmp_path / "made"))

    result = app.test_cli_runner().invoke(args=["db", "init"])

    assert result.exit_code == 0, result.output
    assert (tmp_path / "made" / "env.py").is_file()
