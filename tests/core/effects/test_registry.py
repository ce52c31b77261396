"""Effects that networks do not estimate are declared, joined and played like the generic ones."""

import numpy as np
import pytest

from autofx_core.effects.registry import FURTHER, find_effect, join_effects
from autofx_core.effects.table import EFFECTS, render

RATE_HZ = 22_050


def noise():
    return np.random.default_rng(0).uniform(-1, 1, (2, 2 * RATE_HZ)).astype(np.float32)


@pytest.mark.parametrize("name", FURTHER)
def test_every_parameter_changes_the_sound(name):
    effect = FURTHER[name]
    middle = np.full(len(effect.parameters), 0.6)  # half is 0 dB, or no mix, of some
    before = effect.render(noise(), RATE_HZ, effect.denormalize(middle))
    for knob in range(middle.size):
        moved = middle.copy()
        moved[knob] = 0.9
        after = effect.render(noise(), RATE_HZ, effect.denormalize(moved))
        assert np.abs(after - before).max() > 1e-4


@pytest.mark.parametrize("name", [*EFFECTS, *FURTHER])
def test_a_rendering_does_not_depend_on_what_was_rendered_before(name):
    effect = find_effect(name)
    rng = np.random.default_rng(4)
    settings = [effect.denormalize(rng.uniform(size=len(effect.parameters))) for _ in range(3)]
    first = [effect.render(noise(), RATE_HZ, setting) for setting in settings]
    again = [effect.render(noise(), RATE_HZ, setting) for setting in reversed(settings)]
    np.testing.assert_array_equal(first, again[::-1])


def test_a_tremolo_halves_the_level_at_half_depth():
    effect = find_effect("tremolo")
    level = effect.render(np.ones((1, RATE_HZ)), RATE_HZ, {"rate_hz": 2.0, "depth": 0.5})
    assert level.max() == pytest.approx(1.0, abs=1e-6)
    assert level.min() == pytest.approx(0.5, abs=1e-6)
    assert np.argmin(level) == pytest.approx(RATE_HZ / 4, abs=1)


def test_a_chain_plays_its_effects_in_order_and_keeps_their_parameters_apart():
    chain = find_effect("delay+modulation")
    echo = {"delay_seconds": 0.2, "feedback": 0.3, "mix": 0.4}
    chorus = {"rate_hz": 1.0, "depth": 0.5, "centre_delay_ms": 7.0, "feedback": 0.2, "mix": 0.5}
    setting = {f"delay_{name}": value for name, value in echo.items()}
    setting |= {f"modulation_{name}": value for name, value in chorus.items()}
    one_by_one = render("modulation", render("delay", noise(), RATE_HZ, echo), RATE_HZ, chorus)
    np.testing.assert_array_equal(chain.render(noise(), RATE_HZ, setting), one_by_one)


def test_what_cannot_be_found_or_joined_is_named():
    with pytest.raises(ValueError, match="unknown effect 'flnger'; known: modulation"):
        find_effect("distortion+flnger")
    with pytest.raises(ValueError, match="delay\\+delay: every effect can be in a chain only once"):
        join_effects(find_effect("delay"), find_effect("delay"))
