"""Small screens: enough sliders, their scale and Next in sight at once; handles off the edges."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import expect
from support.browser_listener import LOCALES, PHONE, Listener
from support.guitar_set import GuitarSet
from support.live_server import LiveServer

SCREENS = {
    "phone": ({"width": 360, "height": 640}, 7),
    "phone on its side": ({"width": 844, "height": 390}, 4),
    "desktop at 200 %": ({"width": 640, "height": 400}, 4),
}
LEAST_WORD_PX = 12
LEAST_TARGET_PX = 44
EDGE_PX = 24
"""From here on a finger does not swipe back."""

MOST_SLIDERS_IN_SIGHT = """
() => {
  const box = (selector) => document.querySelector(selector).getBoundingClientRect();
  const sliders = [...document.querySelectorAll(".score")];
  let most = 0;
  for (let y = 0; y <= document.documentElement.scrollHeight; y += 4) {
    scrollTo(0, y);
    const [deck, foot] = [box(".deck"), box("#foot")];
    const inSight = sliders.filter((slider) => {
      const { top, bottom } = slider.getBoundingClientRect();
      return top >= Math.max(deck.bottom, 0) - 1 && bottom <= foot.top + 1;
    });
    const scale = box(".scale");
    if (scale.top >= 0 && scale.bottom <= innerHeight) most = Math.max(most, inSight.length);
  }
  return most;
}
"""


SLIDERS_IN_SIGHT = """
() => {
  const foot = document.querySelector("#foot").getBoundingClientRect();
  const bottoms = [...document.querySelectorAll(".score")].map(
    (slider) => slider.getBoundingClientRect().bottom,
  );
  return bottoms.filter((bottom) => bottom <= foot.top + 1).length;
}
"""


@pytest.fixture(scope="module")
def seven_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """Trials of seven stimuli."""
    folder = tmp_path_factory.mktemp("seven")
    study = GuitarSet(folder / "set", n_items=1, n_stimuli=7)
    server = LiveServer(folder, study=study.folder)
    yield server
    server.kill()


@pytest.mark.parametrize("screen", SCREENS)
def test_sliders_scale_and_next_are_in_sight_together(
    new_listener: Callable[..., Listener], seven_server: LiveServer, screen: str
) -> None:
    viewport, least = SCREENS[screen]
    listener = new_listener(seven_server.address, **PHONE | {"viewport": viewport})
    page = listener.page
    listener.begin_at_trials()
    assert listener.n_stimuli == 7
    assert page.evaluate(MOST_SLIDERS_IN_SIGHT) >= least
    for y in (0, 10_000):
        page.evaluate("y => scrollTo(0, y)", y)
        expect(listener.button("next")).to_be_in_viewport(ratio=1)
        expect(page.get_by_text("0 of 7 rated")).to_be_in_viewport(ratio=1)
    sizes = page.locator(".scale li").evaluate_all(
        "all => all.map(li => getComputedStyle(li).fontSize)"
    )
    assert min(float(size.removesuffix("px")) for size in sizes) >= LEAST_WORD_PX
    buttons = page.locator(".stimulus button, .score")
    heights = [target.bounding_box()["height"] for target in buttons.all()]
    assert min(heights) >= LEAST_TARGET_PX
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
    for handle in page.locator(".handle").all():
        box = handle.bounding_box()
        assert box["x"] >= EDGE_PX
        assert box["x"] + box["width"] <= viewport["width"] - EDGE_PX
    listener.rate(2, 30)
    expect(page.get_by_text("1 of 7 rated")).to_be_visible()


def test_in_every_language_seven_sliders_are_in_sight_without_scrolling(
    new_listener: Callable[..., Listener], seven_server: LiveServer
) -> None:
    listener = new_listener(seven_server.address, **PHONE)
    page = listener.page
    listener.begin_at_trials()
    in_sight = {}
    for language in sorted(path.stem for path in LOCALES.glob("*.json")):
        page.locator("#language select").select_option(language)
        expect(page.locator("html")).to_have_attribute("lang", language)
        Listener(page, listener.address, language=language).see_trial(practice=True, n=1, total=1)
        page.evaluate("scrollTo(0, 0)")
        in_sight[language] = page.evaluate(SLIDERS_IN_SIGHT)
    assert in_sight == dict.fromkeys(in_sight, 7)
    assert len(in_sight) == 5
