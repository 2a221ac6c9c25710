"""A headless Chromium for tests of pages: what it logs, what it asks for, and no way out of this machine."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from urllib.parse import urlsplit

import pytest
from selenium import webdriver

_CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--force-device-scale-factor=1",
    # No name is found but this machine's own: what would leave it fails, and is seen in `requests`.
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1 , EXCLUDE localhost",
)
_OWN = ("127.0.0.1", "localhost", "::1", None)


class Browser:
    """A browser under the hand of a test; `driver` is Selenium's."""

    def __init__(self, driver: object, webdriver: ModuleType) -> None:
        self.driver, self._webdriver = driver, webdriver
        self._requests: list[str] = []
        self._problems: list[str] = []

    def open(self, address: str | Path, *, size: tuple[int, int] = (1280, 800)) -> None:
        """Open an address or a file in a window of some size, with nothing remembered of what was before."""
        self.driver.get("about:blank")
        self.requests(), self.problems()
        self._requests.clear(), self._problems.clear()
        self.driver.set_window_size(*size)
        self.driver.get(address.resolve().as_uri() if isinstance(address, Path) else address)

    def run(self, script: str, *arguments: object) -> object:
        """Return what a script gives (`return ...`), with its arguments as `arguments[0]` and on."""
        return self.driver.execute_script(script, *arguments)

    def wait(self, script: str, *, seconds: float = 15.0) -> object:
        """Return what a script gives as soon as it is true."""
        until = time.monotonic() + seconds
        while not (found := self.run(script)):
            assert time.monotonic() < until, f"never true in {seconds:g} s: {script}"
            time.sleep(0.03)
        return found

    def click(self, css: str) -> None:
        """Click with the mouse in the middle of an element."""
        found = self.driver.find_element("css selector", css)
        self._webdriver.ActionChains(self.driver).move_to_element(found).click().perform()

    def press(self, css: str, *keys: str) -> None:
        """Press keys on an element: letters, or names such as HOME and ARROW_LEFT."""
        named = [getattr(self._webdriver.Keys, key, key) for key in keys]
        self.driver.find_element("css selector", css).send_keys(*named)

    def problems(self) -> list[str]:
        """Return warnings and errors of the console since the page was opened."""
        self._problems += [
            f"{entry['level']}: {entry['message']}"
            for entry in self.driver.get_log("browser")
            if entry["level"] in ("WARNING", "SEVERE")
        ]
        return self._problems

    def requests(self) -> list[str]:
        """Return every address that was asked for since the page was opened."""
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                self._requests.append(message["params"]["request"]["url"])
        return self._requests

    def strangers(self) -> list[str]:
        """Return the addresses beyond this machine that were asked for; inline data and files are none."""
        return [
            url
            for url in self.requests()
            if urlsplit(url).scheme not in ("file", "data", "blob", "about", "chrome")
            and urlsplit(url).hostname not in _OWN
        ]

    def screenshot(self, path: Path) -> Path:
        """Write what is seen as PNG and return its path."""
        assert self.driver.save_screenshot(str(path))
        return path


def start_browser(profile: Path) -> Browser | None:
    """Return a headless Chromium that remembers in a folder of its own, or None where there is none."""
    binary = next(filter(None, map(shutil.which, _CHROMIUM)), None)
    driver = shutil.which("chromedriver")
    if binary is None or driver is None:
        return None
    options = webdriver.ChromeOptions()
    options.binary_location = binary
    for flag in (*_FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    return Browser(webdriver.Chrome(options=options, service=webdriver.ChromeService(driver)), webdriver)


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A headless Chromium, or a skip that says what is absent."""
    running = start_browser(tmp_path_factory.mktemp("chromium"))
    if running is None:
        pytest.skip("no Chromium with its driver here: apt-get install chromium chromium-driver")
    try:
        yield running
    finally:
        running.driver.quit()
