"""Take a picture of every page of the listening test: desktop, phone, phone in Arabic and dark.

Run ``python tests/browser/screenshots.py``; the pictures replace those in ``docs/screenshots/``,
or go to the folder that is named.
"""

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from playwright.sync_api import expect
from support.browser_listener import DESKTOP, PATIENCE_MS, PHONE, Listener
from support.chromium import open_chromium
from support.every_page import walk
from support.guitar_set import GuitarSet
from support.live_server import LiveServer
from support.pictures import FOLDER, take_picture
from tqdm import tqdm

SHARPER_PHONE = PHONE | {"device_scale_factor": 1.25}
DEVICES = {
    "desktop": DESKTOP,
    "phone": SHARPER_PHONE,
    "phone-arabic-dark": SHARPER_PHONE | {"locale": "ar", "color_scheme": "dark"},
}
N_PAGES = 10


def take_screenshots(folder: Path) -> None:
    """Write ``<page>-<device>.png`` for every page and device."""
    expect.set_options(timeout=PATIENCE_MS)
    with tempfile.TemporaryDirectory() as temporary, open_chromium() as browser:
        study = GuitarSet(Path(temporary) / "set", listening_test="break_every = 1")
        server = LiveServer(Path(temporary), study=study.folder)
        bar = tqdm(total=len(DEVICES) * N_PAGES, unit="picture")
        for device, options in DEVICES.items():
            page = browser.new_page(**options, reduced_motion="reduce")
            language, touch = options.get("locale", "en")[:2], "has_touch" in options
            for name in walk(Listener(page, server.address, language=language, touch=touch)):
                page.evaluate("scrollTo(0, 0)")
                picture = folder / f"{name}-{device}.png"
                take_picture(page, picture, whole=name != "trial")
                bar.update()
            page.close()
        server.kill()


if __name__ == "__main__":
    take_screenshots(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
