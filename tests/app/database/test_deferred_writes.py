"""What nobody waits for is stored all the same: together, once, and later if it can't be now."""

import sqlite3
import threading
from contextlib import closing

import pytest
from sqlalchemy.exc import OperationalError
from support.deployment import GunicornAlone
from support.http_listener import Listener
from support.running import Client

from webmushra_app.database.deferred_writes import DeferredWrites


@pytest.fixture
def stored():
    return []


def test_what_comes_while_the_disk_is_busy_is_stored_in_one_go_and_in_order(stored):
    begun, ready = threading.Event(), threading.Event()

    def store(rows):
        begun.set()
        ready.wait(30)
        stored.append([row["at"] for row in rows])

    writes = DeferredWrites(store)
    writes.add(1, {"at": 1})
    begun.wait(30)
    for key in (7, 3, 5):
        writes.add(key, {"at": key})
    assert stored == []  # and yet nobody waits
    ready.set()
    writes.wait()
    assert stored == [[1], [3, 5, 7]]


def test_the_first_row_of_a_key_stands(stored):
    gate = threading.Event()

    def store(rows):
        gate.wait(30)
        stored.extend(row["at"] for row in rows)

    writes = DeferredWrites(store)
    for at in ("begins", "first", "second"):
        writes.add(0 if at == "begins" else 1, {"at": at})
    gate.set()
    writes.wait()
    assert sorted(stored) == ["begins", "first"]


def test_what_a_locked_database_refused_comes_again_with_the_next(stored, caplog):
    refuses = [True]

    def store(rows):
        if refuses.pop():
            raise OperationalError("UPDATE", {}, Exception("database is locked"))
        stored.extend(row["at"] for row in rows)

    writes = DeferredWrites(store)
    writes.add(1, {"at": 1})
    writes.wait()
    assert stored == []
    assert "1 notes were not stored yet: OperationalError" in caplog.text
    refuses.append(False)
    writes.add(2, {"at": 2})
    writes.wait()
    assert stored == [1, 2]


@pytest.mark.slow
def test_a_server_that_is_stopped_stores_its_notes_first(stimulus_set, tmp_path):
    with GunicornAlone(tmp_path, stimulus_set) as server:
        listener = Listener(Client(f"http://127.0.0.1:{server.port}"))
        listener.begin()
        stimuli = listener.trial(listener.state()["next_trial"])["stimuli"]
        for stimulus in stimuli:
            assert listener.client.get(stimulus["url"]).status_code == 200
    with closing(sqlite3.connect(tmp_path / "ratings.sqlite3")) as database:
        query = "SELECT public_id FROM presentations WHERE fetched_at IS NOT NULL"
        noted = {public_id for (public_id,) in database.execute(query)}
    assert noted == {stimulus["id"] for stimulus in stimuli}
