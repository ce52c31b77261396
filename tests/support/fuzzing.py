"""Hostile requests: every route, every field, every trick.

A round takes an operation of the OpenAPI document, fills its address and body with what a page
would send, and then spoils some of it: other types, huge and non-finite numbers, a million sliders,
broken JSON, another session's identifiers, path tricks, formula cells, line breaks for headers.
Where the app has a password, results of webMUSHRA's pages and the experimenters' routes come in
between: read by somebody who is logged in, forms of somebody who isn't.
"""

import json
import math
import random
import re
from collections import Counter
from dataclasses import dataclass, field
from urllib.parse import quote

from sqlalchemy import text

from support.consent import CONSENT_VERSION
from support.experimenter import Experimenter
from support.http_listener import Listener
from webmushra_app.api.openapi import OPERATIONS, Operation
from webmushra_app.database.maintenance import examine

HOSTILE = [
    *(None, True, False, 0, -1, -0.0, 1e308, 10**40, 100.0000001, math.nan, math.inf, -math.inf),
    *(
        "",
        "0",
        "50",
        "NaN",
        "\0",
        "\ud800",
        "=1+1",
        "@SUM(A1)",
        "a" * 5000,
        "'; DROP TABLE ratings;--",
    ),
    *(
        "../../etc/passwd",
        "a\r\nSet-Cookie: x=1",
        "<script>alert(1)</script>",
        "🎸" * 700,
        "{{7*7}}",
    ),
    *([], [[]], {}, {"": ""}, [None] * 300, {"__proto__": {}}, {"score": {"score": 1}}),
]
PATHS = [
    *("..", ".", "../../etc/passwd", "%2e%2e%2f", "%00", "a%00b", "-" * 16, "A" * 64, "A" * 5000),
    *("' OR 1=1 --", "{{7*7}}", "\u202e" * 16, "x" * 15, "%0d%0aSet-Cookie:x=1", "audio/../.."),
]
FORM = "application/x-www-form-urlencoded"
MEDIA = ["application/json", "text/plain", FORM, "", "multipart/x"]
BROKEN = [b"", b"{", b"\xff\xfe\x00", b"[" * 5000, b'{"a":' * 3000, b"null", b"1e999", b'"\\ud800"']


TEST_ID = "codec_test"
POSTED_RATING = {"stimulus": "C1", "score": "63", "time": 20931, "comment": "=1+1"}
POSTED_SHARE, ADMIN_SHARE = 0.1, 0.1


@dataclass
class Outcome:
    """What the server answered, and to what it answered with 5xx."""

    statuses: Counter = field(default_factory=Counter)
    faults: list = field(default_factory=list)
    leaks: list = field(default_factory=list)


