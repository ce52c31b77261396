"""Models of other pedals: independent of the generic effects, several for each of the eleven.

A system that was trained on one chorus may only work for that chorus. These pedals are others;
their sounds serve as out-of-domain references in listening tests, and as training and test sounds
of the recognition task. Their settings are never estimated; only their class has a generic effect
to match them by.

=======================  ===============  ======================================================
`flanger`                flanger          1–6 ms delay with feedback, triangle oscillator
`phaser`                 phaser           four all-pass stages swept in octaves (Hartmann 1978)
`vibrato`                vibrato          delay modulated by a sine, no dry sound
`ensemble_chorus`        chorus           three delay taps, oscillators 120° apart
`analog_chorus`          chorus           one darkened tap, triangle oscillator
`wandering_chorus`       chorus           four voices whose oscillators never repeat
`dimension_chorus`       chorus           two taps that move against each other
`through_zero_flanger`   flanger          a tap that overtakes the sound and cancels it
`negative_flanger`       flanger          inverted feedback, sine oscillator
`deep_phaser`            phaser           eight stages with resonance
`vibe`                   phaser           four staggered stages, a throbbing lamp
`triangle_vibrato`       vibrato          delay modulated by a triangle
`rotary_vibrato`         vibrato          pitch and treble move together
`slapback`               slapback delay   one darkened repeat, 60–160 ms
`digital_slap`           slapback delay   one exact repeat
`double_slap`            slapback delay   two playback heads
`tape_echo`              feedback delay   repeats through a loop with band-pass and wow
`digital_echo`           feedback delay   exact repeats
`bucket_echo`            feedback delay   repeats squeezed and darkened by a bucket brigade
`multi_tap`              feedback delay   six taps in a dotted rhythm
`diode_overdrive`        overdrive        asymmetric exponential clipper, DC blocked
`screamer`               overdrive        arctangent on the mids, clean sound blended in
`tube_amp`               overdrive        two biased tanh stages, loudspeaker
`cubic_overdrive`        overdrive        x − x³/3
`fuzz`                   distortion       hard clipping with bias, then a tone filter
`hard_clipper`           distortion       hard clipping between bass cut and scooped tone
`octave_fuzz`            distortion       rectified, then clipped
`high_gain_amp`          distortion       three tanh stages with bass cuts, loudspeaker
`plate_reverb`           reverb           Freeverb (pedalboard's Reverb)
`room_reverb`            reverb           convolution with decaying noise (Moorer 1979)
`hall_reverb`            reverb           predelay, slow build-up, treble that dies sooner
`spring_reverb`          reverb           dispersive echoes of two springs
`gated_reverb`           reverb           level noise that ends at once
`schroeder_reverb`       reverb           four combs, two all-passes (Schroeder 1962)
`sine_tremolo`           tremolo          gain modulated by a sine
`optical_tremolo`        tremolo          gain modulated by a lamp's skewed pulse
`triangle_tremolo`       tremolo          gain modulated by a triangle
`square_tremolo`         tremolo          gain switched with soft edges
`bias_tremolo`           tremolo          gain in dB modulated by a sine, less in the treble
`clean`                  dry              nothing
`amp_tone`               dry              two shelves, as from an amplifier's tone stack
`equaliser`              dry              three peaks
`loudspeaker`            dry              a cabinet's band and resonances
`compressor`             dry              levels evened out
`noisy_line`             dry              hiss and hum
=======================  ===============  ======================================================

Source of the structures: Zölzer (ed.), *DAFX: Digital Audio Effects*, 2nd ed. (2011), ch. 2–5.
Conventions: waves of shape (channels, samples), float32; the settings are drawn so that the effect
is clearly audible; oscillators start at phase 0 unless `start_turns` says otherwise.
"""

from autofx_core.effects.pedals import delay, distortion, dry, modulation, reverb, tremolo  # noqa: F401
from autofx_core.effects.pedals.pedal import PEDAL_MODELS, Pedal, Range, Settings

__all__ = ["PEDAL_MODELS", "Pedal", "Range", "Settings"]
