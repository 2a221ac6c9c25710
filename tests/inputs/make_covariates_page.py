"""Make docs/4-data.md: ``python tests/inputs/make_covariates_page.py [DATA]``.

The first table is that of the code; the second, percentiles over Europe's calcareous arable land, comes from
the development rasters in the folder DATA (default ../shared/data/inputs).
"""

from __future__ import annotations

import sys
from pathlib import Path

from eurosic.inputs.climate import WaterBalance
from eurosic.inputs.derivations import DERIVATIONS, covariate_table
from tests.inputs.real_europe import Europe, load_europe

ROOT = Path(__file__).resolve().parents[2]
HEAD = """# From rasters to a column

Each parameter of a soil column, from raster to value. Made from the code by
`python tests/inputs/make_covariates_page.py`; the rows are those of `eurosic/inputs/derivations.py`, in the order in
which they are computed. A layer that bears a quantity's own name (`bulk_density`, `field_capacity` ...) replaces its
formula wherever it has a value. Tag S: confirmed in a published source; M: from memory, a default to be replaced.

"""
VALUES = """
## What it gives

Area-weighted percentiles over the calcareous arable land of Europe at 10 km ({cells} cells, {area:.1f} Mha), from the
development rasters with the corrections of `recipes/europe-10km.yaml`.

| quantity | unit | 5 % | 25 % | 50 % | 75 % | 95 % |
|---|---|---|---|---|---|---|
"""
TAIL = """
`sic` is the sum to 2 m. Water decides the answer more than anything else: the last row is the drainage of the monthly
bucket on the same land. Air-filled porosity decides pCO2: 650 g m-2 yr-1 of carbon give 0.021, 0.039 and 0.092 atm at
1 m for 0.22, 0.17 and 0.12. With `moisture_share` 1 (soil air at field capacity) the median falls from {air:.2f} to
{least:.2f}, with 0.5 it rises to {most:.2f}.

## What it leaves out

Snow, runoff, irrigation and capillary rise in both water balances; a bulk density that grows with depth; carbonate in
fragments above 2 mm; effects of tillage on respiration, whose formula was fitted to untilled vegetation.
"""
SKIPPED = ("calcareous_share", "carbonate_profile", "monthly_pet", "nitrate", "base_saturation")


def _line(europe: Europe, label: str, unit: str, values: object) -> str:
    told = " | ".join(f"{value:.3g}" for value in europe.percentiles(values))  # type: ignore[arg-type]
    return f"| {label} | {unit} | {told} |\n"


def page(data: Path) -> str:
    """Return the page."""
    europe = load_europe(data)
    columns = europe.columns()
    lines = []
    for row in DERIVATIONS:
        if row.name not in SKIPPED:
            values = columns[row.name].reshape(len(europe.area), -1)
            shown = values.sum(axis=1) if row.name == "sic" else values[:, 0]
            lines.append(_line(europe, f"`{row.name}`", row.unit, shown))
    bucket = europe.columns(WaterBalance.MONTHLY_BUCKET)["drainage"][:, 0]
    lines.append(_line(europe, "`drainage`, monthly bucket", "mm yr-1", bucket))
    dry, wet, pores = (columns[name] for name in ("wilting_point", "field_capacity", "porosity"))
    air = [europe.percentiles(pores - dry - share * (wet - dry))[2] for share in (0.75, 1.0, 0.5)]
    head = VALUES.format(cells=len(europe.area), area=europe.area.sum() / 1e10)
    tail = TAIL.format(air=air[0], least=air[1], most=air[2])
    return HEAD + covariate_table() + head + "".join(lines) + tail


if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT.parent / "shared" / "data" / "inputs"
    (ROOT / "docs" / "4-data.md").write_text(page(folder), encoding="utf-8")
