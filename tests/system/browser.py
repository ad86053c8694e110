"""A real headless Chromium, driven by Selenium: for the tests of the pages and for `scripts/bench scrape`."""
import contextlib
import shutil

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service

FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--disable-dev-shm-usage")
PHONE = {"width": 360, "height": 740, "deviceScaleFactor": 2, "mobile": True}


def start(directory, width, height):
    """A browser with a profile of its own in `directory`; the caller quits it."""
    options = Options()
    options.binary_location = shutil.which("chromium")
    for flag in (*FLAGS, "--window-size=%d,%d" % (width, height), "--user-data-dir=%s" % (directory / "browser")):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return webdriver.Chrome(service=Service(shutil.which("chromedriver")), options=options)


@contextlib.contextmanager
def opened(directory, width, height):
    """A browser (see start) that is quit at the end of the with statement."""
    driver = start(directory, width, height)
    try:
        yield driver
    finally:
        driver.quit()


def complaints(driver, expected):
    """Entries of the console since the last call, but for those that expected(entry) accepts."""
    return [e for e in driver.get_log("browser") if e["level"] != "DEBUG" and not expected(e)]


def spoken(driver, roles):
    """[(role, name)] of what a screen reader finds that has one of the roles."""
    tree = driver.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
    return [(n["role"]["value"], n.get("name", {}).get("value", "")) for n in tree if not n.get("ignored") and n["role"]["value"] in roles]


def background(driver):
    """The colour behind the page, as CSS has it."""
    return driver.execute_script("return getComputedStyle(document.body).backgroundColor")


def prefer_dark(driver):
    """From here on the browser says that its user prefers dark pages."""
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": "dark"}]})


class Phone:
    """Within it the screen is a phone's."""

    def __init__(self, driver):
        self.driver = driver

    def __enter__(self):
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", PHONE)
        return self

    def wide(self):
        """Pixels that the page is wide: more than the screen means that it must be moved sideways."""
        return self.driver.execute_script("return document.documentElement.scrollWidth")

    def __exit__(self, *_):
        self.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
