"""Writers of several threads and processes are let in one at a time, whoever ends how."""

import multiprocessing
import threading
from pathlib import Path

import pytest

from webmushra_app.database.writer_queue import WriterQueue

SPAWN = multiprocessing.get_context("spawn")


def enter(database, entered):
    """Enter the queue in another process and stay until it is killed."""
    with WriterQueue(database, timeout_s=1).acquired():
        entered.set()
        threading.Event().wait()


@pytest.fixture
def start_writer(tmp_path):
    """Start other processes that enter the queue; they end with the test."""
    started = []

    def start():
        entered = SPAWN.Event()
        process = SPAWN.Process(target=enter, args=(str(tmp_path / "r.db"), entered))
        process.start()
        started.append(process)
        return process, entered

    yield start
    for process in started:
        process.kill()
        process.join()


@pytest.fixture
def queue(tmp_path):
    return WriterQueue(str(tmp_path / "r.db"), timeout_s=30)


def waits_for_a_lock(process):
    """Whether the kernel lists a process among those that wait for a file's lock."""
    locks = Path("/proc/locks").read_text(encoding="ascii").splitlines()
    return any("-> FLOCK" in lock and f" {process.pid} " in lock for lock in locks)


def test_one_thread_at_a_time_is_in(queue):
    inside, most = [], []

    def visit():
        for _ in range(200):
            with queue.acquired():
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


def test_another_process_waits_until_this_one_has_written(queue, start_writer):
    with queue.acquired():
        process, entered = start_writer()
        while not waits_for_a_lock(process):
            assert not entered.is_set(), "two processes are in at once"
            assert process.is_alive()
    assert entered.wait(timeout=60)


def test_a_killed_process_lets_the_next_one_in(queue, start_writer):
    process, entered = start_writer()
    assert entered.wait(timeout=60)
    process.kill()
    process.join()
    with queue.acquired():
        pass


def test_waiting_for_a_thread_that_never_ends_gives_up(tmp_path):
    queue = WriterQueue(str(tmp_path / "r.db"), timeout_s=0.05)
    with queue.acquired(), pytest.raises(TimeoutError), queue.acquired():
        pass


def test_a_file_that_cannot_be_made_is_no_obstacle():
    with WriterQueue("/proc/none/r.db", timeout_s=1).acquired():
        pass
