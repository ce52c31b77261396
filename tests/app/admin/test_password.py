"""The password is set by a command, kept as a hash, and read when the server starts."""

import stat

from click.testing import CliRunner
from support.experimenter import PASSWORD, Experimenter

from webmushra_app import create_app
from webmushra_app.__main__ import main
from webmushra_app.config import PASSWORD_FILE, home_config, production_config


def run(*arguments, **options):
    return CliRunner().invoke(main, ["admin-password", *arguments], **options)


def test_the_password_set_by_the_command_opens_the_next_server(tmp_path, monkeypatch, make_set):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("AUTOFX_ADMIN_PASSWORD_HASH", raising=False)
    result = run(input=f"{PASSWORD}\n{PASSWORD}\n")
    assert result.exit_code == 0, result.output
    assert PASSWORD not in result.output
    assert PASSWORD not in PASSWORD_FILE.read_text()
    assert stat.S_IMODE(PASSWORD_FILE.stat().st_mode) == 0o600
    app = create_app(home_config(database_url=f"sqlite:///{tmp_path}/r.db", study=make_set()))
    assert Experimenter(app.test_client()).log_in().status_code == 303
    assert Experimenter(app.test_client()).log_in("another").status_code == 401
    app.extensions["webmushra"].database.engine.dispose()


def test_the_printed_line_is_what_production_reads(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    line = run("--print", "--password", PASSWORD).output.strip()
    name, _, value = line.partition("=")
    environment = {name: value.strip("'"), "AUTOFX_SECRET_KEY": "abcdefghijklmnopqrstuvwxyz012345"}
    assert production_config(environment).admin_password_hash.startswith("scrypt:")
    assert not PASSWORD_FILE.exists()


def test_a_weak_password_is_refused_in_one_line(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    result = run("--password", "guitar")
    assert result.exit_code != 0
    assert "at least 10 characters" in result.output
    assert not PASSWORD_FILE.exists()
