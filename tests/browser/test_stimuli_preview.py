"""The experimenter's page of a stimulus set, opened from the disk in a real Chromium."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from support.small_studies import SMALL, render_text

PHONE, LAPTOP = (390, 844), (1366, 768)


@pytest.fixture(scope="module")
def stimulus_set(tmp_path_factory: pytest.TempPathFactory) -> Path:
    text = SMALL.replace("out_of_domain = 1", "").replace("training = 1", "")
    return render_text(text, tmp_path_factory.mktemp("preview"))


@pytest.fixture(params=[PHONE, LAPTOP], ids=["phone", "laptop"])
def preview(request, browser: Browser, stimulus_set: Path) -> Iterator[Page]:
    width, height = request.param
    context = browser.new_context(viewport={"width": width, "height": height})
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto((stimulus_set / "preview.html").as_uri())
    yield page
    context.close()
    assert errors == []


def test_page_fits_its_window(preview: Page) -> None:
    for details in preview.locator("details").all():
        details.locator("summary").click(position={"x": 3, "y": 8})
    overflow = preview.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    assert overflow == 0
    assert preview.locator("ul.sounds button").count() == 12
    for button in preview.locator("ul.sounds button").all():
        box = button.bounding_box()
        assert box is not None
        assert box["height"] >= 44
        assert box["x"] + box["width"] <= preview.viewport_size["width"]


def test_switching_goes_on_at_the_same_place(preview: Page) -> None:
    item = preview.locator("section.item").first
    first, second = item.locator("button").nth(0), item.locator("button").nth(2)
    sounds = item.locator("audio")
    first.click()
    expect(first).to_have_attribute("aria-pressed", "true")
    playing = "(audio) => audio.currentTime > 0.4 && !audio.paused"
    preview.wait_for_function(playing, arg=sounds.nth(0).element_handle())
    second.click()
    expect(second).to_have_attribute("aria-pressed", "true")
    expect(first).to_have_attribute("aria-pressed", "false")
    left, reached = (sounds.nth(n).evaluate("(audio) => audio.currentTime") for n in (0, 2))
    assert sounds.nth(0).evaluate("(audio) => audio.paused")
    assert reached >= left
    preview.wait_for_function(
        "([audio, from]) => audio.currentTime > from && !audio.paused",
        arg=[sounds.nth(2).element_handle(), left],
    )
    second.click()
    expect(second).to_have_attribute("aria-pressed", "false")
    assert sounds.nth(2).evaluate("(audio) => audio.paused")


def test_another_item_stops_the_first(preview: Page) -> None:
    items = preview.locator("section.item")
    items.nth(0).locator("button").first.click()
    preview.wait_for_function(
        "(audio) => !audio.paused", arg=items.nth(0).locator("audio").first.element_handle()
    )
    items.nth(1).locator("button").first.click()
    expect(items.nth(1).locator("button").first).to_have_attribute("aria-pressed", "true")
    assert items.nth(0).locator("audio").first.evaluate("(audio) => audio.paused")
    expect(items.nth(0).locator("button").first).to_have_attribute("aria-pressed", "false")
