"""Pictures of pages for the documentation, small enough to be kept beside the code."""

import io
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page

FOLDER = Path(__file__).parents[2] / "docs" / "screenshots"
N_COLOURS = 32


def take_picture(page: Page, path: Path, *, whole: bool = True) -> None:
    """Write a picture of a page as a PNG of few colours.

    Parameters
    ----------
    page : Page
    path : Path
        The file to write.
    whole : bool
        Whether the window is made as high as the page, so that all of it is in the picture.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    size = page.viewport_size
    height = page.evaluate("document.documentElement.scrollHeight")
    if whole:
        page.set_viewport_size(size | {"height": max(height, size["height"])})
    shot = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    page.set_viewport_size(size)
    few = shot.quantize(N_COLOURS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    few.save(path, optimize=True)
