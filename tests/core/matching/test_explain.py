"""With the clean sound: placed first, never worse than it, oscillators at any phase."""

import numpy as np
import pytest

from autofx_core.audio import ANALYSIS_RATE_HZ, normalize_peak
from autofx_core.effects.registry import find_effect
from autofx_core.effects.table import EFFECTS
from autofx_core.matching.adapt import FLOOR_DB, Budget, Spectra, Spent, fit
from autofx_core.matching.alignment import place
from autofx_core.matching.explain import echo_times_s
from autofx_core.matching.match import OtherPlayingError, match
from autofx_core.matching.oscillators import RESPONSES, read_oscillator
from autofx_core.metrics.distances import mrstft_distance
from autofx_core.sources.clean import builtin_notes

RATE_HZ = ANALYSIS_RATE_HZ


@pytest.fixture(scope="module")
def notes():
    """A clean note, and one of another pitch."""
    found = [normalize_peak(note.read(RATE_HZ))[:, :35_000] for note in builtin_notes("validation")]
    return found[3], found[20]


@pytest.fixture(scope="module")
def distorted(notes):
    """The note through AutoFX's own distortion."""
    effect = EFFECTS["distortion"]
    setting = {p.name: p.default for p in effect.parameters} | {"drive_db": 31.0}
    return normalize_peak(effect.render(notes[0], RATE_HZ, setting))


@pytest.mark.parametrize("late_s", [-0.7, 0.4, 5.0])
def test_a_take_is_placed_to_the_sample_seconds_apart_and_upside_down(notes, distorted, late_s):
    late = round(late_s * RATE_HZ)
    dry = np.pad(notes[0], ((0, 0), (max(0, -late), 0)))
    wet = np.pad(-distorted, ((0, 0), (max(0, late), 0)))
    where = place(dry, wet, RATE_HZ)
    assert (where.offset_samples, where.sign) == (late, -1)
    assert where.resemblance > 0.6


@pytest.mark.slow
@pytest.mark.parametrize(("late_s", "sign"), [(0.05, 1), (2.0, -1), (-0.5, 1)])
def test_a_late_or_inverted_take_gives_the_settings_of_an_aligned_one(
    notes, distorted, late_s, sign
):
    late = round(late_s * RATE_HZ)
    dry = np.pad(notes[0], ((0, 0), (max(0, -late), 0)))
    wet = np.pad(sign * distorted, ((0, 0), (max(0, late), 0)))
    found = match(wet, dry, sample_rate=RATE_HZ, method="refined")
    assert (found.effect, found.offset_samples) == ("distortion", late)
    assert found.parameters["drive_db"] == pytest.approx(31.0, abs=0.2)
    assert found.verdict == "indistinguishable"
    assert found.explained > 0.9


def test_another_playing_is_refused_by_its_notes(notes, distorted):
    assert place(notes[1], distorted, RATE_HZ).resemblance < 0.2
    with pytest.raises(OtherPlayingError, match="clean sound is not what the reference was made"):
        match(distorted, notes[1], sample_rate=RATE_HZ, method="refined")


@pytest.mark.slow
def test_no_answer_is_worse_than_the_clean_sound(notes):
    """White noise is on top of the note: no effect of ours does that."""
    clean = notes[0]
    noise = np.random.default_rng(0).standard_normal(clean.shape).astype(np.float32)
    reference = clean + 0.03 * noise
    found = match(
        reference, clean, sample_rate=RATE_HZ, method="refined", budget=Budget(renders=60)
    )
    clean_distance = mrstft_distance(reference, clean, RATE_HZ)
    assert found.distances["mrstft"] <= clean_distance
    if not found.parameters:
        assert found.verdict == "not explained"
        np.testing.assert_array_equal(found.audio, clean)


def test_a_tremolo_is_read_off_at_any_phase(notes):
    effect = find_effect("tremolo")
    truth = {"rate_hz": 3.3, "depth": 0.7}
    wet = effect.render(notes[0], RATE_HZ, truth, lfo_phase=(0.6,))
    found = read_oscillator(
        effect,
        notes[0][0],
        wet[0],
        RATE_HZ,
        rendered_hz=RATE_HZ,
        rng=np.random.default_rng(0),
    )
    difference, vector = found[0]
    assert difference < 0.05
    assert effect.denormalize(vector[:-1]) == pytest.approx(truth, rel=0.05)
    assert vector[-1] % 1.0 == pytest.approx(0.6, abs=0.02)


def test_the_response_of_a_still_phaser_is_the_plugins():
    setting = {"rate_hz": 1.0, "depth": 0.0, "centre_frequency_hz": 700.0, "feedback": 0.5}
    setting |= {"mix": 0.5}
    impulse = np.zeros((1, RATE_HZ), dtype=np.float32)
    impulse[0, RATE_HZ // 2] = 1.0  # by then the plug-in's smoothing is over
    played = find_effect("phaser").render(impulse, RATE_HZ, setting)
    response = np.abs(np.fft.rfft(played[0]))
    hertz = np.array([100, 200, 400, 700, 1000, 1500, 3000, 6000])
    arrays = {name: np.full((1, 1, 1), value) for name, value in setting.items()}
    found = RESPONSES["phaser"](
        arrays, np.zeros((1, 1, 1)), hertz[None, None].astype(float), RATE_HZ
    )
    np.testing.assert_allclose(found[0, 0], response[hertz], atol=0.003)


def test_the_times_of_a_dull_echo_are_read_off(notes):
    setting = {"delay_seconds": 0.31, "feedback": 0.5, "mix": 0.4, "low_cut_hz": 100.0}
    setting |= {"high_cut_hz": 2500.0, "wow_ms": 0.0}
    wet = find_effect("echo").render(notes[0], RATE_HZ, setting)
    found = echo_times_s(notes[0][0], wet[0], RATE_HZ, most=6)
    assert min(abs(time_s - 0.31) for time_s in found) < 0.001


@pytest.mark.slow
def test_an_adaptable_effect_keeps_to_its_budget_and_keeps_the_best_when_interrupted(notes):
    effect = find_effect("drive")
    reference = EFFECTS["distortion"].render(
        notes[0], RATE_HZ, EFFECTS["distortion"].denormalize(np.full(7, 0.5))
    )
    played = []

    def interrupt(renders):
        played.append(renders)
        if len(played) == 70:
            raise KeyboardInterrupt

    found = {}
    for name, progress in (("whole", lambda _: None), ("interrupted", interrupt)):
        spent = Spent(Budget(renders=150), progress)
        found[name] = fit(effect, reference, notes[0], sample_rate=RATE_HZ, spent=spent)
    assert found["whole"].renders <= 150 + 20  # a step begun is finished
    assert found["interrupted"].renders == 70
    clean = Spectra(reference[0], RATE_HZ, FLOOR_DB).difference(notes[0][0]).abs().mean()
    assert found["whole"].distance <= found["interrupted"].distance < clean
