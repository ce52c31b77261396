"""Run a function over many tasks: in this process, on this machine's cores, or on a cluster.

The results do not depend on where they were computed, only the order in which they come does.
A cluster is an existing one of Dask (https://distributed.dask.org), named by its scheduler's
address; its workers need this package, but no folder in common.
"""

import multiprocessing
import signal
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, ProcessPoolExecutor, wait
from contextlib import contextmanager
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import TypeVar

Task = TypeVar("Task")
Result = TypeVar("Result")

CONNECT_S = 10
TASKS_PER_WORKER = 3
"""So many tasks wait for each worker: enough to keep it busy, few enough to keep memory small."""

REPRODUCED_BY = ("autofx", "numpy", "scipy", "torch", "pedalboard", "soxr")
"""Packages on whose versions the bytes of sounds and features may depend."""


class ClusterError(RuntimeError):
    """A cluster that cannot be used; the message names its address and how to fix it."""


def list_versions(packages: Sequence[str] = REPRODUCED_BY) -> dict[str, str]:
    """Name the versions of packages."""
    return {name: version(name) for name in packages}


def run_all(
    function: Callable[[Task], Result],
    tasks: Iterable[Task],
    *,
    workers: int = 1,
    cluster: str | None = None,
    modules: Iterable[Path] = (),
    packages: Sequence[str] = REPRODUCED_BY,
) -> Iterator[Result]:
    """Apply a function to every task; yield the results as they come.

    Parameters
    ----------
    function
        Has one argument; it must be picklable for other processes.
    tasks
        What it is applied to.
    workers
        Processes on this machine; 1 is this process itself.
    cluster
        Address of a Dask scheduler, such as 'tcp://10.0.0.1:8786', instead of `workers`.
    modules
        Python files that the tasks import and a cluster may lack.
    packages
        Whose versions a cluster must share.

    Raises
    ------
    ClusterError
        If the cluster cannot be reached, has no worker, or has other versions.
    """
    if cluster is not None:
        with _connect(cluster, modules, packages) as (executor, n):
            yield from _run_bounded(executor, function, tasks, n)
    elif workers > 1:
        # A fresh process each: forking one whose libraries run threads can hang. Interrupts are the
        # parent's.
        context, ignore = multiprocessing.get_context("spawn"), (signal.SIGINT, signal.SIG_IGN)
        executor = ProcessPoolExecutor(workers, context, signal.signal, ignore)
        try:
            yield from _run_bounded(executor, function, tasks, workers)
        finally:
            executor.shutdown(cancel_futures=True)
    else:
        yield from map(function, tasks)


def _run_bounded(
    executor: Executor,
    function: Callable[[Task], Result],
    tasks: Iterable[Task],
    workers: int,
) -> Iterator[Result]:
    waiting = iter(tasks)
    first = islice(waiting, TASKS_PER_WORKER * workers)
    pending = {executor.submit(function, task) for task in first}
    while pending:
        done, pending = wait(pending, return_when=FIRST_COMPLETED)
        pending |= {executor.submit(function, task) for task in islice(waiting, len(done))}
        yield from (future.result() for future in done)


@contextmanager
def _connect(
    address: str, modules: Iterable[Path], packages: Sequence[str]
) -> Iterator[tuple[Executor, int]]:
    try:
        from distributed import Client  # noqa: PLC0415  (an extra: only clusters need it)
    except ImportError:
        raise ClusterError("a cluster needs Dask: pip install 'autofx[cluster]'") from None
    try:
        client = Client(address, timeout=CONNECT_S)
    except (OSError, ValueError) as error:
        raise ClusterError(f"{address}: no Dask scheduler answers there ({error})") from None
    with client:
        found = client.run(list_versions, packages)
        if not found:
            raise ClusterError(f"{address}: has no workers; start some: dask worker {address}")
        own = list_versions(packages)
        for worker, theirs in found.items():
            for name, number in own.items():
                if theirs[name] != number:
                    raise ClusterError(f"{worker}: has {name} {theirs[name]}, here it is {number}")
        for module in modules:
            client.upload_file(str(module))
        yield client.get_executor(pure=False), len(found)


@contextmanager
def one_thread() -> Iterator[None]:
    """Let torch use one thread: sums over several come out in another order."""
    import torch  # noqa: PLC0415 - slow to import, and only some workers compute with it

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
