"""Simulated listeners who take the test over HTTP, as a browser does.

They go through consent, every step and every trial, download each sound, and are marked as
simulated from the first request on. The server never names a stimulus, so these listeners
recognise the sounds by looking up the SHA-256 of the bytes in the stimulus set's manifest.

The model: the quality of a stimulus falls with its distance to the reference (from the manifest),
``q(d) = 100 / (1 + (d / d50)^1.5)``, where ``d50`` is the set's median distance of what isn't the
reference. A score is that quality plus normal deviations of the listener (5 points), of the
listener × condition (8), of the item × condition (8) and of the moment (13), clipped to 0–100;
those are the variance components that real MUSHRA data show. The hidden reference is recognised
with a little doubt. The model has no parameter for a condition, so none is
favoured. Same seed, same scores, whatever orders the server assigns.
"""

import hashlib
import http.client
import json
import math
import random
import secrets
import statistics
import urllib.parse
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from typing import Any

from stimuli_gen.manifest import Item, Manifest, Stimulus

LISTENER_SD = 5.0
LISTENER_CONDITION_SD = 8.0
ITEM_CONDITION_SD = 8.0
MOMENT_SD = 13.0
REFERENCE_DOUBT_SD = 4.0
SLOPE = 1.5
TIMEOUT_S = 60.0


class SimulationError(RuntimeError):
    """A test that simulated listeners cannot take; one line with how to fix it."""


@dataclass
class Api:
    """A connection to the listening test's HTTP API."""

    url: str
    _connection: http.client.HTTPConnection = field(init=False)

    def __post_init__(self) -> None:
        address = urllib.parse.urlsplit(self.url)
        if address.scheme != "http" or not address.hostname:
            raise SimulationError(f"{self.url!r} is not an address such as http://127.0.0.1:8000")
        self._connection = http.client.HTTPConnection(
            address.hostname, address.port or 80, timeout=TIMEOUT_S
        )

    def fetch(self, method: str, path: str, body: Any = None) -> bytes:
        """Send one request and return the answer's body.

        Parameters
        ----------
        method, path : str
            E.g. ``GET`` and ``/api/v1/study``.
        body : optional
            Sent as JSON.

        Raises
        ------
        SimulationError
            If nobody answers, or with a refusal.
        """
        headers = {} if body is None else {"Content-Type": "application/json"}
        try:
            self._connection.request(
                method, path, None if body is None else json.dumps(body), headers
            )
            response = self._connection.getresponse()
            content = response.read()
        except OSError as error:
            raise SimulationError(
                f"{self.url}: {error.strerror or error}; start the test with "
                "'python -m webmushra_app'"
            ) from None
        if response.status >= 400:
            raise SimulationError(f"{self.url}: refused {method} {path}: {_detail(content)}")
        return content

    def fetch_json(self, method: str, path: str, body: Any = None) -> Any:
        """Send one request and return the JSON it is answered with.

        Parameters
        ----------
        method, path : str
            E.g. ``GET`` and ``/api/v1/study``.
        body : optional
            Sent as JSON.
        """
        return json.loads(self.fetch(method, path, body))


def _detail(content: bytes) -> str:
    """Find the sentence in a refusal, whoever sent it."""
    try:
        return json.loads(content)["detail"]
    except (ValueError, KeyError, TypeError):
        return "is this a listening test of ours?"


@dataclass(frozen=True)
class Truth:
    """A set's truth from its manifest: each sound's item and stimulus by its hash."""

    by_sha256: dict[str, tuple[Item, Stimulus]]
    kinds: Mapping[str, str]
    d50: float
    distance: str

    @classmethod
    def of(cls, manifest: Manifest) -> "Truth":
        """Read the truth from a manifest; the distance used is MRSTFT if there is one."""
        pairs = [(item, stimulus) for item in manifest.items for stimulus in item.stimuli]
        names = sorted(set.intersection(*(set(s.distances) for _, s in pairs)))
        if not names:
            raise SimulationError(
                "the manifest has no distance that all stimuli share, so simulated listeners "
                "cannot tell how alike the sounds are; render the set with distances"
            )
        name = "mrstft" if "mrstft" in names else names[0]
        kinds = {condition.id: condition.kind for condition in manifest.conditions}
        apart = [s.distances[name] for _, s in pairs if kinds[s.condition] != "reference"]
        return cls(
            by_sha256={stimulus.sha256: (item, stimulus) for item, stimulus in pairs},
            kinds=kinds,
            d50=statistics.median(apart) or 1.0,
            distance=name,
        )

    def quality(self, stimulus: Stimulus) -> float:
        """Return how alike stimulus and reference are, 0–100, from their distance."""
        return 100.0 / (1.0 + (max(stimulus.distances[self.distance], 0.0) / self.d50) ** SLOPE)