class Fuzzer:
    """Sends hostile requests on behalf of one listener, with another one's session as the prey."""

    def __init__(self, app, *, seed):
        self.rng = random.Random(seed)
        self.client = app.test_client()
        self.me = Listener(self.client)
        self.prey = Listener(app.test_client(), external={"PROLIFIC_PID": "prey"})
        self.prey.begin()
        self.prey.do_steps()
        self.prey_trial = self.prey.state()["next_trial"]
        self.prey.rate(self.prey_trial)
        self.outcome = Outcome()
        self._begin_anew()
        self.experimenter = None
        if app.extensions["webmushra"].config.admin_password_hash:
            self.experimenter = Experimenter(app.test_client())
            self.experimenter.log_in()
            self.experimenter.post("/admin/studies/collect", test_id=TEST_ID)
            self.admin_rules = [r for r in app.url_map.iter_rules() if r.rule[:6] == "/admin"]

    def _begin_anew(self):
        self.me = Listener(self.client)
        self.me.begin()
        self.me.do_steps()
        self.trials = [trial["id"] for trial in self.me.state()["trials"]]

    def run(self, n_requests):
        for n in range(n_requests):
            if n % 200 == 199:
                self._begin_anew()
            kind = self.rng.random() if self.experimenter else 1.0
            if kind < POSTED_SHARE:
                self._post_result()
            elif kind < POSTED_SHARE + ADMIN_SHARE:
                self._ask_admin()
            else:
                self._send(self.rng.choice(OPERATIONS))
        return self.outcome

    def _post_result(self):
        document = {
            "testId": TEST_ID,
            "uuid": self.rng.choice([self.me.token, self.prey.request_id, str(self.rng.random())]),
            "participant": {"name": ["age", "feedback"], "response": ["30", "R&B + soul"]},
            "trials": [
                {"type": "mushra", "id": page, "responses": [dict(POSTED_RATING)]}
                for page in ("trial_1", "trial_2")
            ],
        }
        for _ in range(self.rng.choice([0, 1, 1, 2])):
            document = self._spoil(document)
        body = json.dumps(document)
        body = quote(body) if self.rng.random() < 0.5 else body
        data = self.rng.choice(BROKEN) if self.rng.random() < 0.05 else b"sessionJSON="
        path = self.rng.choice(["/collect", "/service/write.php", f"/{TEST_ID}/collect"])
        media = FORM if self.rng.random() < 0.97 else self.rng.choice(MEDIA)
        sent = data + body.encode("utf-8", "replace")
        with self.client.post(path, data=sent, content_type=media) as response:
            self._judge(f"POST {path}", sent, response)

    def _ask_admin(self):
        rule = self.rng.choice(self.admin_rules)
        path = rule.rule
        for argument in re.findall(r"(\w+)>", path):
            value = self.rng.choice([*PATHS, "1", "99999999999999999999", "ratings.csv"])
            path = re.sub(rf"<[^>]*{argument}>", lambda _, v=value: v, path)
        path += f"?page={self.rng.choice(PATHS)}" if self.rng.random() < 0.3 else ""
        try:
            if self.rng.random() < 0.5:
                self._judge(f"GET {path}", None, self.experimenter.client.get(path))
            else:
                names = ("csrf_token", "password", "test_id", "code", "reason", "quota")
                form = {n: str(self._any()).encode("utf-8", "replace") for n in names}
                self._judge(f"POST {path}", repr(form), self.client.post(path, data=form))
        except UnicodeError:
            self.outcome.statuses["not sendable"] += 1

    def _send(self, operation: Operation):
        path = self._path(operation.path)
        method = operation.method.upper()
        if self.rng.random() < 0.03:
            method = self.rng.choice(["GET", "PUT", "POST", "DELETE", "PATCH", "OPTIONS", "HEAD"])
        data, media = self._body(operation) if operation.body else (None, None)
        if self.rng.random() < 0.02:
            data, media = self.rng.choice(BROKEN), "application/json"
        try:
            with self.client.open(path, method=method, data=data, content_type=media) as response:
                self._judge(f"{method} {path[:200]}", data, response)
        except (UnicodeEncodeError, UnicodeError):
            self.outcome.statuses["not sendable"] += 1  # no client can send such an address

    def _judge(self, request, data, response):
        self.outcome.statuses[response.status_code] += 1
        if response.status_code >= 500:
            self.outcome.faults.append((request, data and data[:500], response.status_code))
        if "Set-Cookie" in response.headers and "/admin" not in request:
            self.outcome.leaks.append(request)
        if not self._is_the_preys(request) and self.prey.token.encode() in response.data:
            self.outcome.leaks.append(request)

    def _is_the_preys(self, request):
        return self.prey.token in request

    def _path(self, template):
        mine = {
            "token": self.me.token,
            "trial": self.rng.choice(self.trials),
            "sound": self.rng.choice(self.trials),
        }
        for name, own in mine.items():
            spoilt = self.rng.random() < 0.15
            value = self.rng.choice([*PATHS, self.prey_trial, *self.trials]) if spoilt else own
            template = template.replace("{" + name + "}", value)
        return template + (f"?{self.rng.choice(PATHS)}=1" if self.rng.random() < 0.05 else "")

    def _body(self, operation):
        body = self._valid(operation)
        for _ in range(self.rng.choice([0, 1, 1, 1, 2, 4])):
            body = self._spoil(body)
        media = "application/json" if self.rng.random() < 0.97 else self.rng.choice(MEDIA)
        if self.rng.random() < 0.002:
            body = {"ratings": [{"score": n} for n in range(10**6)]}
        return json.dumps(body).encode(), media

    def _valid(self, operation):
        bodies = valid_bodies(self.me, self.rng.choice(self.trials), comment="=1+1")
        if operation.body.__name__ == "NewSession" and self.rng.random() < 0.5:
            return bodies["NewSession"] | {"request_id": f"{self.rng.getrandbits(88):022x}"}
        return bodies[operation.body.__name__]

    def _spoil(self, body):
        """Replace, drop or add something at a random depth."""
        if isinstance(body, dict) and body and self.rng.random() < 0.75:
            key = self.rng.choice(list(body))
            return body | {key: self._spoil(body[key])}
        if isinstance(body, list) and body and self.rng.random() < 0.75:
            n = self.rng.randrange(len(body))
            return [*body[:n], self._spoil(body[n]), *body[n + 1 :]]
        if isinstance(body, dict) and self.rng.random() < 0.5:
            return body | {self.rng.choice(["", "x", "score", "\0", "__class__"]): self._any()}
        if isinstance(body, list) and body and self.rng.random() < 0.3:
            return body * self.rng.choice([0, 2, 150])
        return self._any()

    def _any(self):
        return self.rng.choice(HOSTILE)


