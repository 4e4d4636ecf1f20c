"""Finds a Chromium for the browser tests; `python -m tests.chromium` installs Playwright's where there is none."""

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from playwright.sync_api import sync_playwright

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")  # as visitors have them
SYSTEM = ("chromium-headless-shell", *BROWSERS)  # the first draws the same with less of the processor
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def find(names: Sequence[str] = SYSTEM) -> str | None:
    """Path of a Chromium: the system's first of these names, else Playwright's, else None."""
    system = next(filter(None, map(shutil.which, names)), None)
    if system:
        return system
    with sync_playwright() as playwright:
        own = playwright.chromium.executable_path
    return own if Path(own).exists() else None


if __name__ == "__main__":
    if find() is None:
        print("No Chromium found; installing Playwright's.")
        subprocess.run([sys.executable, "-m", "playwright", "install", "--with-deps", "chromium"], check=True)
