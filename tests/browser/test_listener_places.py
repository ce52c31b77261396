"""The test under a sub-path behind nginx, in a survey's frame, and with a survey's identifiers."""

import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, expect
from support.browser_listener import DESKTOP, PATIENCE_MS, Listener
from support.deployment import Deployment
from support.guitar_set import GuitarSet
from support.live_server import LiveServer

PREFIX = "/studies/guitar"
IDS = "?survey_code=SONA-17&wave=2&other=x"
EMBED = """
(address) => {
  const frame = document.createElement("iframe");
  frame.src = address;
  frame.width = frame.height = 800;
  document.body.append(frame);
}
"""


@pytest.fixture(scope="module")
def deployment() -> Iterator[Deployment]:
    """Serve a study with a survey's own parameters under a sub-path behind nginx."""
    parameters = 'id_parameters = ["survey_code", "wave"]'
    with tempfile.TemporaryDirectory() as folder:
        study = GuitarSet(Path(folder) / "set", n_items=1, listening_test=parameters)
        with Deployment(Path(folder), study.folder, prefix=PREFIX) as deployed:
            yield deployed


@pytest.fixture(scope="module")
def framed_server(
    tmp_path_factory: pytest.TempPathFactory, guitar_set: GuitarSet, static_address: str
) -> Iterator[LiveServer]:
    """Let one other site show the test in a frame."""
    folder = tmp_path_factory.mktemp("framed")
    server = LiveServer(folder, study=guitar_set.folder, AUTOFX_FRAME_ANCESTORS=static_address)
    yield server
    server.kill()


def read_sessions(deployment: Deployment) -> list[tuple[str, str, str]]:
    connection = sqlite3.connect(f"file:{deployment.folder}/ratings.sqlite3?mode=ro", uri=True)
    try:
        return connection.execute("SELECT token, participant, external FROM sessions").fetchall()
    finally:
        connection.close()


def test_a_whole_session_under_a_sub_path_keeps_the_surveys_identifiers(
    browser: Browser, deployment: Deployment
) -> None:
    context = browser.new_context(**DESKTOP, ignore_https_errors=True)
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    paths = set()
    page.on("request", lambda request: paths.add(urlsplit(request.url).path))
    listener = Listener(page, deployment.url)
    listener.open(IDS)
    listener.agree()
    page.reload()
    listener.answer_questions()
    listener.set_level()
    listener.skip_headphones()
    listener.press(listener.button("instructions_done"))
    for n in (0, 1):
        listener.see_trial(practice=n == 0, n=1, total=1)
        listener.rate_trial([10, 20, 30, 40])
    listener.see_heading("thanks_title")
    assert {path for path in paths if not path.startswith(f"{PREFIX}/")} == set()
    [(token, participant, external)] = read_sessions(deployment)
    assert (token, participant) == (listener.token, "SONA-17")
    assert external == '{"survey_code": "SONA-17", "wave": "2"}'
    page.goto(f"{deployment.url}/s/{'x' * 32}{IDS}")
    listener.see_heading("failed_title")
    listener.press(listener.button("retry"))
    expect(listener.button("agree")).to_be_visible()
    assert page.url == f"{deployment.url}/{IDS}"
    context.close()


def test_a_begun_session_is_resumed_with_its_identifiers(
    browser: Browser, deployment: Deployment
) -> None:
    context = browser.new_context(**DESKTOP, ignore_https_errors=True)
    context.set_default_timeout(PATIENCE_MS)
    listener = Listener(context.new_page(), deployment.url)
    listener.open("?survey_code=SONA-18")
    listener.agree()
    token = listener.token
    listener.open("?survey_code=SONA-18")
    listener.press(listener.button("resume"))
    listener.see_heading("questionnaire_title")
    assert listener.token == token
    assert listener.page.url.endswith("?survey_code=SONA-18")
    context.close()


def test_a_named_site_shows_the_test_in_a_frame(
    new_listener: Callable[..., Listener], framed_server: LiveServer, static_address: str
) -> None:
    listener = new_listener(framed_server.address)
    page = listener.page
    page.goto(static_address)
    page.evaluate(EMBED, f"{framed_server.address}/")
    frame = page.frame_locator("iframe")
    frame.get_by_role("button", name=listener.word("agree")).click()
    expect(frame.locator("h1")).to_have_text(listener.word("questionnaire_title"))


def test_no_other_site_shows_the_test_in_a_frame(
    new_listener: Callable[..., Listener], live_server: LiveServer, static_address: str
) -> None:
    page = new_listener(live_server.address).page
    page.goto(static_address)
    with page.expect_event("requestfailed"):
        page.evaluate(EMBED, f"{live_server.address}/")
    expect(page.frame_locator("iframe").get_by_role("button")).to_have_count(0)


def test_experimenters_pages_are_never_framed(framed_server: LiveServer, browser: Browser) -> None:
    page = browser.new_page()
    policies = [
        page.request.get(f"{framed_server.address}{path}").headers["content-security-policy"]
        for path in ("/", "/admin/")
    ]
    page.close()
    assert "frame-ancestors http://127.0.0.1" in policies[0]
    assert "frame-ancestors 'none'" in policies[1]
