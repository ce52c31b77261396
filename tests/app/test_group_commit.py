"""Group commit keeps every writer's work apart, and answers nobody before the disk has it."""

import threading
from contextlib import contextmanager, nullcontext

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, OperationalError

from webmushra_app.db import Database
from webmushra_app.group_commit import GroupCommit

INSERT = text("INSERT INTO t VALUES (:n)")


@pytest.fixture
def database(fast_folder):
    database = Database(f"sqlite:///{fast_folder}/t.db")
    with database.begin() as connection:
        connection.execute(text("CREATE TABLE t (n INTEGER PRIMARY KEY CHECK (n >= 0))"))
    yield database
    database.engine.dispose()


def numbers(database):
    with database.connect() as connection:
        return connection.execute(text("SELECT n FROM t ORDER BY n")).scalars().all()


def store_together(group, works):
    """Let works arrive while a first one holds the turn, so that they make one group."""
    outcomes = [None] * len(works)
    first_is_in, all_wait = threading.Event(), threading.Event()

    def hold(_connection):
        first_is_in.set()
        assert all_wait.wait(timeout=30)

    def store(n):
        try:
            outcomes[n] = group.store(works[n])
        except Exception as error:
            outcomes[n] = error

    threads = [threading.Thread(target=group.store, args=(hold,))]
    threads[0].start()
    assert first_is_in.wait(timeout=30)
    threads += [threading.Thread(target=store, args=(n,)) for n in range(len(works))]
    for thread in threads[1:]:
        thread.start()
    while len(group._waiting) < len(works):
        pass
    all_wait.set()
    for thread in threads:
        thread.join()
    return outcomes


def test_a_group_shares_one_transaction(database):
    transactions = []

    @contextmanager
    def begin():
        transactions.append(1)
        with database.begin() as connection:
            yield connection

    group = GroupCommit(begin, database._turns.taken)
    works = [lambda c, n=n: c.execute(INSERT, {"n": n}).rowcount for n in range(5)]
    assert store_together(group, works) == [1] * 5
    assert numbers(database) == [0, 1, 2, 3, 4]
    assert len(transactions) == 2  # the one that held the turn, and the group's


def test_one_writers_fault_is_not_anothers(database):
    works = [lambda c, n=n: c.execute(INSERT, {"n": n}).rowcount for n in (1, -1, 2)]
    outcomes = store_together(database._group, works)
    assert [outcomes[0], outcomes[2]] == [1, 1]
    assert isinstance(outcomes[1], IntegrityError)
    assert numbers(database) == [1, 2]


def test_a_full_disk_is_everybodys_fault(database):
    def full(_connection):
        raise OperationalError("", {}, Exception("database or disk is full"))

    works = [full, lambda c: c.execute(INSERT, {"n": 1}).rowcount]
    outcomes = store_together(database._group, works)
    assert all(isinstance(outcome, OperationalError) for outcome in outcomes)
    assert numbers(database) == []


def test_nothing_is_answered_before_the_commit(database):
    @contextmanager
    def begin_and_fail():
        with database.begin() as connection:
            yield connection
            raise OperationalError("", {}, Exception("power cut at commit"))

    group = GroupCommit(begin_and_fail, nullcontext)
    with pytest.raises(OperationalError, match="power cut"):
        group.store(lambda c: c.execute(INSERT, {"n": 1}).rowcount)
    assert numbers(database) == []


def test_who_was_told_to_try_again_is_not_stored_later(database):
    queues = [TimeoutError("the writers before took too long")]

    @contextmanager
    def turn():
        if queues:
            raise queues.pop()
        yield

    group = GroupCommit(database.begin, turn)
    with pytest.raises(TimeoutError):
        group.store(lambda c: c.execute(INSERT, {"n": 1}).rowcount)
    group.store(lambda c: c.execute(INSERT, {"n": 2}).rowcount)
    assert numbers(database) == [2]