@dataclass
class Listener:
    """One simulated listener's leniency and habits, drawn from a seed."""

    truth: Truth
    seed: int
    number: int

    def __post_init__(self) -> None:
        self._habits = self._rng("habits")
        self._leniency = self._rng("leniency").gauss(0.0, LISTENER_SD)

    def _rng(self, *what: object, shared: bool = False) -> random.Random:
        """Make a generator that belongs to a thing: of this listener, or shared by all."""
        who = "everybody" if shared else self.number
        return random.Random("/".join(map(str, (self.seed, who, *what))))  # noqa: S311

    def score(self, item: Item, stimulus: Stimulus) -> float:
        """Rate a stimulus on 0–100, in whole points as a slider gives them."""
        condition = stimulus.condition
        moment = self._rng("moment", item.id, condition)
        if self.truth.kinds[condition] == "reference":
            score = 100 - abs(moment.gauss(0, REFERENCE_DOUBT_SD))
        else:
            score = (
                self.truth.quality(stimulus)
                + self._leniency
                + self._rng(condition).gauss(0, LISTENER_CONDITION_SD)
                + self._rng(item.id, condition, shared=True).gauss(0, ITEM_CONDITION_SD)
                + moment.gauss(0, MOMENT_SD)
            )
        return float(max(0, min(100, round(score))))

    def draw_playback(self, *, duration_s: float) -> dict[str, float]:
        """Draw how often and how long a sound is played."""
        plays = 1 + int(self._habits.expovariate(1.0))
        return {"plays": plays, "listened_s": round(plays * duration_s, 2)}

    def trial_time_s(self, *, n_stimuli: int) -> float:
        """Draw how long a trial takes."""
        return round(self._habits.lognormvariate(math.log(8.0 * n_stimuli), 0.3), 2)

    def pick(self, options: list[dict]) -> str:
        """Choose one of a question's options."""
        return self._habits.choice(options)["value"]


def _answers(listener: Listener, study: dict) -> dict[str, Any]:
    return {
        question["id"]: listener.pick(question["options"])
        if question["type"] == "choice"
        else (question["min"] or 0)
        if question["type"] == "number"
        else "simulated"
        for question in study["questionnaire"]
    }


def take_the_test(api: Api, listener: Listener) -> Iterator[int]:
    """Take the whole test as one listener; yields the number of each trial when it is stored.

    Raises
    ------
    SimulationError
        If the server refuses something, or plays a sound that isn't in the manifest.
    """
    study = api.fetch_json("GET", "/api/v1/study")
    session = api.fetch_json(
        "POST",
        "/api/v1/sessions",
        {
            "request_id": secrets.token_urlsafe(16),
            "consent_version": study["consent"]["version"],
            "language": study["languages"][0],
            "simulated": True,
        },
    )
    base = f"/api/v1/sessions/{session['token']}"
    steps = {
        "questionnaire": {"answers": _answers(listener, study)},
        "level": {"level_db": -20.0},
        "headphones": {"correct": 6, "total": 6, "passed": True},
        "instructions": {},
    }
    for step in study["steps"]:
        api.fetch_json("PUT", f"{base}/steps/{step}", steps[step])
    for number, summary in enumerate(session["trials"], 1):
        trial = api.fetch_json("GET", f"{base}/trials/{summary['id']}")
        api.fetch("GET", trial["reference"]["url"])
        api.fetch_json("PUT", f"{base}/trials/{trial['id']}", _rate(api, listener, trial))
        yield number
    api.fetch_json("POST", f"{base}/finish")


def _rate(api: Api, listener: Listener, trial: dict) -> dict:
    ratings = []
    for stimulus in trial["stimuli"]:
        sha256 = hashlib.sha256(api.fetch("GET", stimulus["url"])).hexdigest()
        if sha256 not in listener.truth.by_sha256:
            raise SimulationError(
                f"{api.url}: plays a sound that is not in the manifest; give the stimulus set "
                "that the test was opened with (--study)"
            )
        item, known = listener.truth.by_sha256[sha256]
        ratings.append(
            {"stimulus": stimulus["id"], "score": listener.score(item, known)}
            | listener.draw_playback(duration_s=known.duration_s)
        )
    time_s = listener.trial_time_s(n_stimuli=len(ratings))
    return {"ratings": ratings, "trial_time_s": time_s, "comment": ""}


def simulate_listeners(
    url: str,
    manifest: Manifest,
    *,
    n_listeners: int,
    seed: int,
    n_at_once: int = 4,
    on_trial: Callable[[], object] = lambda: None,
) -> None:
    """Have listeners take the test, a few at a time.

    Parameters
    ----------
    url : str
        The test's address, http.
    manifest : Manifest
        Of the stimulus set that the test was opened with.
    n_listeners, seed : int
    n_at_once : int
        How many listen at the same time.
    on_trial : callable
        Called after each stored trial.
    """
    truth = Truth.of(manifest)

    def run(number: int) -> None:
        for _trial in take_the_test(Api(url), Listener(truth, seed, number)):
            on_trial()

    with ThreadPoolExecutor(n_at_once) as pool:
        runs = [pool.submit(run, number) for number in range(n_listeners)]
        try:
            for done in as_completed(runs):
                done.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def count_trials(url: str) -> int:
    """Fetch how many trials one listener does, training included."""
    study = Api(url).fetch_json("GET", "/api/v1/study")
    return study["n_trials"] + study["n_training"]
