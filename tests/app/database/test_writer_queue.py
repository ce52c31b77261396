"""Writers of several threads and processes are let in one at a time, whoever ends how."""

import multiprocessing
import threading

import pytest

from webmushra_app.database.writer_queue import Turns


def hold_and_die(database, holding):
    """Take the turn in another process and end without giving it back."""
    turns = Turns(database, timeout_s=1)
    turns.taken().__enter__()
    holding.set()
    threading.Event().wait()


def test_one_thread_at_a_time_is_in(tmp_path):
    turns = Turns(str(tmp_path / "r.db"), timeout_s=30)
    inside, most = [], []

    def visit():
        for _ in range(200):
            with turns.taken():
                inside.append(1)
                most.append(len(inside))
                inside.pop()

    threads = [threading.Thread(target=visit) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(most) == 1
    assert len(most) == 800


def test_a_killed_process_gives_its_turn_back(tmp_path):
    context = multiprocessing.get_context("spawn")
    holding = context.Event()
    database = str(tmp_path / "r.db")
    process = context.Process(target=hold_and_die, args=(database, holding))
    process.start()
    assert holding.wait(timeout=60)
    process.kill()
    process.join()
    with Turns(database, timeout_s=30).taken():
        pass


def test_waiting_for_a_thread_that_never_ends_gives_up(tmp_path):
    turns = Turns(str(tmp_path / "r.db"), timeout_s=0.05)
    with turns.taken(), pytest.raises(TimeoutError), turns.taken():
        pass


def test_a_file_that_cannot_be_made_is_no_obstacle():
    with Turns("/proc/none/r.db", timeout_s=1).taken():
        pass
