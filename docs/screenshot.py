"""Draw the README's picture anew: python docs/screenshot.py, with the app running at the address given (default
http://localhost:8501).
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

ADDRESS = sys.argv[1] if len(sys.argv) > 1 else "http://localhost:8501"

with sync_playwright() as playwright:
    browser = playwright.chromium.launch(
        executable_path=shutil.which("chromium"), args=["--headless", "--no-sandbox", "--disable-gpu"]
    )
    page = browser.new_page(viewport={"width": 1440, "height": 900}, color_scheme="light")
    page.goto(ADDRESS)
    page.wait_for_selector(".lrlab-chart[data-drawn]")
    page.wait_for_timeout(1500)
    page.screenshot(path=Path(__file__).parent / "tune.png")
    browser.close()
