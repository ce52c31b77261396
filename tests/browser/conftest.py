"""A real Chromium for the browser tests, and what they drive it against."""

import contextlib
import functools
import http.server
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from guitar_set import GuitarSet
from listener import DESKTOP, PATIENCE_MS, Listener
from live_server import LiveServer
from playwright.sync_api import Browser, Error, Page, expect, sync_playwright

STATIC = Path(__file__).parents[2] / "webmushra_app" / "static"
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CHROMIUM_ARGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")
MEND = "no Chromium: run 'python -m playwright install --with-deps chromium'"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark everything here as a browser test, and leave it out where that was asked for."""
    skip = pytest.mark.skip(reason="AUTOFX_SKIP_BROWSER=1")
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)
            if os.environ.get("AUTOFX_SKIP_BROWSER") == "1":
                item.add_marker(skip)


@contextlib.contextmanager
def open_chromium() -> Iterator[Browser]:
    """Start the system's Chromium or Chrome, or Playwright's own where there is none."""
    found = next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=found, args=CHROMIUM_ARGS)
        except Error as error:
            pytest.fail(f"{MEND}\n{error}", pytrace=False)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for all browser tests; each test opens its own context in it."""
    with open_chromium() as browser:
        yield browser


class _StaticFiles(http.server.SimpleHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path != "/":
            super().do_GET()
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>Audio engine</title>")

    def log_message(self, *args: object) -> None:
        """Stay silent."""


@pytest.fixture(scope="session")
def static_address() -> Iterator[str]:
    """Address of the page's own files alone, with an empty page at its root."""
    handler = functools.partial(_StaticFiles, directory=STATIC)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="session")
def static_page(browser: Browser, static_address: str) -> Iterator[Page]:
    """An empty page from which the audio modules can be imported."""
    page = browser.new_page()
    page.goto(static_address)
    yield page
    page.close()


@pytest.fixture(scope="session")
def guitar_set(tmp_path_factory: pytest.TempPathFactory) -> GuitarSet:
    """One practice trial and two that count, four stimuli each."""
    return GuitarSet(tmp_path_factory.mktemp("guitar") / "set")


@pytest.fixture(scope="session")
def live_server(
    guitar_set: GuitarSet, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LiveServer]:
    """The server that most tests share; each listener has a sitting of their own."""
    server = LiveServer(tmp_path_factory.mktemp("server"), study=guitar_set.folder)
    yield server
    server.kill()


@pytest.fixture(scope="session")
def breaking_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A test that offers a break between its two trials."""
    folder = tmp_path_factory.mktemp("breaking")
    study = GuitarSet(folder / "set", listening_test="break_every = 1")
    server = LiveServer(folder, study=study.folder)
    yield server
    server.kill()


@pytest.fixture
def fragile_server(guitar_set: GuitarSet, tmp_path: Path) -> Iterator[LiveServer]:
    """A server that the test may kill."""
    server = LiveServer(tmp_path, study=guitar_set.folder)
    yield server
    server.kill()


@pytest.fixture
def new_listener(browser: Browser) -> Iterator[Callable[..., Listener]]:
    """Seat listeners before browsers of their own: ``new_listener(address, **context)``."""
    expect.set_options(timeout=PATIENCE_MS)
    contexts, errors = [], []

    def note(error: Error) -> None:
        errors.append(error)

    def seat(address: str, *, language: str = "en", **context: object) -> Listener:
        contexts.append(browser.new_context(**(DESKTOP | {"locale": language} | context)))
        contexts[-1].set_default_timeout(PATIENCE_MS)
        page = contexts[-1].new_page()
        page.on("pageerror", note)
        return Listener(page, address, language=language, touch=bool(context.get("has_touch")))

    yield seat
    for context in contexts:
        context.close()
    assert not errors, f"errors in the page: {errors}"


@pytest.fixture
def listener(new_listener: Callable[..., Listener], live_server: LiveServer) -> Listener:
    """A listener at a desktop computer, speaking English."""
    return new_listener(live_server.address)
