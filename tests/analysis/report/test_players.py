"""Players of the rated sounds: linked, embedded, or none."""

import base64
import json
import re
from urllib.parse import unquote

import pytest
from support.simulated_ratings import simulate_ratings

from analysis.analyse import analyse
from analysis.ratings.stimulus_set import read_stimulus_set
from analysis.ratings.table import RatingsError, check
from analysis.report.publish import publish


@pytest.fixture
def findings(tmp_path):
    folder = tmp_path / "a set"
    (folder / "audio").mkdir(parents=True)
    (folder / "audio" / "x.wav").write_bytes(b"RIFF sound")
    table = simulate_ratings(items=3)
    items = [
        {
            "id": item,
            "reference": {"file": "audio/x.wav"},
            "stimuli": [{"condition": "random", "file": "audio/x.wav"}],
        }
        for item in sorted(set(table["item"]))
    ]
    data = {"title": "T", "conditions": [{"id": "random", "label": "Random"}], "items": items}
    (folder / "manifest.json").write_text(json.dumps(data))
    stimuli = read_stimulus_set(folder / "manifest.json")
    return analyse(check(table, source="r", sha256=""), stimuli=stimuli)


def sources(page):
    return re.findall(r'<audio [^>]*src="([^"]+)"', page.read_text())


def test_links_lead_from_the_report_to_the_sounds(findings, tmp_path):
    page = publish(findings, tmp_path / "out" / "report", command="", figures=(), audio="link")
    found = sources(page)
    assert len(found) == 3 * 2
    for source in found:
        assert (page.parent / unquote(source)).read_bytes() == b"RIFF sound"
    assert "Random, mean score" in page.read_text()


def test_embedded_sounds_are_in_the_page(findings, tmp_path):
    page = publish(findings, tmp_path / "report", command="", figures=(), audio="embed")
    for source in sources(page):
        assert base64.b64decode(source.partition("base64,")[2]) == b"RIFF sound"


def test_without_the_choice_there_are_no_players(findings, tmp_path):
    page = publish(findings, tmp_path / "report", command="", figures=())
    assert not sources(page)


def test_a_missing_sound_is_named_and_nothing_is_written(findings, tmp_path):
    (tmp_path / "a set" / "audio" / "x.wav").unlink()
    with pytest.raises(RatingsError, match=r"x\.wav: no such sound"):
        publish(findings, tmp_path / "report", command="", figures=(), audio="link")
    assert not (tmp_path / "report").exists()
