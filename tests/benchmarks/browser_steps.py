"""The largest sample step that the audio engine makes, at every kind of change and sample rate.

Run ``PYTHONPATH=tests python -m benchmarks.browser_steps``. The baseline is the closed form: the
signal's own largest step plus the steepest step of a 5 ms raised cosine; a click would be a ratio
far above 1.
"""

import browser.test_audio_engine as engine
from support.chromium import open_chromium
from support.static_files import serve_static_files


def main() -> None:
    with open_chromium() as browser, serve_static_files() as address:
        page = browser.new_page()
        page.goto(address)
        print(f"{'change':34}{'signal':>8}" + "".join(f"{r:>9}" for r in engine.SAMPLE_RATES_HZ))
        for name, commands in engine.SCENARIOS.items():
            for signal_hz in (0.0, engine.SINE_HZ):
                ratios = []
                for sample_rate in engine.SAMPLE_RATES_HZ:
                    tracks = engine.make_tracks(signal_hz, sample_rate)
                    output = engine.render(page, sample_rate, tracks, commands)
                    limit = engine.step_limit(sample_rate, signal_hz=signal_hz)
                    ratios.append(output.largest_step() / (limit / engine.STEP_ALLOWANCE))
                signal = f"{signal_hz:.0f} Hz" if signal_hz else "DC"
                print(f"{name:34}{signal:>8}" + "".join(f"{ratio:9.3f}" for ratio in ratios))


if __name__ == "__main__":
    main()
