"""The page's own files: small, from this host alone, and complete in every language."""

import json
import re
from itertools import chain
from pathlib import Path

import pytest
from support.browser_listener import LOCALES, Listener

import webmushra_app

PACKAGE = Path(webmushra_app.__file__).parent
STATIC = PACKAGE / "static"
MOST_BYTES = 150_000
CATALOGUES = sorted(LOCALES.glob("*.json"))
ENGLISH = json.loads((LOCALES / "en.json").read_text())


def forms(entry: str | dict[str, str]) -> list[str]:
    return [entry] if isinstance(entry, str) else list(entry.values())


def placeholders(entry: str | dict[str, str]) -> list[set[str]]:
    return [set(re.findall(r"{(\w+)}", form)) - {"n"} for form in forms(entry)]


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.stem)
def test_every_catalogue_has_the_same_words_with_the_same_placeholders(path: Path) -> None:
    catalogue = json.loads(path.read_text())
    assert catalogue.keys() == ENGLISH.keys()
    for key, entry in catalogue.items():
        assert placeholders(entry)[-1] == placeholders(ENGLISH[key])[-1], key
        assert all(forms(entry)), key


def test_every_word_of_the_catalogue_is_used_and_every_used_word_is_there() -> None:
    source = "".join(path.read_text() for path in STATIC.rglob("*.js"))
    asked = set(re.findall(r"""\bt\(\s*"(\w+)\"""", source))
    choices = set(re.findall(r'"(\w+)"', source))
    prefixes = set(re.findall(r"t\(`(\w+)_\$", source))
    made = {key for key in ENGLISH if any(key.startswith(f"{prefix}_") for prefix in prefixes)}
    assert asked <= ENGLISH.keys()
    assert ENGLISH.keys() <= choices | made


def test_javascript_and_css_are_under_150_kb() -> None:
    files = chain(STATIC.rglob("*.js"), STATIC.rglob("*.css"))
    sizes = [path.stat().st_size for path in files if STATIC / "admin" not in path.parents]
    assert sum(sizes) < MOST_BYTES


def test_the_whole_session_asks_no_other_host_and_logs_nothing(listener: Listener) -> None:
    asked, logged = [], []
    listener.page.on("request", lambda request: asked.append(request.url))
    listener.page.on("console", lambda message: logged.append(message.text))
    listener.reach_trials()
    listener.rate_trial([1, 2, 3, 4])
    listener.see_trial(n=1, total=2)
    assert {url for url in asked if not url.startswith(listener.address)} == set()
    assert logged == []
