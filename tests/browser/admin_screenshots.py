"""Take a picture of every page of the experimenter's, wide and on a phone.

Run ``python tests/browser/admin_screenshots.py``; the pictures ``admin-<page>-<device>.png``
replace those in ``docs/screenshots/``, or go to the folder that is named.
"""

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.browser_listener import DESKTOP, PHONE
from support.chromium import open_chromium
from support.lab import Lab, make_report, walk
from support.pictures import FOLDER, take_picture
from tqdm import tqdm

DEVICES = {"desktop": DESKTOP, "phone": PHONE | {"device_scale_factor": 1.25}}
N_PAGES, N_LISTENERS = 9, 12


def take_screenshots(folder: Path) -> None:
    """Write a picture for every page and device."""
    with tempfile.TemporaryDirectory() as temporary, open_chromium() as browser:
        lab = Lab(Path(temporary))
        page = browser.new_page(**DESKTOP)
        lab.log_in(page)
        lab.import_and_open(page)
        lab.simulate(N_LISTENERS).wait()
        make_report(page)
        bar = tqdm(total=len(DEVICES) * N_PAGES, unit="picture")
        for device, options in DEVICES.items():
            page = browser.new_page(**options)
            for name in walk(lab, page):
                take_picture(page, folder / f"admin-{name}-{device}.png")
                bar.update()
            page.close()
        lab.server.kill()


if __name__ == "__main__":
    take_screenshots(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
