"""A real Chromium for the browser tests, and what they drive it against."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Error, Page, expect
from support.browser_listener import DESKTOP, PATIENCE_MS, Listener
from support.chromium import ChromiumMissing, open_chromium
from support.guitar_set import GuitarSet
from support.live_server import LiveServer
from support.static_files import serve_static_files


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark everything here as a browser test, and leave it out where that was asked for."""
    skip = pytest.mark.skip(reason="AUTOFX_SKIP_BROWSER=1")
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)
            if os.environ.get("AUTOFX_SKIP_BROWSER") == "1":
                item.add_marker(skip)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for all browser tests; each test opens its own context in it."""
    try:
        with open_chromium() as browser:
            yield browser
    except ChromiumMissing as error:
        pytest.fail(str(error), pytrace=False)


@pytest.fixture(scope="session")
def static_address() -> Iterator[str]:
    """Address of the page's own files alone, with an empty page at its root."""
    with serve_static_files() as address:
        yield address


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
    """The server that most tests share; each listener has their own session."""
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
    """A listener at a desktop computer, in English."""
    return new_listener(live_server.address)
