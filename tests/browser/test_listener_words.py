"""Few words, in every language and direction, with the study's own scale."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import expect
from support.browser_listener import PHONE, Listener
from support.guitar_set import GuitarSet
from support.live_server import LiveServer, stored_scores

MOST_BEFORE_SOUND, MOST_BEFORE_PRACTICE = 150, 300
WORD = r"\w[\w\u064b-\u0652’'.-]*"  # with Arabic's vowel signs
LANGUAGES = ("en", "fr", "de", "es", "ar")
BESTS = {"quality": "excellent", "similarity": "same"}


@pytest.fixture(scope="module")
def similarity_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    folder = tmp_path_factory.mktemp("similarity")
    study = GuitarSet(folder / "set", n_items=1, listening_test='scale = "similarity"')
    server = LiveServer(folder, study=study.folder)
    yield server
    server.kill()


def count_words(listener: Listener) -> int:
    """Count what is read: not the options of lists that are folded."""
    main = listener.page.locator("main")
    folded = "\n".join(main.locator("option").all_inner_texts())
    return len(re.findall(WORD, main.inner_text())) - len(re.findall(WORD, folded))


@pytest.mark.parametrize("language", LANGUAGES)
def test_few_words_come_before_the_first_sound_and_before_practice(
    new_listener: Callable[..., Listener], live_server: LiveServer, language: str
) -> None:
    listener = new_listener(live_server.address, language=language)
    listener.open()
    expect(listener.button("agree")).to_be_visible()
    counts = [count_words(listener)]
    listener.agree()
    counts.append(count_words(listener))
    listener.answer_questions()
    expect(listener.button("play")).to_be_enabled()
    counts.append(count_words(listener))
    assert sum(counts) <= MOST_BEFORE_SOUND, counts
    listener.set_level()
    counts.append(count_words(listener))
    listener.skip_headphones()
    expect(listener.button("example_same")).to_be_visible()
    counts.append(count_words(listener))
    assert sum(counts) <= MOST_BEFORE_PRACTICE, counts


@pytest.mark.parametrize("scale", BESTS)
def test_the_scale_has_the_studys_words_and_says_what_its_ends_mean(
    new_listener: Callable[..., Listener],
    live_server: LiveServer,
    similarity_server: LiveServer,
    scale: str,
) -> None:
    server = similarity_server if scale == "similarity" else live_server
    listener = new_listener(server.address)
    page = listener.page
    listener.reach_instructions()
    expect(page.get_by_text(listener.word(f"scale_text_{scale}"))).to_be_visible()
    best = listener.word(BESTS[scale])
    expect(page.locator(".scale li").last).to_have_text(best)
    listener.press(listener.button("instructions_done"))
    listener.see_trial(practice=True, n=1, total=1)
    expect(page.locator(".scale li").last).to_have_text(best)
    listener.rate(0, 90)
    expect(listener.slider(0)).to_have_attribute("aria-valuetext", f"90, {best}")


def test_a_page_from_right_to_left_stores_what_its_sliders_show(
    new_listener: Callable[..., Listener], live_server: LiveServer
) -> None:
    listener = new_listener(live_server.address, language="ar", **PHONE)
    page = listener.page
    listener.reach_trials()
    expect(page.locator("html")).to_have_attribute("dir", "rtl")
    listener.play_reference()
    for index, mirrored in enumerate((90, 70, 50, 10)):
        listener.play(index)
        page.touchscreen.tap(*listener.point_on(index, mirrored))
    assert listener.shown_scores() == [10, 30, 50, 90]
    for index, key in enumerate(("ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown")):
        listener.play(index)
        listener.slider(index).press(key)
    shown = listener.shown_scores()
    assert shown == [11, 29, 51, 89]
    thumb = page.locator(".thumb").first.bounding_box()
    slider = listener.slider(0).bounding_box()
    assert thumb["x"] + thumb["width"] / 2 > slider["x"] + slider["width"] * 0.8
    listener.go_on()
    listener.see_trial(n=1, total=2)
    listener.wait_until_saved()
    assert stored_scores(live_server, listener.token) == [shown]


def test_another_language_keeps_loop_keys_and_scores(listener: Listener) -> None:
    page = listener.page
    listener.begin_at_trials()
    score = listener.rate(1, 33)
    start = page.get_by_role("slider", name=listener.word("loop_start"))
    for _ in range(4):
        start.press("ArrowRight")
    listener.press(page.get_by_text(listener.word("keys_title"), exact=True))
    page.get_by_label(listener.word("keys_on")).uncheck()
    page.get_by_label(listener.word("language")).select_option("de")
    german = Listener(page, listener.address, language="de")
    german.see_trial(practice=True, n=1, total=1)
    assert german.shown_scores()[1] == score
    start = page.get_by_role("slider", name=german.word("loop_start"))
    expect(start).to_have_attribute("aria-valuenow", "0.20")
    page.keyboard.press("1")
    german.press(page.get_by_text(german.word("keys_title"), exact=True))
    expect(page.get_by_label(german.word("keys_on"))).not_to_be_checked()
    expect(page.locator(".playing")).to_have_count(0)


@pytest.mark.parametrize(("motion", "moves"), [("no-preference", True), ("reduce", False)])
def test_the_instructions_show_a_moving_picture_where_motion_is_welcome(
    new_listener: Callable[..., Listener], live_server: LiveServer, motion: str, moves: bool
) -> None:
    listener = new_listener(live_server.address, reduced_motion=motion)
    listener.reach_instructions()
    picture = listener.page.get_by_role("img", name=listener.word("picture"))
    expect(picture).to_be_visible()
    running = picture.evaluate("svg => svg.getAnimations({ subtree: true }).length")
    assert (running > 0) == moves
