"""Nothing is lost and nothing is stored twice, whatever happens to page, network or server."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Request, Route, expect
from support.browser_listener import Listener
from support.live_server import LiveServer, stored_scores

COUNT_DECODED = """
  const { decodeAudioData } = BaseAudioContext.prototype;
  globalThis.decoded = {};
  BaseAudioContext.prototype.decodeAudioData = async function (bytes) {
    const size = bytes.byteLength;
    const buffer = await decodeAudioData.call(this, bytes);
    decoded[size] = (decoded[size] ?? 0) + 1;
    return buffer;
  };
"""
"""Counts the sounds that the page has decoded, by their size."""
N_SOUNDS_FIRST = 1 + 2 + 4 + 5
"""Volume, two examples, the rest of the practice trial, the first trial."""
FIRST, SECOND, THIRD = [11, 22, 33, 44], [55, 66, 77, 88], [1, 2, 3, 99]


def go_offline(page: Page, offline: bool) -> None:
    page.context.set_offline(offline)


def see_no_connection(listener: Listener) -> None:
    expect(listener.page.locator("#connection")).to_have_text(listener.word("offline_waiting"))


def rate_the_rest(listener: Listener) -> list[list[int]]:
    """Rate both trials that count, from the first one's page to the thanks."""
    shown = [listener.rate_trial(SECOND)]
    listener.see_trial(n=2, total=2)
    shown.append(listener.rate_trial(THIRD))
    listener.see_heading("thanks_title")
    return shown


def test_a_reload_in_mid_trial_keeps_every_slider_and_every_finished_trial(
    listener: Listener, live_server: LiveServer
) -> None:
    listener.begin_at_trials()
    practice = listener.rate_trial(FIRST)
    listener.see_trial(n=1, total=2)
    listener.play_reference()
    listener.rate(0, 12)
    listener.rate(2, 78)
    before = listener.shown_scores()
    listener.page.reload()
    listener.see_trial(n=1, total=2)
    assert listener.shown_scores() == before
    listener.rate(1, 30)
    listener.rate(3, 40)
    shown = listener.shown_scores()
    assert (shown[0], shown[2]) == (before[0], before[2])
    listener.go_on()
    listener.see_trial(n=2, total=2)
    last = listener.rate_trial(THIRD)
    listener.see_heading("thanks_title")
    assert stored_scores(live_server, listener.token) == [practice, shown, last]


def test_a_killed_server_costs_no_rating(
    new_listener: Callable[..., Listener], fragile_server: LiveServer
) -> None:
    listener = new_listener(fragile_server.address)
    listener.begin_at_trials()
    shown = [listener.rate_trial(FIRST)]
    listener.see_trial(n=1, total=2)
    listener.wait_until_saved()
    listener.play_reference()
    listener.rate(0, 50)
    fragile_server.kill()
    for index, score in enumerate(SECOND):
        listener.rate(index, score)
    shown.append(listener.shown_scores())
    see_no_connection(listener)
    listener.go_on()
    fragile_server.start()
    listener.see_trial(n=2, total=2)
    shown.append(listener.rate_trial(THIRD))
    listener.see_heading("thanks_title")
    assert stored_scores(fragile_server, listener.token) == shown
    expect(listener.page.locator("#connection")).to_be_empty()


def test_the_page_works_on_without_a_network(listener: Listener, live_server: LiveServer) -> None:
    page = listener.page
    listener.begin_at_trials()
    page.wait_for_load_state("networkidle")
    go_offline(page, True)
    shown = [listener.rate_trial(FIRST)]
    listener.see_trial(n=1, total=2)
    see_no_connection(listener)
    shown.append(listener.rate_trial(SECOND))
    assert stored_scores(live_server, listener.token) == []
    go_offline(page, False)
    listener.see_trial(n=2, total=2)
    shown.append(listener.rate_trial(THIRD))
    listener.see_heading("thanks_title")
    assert stored_scores(live_server, listener.token) == shown


def test_answers_that_wait_survive_a_crash_of_the_page(
    listener: Listener, live_server: LiveServer
) -> None:
    page = listener.page
    listener.begin_at_trials()
    page.wait_for_load_state("networkidle")
    go_offline(page, True)
    practice = listener.rate_trial(FIRST)
    see_no_connection(listener)
    address = page.url
    page.close()
    go_offline(page, False)
    listener.page = page.context.new_page()
    listener.page.goto(address)
    listener.see_trial(n=1, total=2)
    assert stored_scores(live_server, listener.token) == [practice]


@pytest.mark.parametrize("request_to", ["**/sessions", "**/trials/*"])
def test_a_lost_answer_stores_nothing_twice(
    listener: Listener, live_server: LiveServer, request_to: str
) -> None:
    lost = []

    def lose_the_first_answer(route: Route) -> None:
        if lost or route.request.method == "GET":
            route.continue_()
            return
        lost.append(route.fetch())
        route.abort()

    listener.page.route(request_to, lose_the_first_answer)
    before = live_server.rows("SELECT count(*) FROM sessions")[0][0]
    listener.reach_trials()
    shown = [listener.rate_trial(FIRST)]
    listener.see_trial(n=1, total=2)
    shown += rate_the_rest(listener)
    assert len(lost) == 1
    assert stored_scores(live_server, listener.token) == shown
    assert live_server.rows("SELECT count(*) FROM sessions")[0][0] == before + 1


