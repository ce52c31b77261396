"""The app on a small stimulus set and on each kind of database."""

import os
import secrets
import tempfile
from datetime import datetime, timedelta

import psycopg
import pytest
from support.experimenter import Experimenter
from support.http_listener import Listener, write_stimulus_set
from support.postgres import run_postgres

from webmushra_app import create_app, timestamps
from webmushra_app.config import Config

MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


@pytest.fixture
def make_set(tmp_path):
    """Write stimulus sets, each of other sounds."""
    return lambda **changes: write_stimulus_set(tmp_path / secrets.token_hex(4), **changes)


@pytest.fixture
def stimulus_set(make_set):
    return make_set()


@pytest.fixture(scope="session")
def postgres_server():
    """Run a PostgreSQL server of our own on a socket in a temporary folder; gives its URL."""
    if os.environ.get("AUTOFX_SKIP_POSTGRES") == "1":
        pytest.skip("AUTOFX_SKIP_POSTGRES=1")
    with (
        tempfile.TemporaryDirectory(prefix="autofx-", dir=MEMORY) as folder,
        run_postgres(folder) as url,
    ):
        yield url


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database_url(request, fast_folder):
    """Name a database that doesn't hold anything yet, of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{fast_folder}/ratings.sqlite3"
    url = request.getfixturevalue("postgres_server")
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
    return url


@pytest.fixture
def fast_folder():
    """Make a folder in memory where there is one: waiting for a disk tests nothing."""
    with tempfile.TemporaryDirectory(prefix="autofx-", dir=MEMORY) as folder:
        yield folder


@pytest.fixture
def make_app(database_url):
    """Make the app on a stimulus set."""
    made = []

    def make(study, **settings):
        app = create_app(Config(database_url, study, secret_key=secrets.token_hex(20), **settings))
        made.append(app)
        return app

    yield make
    for app in made:
        services = app.extensions["webmushra"]
        services.fetched.wait()  # its thread has a connection of its own
        services.database.engine.dispose()


@pytest.fixture
def app(make_app, stimulus_set):
    return make_app(stimulus_set)


@pytest.fixture
def database(app):
    return app.extensions["webmushra"].database


@pytest.fixture
def listener(app):
    return Listener(app.test_client())


@pytest.fixture
def another_listener(app):
    return Listener(app.test_client())


@pytest.fixture
def experimenter(app):
    """Log in to an app whose password is the one that HASH is of."""
    experimenter = Experimenter(app.test_client())
    experimenter.log_in()
    return experimenter


@pytest.fixture
def make_listener():
    """Make listeners who differ in what they wish."""
    return lambda app, **wish: Listener(app.test_client(), **wish)


class Clock:
    """The server's clock: ``set`` moves it off the real one, whose moments all rows get."""

    def __init__(self):
        self.off_by = timedelta()

    def set(self, **off_by):
        self.off_by = timedelta(**off_by)


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()

    class Shifted(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.now(tz) + clock.off_by

    monkeypatch.setattr(timestamps, "datetime", Shifted)
    return clock
