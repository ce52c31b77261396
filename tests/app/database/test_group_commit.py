"""Group commit keeps every writer's work apart, and answers nobody before the disk has it."""

import threading
from contextlib import contextmanager, nullcontext

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import IntegrityError, OperationalError

from webmushra_app.database.connection import Database
from webmushra_app.database.group_commit import GroupCommit

INSERT = text("INSERT INTO t VALUES (:n)")
LAST = text("SELECT coalesce(max(n), 0) FROM t")


def insert(*numbers):
    """Make a piece of work that writes numbers; its outcome is the first."""
    return lambda _connection: (numbers[0], [(INSERT, [{"n": n} for n in numbers])])


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


def store_together(group, works, *, about="one thing each {n}"):
    """Let works arrive while a first one holds the turn, so that they make one group."""
    outcomes = [None] * len(works)
    first_is_in, all_wait = threading.Event(), threading.Event()

    def hold(_connection):
        first_is_in.set()
        assert all_wait.wait(timeout=30)
        return None, ()

    def store(n):
        try:
            outcomes[n] = group.store(works[n], about=about.format(n=n))
        except Exception as error:
            outcomes[n] = error

    threads = [threading.Thread(target=group.store, args=(hold,), kwargs={"about": "it"})]
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


@pytest.fixture
def transactions(database):
    """List the statements that writers executed on the database, each with its rows."""
    executed = []

    @event.listens_for(database.engine, "before_cursor_execute")
    def note(_connection, _cursor, statement, rows, _context, _executemany):
        executed.append((statement.split()[0], rows))

    return executed


def test_a_group_shares_one_transaction_and_each_statement(database, transactions):
    outcomes = store_together(database._group, [insert(n, n + 10) for n in range(5)])
    assert outcomes == [0, 1, 2, 3, 4]
    assert numbers(database) == [0, 1, 2, 3, 4, 10, 11, 12, 13, 14]
    begun = [statement for statement, _ in transactions if statement == "BEGIN"]
    assert len(begun) == 2  # the one that held the turn, and the group's
    inserted = [rows for statement, rows in transactions if statement == "INSERT"]
    assert [len(rows) for rows in inserted] == [10]


def test_who_refuses_disturbs_nobody(database, transactions):
    def refuse(_connection):
        raise PermissionError("no such session")

    outcomes = store_together(database._group, [insert(1), refuse, insert(2)])
    assert [outcomes[0], outcomes[2]] == [1, 2]
    assert isinstance(outcomes[1], PermissionError)
    assert numbers(database) == [1, 2]
    assert [statement for statement, _ in transactions].count("BEGIN") == 2


def test_one_writers_fault_is_not_anothers(database):
    outcomes = store_together(database._group, [insert(1), insert(-1), insert(2)])
    assert [outcomes[0], outcomes[2]] == [1, 2]
    assert isinstance(outcomes[1], IntegrityError)
    assert numbers(database) == [1, 2]


def test_work_about_the_same_sees_what_came_before_it_in_the_group(database, transactions):
    def count_on(connection):
        last = connection.scalar(LAST)
        return last, [(INSERT, [{"n": last + 1}])]

    assert store_together(database._group, [count_on] * 4, about="the count") == [0, 1, 2, 3]
    assert numbers(database) == [1, 2, 3, 4]
    assert [statement for statement, _ in transactions].count("BEGIN") == 2


def test_a_full_disk_is_everybodys_fault(database):
    def full(_connection):
        raise OperationalError("", {}, Exception("database or disk is full"))

    outcomes = store_together(database._group, [full, insert(1)])
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
        group.store(insert(1), about="it")
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
        group.store(insert(1), about="it")
    group.store(insert(2), about="it")
    assert numbers(database) == [2]
