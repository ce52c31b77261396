"""The six classes and the eleven effects of the recognition task, as AutoFX has them."""

CLASSES = ("modulation", "delay", "distortion", "reverb", "tremolo", "dry")
"""The six classes of the recognition task; the first three have settings to estimate."""

EFFECT_NAMES: dict[str, str] = {
    "dry": "dry",
    "feedback delay": "delay",
    "slapback delay": "delay",
    "reverb": "reverb",
    "chorus": "modulation",
    "flanger": "modulation",
    "phaser": "modulation",
    "tremolo": "tremolo",
    "vibrato": "modulation",
    "distortion": "distortion",
    "overdrive": "distortion",
}
"""The eleven effects of the recognition task → their class among the six."""

SOMETHING_ELSE = "something else"
"""What is on a sound that is neither clean nor one of the eleven effects: octave, wah, …"""

PRESENCES = (*(name for name in EFFECT_NAMES if name != "dry"), SOMETHING_ELSE)
"""What may be present on a sound, alone or in a chain; where none is, the sound is clean."""
