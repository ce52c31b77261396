"""The curious listener: nothing that reaches the browser tells what a stimulus is."""

import json

import pytest
from support.http_listener import CONDITIONS

from stimuli_gen.manifest import read_manifest

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""What the browser is told doesn't depend on the database."""


@pytest.fixture
def manifest(stimulus_set):
    return read_manifest(stimulus_set)


@pytest.fixture
def answers(listener):
    """Every answer of a whole session, sounds left out: address, headers, body."""
    listener.begin()
    listener.do_steps()
    pages = ["", "/examples", *(f"/trials/{t['id']}" for t in listener.state()["trials"])]
    seen = [listener.client.get(listener.address + page) for page in pages]
    listener.rate_all()
    seen += [listener.client.get(listener.address + page) for page in pages]
    return [*seen, listener.client.get("/api/v1/study"), listener.finish()]


def sounds(listener, trial):
    return [trial["reference"], *trial["stimuli"]]


def test_condition_names_kinds_and_files_never_reach_the_browser(answers, manifest):
    secrets = {stimulus.file for item in manifest.items for stimulus in item.stimuli}
    secrets |= {stimulus.sha256 for item in manifest.items for stimulus in item.stimuli}
    secrets |= {f'"{item.id}"' for item in manifest.items}
    secrets |= {name for name in CONDITIONS if name not in ("reference", "clean")}
    secrets |= {"estimated", "anchor", "modulation", "distortion"}
    for response in answers:
        shown = json.dumps(response.json) + str(response.headers)
        assert not [secret for secret in secrets if secret in shown], response.request.path


def test_sounds_have_the_same_headers_whatever_they_are(listener):
    listener.begin()
    trial = listener.trial(listener.state()["trials"][1]["id"])
    headers = set()
    for sound in sounds(listener, trial):
        _, sent = listener.hear(sound)
        headers.add(tuple(sorted((name, value) for name, value in sent if name != "Date")))
    assert len(headers) == 1
    assert not {"ETag", "Last-Modified", "Content-Disposition"} & {
        name for name, _ in headers.pop()
    }


def test_sounds_come_byte_for_byte(listener, manifest):
    listener.begin()
    known = {
        stimulus.sha256: stimulus.condition for item in manifest.items for stimulus in item.stimuli
    }
    for summary in listener.state()["trials"]:
        heard = [
            listener.recognise(stimulus) for stimulus in listener.trial(summary["id"])["stimuli"]
        ]
        assert sorted(known[sha256] for sha256 in heard) == sorted(CONDITIONS)


def test_announced_sizes_are_the_files_sizes(listener):
    listener.begin()
    trial = listener.trial(listener.state()["next_trial"])
    for sound in sounds(listener, trial):
        assert len(listener.hear(sound)[0]) == sound["bytes"]


def test_two_sessions_share_no_identifier(listener, another_listener):
    def identifiers(who):
        who.begin()
        trials = [who.trial(trial["id"]) for trial in who.state()["trials"]]
        return {
            identifier
            for trial in trials
            for identifier in (trial["id"], *(sound["url"] for sound in sounds(who, trial)))
        } | {stimulus["id"] for trial in trials for stimulus in trial["stimuli"]}

    assert not identifiers(listener) & identifiers(another_listener)


def test_another_sessions_sounds_are_not_found(listener, another_listener):
    listener.begin()
    another_listener.begin()
    foreign = listener.trial(listener.state()["next_trial"])["reference"]["url"]
    stolen = foreign.replace(listener.token, another_listener.token)
    assert another_listener.client.get(stolen).status_code == 404


def test_examples_show_both_ends_of_the_scale_and_only_of_training(listener, manifest):
    listener.begin()
    training = next(item for item in manifest.items if item.training)
    by_condition = {stimulus.condition: stimulus.sha256 for stimulus in training.stimuli}
    examples = listener.client.get(f"{listener.address}/examples").json
    assert {name: listener.recognise(sound) for name, sound in examples.items()} == {
        "reference": training.reference.sha256,
        "same": by_condition["reference"],
        "different": by_condition["random"],
    }


def test_position_tells_nothing_about_the_condition(app, make_listener, manifest):
    known = {
        stimulus.sha256: stimulus.condition for item in manifest.items for stimulus in item.stimuli
    }
    first = set()
    for _ in range(6):
        listener = make_listener(app)
        listener.begin()
        for summary in listener.state()["trials"]:
            first.add(known[listener.recognise(listener.trial(summary["id"])["stimuli"][0])])
    assert first == set(CONDITIONS)  # missing one of 4 in 42 draws: 2 in 100,000 runs
