"""A study from import to report and close, clicked through as an experimenter does."""

import csv
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from support.browser_listener import PATIENCE_MS
from support.lab import Lab, make_report

FILES = (
    *("ratings.csv", "participants.csv", "events.csv", "excluded.csv", "mushra.csv"),
    *("ratings.json", "participants.json", "events.json"),
)
N_LISTENERS = 4
N_RATINGS = 3 * 4
"""Of one listener: a practice trial and two that count, four stimuli each."""


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    lab = Lab(tmp_path)
    yield lab
    lab.server.kill()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(accept_downloads=True)
    context.set_default_timeout(PATIENCE_MS)
    expect.set_options(timeout=PATIENCE_MS)
    yield context.new_page()
    context.close()


def download(page: Page, name: str) -> str:
    with page.expect_download() as downloading:
        page.get_by_role("button", name=name, exact=True).click()
    assert downloading.value.suggested_filename == name
    return Path(downloading.value.path()).read_text(encoding="utf-8")


def exclude(page: Page, session: str, *, reason: str) -> None:
    page.get_by_role("link", name=session).click()
    page.get_by_label("Reason").fill(reason)
    page.get_by_role("button", name="Exclude").click()
    expect(page.get_by_role("status")).to_contain_text(reason)


def withdraw(page: Page, session: str, *, code: str) -> None:
    page.get_by_role("link", name="Withdraw").click()
    page.get_by_label("The participant’s completion code").fill(code)
    page.get_by_role("button", name="Find the session").click()
    expect(page.get_by_role("main")).to_contain_text(session)
    page.get_by_role("button", name="Erase it for good").click()


def check_files(got: dict[str, str], *, excluded: str, erased: str, kept: list[str]) -> None:
    """Find each session in the files where it belongs, and in no other."""
    rows = list(csv.DictReader(got["ratings.csv"].splitlines()))
    assert {row["session"] for row in rows} == set(kept)
    assert len(rows) == len(json.loads(got["ratings.json"])) == len(kept) * N_RATINGS
    assert {row["simulated"] for row in rows} == {"1"}
    left_out = list(csv.DictReader(got["excluded.csv"].splitlines()))
    assert {row["session"] for row in left_out} == {excluded}
    assert {row["excluded_because"] for row in left_out} == {"'=heard it before, 1 + 1"}
    assert all(erased not in text for text in got.values())


def expect_log_in(page: Page) -> None:
    expect(page.get_by_role("heading", name="Experimenter’s side")).to_be_visible()


def test_a_study_from_import_to_report_and_close(
    lab: Lab, page: Page, new_listener: Callable
) -> None:
    lab.log_in(page)
    lab.import_and_open(page)
    study = page.url

    simulating = lab.simulate(N_LISTENERS)
    finished = page.locator("#live tr", has_text="Simulated participants").locator("td").nth(1)
    expect(finished).to_have_text(str(N_LISTENERS), timeout=3 * PATIENCE_MS)  # without a reload
    assert simulating.wait() == 0, simulating.stderr.read()
    simulating.stderr.close()
    expect(page.locator("#live svg .sim")).to_have_count(4)
    expect(page.locator("#live svg .real")).to_have_count(0)
    expect(page.locator("#live")).to_contain_text("made by a program")

    page.get_by_role("link", name="All sessions").click()
    sessions = page.locator("tbody th a").all_inner_texts()
    assert len(sessions) == N_LISTENERS
    exclude(page, sessions[0], reason="=heard it before, 1 + 1")
    (code,) = lab.server.rows("SELECT completion_code FROM sessions WHERE id = ?", sessions[1])
    withdraw(page, sessions[1], code=code["completion_code"])
    expect(page).to_have_url(study)
    counted = page.locator("#live tr", has_text="Simulated participants").locator("td")
    expect(counted.nth(0)).to_have_text(str(N_LISTENERS - 1))
    expect(counted.nth(4)).to_have_text("1")

    got = {name: download(page, name) for name in FILES}
    check_files(got, excluded=sessions[0], erased=sessions[1], kept=sessions[2:])

    make_report(page)
    page.get_by_role("link", name="Open the report").click()
    expect(page.locator("body")).to_contain_text("simulated participants")
    expect(page.locator("svg").first).to_be_visible()

    page.goto(study)
    page.get_by_role("button", name="Close").click()
    expect(page.locator("#live .state")).to_have_text("closed")
    late = new_listener(lab.server.address)
    late.page.goto(lab.server.address)
    expect(late.page.get_by_role("heading", name="This test is closed")).to_be_visible()

    page.get_by_role("link", name="Audit log").click()
    told = page.locator("tbody th").all_inner_texts()
    assert told == [
        "closed", "report", *["exported"] * len(FILES), "withdrawn", "excluded", "opened",
        "imported", "logged in",
    ]  # fmt: skip
    expect(page.locator("tbody")).to_contain_text(re.compile("reason: =heard it before"))

    page.get_by_role("button", name="Log out").click()
    expect_log_in(page)  # or going back would interrupt the log-out on its way
    page.go_back()
    expect_log_in(page)
    page.reload()
    expect_log_in(page)
