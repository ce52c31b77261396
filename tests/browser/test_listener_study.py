"""The listener gets what the study's TOML sets."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect
from support.browser_listener import Listener
from support.guitar_set import GuitarSet
from support.live_server import LiveServer

OWN_STUDY = """
languages = ["en", "fr"]
title = { en = "Amplifiers", fr = "Amplificateurs" }
level_setting = false
headphone_check = "required"
comments = false

[listening_test.texts]
welcome = { en = "Welcome to the lab.", fr = "Bienvenue au labo." }
question = { en = "How alike are they?", fr = "À quel point se ressemblent-ils ?" }
thanks = "Merci <b>beaucoup</b>"

[listening_test.completion]
code = "C1A2B3C4"
redirect = "https://app.prolific.com/submissions/complete?cc=C1A2B3C4"

[[listening_test.questionnaire]]
id = "years"
type = "number"
min = 0
max = 90
required = true
label = { en = "Years of playing", fr = "Années de pratique" }

[[listening_test.questionnaire]]
id = "amp"
type = "text"
label = "Amplifier"
"""

KNOWN_ROUNDS = """
async () => {
  const { drawRounds } = await import("/static/audio/tones.js");
  return drawRounds(() => 0).map((round) => round.quieter);
}
"""

TONES = """
async ([quieter, antiphase]) => {
  const { makeTones } = await import("/audio/tones.js");
  const buffer = makeTones({ quieter, antiphase }, 48000);
  const power = (samples) => samples.reduce((sum, s) => sum + s * s, 0) / samples.length;
  return [0, 1, 2].map((tone) => {
    const part = (channel) => {
      const first = tone * 72000 + 4800;
      return buffer.getChannelData(channel).slice(first, first + 38400);
    };
    const [left, right] = [part(0), part(1)];
    const sum = left.map((sample, index) => (sample + right[index]) / 2);
    return { left_db: 10 * Math.log10(power(left)), mono: power(sum) };
  });
}
"""


@pytest.fixture(scope="module")
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    folder = tmp_path_factory.mktemp("own")
    study = GuitarSet(folder / "set", n_items=1, listening_test=OWN_STUDY)
    server = LiveServer(folder, study=study.folder)
    yield server
    server.kill()


def answer_headphone_check(listener: Listener, tones: list[int]) -> None:
    for n, tone in enumerate(tones, start=1):
        expect(listener.page.locator(".card [role=status]")).to_contain_text(str(n))
        listener.press(listener.button("headphones_play"))
        listener.press(listener.button("headphones_choice", n=tone + 1))


def test_a_studys_own_questions_texts_and_required_headphones(
    new_listener: Callable[..., Listener], own_server: LiveServer
) -> None:
    listener = new_listener(own_server.address, language="fr")
    page = listener.page
    page.add_init_script("Math.random = () => 0;")
    listener.open("?PROLIFIC_PID=5f1e0a&STUDY_ID=abc&SESSION_ID=x<y")
    expect(page.locator("h1")).to_have_text("Amplificateurs")
    expect(page.locator("main p").first).to_have_text("Bienvenue au labo.")
    listener.agree()
    page.get_by_label("Années de pratique *").fill("12.5")
    page.get_by_label("Amplifier").fill("007")
    listener.press(listener.button("next"))
    listener.see_heading("headphones_title")
    expect(listener.button("headphones_skip")).to_have_count(0)
    quieter = page.evaluate(KNOWN_ROUNDS)
    answer_headphone_check(listener, [(tone + 1) % 3 for tone in quieter])
    listener.see_heading("headphones_failed")
    listener.press(listener.button("retry"))
    answer_headphone_check(listener, quieter)
    listener.press(listener.button("instructions_done"))
    listener.see_trial(practice=True, n=1, total=1)
    expect(page.locator(".question")).to_have_text("À quel point se ressemblent-ils ?")
    expect(page.locator("textarea")).to_have_count(0)
    listener.rate_trial([1, 2, 3, 4])
    listener.see_trial(n=1, total=1)
    listener.rate_trial([1, 2, 3, 4])
    listener.see_heading("thanks_title")
    expect(page.locator("main p").first).to_have_text("Merci <b>beaucoup</b>")
    expect(page.locator("code")).to_have_text("C1A2B3C4")
    link = page.get_by_role("link", name=listener.word("go_back"))
    expect(link).to_have_attribute(
        "href", "https://app.prolific.com/submissions/complete?cc=C1A2B3C4"
    )
    [session] = own_server.rows("SELECT * FROM sessions WHERE token = ?", listener.token)
    assert session["participant"] == "5f1e0a"
    assert session["questionnaire"] == '{"years": 12.5, "amp": "007"}'
    assert '"passed": true' in session["headphones"]


def test_another_participant_on_the_same_device_is_not_offered_the_session(
    new_listener: Callable[..., Listener], own_server: LiveServer
) -> None:
    listener = new_listener(own_server.address)
    listener.open("?PROLIFIC_PID=first")
    listener.agree()
    listener.open("?PROLIFIC_PID=second")
    expect(listener.button("agree")).to_be_visible()
    listener.open("?PROLIFIC_PID=first")
    expect(listener.button("resume")).to_be_visible()


def test_the_level_moves_by_4_db_at_most_once_a_trial_is_finished(
    listener: Listener, live_server: LiveServer
) -> None:
    listener.begin_at_trials()
    listener.rate_trial([1, 2, 3, 4])
    listener.wait_until_saved()
    listener.see_trial(n=1, total=2)
    listener.page.reload()
    listener.see_trial(n=1, total=2)
    listener.press(listener.page.get_by_text("Volume", exact=True))
    level = listener.page.locator("input.level")
    assert [level.get_attribute(side) for side in ("min", "max")] == ["-14", "-6"]
    level.press("Home")
    listener.wait_until_saved()
    [session] = live_server.rows("SELECT * FROM sessions WHERE token = ?", listener.token)
    assert (session["level_set_db"], session["level_db"]) == (-10, -14)


@pytest.mark.parametrize(("quieter", "antiphase"), [(0, 1), (1, 2), (2, 0)])
def test_the_antiphase_tone_cancels_over_loudspeakers_and_the_quieter_one_is_6_db_down(
    static_page: Page, quieter: int, antiphase: int
) -> None:
    tones = static_page.evaluate(TONES, [quieter, antiphase])
    loudest_db = max(tone["left_db"] for tone in tones)
    for index, tone in enumerate(tones):
        assert tone["left_db"] - loudest_db == pytest.approx(
            -6 if index == quieter else 0, abs=0.01
        )
        assert (tone["mono"] == 0) == (index == antiphase)
