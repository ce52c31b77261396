"""Ratings in PostgreSQL read as they do in SQLite."""

import os
import tempfile

import pytest
import sqlalchemy as sa
from support.postgres import run_postgres
from support.simulated_ratings import simulate_ratings, store

from analysis.analyse import analyse
from analysis.ratings.readers import read_database
from analysis.ratings.table import RatingsError


@pytest.fixture
def postgres_url():
    """Run a server on a socket in a temporary folder, with the view as the listening test's."""
    if os.environ.get("AUTOFX_SKIP_POSTGRES") == "1":
        pytest.skip("AUTOFX_SKIP_POSTGRES=1")
    with tempfile.TemporaryDirectory(prefix="autofx-") as folder, run_postgres(folder) as url:
        engine = sa.create_engine(url)
        with engine.begin() as connection:
            simulate_ratings().to_sql("stored", connection, index=False)
            connection.execute(sa.text("CREATE VIEW ratings_long AS SELECT * FROM stored"))
        engine.dispose()
        yield url


@pytest.mark.postgres
def test_postgresql_and_sqlite_give_the_same_answer(postgres_url, tmp_path):
    sqlite = analyse(read_database(store(simulate_ratings(), tmp_path / "r.sqlite3")))
    postgres = analyse(read_database(postgres_url))
    assert postgres.primary.crossed == sqlite.primary.crossed
    assert postgres.descriptions == sqlite.descriptions
    assert postgres.screening.excluded("both") == sqlite.screening.excluded("both")
    with pytest.raises(RatingsError, match="no study 'other'; there are: demo"):
        read_database(postgres_url, study="other")
