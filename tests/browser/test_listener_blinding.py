"""A curious listener with developer tools learns nothing about what a stimulus is."""

import json
from collections.abc import Callable

from playwright.sync_api import Page, Response
from support.browser_listener import Listener
from support.guitar_set import GuitarSet
from support.live_server import LiveServer

STORAGE = "JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])"
VARYING_HEADERS = {"content-length", "date"}


def take_session_watched(listener: Listener) -> list[Response]:
    responses: list[Response] = []

    def note(response: Response) -> None:
        responses.append(response)

    listener.page.on("response", note)
    listener.begin_at_trials()
    listener.rate_trial([10, 20, 30, 40])
    listener.see_trial(n=1, total=2)
    listener.rate(0, 50)
    return responses


def forbidden_words(study: GuitarSet) -> set[str]:
    """Everything in the manifest that would identify a stimulus: names, files, hashes, effects."""
    manifest = json.loads((study.folder / "manifest.json").read_text())
    words = {condition["id"] for condition in manifest["conditions"]} - {"reference"}
    words |= {"anchor", "estimated"}
    for item in manifest["items"]:
        words |= {item["id"], item["family"], item["clean"]["source"]}
        for entry in (item["reference"], *item["stimuli"]):
            words |= {entry["file"].removeprefix("audio/").removesuffix(".flac"), entry["sha256"]}
    return words


def everything_visible(page: Page, responses: list[Response]) -> str:
    """All that developer tools show: addresses, headers, JSON, the page itself, storage."""
    parts = [page.content(), page.evaluate(STORAGE), page.url]
    for response in responses:
        parts += [response.url, json.dumps(response.headers), json.dumps(response.request.headers)]
        if "/api/v1/sessions" in response.url and "/audio/" not in response.url:
            parts.append(response.text())
    return "\n".join(parts)


def test_nothing_visible_names_a_condition_an_item_or_a_file(
    listener: Listener, guitar_set: GuitarSet
) -> None:
    responses = take_session_watched(listener)
    seen = everything_visible(listener.page, responses).lower()
    assert sorted(word for word in forbidden_words(guitar_set) if word.lower() in seen) == []


def test_all_sounds_come_with_the_same_headers(listener: Listener) -> None:
    sounds = [r for r in take_session_watched(listener) if "/audio/" in r.url and "api" in r.url]
    headers = {
        tuple(sorted((k, v) for k, v in sound.headers.items() if k not in VARYING_HEADERS))
        for sound in sounds
    }
    assert len(sounds) >= 10
    assert len(headers) == 1
    assert not {"etag", "last-modified", "content-disposition"} & {
        name for name, _ in headers.pop()
    }


def test_no_two_sounds_are_the_same_bytes(listener: Listener) -> None:
    responses = take_session_watched(listener)
    [trial] = [r.json() for r in responses if r.request.method == "GET" and "/trials/" in r.url][:1]
    addresses = [trial["reference"]["url"], *(s["url"] for s in trial["stimuli"])]
    bodies = {listener.page.request.get(listener.address + url).body() for url in addresses}
    assert len(bodies) == len(addresses) == 5


def test_two_listeners_share_no_identifier(
    new_listener: Callable[..., Listener], live_server: LiveServer
) -> None:
    identifiers = []
    for listener in (new_listener(live_server.address), new_listener(live_server.address)):
        responses = take_session_watched(listener)
        trials = [r.json() for r in responses if "/trials/" in r.url and r.request.method == "GET"]
        identifiers.append(
            {trial["id"] for trial in trials}
            | {s["id"] for trial in trials for s in trial["stimuli"]}
            | {s["url"].rsplit("/")[-1] for trial in trials for s in trial["stimuli"]}
        )
    assert min(map(len, identifiers)) >= 10
    assert not identifiers[0] & identifiers[1]
