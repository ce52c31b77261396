"""An experimenter's laboratory: the real server with a password, a set to import, listeners."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Page, expect
from werkzeug.security import generate_password_hash

from support.guitar_set import KINDS, GuitarSet
from support.live_server import LiveServer

PASSWORD = "correct horse battery"
HASH = generate_password_hash(PASSWORD, "scrypt:1024:8:1")  # as usual, but quick to try
DISTANCES = {"reference": 0.0, "estimated": 0.6, "random": 2.0, "anchor": 1.5}
REPORT_PATIENCE_MS = 180_000


class Lab:
    """A server that plays one study and has the set ``pedals`` beside it, ready to import."""

    def __init__(self, folder: Path) -> None:
        first = GuitarSet(folder / "first").folder
        self.set = folder / "autofx-data" / "pedals"
        shutil.copytree(first, self.set)
        _name_and_measure(self.set)
        os.environ["AUTOFX_ADMIN_PASSWORD_HASH"] = HASH
        try:
            self.server = LiveServer(folder, study=first)
        finally:
            del os.environ["AUTOFX_ADMIN_PASSWORD_HASH"]

    def simulate(self, n_listeners: int) -> subprocess.Popen:
        """Let simulated listeners through, beside whatever else happens."""
        command = ["-m", "webmushra_app", "simulate", "--url", self.server.address]
        return subprocess.Popen(
            [sys.executable, *command, "--study", self.set, "--listeners", str(n_listeners)],
            env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
            stderr=subprocess.PIPE,
            text=True,
        )

    def log_in(self, page: Page) -> None:
        """Open the experimenter's side as its owner does."""
        page.goto(f"{self.server.address}/admin/")
        page.get_by_label("Password").fill(PASSWORD)
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Studies")).to_be_visible()

    def import_and_open(self, page: Page) -> None:
        """Import the set and show it to listeners."""
        page.get_by_label("Sets in").select_option("pedals")
        page.get_by_role("button", name="Import").click()
        expect(page.locator("#live")).to_contain_text("not opened yet")
        page.get_by_role("button", name="Open to participants").click()
        expect(page.locator("#live .state")).to_have_text("open")


def _name_and_measure(folder: Path) -> None:
    """Give a set a name of its own, and the distances that simulated listeners go by."""
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest |= {"name": "pedals", "title": "Pedals"}
    for item in manifest["items"]:
        for stimulus in item["stimuli"]:
            stimulus["distances"] = {"mrstft": DISTANCES[KINDS[stimulus["condition"]]]}
    path.write_text(json.dumps(manifest))


def make_report(page: Page) -> None:
    """Press the button on the study's page and wait for the report's link."""
    page.get_by_role("button", name="Make the report").click()
    expect(page.get_by_role("link", name="Open the report")).to_be_visible(
        timeout=REPORT_PATIENCE_MS
    )


def walk(lab: Lab, page: Page) -> Iterator[str]:
    """Show every page of a study that has been heard, and name it."""

    def arrive(heading: str) -> None:
        expect(page.get_by_role("heading", level=1, name=heading)).to_be_visible()
        page.wait_for_load_state("load")

    page.goto(f"{lab.server.address}/admin/")
    yield "login"
    lab.log_in(page)
    arrive("Studies")
    yield "studies"
    page.get_by_role("link", name="pedals").click()
    arrive("Pedals")
    page.get_by_text("The same in numbers").click()
    yield "study"
    page.get_by_role("link", name="All sessions").click()
    arrive("Sessions")
    yield "sessions"
    page.locator("tbody a").first.click()
    arrive("Session ")
    yield "session"
    page.get_by_role("button", name="Withdraw this session").click()
    arrive("Withdraw a participant")
    yield "withdraw"
    page.get_by_role("link", name="Audit log").click()
    arrive("Audit log")
    yield "audit"
    page.get_by_role("link", name="Studies").click()
    arrive("Studies")
    page.get_by_role("link", name="pedals").click()
    arrive("Pedals")
    page.goto(f"{page.url}/report")
    yield "report"
    page.goto(f"{lab.server.address}/admin/sessions/aaaaaaaaaaaa")
    yield "refused"
