"""Does the time of an answer tell whether an identifier exists? A rank test for each request.

Every identifier of every route is replaced as in ``tests/app/api/test_identifiers.py``. Each such
request and the same one with an unknown identifier are sent ``--repeats`` times, taking turns in
random order, and the two sets of times are compared by Wilcoxon's rank-sum test, Holm-corrected
over all requests. Also printed: the same for two unknown identifiers (nothing to find), and for a
session's own key against an unknown one (much to find, so that the test is seen to find it).

    PYTHONPATH=tests python -m benchmarks.app_timing --repeats 100
"""

import argparse
import gc
import random
import statistics
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

from flask.testing import FlaskClient
from scipy.stats import mannwhitneyu
from support.experimenter import HASH, Experimenter
from support.fuzzing import FORM, webmushra_form
from support.http_listener import Listener, write_stimulus_set
from support.identifiers import foreign_values, like, requests_with
from tqdm import tqdm

from benchmarks.app_faults import databases
from benchmarks.app_gunicorn import print_row
from webmushra_app import create_app
from webmushra_app.config import Config

DOCUMENT = {
    "testId": "codec_test",
    "uuid": "3f1c8a52-5f0e-4a38-9a0e-0d6f6c1f2b11",
    "trials": [
        {"type": "mushra", "id": "t1", "responses": [{"stimulus": "reference", "score": 100}]}
    ],
}
Asked = tuple[str, str, dict | None]


def compare(
    client: FlaskClient, pair: tuple[Asked, Asked], *, repeats: int, rng: random.Random
) -> tuple[float, float]:
    """Time two requests in turns; returns the p-value and the medians' difference in ms."""
    times_ms: tuple[list[float], list[float]] = ([], [])
    for _ in range(repeats):
        for which in rng.sample((0, 1), 2):
            method, path, body = pair[which]
            started_s = time.perf_counter()
            client.open(path, method=method, json=body).close()
            times_ms[which].append((time.perf_counter() - started_s) * 1000)
    difference_ms = statistics.median(times_ms[0]) - statistics.median(times_ms[1])
    return float(mannwhitneyu(*times_ms).pvalue), difference_ms


def holm(p_values: Iterable[float]) -> list[float]:
    """Correct p-values for their number; sorted."""
    corrected, largest = [], 0.0
    in_order = sorted(p_values)
    for n_before, p_value in enumerate(in_order):
        largest = max(largest, min(1.0, p_value * (len(in_order) - n_before)))
        corrected.append(largest)
    return corrected


def report(what: str, outcomes: list[tuple[float, float]]) -> None:
    """Print one row over all requests of a kind."""
    p_values = [p_value for p_value, _ in outcomes]
    print_row(
        what,
        requests=len(outcomes),
        share_below_05=sum(p < 0.05 for p in p_values) / len(p_values),
        least_p_after_holm=f"{holm(p_values)[0]:.2g}",
        largest_difference_ms=max(abs(difference) for _, difference in outcomes),
        median_difference_ms=f"{statistics.median(d for _, d in outcomes):.4f}",
    )


def measure(url: str, study: Path, *, repeats: int) -> None:
    """Compare on one database."""
    rng = random.Random(1)
    app = create_app(Config(url, study, secret_key="timing" * 8, admin_password_hash=HASH))
    database = app.extensions["webmushra"].database
    client = app.test_client()
    experimenter = Experimenter(app.test_client())
    experimenter.log_in()
    experimenter.post("/admin/studies/collect", test_id="codec_test")
    client.post("/collect", data=webmushra_form(DOCUMENT), content_type=FORM)
    me, other = Listener(client), Listener(client)
    for listener in (me, other):
        listener.begin()
        listener.do_steps()
    other.rate(other.state()["next_trial"])
    values = list(foreign_values(database, me, other))
    gc.disable()
    foreign: list = []
    nothing: list = []
    for kind, value in tqdm(values, unit="identifier", leave=False):
        unknown = [like(value, rng=rng) for _ in range(2)]
        asked = [list(requests_with(app, me, sent, kind)) for sent in (value, *unknown)]
        for this, first, second in zip(*asked, strict=True):
            foreign.append(compare(client, (this, first), repeats=repeats, rng=rng))
            if rng.random() < 0.25:
                nothing.append(compare(client, (first, second), repeats=repeats, rng=rng))
        gc.collect()
    report(f"{database.url.get_backend_name()}: foreign against unknown", foreign)
    report("two unknown ones", nothing)
    real = ("GET", me.address, None), ("GET", f"/api/v1/sessions/{'u' * 32}", None)
    report("one's own key against an unknown one", [compare(client, real, repeats=50, rng=rng)])
    gc.enable()
    database.engine.dispose()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=100)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        study = write_stimulus_set(Path(name) / "set")
        with databases(Path(name)) as each:
            for _, url in each:
                measure(url, study, repeats=options.repeats)


if __name__ == "__main__":
    main()
