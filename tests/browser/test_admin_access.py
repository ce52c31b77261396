"""Every page of the experimenter's, wide and at 360 px, against WCAG 2.2 AA; keys alone suffice."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from support.accessibility import list_faults
from support.browser_listener import DESKTOP, PATIENCE_MS, PHONE
from support.lab import PASSWORD, Lab, walk

DEVICES = {"desktop, light": DESKTOP, "phone, dark": PHONE | {"color_scheme": "dark"}}


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Lab]:
    """A laboratory with a study that two simulated listeners have heard."""
    lab = Lab(tmp_path_factory.mktemp("lab"))
    page = browser.new_page()
    lab.log_in(page)
    lab.import_and_open(page)
    page.close()
    simulating = lab.simulate(2)
    assert simulating.wait() == 0, simulating.stderr.read()
    simulating.stderr.close()
    yield lab
    lab.server.kill()


@pytest.mark.parametrize("device", DEVICES)
def test_no_experimenters_page_breaks_wcag_or_overflows(
    lab: Lab, browser: Browser, device: str
) -> None:
    page = browser.new_page(**DEVICES[device])
    page.set_default_timeout(PATIENCE_MS)
    names, faults, errors = [], [], []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text))
    for name in walk(lab, page):
        names.append(name)
        faults += [f"{name}: {fault}" for fault in list_faults(page)]
    page.close()
    assert len(names) == 9
    assert faults == []
    assert [error for error in errors if "404" not in error] == []


NAME_OF_FOCUSED = """
() => {
  const focused = document.activeElement;
  if (!focused.matches("a, button, input, select, summary")) return "";
  return focused.labels?.[0]?.innerText ?? focused.innerText;
}
"""


def tab_to(page: Page, name: str) -> None:
    """Press the tab key until the control of this name has the focus, and shows it."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate(NAME_OF_FOCUSED) == name:
            outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            assert outline != "none", f"no focus to be seen on {name}"
            return
    raise AssertionError(f"the tab key never reaches {name!r}")


def test_an_experimenter_needs_no_mouse(lab: Lab, browser: Browser) -> None:
    page = browser.new_page(**DESKTOP)
    page.set_default_timeout(PATIENCE_MS)
    expect.set_options(timeout=PATIENCE_MS)
    page.goto(f"{lab.server.address}/admin/")
    expect(page.get_by_label("Password")).to_be_focused()
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Studies")).to_be_visible()
    tab_to(page, "pedals")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Pedals")).to_be_visible()
    tab_to(page, "Real participants wanted")
    page.keyboard.type("12")
    page.keyboard.press("Enter")
    expect(page.locator("#live")).to_contain_text("of 12")
    tab_to(page, "Pause updates")
    page.keyboard.press("Space")
    expect(page.locator("#pause")).to_have_attribute("aria-pressed", "true")
    tab_to(page, "All sessions")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Sessions")).to_be_visible()
    page.close()
