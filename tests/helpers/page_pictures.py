"""The pictures of a practice's page in examples/: ``python tests/helpers/page_pictures.py`` makes them anew.

It needs Chromium, ``pdftoppm`` (poppler) for the printed page, and Pillow, which comes with matplotlib.
"""

from __future__ import annotations

import io
import subprocess
import tempfile
from pathlib import Path

from browser import chromium
from PIL import Image

import casemgmt as cm

IMAGES = Path(__file__).resolve().parents[2] / "examples" / "images"
COLOURS = 40


def keep(name: str, data: bytes, width: int, *, part: float = 1, colours: int = COLOURS) -> None:
    """A small picture, or its upper part: a few colours, and no wider than a page of text."""
    picture = Image.open(io.BytesIO(data)).convert("RGB")
    picture = picture.crop((0, 0, picture.width, round(picture.height * part)))
    if picture.width > width:
        picture = picture.resize((width, round(picture.height * width / picture.width)), Image.Resampling.LANCZOS)
    picture.quantize(colours).save(IMAGES / name, optimize=True)


def take(browser, file: Path, folder: Path) -> None:
    page = browser.new_page(viewport={"width": 1180, "height": 760})
    page.goto(file.as_uri())
    printed = folder / "page.pdf"
    page.pdf(path=printed, prefer_css_page_size=True)
    page.evaluate("document.querySelector('#bar').hidden = true")
    page.locator("figure").screenshot(path=folder / "chart.png")
    keep("page-chart.png", (folder / "chart.png").read_bytes(), 800)
    page.evaluate("document.querySelector('#bar').hidden = false")
    page.locator('table[data-sheet="judgement"] input[type=checkbox]').first.check()
    page.evaluate("document.querySelector('#s-judgement').scrollIntoView()")
    keep("page-wide.png", page.screenshot(), 900)
    narrow = browser.new_page(viewport={"width": 390, "height": 760})
    narrow.goto(file.as_uri())
    narrow.evaluate("document.querySelector('#c-list').scrollIntoView()")
    narrow.locator("summary").first.click()
    keep("page-narrow.png", narrow.screenshot(), 390)
    made = ["pdftoppm", "-r", "80", "-f", "4", "-l", "4", "-png", "-singlefile", printed, folder / "printed"]
    subprocess.run(made, check=True)
    keep("page-printed.png", (folder / "printed.png").read_bytes(), 860, part=0.5, colours=8)


def main() -> None:
    register = cm.synthesise("C87616", as_of="2021-01-01", seed=0)
    scheme, model = cm.load_scheme("rotherham-2015-16"), cm.load_model("demonstration-admission")
    before = cm.select(register, scheme, score="frailty_deficits")
    selection = cm.select(register, scheme, model=model, previous=before)
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name, chromium() as browser:
        folder = Path(name)
        take(browser, selection.page("C87616", folder / "C87616.html"), folder)


if __name__ == "__main__":
    main()
