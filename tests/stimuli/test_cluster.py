"""A real Dask cluster of two workers gives the same bytes as this process."""

import subprocess
import sys

import pytest
from distributed import Client
from support.small_studies import hashes, invoke, render_text

from autofx_core import parallel as workers
from autofx_core.datasets.make import make_dataset
from autofx_core.parallel import ClusterError
from autofx_core.sources.clean import builtin_notes
from stimuli_gen.manifest import file_sha256

pytestmark = pytest.mark.slow

STUDY = """
name = "cluster"
title = "On a cluster"
seed = 4
families = ["delay"]
conditions = ["reference", "random", { id = "mine", function = "cluster_estimator:estimate" }]
items = { in_domain = 2, out_of_domain = 1 }
"""
PLAIN = STUDY.replace(', { id = "mine", function = "cluster_estimator:estimate" }', "")
ESTIMATOR = """
def estimate(request):
    return {"delay_seconds": 0.25, "feedback": 0.3, "mix": 0.5}
"""
STARTUP_S = 60


def start(program, *arguments):
    words = [sys.executable, "-m", f"distributed.cli.dask_{program}", *map(str, arguments)]
    return subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """Start a scheduler and two workers as an operator would; yield the scheduler's address."""
    spec = tmp_path_factory.mktemp("cluster") / "scheduler.json"
    here = ["--host", "127.0.0.1", "--no-dashboard", "--scheduler-file", spec]
    processes = [start("scheduler", "--port", "0", *here)]
    try:
        for _ in range(2):
            processes.append(start("worker", "--nthreads", "1", "--no-nanny", *here))
        with Client(scheduler_file=str(spec), timeout=STARTUP_S) as client:
            client.wait_for_workers(2, timeout=STARTUP_S)
            yield client.scheduler.address
    finally:
        for process in reversed(processes):
            process.kill()
            process.wait(10)


def test_cluster_gives_the_bytes_that_one_process_gives(cluster, tmp_path):
    for name in ("here", "there"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "cluster_estimator.py").write_text(ESTIMATOR)
    here = render_text(STUDY, tmp_path / "here")
    there = tmp_path / "there"
    (there / "study.toml").write_text(STUDY)
    result = invoke(
        "render", there / "study.toml", "-o", there / "set", "--cluster", cluster, "--reproducible"
    )
    assert result.exit_code == 0, result.output
    assert hashes(there / "set") == hashes(here)


def test_data_set_made_on_a_cluster_has_the_bytes_of_one_made_here(cluster, tmp_path):
    for name, place in (("here", None), ("there", cluster)):
        make_dataset(builtin_notes(), tmp_path / name, per_pedal=1, seed=3, cluster=place)
    here, there = (
        {path.name: file_sha256(path) for path in (tmp_path / name).iterdir()}
        for name in ("here", "there")
    )
    assert there == here


def test_scheduler_that_does_not_answer_is_refused_by_address(tmp_path, monkeypatch):
    monkeypatch.setattr(workers, "CONNECT_S", 0.5)
    with pytest.raises(ClusterError, match=r"tcp://127\.0\.0\.1:1: no Dask scheduler answers"):
        render_text(PLAIN, tmp_path, cluster="tcp://127.0.0.1:1")


def test_workers_with_other_versions_are_refused_by_name(cluster, tmp_path, monkeypatch):
    monkeypatch.setattr(workers, "version", lambda name: "0.0")
    with pytest.raises(ClusterError, match=r"has autofx .*, here it is 0\.0"):
        render_text(PLAIN, tmp_path, cluster=cluster)
