"""What exports and the viewer of a large run need: memory, time, bytes, each in a process of its own.

``python -m tests.benchmarks.exports RUN --out DIR`` exports one variable of a finished run (Europe at 1 km: see
`europe_1km.py`) as GeoTIFFs and NetCDF, asks the viewer for the tiles that a person looks at, and prints the peak
of resident memory beside the bound that docs/6-outputs.md states; it exits with 1 where a bound is broken.
*Enters:* a run. *Leaves:* files in DIR, never in the run.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path

import eurosic
from eurosic.outputs.cog import export_cog
from eurosic.outputs.cog_plan import plan_cogs
from eurosic.outputs.netcdf import export_netcdf
from eurosic.view.server import address_of
from eurosic.workflow.viewing import open_viewer

# MB of resident memory that docs/6-outputs.md and docs/13-viewer.md state, for any grid up to 1 km of Europe.
BOUNDS = {"cog": 1500, "netcdf": 1000, "view": 500}
_VARIABLE = "sic_change_0_200cm"


def main() -> None:
    """Measure every kind in a process of its own, print, and say whether the bounds hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--variable", default=_VARIABLE)
    parser.add_argument("--pathways", type=int, default=2, help="how many of the run's pathways are exported")
    parser.add_argument("--kind", choices=[*BOUNDS], action="append")
    asked = parser.parse_args()
    broken = [kind for kind in asked.kind or BOUNDS if _measured(kind, asked) > BOUNDS[kind]]
    sys.exit(f"beyond the stated bound: {', '.join(broken)}" if broken else 0)


def _measured(kind: str, asked: argparse.Namespace) -> float:
    words = json.dumps([str(asked.run), str(asked.out), asked.variable, asked.pathways])
    code = f"from tests.benchmarks import exports; exports.{kind}(*exports.json.loads({words!r}))"
    began = time.perf_counter()
    child = subprocess.Popen([sys.executable, "-c", code], env={**os.environ, "OMP_NUM_THREADS": "1"})
    _, status, used = os.wait4(child.pid, 0)
    if status:
        sys.exit(f"{kind}: failed")
    peak = used.ru_maxrss / 1024
    took, worked = time.perf_counter() - began, used.ru_utime + used.ru_stime
    cost = f"{took:.0f} s, {worked:.0f} s of a core"
    print(f"{kind:<7} peak {peak:.0f} MB (bound {BOUNDS[kind]}), {cost}", flush=True)  # noqa: T201
    return peak


def cog(run: str, out: str, variable: str, pathways: int) -> None:
    """Export GeoTIFFs of a variable."""
    cube = eurosic.open_projection(run).isel(pathway=slice(0, pathways))
    years = [int(year) for year in cube["year"].values]
    _told(
        "cog", lambda: export_cog(cube, plan_cogs(cube, Path(out) / "cog", years=years, variables=[variable]))
    )


def netcdf(run: str, out: str, variable: str, pathways: int) -> None:
    """Export NetCDF of a variable, its percentiles within."""
    cube = eurosic.open_projection(run).isel(pathway=slice(0, pathways))
    years = [int(year) for year in cube["year"].values]
    _told("netcdf", lambda: export_netcdf(cube, Path(out) / "netcdf", years=years, variables=[variable]))


def _told(kind: str, export: Callable[[], list[Path]]) -> None:
    paths = export()
    size = sum(path.stat().st_size for path in paths) / 1e6
    print(f"{kind:<7} {len(paths)} files, {size:.0f} MB", flush=True)  # noqa: T201


def view(run: str, out: str, variable: str, pathways: int) -> None:
    """Ask the viewer for the whole map of every pathway, for single cells, for another year; print the slowest."""
    with open_viewer(Path(run)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        where = address_of(server)
        about = json.loads(_ask(where, "run")[0])
        took = {"whole map": 0.0, "another year": 0.0, "fine tile": 0.0, "cell": 0.0}
        far, grid = about["levels"] - 1, about["grid"]
        middle = {"row": grid["rows"] // 512, "column": grid["columns"] // 512}
        for name in (pathway["name"] for pathway in about["pathways"]):
            of = {"variable": variable, "pathway": name, "level": far, "row": 0, "column": 0}
            years = about["years"]
            took["whole map"] = max(took["whole map"], _ask(where, "tile", **of, year=years[-1])[1])
            took["another year"] = max(took["another year"], _ask(where, "tile", **of, year=years[-2])[1])
            near = {**of, "level": 0, **middle, "year": years[-1]}
            took["fine tile"] = max(took["fine tile"], _ask(where, "tile", **near)[1])
        place = {"row": grid["rows"] // 2, "column": grid["columns"] // 2}
        took["cell"] = _ask(where, "cell", variable=variable, **place)[1]
        server.shutdown()
    told = ", ".join(f"{what} {seconds:.2f} s" for what, seconds in took.items())
    print(f"view    {about['cells']} cells; slowest: {told}", flush=True)  # noqa: T201


def _ask(where: str, path: str, **query: object) -> tuple[bytes, float]:
    began = time.perf_counter()
    with urllib.request.urlopen(f"{where}{path}?{urllib.parse.urlencode(query)}") as answer:
        return answer.read(), time.perf_counter() - began


if __name__ == "__main__":
    main()
