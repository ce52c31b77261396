"""What every page is held against: WCAG 2.2 AA by axe, targets that fingers hit, no overflow."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
COLOURS = ["cat.color"]
"""What depends on the colour scheme."""

LEAST_TARGET_PX = 24
"""WCAG 2.2, 2.5.8."""

SMALL_TARGETS = """
(least) => [...document.querySelectorAll("button, a, select, summary, input, [role=slider]")]
  .filter((element) => element.checkVisibility())
  .filter((element) => {
    const boxed = element.matches("[type=radio], [type=checkbox]");
    const target = boxed ? element.closest("label") : element;
    const { width, height } = target.getBoundingClientRect();
    return Math.min(width, height) < least;
  })
  .map((element) => element.outerHTML)
"""


def violations(page: Page, tags: list[str] = WCAG) -> list[str]:
    """List what axe finds."""
    results = Axe().run(page, options={"runOnly": tags, "resultTypes": ["violations"]})
    return [
        f"{violation['id']}: {node['html']}"
        for violation in results.response["violations"]
        for node in violation["nodes"]
    ]


def list_faults(page: Page) -> list[str]:
    """List what axe finds, targets that are too small, and what is wider than the screen."""
    page.evaluate("scrollTo(0, 0)")  # elsewhere what stays in sight covers half of something
    found = violations(page) + page.evaluate(SMALL_TARGETS, LEAST_TARGET_PX)
    width = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    return found + [f"{width} px wider than the screen"] * (width > 0)


def list_faults_light_and_dark(page: Page) -> list[str]:
    """List the page's faults in light colours, and what differs in dark ones."""
    page.emulate_media(color_scheme="dark")
    found = [f"dark: {fault}" for fault in violations(page, COLOURS)]
    page.emulate_media(color_scheme="light")
    return found + list_faults(page)
