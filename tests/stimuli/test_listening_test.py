"""The study's table [listening_test]: defaults, replacement, and refusals that name the key."""

import pytest

from stimuli_gen.listening_test import (
    DEFAULTS,
    ListeningTestError,
    parse_listening_test,
    read_listening_test,
)


def test_defaults_offer_every_text_in_every_language():
    settings = parse_listening_test({})
    languages = ["en", "fr", "de", "es", "ar"]
    assert settings.languages == languages
    assert set(settings.consent.text) == set(languages)
    for question in settings.questionnaire:
        assert set(question.label) == set(languages)
    assert settings.steps == ["questionnaire", "level", "headphones", "instructions"]


def test_a_study_replaces_what_it_names_and_keeps_the_rest():
    settings = parse_listening_test(
        {"texts": {"thanks": "Bye"}, "headphone_check": "off", "questionnaire": []}
    )
    assert settings.texts.thanks == {"en": "Bye"}
    assert "ratings" in settings.consent.text["en"]
    assert settings.steps == ["level", "instructions"]


def test_the_consents_version_changes_with_its_text_unless_the_study_names_it(
    monkeypatch, tmp_path
):
    def version(**consent: str) -> str:
        return parse_listening_test({"consent": consent}).consent.version

    default = parse_listening_test({}).consent.version
    assert version(text="We store your scores.") == version(text="We store your scores.")
    assert len({default, version(text="We store your scores."), version(text="Scores.")}) == 3
    assert version(text="Scores.", version="2026-01") == "2026-01"
    changed = tmp_path / "listening_test.toml"
    changed.write_text(DEFAULTS.read_text().replace("no name or address", "no name"))
    monkeypatch.setattr("stimuli_gen.listening_test.DEFAULTS", changed)
    assert parse_listening_test({}).consent.version != default


def test_one_string_is_a_text_of_the_first_language():
    settings = parse_listening_test(
        {"languages": ["fr"], "title": "Essai", "texts": {"thanks": {"fr": "Merci", "de": "Danke"}}}
    )
    assert settings.title == {"fr": "Essai"}
    assert settings.texts.thanks == {"fr": "Merci", "de": "Danke"}


@pytest.mark.parametrize(
    ("toml", "message"),
    [
        ("brake_every = 1", "unknown key 'listening_test.brake_every'; known: break_every, "),
        ('break_every = "10"', "listening_test.break_every: Input should be a valid integer"),
        ("languages = []", "listening_test.languages: List should have at least 1 item"),
        ('headphone_check = "maybe"', "listening_test.headphone_check: Input should be 'off'"),
        ("items_per_listener = 0", "listening_test.items_per_listener: Input should be greater"),
        ('completion = {redirect = "http://x"}', "listening_test.completion.redirect: String"),
        (
            'questionnaire = [{id = "a", type = "choice", label = "A"}]',
            "question a: a choice has options, and only a choice has",
        ),
        (
            'questionnaire = [{id = "a", label = "A"}, {id = "a", label = "B"}]',
            "questionnaire: id 'a' is used twice",
        ),
        (
            "level_setting = false\nlevel_check = true",
            "level_check = true needs level_setting = true",
        ),
        ('consent = {version = "2"}', "key 'listening_test.consent.text' is missing"),
        ("a = ", "Invalid value"),
    ],
)
def test_a_wrong_table_is_refused_in_one_line_that_names_the_key(tmp_path, toml, message):
    (tmp_path / "study.toml").write_text(f"[listening_test]\n{toml}\n")
    with pytest.raises(ListeningTestError) as caught:
        read_listening_test(tmp_path)
    assert message in str(caught.value)
    assert str(caught.value).startswith(str(tmp_path / "study.toml"))
    assert "\n" not in str(caught.value)


def test_without_a_study_file_the_defaults_hold(tmp_path):
    assert read_listening_test(tmp_path) == parse_listening_test({})
