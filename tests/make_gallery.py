"""The gallery of docs/gallery, made by the code: figures of a run as the commands draw them, and its viewer.

``python -m tests.make_gallery RUN`` draws them of a finished run (`recipes/europe-10km.yaml` for the pages that
ship) and writes the page. Images are shrunk to what a page shows; `eurosic figures` gives them whole. Where a
Chromium with its driver is installed, the viewer is photographed, too; else its last picture stays.
"""

from __future__ import annotations

import argparse
import tempfile
import threading
from pathlib import Path

import zarr
from PIL import Image

from eurosic.view.server import address_of
from eurosic.workflow.figures import write_paper
from eurosic.workflow.viewing import open_viewer
from tests.browser import start_browser

GALLERY = Path(__file__).resolve().parents[1] / "docs" / "gallery"
VARIABLES = ("sic_change_0_200cm", "ph_soil_0_30cm")
# Dots across a picture of the page, and colours: figures have few.
_ACROSS, _COLOURS = 1100, 256
_HEAD = """# Gallery

Made by the code: `python -m tests.make_gallery RUN`, of the run of `recipes/europe-10km.yaml` on the development data. Each
picture stands with its caption as `eurosic figures DIR` writes it beside the file, and with the command that draws it. Soil
maps, nitrogen rates and climate have errors of their own that no shading shows: see [beware](../8-beware.md).
"""
_READY = "return !!(window.page && page.map.layer && page.map.rings.length && !page.map.tiles.busy && !page.map.asked)"


def shrink(source: Path, target: Path) -> None:
    """Write a picture at the width of a page, with few colours."""
    with Image.open(source) as image:
        high = round(image.height * _ACROSS / image.width)
        small = image.convert("RGB").resize((_ACROSS, high), Image.Resampling.LANCZOS)
        small.quantize(_COLOURS, kmeans=2, dither=Image.Dither.NONE).save(target, optimize=True)


def photograph(run: Path, target: Path) -> bool:
    """Write a picture of the viewer of a run; return whether there is a browser to take it."""
    browser = start_browser(Path(tempfile.mkdtemp()))
    if browser is None:
        return False
    with open_viewer(run) as server, tempfile.TemporaryDirectory() as aside:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        chosen = "#variable=sic_change_0_200cm&pathway=zero_now&minus=baseline&year=2100"
        browser.open(address_of(server) + chosen, size=(1280, 860))
        browser.wait(_READY, seconds=120)
        browser.run("page.map.see(arguments[0], arguments[1], 5)", 170, 290)
        browser.wait(_READY, seconds=120)
        browser.run("page.map.choose(arguments[0], arguments[1])", *_study_cell(run))
        browser.wait("return document.getElementById('cell-value').dataset.value", seconds=120)
        shrink(browser.screenshot(Path(aside) / "view.png"), target)
        browser.driver.quit()
        server.shutdown()
    return True


def _study_cell(run: Path) -> tuple[float, float]:
    cells = zarr.open_group(run / "cells.zarr", mode="r")
    at = cells["row"].shape[0] // 2
    return float(cells["column"][at]) + 0.5, float(cells["row"][at]) + 0.5


def entry(name: str, words: str, command: str) -> str:
    """Return a picture of the page with its caption and its command."""
    kind = name.split("_", 1)[0].capitalize()
    return f"## {kind}: {name.split('_', 1)[1]}\n\n![{kind}]({name}.png)\n\n{words.strip()}\n\n```bash\n{command}\n```\n"


def main() -> None:
    """Draw, shrink, write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    run = parser.parse_args().run
    GALLERY.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as aside:
        drawn = [p for p in write_paper(run, variables=VARIABLES, out=Path(aside)) if p.suffix == ".png"]
        parts = [_HEAD]
        for path in drawn:
            shrink(path, GALLERY / path.name)
            variable = path.stem.split("_", 1)[1]
            words = path.with_suffix(".txt").read_text(encoding="utf-8")
            parts.append(entry(path.stem, words, f"eurosic figures DIR --variable {variable}"))
    if photograph(run, GALLERY / "viewer_page.png") or (GALLERY / "viewer_page.png").exists():
        words = "What a pathway keeps against baseline, and the course of one cell; see [the viewer](../13-viewer.md)."
        parts.append(entry("viewer_page", words, "eurosic view DIR"))
    (GALLERY / "README.md").write_text("\n".join(parts), encoding="utf-8")


if __name__ == "__main__":
    main()
