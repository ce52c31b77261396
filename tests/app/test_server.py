"""The commands as a person types them: the real server, killed, restarted, simulated on."""

import csv
import signal
import socket
import statistics

import pytest
from support.http_listener import Listener
from support.running import Client, Server, run


def read(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_ctrl_c_ends_the_server_with_status_0(tmp_path, stimulus_set):
    with Server(tmp_path, database_url=f"sqlite:///{tmp_path}/r.db", study=stimulus_set) as server:
        assert Client(server.url).get("/healthz").json == {"status": "ok"}
        server.process.send_signal(signal.SIGINT)
        assert server.process.wait(timeout=30) == 0


def test_a_finished_trial_survives_sigkill(tmp_path, database_url, stimulus_set):
    with Server(tmp_path, database_url=database_url, study=stimulus_set) as server:
        listener = Listener(Client(server.url))
        listener.begin()
        listener.do_steps()
        trial = listener.state()["next_trial"]
        body = listener.result(trial, score=33)
        assert listener.put(f"trials/{trial}", body).status_code == 200
        server.kill()
    with Server(tmp_path, database_url=database_url) as server:
        listener.client = Client(server.url)
        again = listener.put(f"trials/{trial}", body)
        assert (again.status_code, again.json["changed"]) == (200, False)
        stored = listener.trial(trial)["result"]["ratings"]
        assert sorted(rating["score"] for rating in stored) == [33, 34, 35, 36]


def test_simulated_listeners_take_the_test_and_are_marked_everywhere(tmp_path, stimulus_set):
    database_url = f"sqlite:///{tmp_path}/r.db"
    with Server(tmp_path, database_url=database_url, study=stimulus_set) as server:
        simulated = run(
            *("simulate", "--url", server.url, "--study", stimulus_set, "--listeners", 5),
            folder=tmp_path,
        )
        assert simulated.returncode == 0, simulated.stderr
        exported = run("export", "--database", database_url, "-o", "out", folder=tmp_path)
        assert exported.returncode == 0, exported.stderr
    ratings = read(tmp_path / "out" / "ratings.csv")
    participants = read(tmp_path / "out" / "participants.csv")
    assert len(ratings) == 5 * 7 * 4
    assert {row["simulated"] for row in ratings + participants} == {"1"}
    assert all(row["completion_code"] for row in participants)

    def mean(condition):
        return statistics.mean(float(r["score"]) for r in ratings if r["condition"] == condition)

    assert mean("reference") > mean("mlp_163nc") > mean("random")


def test_simulated_listeners_refuse_a_test_of_other_sounds(tmp_path, stimulus_set, make_set):
    with Server(tmp_path, database_url=f"sqlite:///{tmp_path}/r.db", study=stimulus_set) as server:
        result = run("simulate", "--url", server.url, "--study", make_set(), folder=tmp_path)
    assert result.returncode == 1
    assert "plays a sound that is not in the manifest" in result.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--study", "nowhere"], "nowhere/manifest.json: no such file"),
        ([], "holds no study yet; give a stimulus set with --study SET/"),
        (["--database", "sqlite:////proc/none/r.db"], "choose another with --database"),
        (["--database", "sqlite:///text.db"], "file is not a database"),
        (["--database", "ratings"], "'ratings' is not a database URL"),
        (["--host", "192.0.2.1"], "192.0.2.1 is open to other machines"),
        (["--host", "192.0.2.1", "--public"], "cannot listen on 192.0.2.1"),
        (["export", "-o", "out"], "ratings.sqlite3: no such file"),
        (["simulate", "--study", "nowhere"], "nowhere/manifest.json: no such file"),
    ],
)
def test_what_a_user_can_mend_is_said_in_one_line(tmp_path, arguments, message):
    (tmp_path / "text.db").write_text("This is a text. " * 100)
    if "--host" not in arguments and arguments[:1] not in (["export"], ["simulate"]):
        arguments = [*arguments, "--port", "0"]
    result = run(*arguments, folder=tmp_path)
    assert result.returncode == 1
    assert result.stderr.count("\n") == 1
    assert result.stderr.startswith("Error: ")
    assert message in result.stderr


def test_a_port_in_use_is_said_in_one_line(tmp_path, stimulus_set):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = run("--study", stimulus_set, "--port", port, folder=tmp_path)
    assert result.returncode == 1
    assert result.stderr == (
        f"Error: cannot listen on 127.0.0.1:{port}: Address already in use; "
        "choose another with --port\n"
    )


@pytest.mark.parametrize("command", [[], ["export"], ["simulate"]])
def test_help_ends_in_an_example(tmp_path, command):
    result = run(*command, "--help", folder=tmp_path)
    assert result.returncode == 0
    assert "Example: python -m webmushra_app" in result.stdout.strip().split("\n\n")[-1]


def test_the_server_never_loads_what_is_heavy(tmp_path, stimulus_set):
    code = (
        "import sys, webmushra_app, webmushra_app.__main__;"
        "print(sorted({m.split('.')[0] for m in sys.modules}"
        " & {'torch', 'numpy', 'scipy', 'pandas', 'pedalboard', 'alembic'}))"
    )
    import subprocess
    import sys

    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout == "[]\n"