def valid_bodies(listener, trial, **result):
    """Make a body for each model of a request, as the page of a listener would send it.

    ``trial`` is one of the listener's; ``result`` changes what a finished trial says.
    """
    finished = listener.result(trial, **result)
    stimulus = finished["ratings"][0]["stimulus"]
    event = {"seq": 1, "at_s": 1.0, "kind": "play", "trial": trial, "stimulus": stimulus}
    return {
        "NewSession": {
            "request_id": listener.request_id,
            "consent_version": CONSENT_VERSION,
            "language": "en",
            "external": {"PROLIFIC_PID": "007"},
            "simulated": False,
        },
        "SessionUpdate": {"language": "fr"},
        "QuestionnaireAnswers": {
            "answers": {"musical_background": "none", "hearing": "normal", "device": "earphones"}
        },
        "LevelSetting": {"level_db": -12.5},
        "HeadphoneResult": {"correct": 5, "total": 6, "passed": True},
        "InstructionsRead": {},
        "EventBatch": {"page": "p" * 16, "events": [event | {"detail": {"a": 1}}]},
        "TrialResult": finished,
        "Draft": finished,
    }


def webmushra_form(document):
    """Make the body that webMUSHRA's page sends: the JSON as it is, encoded by nobody."""
    return b"sessionJSON=" + json.dumps(document, ensure_ascii=False).encode()


def snapshot(database, listener):
    """Read all that the database holds of one session."""
    with database.reading() as db:
        session = db.execute(
            text("SELECT * FROM sessions WHERE token = :token"), {"token": listener.token}
        ).one()
        ratings = db.execute(
            text("SELECT * FROM ratings_long WHERE session = :id ORDER BY item, condition"),
            {"id": session.id},
        ).all()
        events = db.execute(
            text("SELECT count(*) FROM events WHERE session_id = :id"), {"id": session.id}
        ).scalar()
    return tuple(session), ratings, events


def broken_rows(database):
    """Count rows that break a rule, and list what the doctor finds."""
    rules = {
        "scores": "SELECT count(*) FROM ratings WHERE NOT (score >= 0 AND score <= 100)",
        "listened": "SELECT count(*) FROM ratings WHERE NOT (listened_s >= 0 AND plays >= 0)",
        "levels": "SELECT count(*) FROM sessions WHERE NOT (level_db >= -60 AND level_db <= 12)",
        "comments": "SELECT count(*) FROM trials WHERE length(comment) > 2000 "
        "AND session_id NOT IN (SELECT session_id FROM collected_sessions)",
    }
    with database.reading() as db:
        broken = {name: db.execute(text(rule)).scalar() for name, rule in rules.items()}
    return {name: count for name, count in broken.items() if count}, list(examine(database))
