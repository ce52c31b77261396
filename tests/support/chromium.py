"""Finds and starts a Chromium."""

import contextlib
import shutil
from collections.abc import Iterator

from playwright.sync_api import Browser, BrowserType, Error, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")


class ChromiumMissing(RuntimeError):
    """No Chromium could be started; the message gives the command that installs one."""


def launch(browser_type: BrowserType, *arguments: str) -> Browser:
    """Start a Chromium with further command line arguments."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    return browser_type.launch(executable_path=found, args=[*ARGUMENTS, *arguments])


@contextlib.contextmanager
def open_chromium() -> Iterator[Browser]:
    """Start the system's Chromium or Chrome, or Playwright's own where there is none.

    Raises
    ------
    ChromiumMissing
        If there is none to start.
    """
    with sync_playwright() as playwright:
        try:
            browser = launch(playwright.chromium)
        except Error as error:
            raise ChromiumMissing(
                "no Chromium: run 'python -m playwright install --with-deps chromium', "
                f"or leave the browser tests out with AUTOFX_SKIP_BROWSER=1\n{error}"
            ) from None
        yield browser
        browser.close()
