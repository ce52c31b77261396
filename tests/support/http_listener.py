"""A small stimulus set, and a listener who takes the test through the HTTP API."""

import hashlib
import json
import secrets
from pathlib import Path

from stimuli_gen.manifest import file_sha256
from support.consent import CONSENT_VERSION

FAMILIES = ("modulation", "delay", "distortion")
CONDITIONS = {
    "reference": "reference",
    "mlp_163nc": "estimated",
    "random": "random",
    "clean": "anchor",
}
LABELS = {
    "reference": "The reference itself",
    "mlp_163nc": "Network of 163 features",
    "random": "Random settings",
    "clean": "The clean take",
}
STUDY_TOML = """
[listening_test]
languages = ["en", "fr"]
"""


def write_stimulus_set(folder: Path, *, n_items=6, name="study", listening_test=STUDY_TOML) -> Path:
    """Write a valid stimulus set; its sounds are bytes that no two files share."""
    (folder / "audio").mkdir(parents=True)
    items = [
        _item(folder, f"item{n}", family=FAMILIES[n % 3], training=False) for n in range(n_items)
    ]
    items.insert(0, _item(folder, "practice", family="delay", training=True))
    manifest = {
        "schema": 1,
        "name": name,
        "title": "A small study",
        "seed": 1,
        "created": "2026-01-01T00:00:00Z",
        "generator": {"versions": {}, "command": "test"},
        "sample_rate": 44100,
        "conditions": [
            {"id": condition, "label": LABELS[condition], "kind": kind}
            for condition, kind in CONDITIONS.items()
        ],
        "items": items,
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))
    (folder / "study.toml").write_text(listening_test)
    return folder


def _file(folder: Path) -> dict:
    name = f"audio/{secrets.token_hex(8)}.wav"
    (folder / name).write_bytes(secrets.token_bytes(4096))
    return {"file": name, "sha256": file_sha256(folder / name)}


def _item(folder: Path, name: str, *, family: str, training: bool) -> dict:
    distances = {"reference": 0.0, "mlp_163nc": 0.4, "random": 2.0, "clean": 1.5}
    return {
        "id": name,
        "family": family,
        "domain": "in",
        "training": training,
        "clean": {"source": "a note", "sha256": "0" * 64},
        "reference": _file(folder) | {"effect": family, "parameters": None, "origin": "rendered"},
        "stimuli": [
            _file(folder)
            | {
                "condition": condition,
                "duration_s": 2.5,
                "loudness_lufs": -23.0,
                "gain_db": 0.0,
                "effect": family,
                "parameters": None,
                "distances": {"mrstft": distances[condition]},
            }
            for condition in CONDITIONS
        ],
    }


class Listener:
    """Takes the test as the page does, one action a method; answers are the server's responses."""

    def __init__(self, client, **wish):
        self.client = client
        self.wish = {"language": "en", "consent_version": CONSENT_VERSION} | wish
        self.request_id = secrets.token_urlsafe(16)
        self.token = ""

    @property
    def address(self):
        return f"/api/v1/sessions/{self.token}"

    def begin(self):
        response = self.client.post(
            "/api/v1/sessions", json={"request_id": self.request_id} | self.wish
        )
        if response.is_json and "token" in response.json:
            self.token = response.json["token"]
        return response

    def state(self):
        return self.client.get(self.address).json

    def put(self, path, body):
        return self.client.put(f"{self.address}/{path}", json=body)

    def do_steps(self):
        self.put(
            "steps/questionnaire",
            {
                "answers": {
                    "musical_background": "amateur",
                    "hearing": "normal",
                    "device": "headphones",
                }
            },
        )
        self.put("steps/level", {"level_db": -20})
        self.put("steps/headphones", {"correct": 6, "total": 6, "passed": True})
        return self.put("steps/instructions", {})

    def trial(self, trial_id):
        return self.client.get(f"{self.address}/trials/{trial_id}").json

    def hear(self, sound):
        """Download one sound; gives its bytes and headers."""
        with self.client.get(sound["url"]) as response:
            assert response.status_code == 200
            return response.data, response.headers

    def recognise(self, sound):
        """Download one sound and name it by its SHA-256, as the manifest does."""
        return hashlib.sha256(self.hear(sound)[0]).hexdigest()

    def result(self, trial_id, *, score=50.0, **changes):
        """Make the body of a finished trial; scores are ``score``, ``score + 1``, …"""
        stimuli = self.trial(trial_id)["stimuli"]
        ratings = [
            {"stimulus": stimulus["id"], "score": score + n, "plays": 2, "listened_s": 5.25}
            for n, stimulus in enumerate(stimuli)
        ]
        return {"ratings": ratings, "trial_time_s": 31.5, "comment": ""} | changes

    def rate(self, trial_id, **result):
        return self.put(f"trials/{trial_id}", self.result(trial_id, **result))

    def rate_all(self):
        for trial in self.state()["trials"]:
            response = self.rate(trial["id"])
            assert response.status_code == 200, response.json
        return response

    def finish(self):
        return self.client.post(f"{self.address}/finish")

    def take_the_test(self):
        self.begin()
        self.do_steps()
        self.rate_all()
        return self.finish()
