"""The experimenter's page shows every sound and is safe to open."""

import base64
import io
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from matplotlib.image import imread
from support.small_studies import TINY, invoke, render_text

from stimuli_gen.manifest import read_manifest
from stimuli_gen.preview import HEIGHT_PX, WIDTH_PX, count_nearer, draw_spectrogram, draw_waveform

RATE = 44_100


class Collector(HTMLParser):
    """Collect the page's sounds, pictures, texts and tags."""

    def __init__(self):
        super().__init__()
        self.sounds, self.images, self.texts, self.tags = [], [], [], []
        self.links, self.ids = [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.links += [value for name, value in attrs if name == "href"]
        self.ids += [value for name, value in attrs if name == "id"]
        if tag == "audio":
            self.sounds.append(dict(attrs)["src"])
        elif tag == "img":
            self.images.append(dict(attrs)["src"])

    def handle_data(self, data):
        self.texts.append(data)


def read_page(folder):
    page = Collector()
    page.feed((folder / "preview.html").read_text(encoding="utf-8"))
    return page


def test_page_plays_and_pictures_every_file_of_the_set(small_set):
    page = read_page(small_set)
    files = read_manifest(small_set).files()
    assert page.sounds == files
    assert len(page.images) == page.tags.count("svg") == len(files)
    assert all((small_set / file).is_file() for file in page.sounds)


def test_page_shows_settings_distances_and_loudness(small_set):
    text = "\n".join(read_page(small_set).texts)
    item = read_manifest(small_set).items[0]
    for stimulus in item.stimuli:
        for name, value in (stimulus.parameters or {}).items():
            assert f"{name} {value:.3g}" in text
        for value in stimulus.distances.values():
            assert f"{value:.3f}" in text
        assert f"{stimulus.loudness_lufs:.1f}" in text


def test_shares_count_the_items_in_which_a_condition_is_nearer(small_set):
    manifest = read_manifest(small_set)
    shares = count_nearer(manifest)
    items = [item for item in manifest.items if not item.training]
    near = {
        name: [
            next(s for s in i.stimuli if s.condition == name).distances["log_mel_db"] for i in items
        ]
        for name in ("random", "mlp_163nc")
    }
    wins = sum(a < b for a, b in zip(near["mlp_163nc"], near["random"], strict=True))
    assert shares["mlp_163nc", "random"] == wins / len(items)
    assert shares["random", "mlp_163nc"] == 1 - wins / len(items)
    assert {shares["reference", other] for other in ("random", "clean")} == {1.0}
    text = "\n".join(read_page(small_set).texts)
    assert f"{wins / len(items):.0%}" in text
    assert f"{np.mean(near['random']):.2f} dB" in text


def test_items_are_linked_and_their_parameters_stand_side_by_side(small_set):
    page = read_page(small_set)
    for item in read_manifest(small_set).items:
        assert f"#{item.id}" in page.links
        assert f"#{item.id}-parameters" in page.links
        assert {item.id, f"{item.id}-parameters"} <= set(page.ids)
    assert "manifest.json" in page.links
    assert len(page.ids) == len(set(page.ids))


def test_set_without_distances_has_a_page_without_shares(tmp_path):
    study = tmp_path / "study.toml"
    study.write_text(TINY)
    assert invoke("render", study, "-o", tmp_path / "set", "--no-distances").exit_code == 0
    assert "shares" not in read_page(tmp_path / "set").ids


def test_titles_and_labels_are_escaped(tmp_path):
    text = TINY.replace("A small study", "<script>alert(1)</script>")
    text = text.replace('"clean"', '{ id = "clean", label = "<b>clean</b>" }')
    page = read_page(render_text(text, tmp_path))
    assert page.tags.count("script") == 1  # the page's own
    assert "b" not in page.tags
    assert "<script>alert(1)</script>" in page.texts


@pytest.mark.parametrize("frequency_hz", [220.0, 1_000.0, 5_000.0])
def test_spectrogram_shows_a_tone_at_its_frequency(frequency_hz):
    wave = np.sin(2 * np.pi * frequency_hz * np.arange(2 * RATE) / RATE)
    content = draw_spectrogram(wave, RATE).removeprefix("data:image/png;base64,")
    picture = imread(io.BytesIO(base64.b64decode(content)))[..., :3].sum(axis=2)
    assert picture.shape == (HEIGHT_PX, WIDTH_PX)
    height = HEIGHT_PX - 1 - np.argmax(picture[:, WIDTH_PX // 2])
    rows_hz = np.geomspace(60, 16_000, HEIGHT_PX)
    step = rows_hz[1] / rows_hz[0]
    assert rows_hz[height] == pytest.approx(frequency_hz, rel=step - 1 + RATE / 1024 / frequency_hz)


def test_waveform_is_tall_where_the_sound_is_loud():
    wave = np.concatenate([np.ones(RATE), 0.1 * np.ones(RATE)]) * np.resize([1, -1], 2 * RATE)
    points = re.search(r"points='([^']*)'", draw_waveform(wave))[1].split()
    heights = [float(point.split(",")[1]) for point in points[:WIDTH_PX]]
    assert heights[10] == 0
    assert heights[-10] == pytest.approx(0.9 * HEIGHT_PX / 2, abs=1)
