"""Headless Chromium for the page's tests."""

import shutil
import time

import pytest

from ganbench.store.index import Index

CHROMIUM = (
    shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)
needs_chromium = pytest.mark.skipif(not CHROMIUM, reason="no Chromium on this machine")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def indexed(runs_dir):
    """Reads what is there, so that a busy machine does not show the page before the run."""
    index = Index(runs_dir)
    index.refresh()
    index.close()


def eventually(condition):
    """Waits for something that the page does by itself."""
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def drawn(page, where="#balance"):
    """Scrolls to the curves and waits for the first one; those out of sight are not drawn."""
    page.wait_for_selector(f"{where} .plot", state="attached")
    page.evaluate("(w) => document.querySelector(w).scrollIntoView({block: 'nearest'})", where)
    page.wait_for_selector(f"{where} .plot .scatterlayer path", state="attached")


def frame_step(page):
    """Which step the movie says that it shows."""
    return page.locator(".movie .caption").first.inner_text().split(" ·")[0]