def test_the_tab_opened_last_goes_on_and_the_other_falls_silent(
    listener: Listener, live_server: LiveServer
) -> None:
    listener.begin_at_trials()
    listener.play_reference()
    first_score = listener.rate(0, 35)
    listener.wait_until_saved()
    other = Listener(listener.page.context.new_page(), listener.address)
    other.page.goto(listener.page.url)
    other.see_trial(practice=True, n=1, total=1)
    listener.see_heading("other_tab_title")
    assert other.shown_scores()[0] == first_score
    shown = [other.rate_trial(FIRST)]
    other.see_trial(n=1, total=2)
    other.wait_until_saved()
    listener.page.bring_to_front()
    listener.press(listener.button("other_tab_here"))
    listener.see_trial(n=1, total=2)
    other.see_heading("other_tab_title")
    shown += rate_the_rest(listener)
    assert stored_scores(live_server, listener.token) == shown


def test_the_back_button_leaves_and_forward_comes_back_to_the_same_sliders(
    listener: Listener, live_server: LiveServer
) -> None:
    listener.page.goto(f"{listener.address}/healthz")
    listener.reach_trials()
    listener.play_reference()
    listener.rate(1, 64)
    shown = listener.shown_scores()
    listener.page.go_back()
    assert listener.page.url.endswith("/healthz")
    listener.page.go_forward()
    listener.see_trial(practice=True, n=1, total=1)
    assert listener.shown_scores() == shown
    assert stored_scores(live_server, listener.token) == []


def test_a_session_is_resumed_from_the_welcome_page(listener: Listener) -> None:
    listener.reach_trials()
    listener.open()
    listener.press(listener.button("resume"))
    listener.see_trial(practice=True, n=1, total=1)


def test_a_sound_that_fails_is_reported_retried_and_logged(
    listener: Listener, live_server: LiveServer
) -> None:
    page = listener.page
    listener.begin_at_trials()
    session = f"{listener.address}/api/v1/sessions/{listener.token}"
    practice = page.request.get(session).json()["trials"][0]
    shown = page.request.get(f"{session}/trials/{practice['id']}").json()
    broken = shown["stimuli"][0]["url"]
    page.route(f"**{broken}", lambda route: route.fulfill(status=500, body=""))
    page.reload()
    message = page.locator("main [role=alert]")
    expect(message).to_contain_text("One of 5 sounds could not be loaded.")
    page.unroute(f"**{broken}")
    listener.press(listener.button("retry"))
    listener.see_trial(practice=True, n=1, total=1)
    listener.rate(0, 50)
    listener.wait_until_saved()
    query = "SELECT events.* FROM events JOIN sessions ON sessions.id = session_id WHERE token = ?"
    kinds = [row["kind"] for row in live_server.rows(query, listener.token)]
    assert sorted(kinds) == ["audio_failed", "audio_opened", "audio_opened"]


def test_an_unknown_link_says_so(listener: Listener) -> None:
    listener.page.goto(f"{listener.address}/s/{'x' * 32}")
    listener.see_heading("failed_title")
    expect(listener.page.locator("main p")).to_have_text(listener.word("unknown_session"))
    listener.press(listener.button("retry"))
    expect(listener.button("agree")).to_be_visible()


def test_examples_that_arrive_late_leave_the_practice_trial_its_sounds(
    listener: Listener, live_server: LiveServer
) -> None:
    page = listener.page
    page.add_init_script(COUNT_DECODED)
    late, held = [], []

    def note_examples(route: Route) -> None:
        response = route.fetch()
        late.extend(response.json()[name] for name in ("same", "different"))
        route.fulfill(response=response)

    def hold_examples(route: Route) -> None:
        if any(route.request.url.endswith(sound["url"]) for sound in late):
            held.append(route)
        else:
            route.continue_()

    page.route("**/examples", note_examples)
    page.route("**/api/**/audio/*", hold_examples)
    listener.reach_instructions()
    listener.press(listener.button("instructions_done"))
    listener.see_trial(practice=True, n=1, total=1)
    listener.play_reference()
    assert len(held) == len(late)
    for route in held:
        route.continue_()
    sizes = [sound["bytes"] for sound in late]  # both are stimuli of the practice trial as well
    page.wait_for_function("sizes => sizes.every((size) => decoded[size] === 2)", arg=sizes)
    for index, score in enumerate(FIRST):
        listener.rate(index, score)
    shown = listener.shown_scores()
    listener.go_on()
    listener.see_trial(n=1, total=2)
    listener.wait_until_saved()
    assert stored_scores(live_server, listener.token) == [shown]


def test_a_stalled_download_is_given_up_and_tried_again(listener: Listener) -> None:
    stalled = []

    def stall_the_first(route: Route) -> None:
        if stalled:
            route.continue_()
        else:
            stalled.append(route)  # and never answered

    listener.page.route("**/api/**/audio/*", stall_the_first)
    listener.begin_at_trials()
    assert stalled[0].request.failure is not None
    listener.rate_trial(FIRST)
    listener.see_trial(n=1, total=2)


def test_sounds_load_in_the_order_in_which_they_are_needed(listener: Listener) -> None:
    page = listener.page
    asked: list[str] = []

    def note(request: Request) -> None:
        if "/api/v1/" in request.url and "/audio/" in request.url:
            asked.append(request.url.removeprefix(listener.address))

    page.on("request", note)
    listener.open()
    with page.expect_request(lambda _: len(asked) == N_SOUNDS_FIRST):
        listener.agree()
    session = f"{listener.address}/api/v1/sessions/{listener.token}"
    examples = page.request.get(f"{session}/examples").json()
    plan = page.request.get(session).json()["trials"]
    wanted = [[examples["reference"]], [examples["same"], examples["different"]]]
    for summary in plan[:2]:
        trial = page.request.get(f"{session}/trials/{summary['id']}").json()
        wanted.append([trial["reference"], *trial["stimuli"]])
    wanted[2].remove(examples["reference"])
    urls = [sorted(sound["url"] for sound in group) for group in wanted]
    got = [sorted(asked.pop(0) for _ in group) for group in urls]
    assert got == urls
