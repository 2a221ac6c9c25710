"""Law: a file exactly as its owner publishes it comes out in house units; its entry knows the quirks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rioxarray  # noqa: F401
import xarray as xr
from pyproj import Transformer

from eurosic.base.errors import InputError
from eurosic.base.request import LayerRequest
from eurosic.inputs.catalog import load_catalog
from eurosic.inputs.prepare import check_layers, prepare_layers
from eurosic.inputs.store import write_inputs
from tests.inputs.rasters import GRID, around_grid, homolosine, write_lonlat, write_tif

FLOAT_NODATA = -3.4028234663852886e38


def lucas(value: float, *, crs: str | None = None, tagged: bool = True) -> Callable[[Path], None]:
    """500 m, float32, LAEA; with nodata in the first pixel, tagged or not, and often without a CRS."""

    def write(path: Path) -> None:
        values = np.full((12, 16), value, np.float32)
        values[0, 0] = FLOAT_NODATA
        write_tif(path, values, pixel=500.0, tags={"crs": crs, "nodata": FLOAT_NODATA if tagged else None})

    return write


def soilgrids(*mapped: int) -> Callable[[Path], None]:
    """250 m, int16 in mapped units, Homolosine, one file a depth."""

    def write(path: Path) -> None:
        to_igh = Transformer.from_crs(3035, homolosine(), always_xy=True)
        x, y = to_igh.transform(GRID.west - 5000.0, GRID.north + 5000.0)
        depths = (
            ("0-5cm", "5-15cm", "15-30cm")
            if "subsoil" not in path.name
            else ("30-60cm", "60-100cm", "100-200cm")
        )
        for depth, value in zip(depths, mapped, strict=True):
            values = np.full((90, 110), value, np.int16)
            values[0, 0] = -32768
            file = path.with_name(path.name.replace("-subsoil", "").replace("{part}", depth))
            write_tif(file, values, corner=(x, y), pixel=250.0, tags={"crs": homolosine(), "nodata": -32768})

    return write


def chelsa(raw: int, *, offset: float, unit: str = "") -> Callable[[Path], None]:
    """30 arc seconds, uint16, scale 0.1, one file a month."""

    def write(path: Path) -> None:
        lat, lon = around_grid(1 / 120)
        values = np.full((lat.size, lon.size), raw, np.uint16)
        tags = {"crs": "EPSG:4326", "nodata": 65535, "scale": 0.1, "offset": offset, "unit": unit}
        for month in range(1, 13):
            file = path.with_name(path.name.replace("{month:02d}", f"{month:02d}"))
            write_tif(file, values + month, corner=(lon[0], lat[0]), pixel=1 / 120, tags=tags)

    return write


def emep(path: Path) -> None:
    """0.1 degree, latitude ascending, one year as a time axis, mg(N)/m2: wet 400 and 300, dry 250 and 150."""
    lat, lon = around_grid(0.1)
    sizes = {"WDEP_RDN": 400, "DDEP_RDN_m2Grid": 250, "WDEP_OXN": 300, "DDEP_OXN_m2Grid": 150}
    data = {name: np.full((1, lat.size, lon.size), value, np.float32) for name, value in sizes.items()}
    axes = {"time": np.array(["2020-07-01"], dtype="datetime64[ns]"), "lat": lat[::-1], "lon": lon}
    write_lonlat(path, data, axes=axes, units="mg(N)/m2")


def corine(path: Path) -> None:
    """100 m, int8, classes 1-44: a cell of 1 km has 50 pixels arable (12) and 50 of mixed class 20."""
    codes = np.where(np.arange(60)[:, None] % 10 < 5, 12, 20) * np.ones((60, 80))
    write_tif(path, codes.astype(np.uint8), pixel=100.0, tags={"nodata": 48})


def eurostat(path: Path) -> None:
    """SDMX-CSV in long form: one line an item, year and country, with aggregates and flags."""
    path.parent.mkdir(parents=True, exist_ok=True)
    head = "DATAFLOW,LAST UPDATE,freq,nutrient,indic_ag,unit,geo,TIME_PERIOD,OBS_VALUE,OBS_FLAG"
    start = "ESTAT:AEI_PR_GNB(1.0),01/02/24 23:00:00,A"
    rows = [
        f"{start},N,I_MIN_FERT,KG_HA,DE,2019,79.5,",
        f"{start},N,I_MANURE,KG_HA,DE,2019,75.5,",
        f"{start},N,I_MIN_FERT,KG_HA,DE,2018,99,",
        f"{start},P,I_MIN_FERT,KG_HA,DE,2019,9,",
        f"{start},N,I_MIN_FERT,KG_HA,EU27_2020,2019,66,e",
        f"{start},N,I_MIN_FERT,KG_HA,EL,2019,:,",
    ]
    path.write_text("\n".join([head, *rows]))


# Entry -> how its file is made, and the value that a recipe must get, in the house unit.
PRODUCTS: dict[str, tuple[Callable[[Path], None], float]] = {
    "lucas-caco3-2009": (lucas(123.0), 12.3),
    "lucas-ph-2009": (lucas(7.5, crs="EPSG:3035"), 7.5),
    "lucas-cec-2009": (lucas(21.0, tagged=False), 21.0),
    "lucas-clay-2009": (lucas(28.0), 28.0),
    "lucas-sand-2009": (lucas(31.0), 31.0),
    "lucas-gravel-2009": (lucas(12.0), 0.12),
    "lucas-bulk-density-2009": (lucas(1.25), 1.25),
    "lucas-soc-2009": (lucas(18.0), 1.8),
    "soilgrids-clay": (soilgrids(240, 270, 300), (24 * 5 + 27 * 10 + 30 * 15) / 30),
    "soilgrids-sand": (soilgrids(300, 300, 300), 30.0),
    "soilgrids-soc": (soilgrids(300, 200, 100), (3.0 * 5 + 2.0 * 10 + 1.0 * 15) / 30),
    "soilgrids-ph": (soilgrids(75, 75, 78), (7.5 * 15 + 7.8 * 15) / 30),
    "soilgrids-cec": (soilgrids(210, 210, 210), 21.0),
    "soilgrids-cec-subsoil": (soilgrids(190, 190, 190), 19.0),
    "soilgrids-gravel": (soilgrids(120, 120, 120), 0.12),
    "soilgrids-bulk-density": (soilgrids(135, 135, 141), 1.38),
    "chelsa-tas-1981-2010": (chelsa(2831, offset=0.0, unit="K"), 10.05),
    "chelsa-tas-1981-2010-first": (chelsa(2831, offset=-273.15), 10.05),
    "chelsa-pr-1981-2010": (chelsa(650, offset=0.0, unit="kg m-2 month-1"), 65.1),
    "emep-nh4-2020": (emep, 6.5),
    "emep-no3-2020": (emep, 4.5),
    "corine-2018": (corine, 0.75),
    "eurostat-mineral-n-2019": (eurostat, 79.5),
    "eurostat-manure-n-2019": (eurostat, 75.5),
}


def made(name: str, folder: Path) -> None:
    """Write the files of an entry where the entry says."""
    source = load_catalog().source(name)
    # Both depths of CEC have one path and other parts.
    path = folder / source.path.replace(
        "cec_{part}", "cec-subsoil_{part}" if "subsoil" in name else "cec_{part}"
    )
    PRODUCTS[name][0](path)


def request(name: str) -> LayerRequest:
    """The one layer that an entry gives."""
    return LayerRequest(load_catalog().source(name).gives[0], name)


def test_every_product_of_the_catalog_is_tested_here():
    """A new entry needs a file of its format."""
    import yaml  # noqa: PLC0415

    from eurosic.inputs.catalog import SHIPPED  # noqa: PLC0415

    entries = yaml.safe_load((SHIPPED / "inputs" / "catalog" / "products.yaml").read_text())
    assert set(entries) == set(PRODUCTS)


@pytest.mark.parametrize("name", PRODUCTS)
def test_a_product_comes_out_in_house_units(tmp_path, name):
    """Units, scales, nodata, CRS, depths, months, sums: `check` is content, and the value is right."""
    made(name, tmp_path)
    asked = [request(name)]
    assert check_layers(asked, catalog=load_catalog(), grid=GRID, data=tmp_path) == []
    layer = prepare_layers(asked, catalog=load_catalog(), grid=GRID, data=tmp_path)[asked[0].name]
    values = layer.isel(month=0).to_numpy() if "month" in layer.dims else layer.to_numpy()
    assert np.nanmedian(values) == pytest.approx(PRODUCTS[name][1], rel=1e-4)
    assert not (np.abs(values) > 1e6).any()
    assert layer.attrs["source"] == name
    assert layer.attrs["licence"]


def test_the_two_deliveries_of_chelsa_are_not_taken_for_one_another(tmp_path):
    """They bear the same names; kelvin read as Celsius is out of range, and says where to look."""
    PRODUCTS["chelsa-tas-1981-2010"][0](tmp_path / load_catalog().source("chelsa-tas-1981-2010").path)
    asked = [request("chelsa-tas-1981-2010-first")]
    problems = check_layers(asked, catalog=load_catalog(), grid=GRID, data=tmp_path)
    assert "states the unit 'K'; wanted 'degC'" in str(problems[0])
    chelsa(2831, offset=0.0)(tmp_path / load_catalog().source("chelsa-tas-1981-2010").path)
    layers = prepare_layers(asked, catalog=load_catalog(), grid=GRID, data=tmp_path)
    with pytest.raises(
        InputError, match=r"576 values outside the valid range; first at y 2849500, x 4400500: 283.2 degC"
    ):
        write_inputs(tmp_path / "inputs.zarr", layers, grid=GRID, digest="any")


def test_the_development_layers_have_plausible_means(shared_data):
    """Each layer of the 10 km recipe over Germany, from the real files."""
    from eurosic.base.grid import Grid  # noqa: PLC0415

    grid = Grid("EPSG:3035", 10_000.0, 4_100_000.0, 3_500_000.0, 50, 70)
    expected = {
        "monthly_temperature": ("era5-temperature-2000-2025", 7.0, 12.0),
        "monthly_precipitation": ("era5-precipitation-2000-2025", 50.0, 100.0),
        "arable_fraction": ("igbp-2019", 0.3, 0.6),
        "carbonate": ("gemas-caco3", 0.1, 10.0),
        "clay": ("gemas-clay", 10.0, 25.0),
        "mineral_n": ("fubc-2018", 80.0, 130.0),
        "manure_n": ("country-manure-n", 40.0, 110.0),
        "deposition_nh4": ("country-deposition-nh4", 5.0, 12.0),
        "climate_group": ("koppen-beck2018", 3.0, 4.0),
        "elevation": ("etopo5", 150.0, 500.0),
    }
    asked = [LayerRequest(word, name) for word, (name, _, _) in expected.items()]
    place = {"catalog": load_catalog(), "grid": grid, "data": shared_data / "inputs"}
    assert check_layers(asked, **place) == []
    layers = prepare_layers(asked, **place)
    for word, (_, low, high) in expected.items():
        assert low < float(layers[word].mean()) < high, word


def test_an_era5_climatology_stays_on_its_annual_cycle(shared_data):
    """July is warmest and January coldest on the grid as in the file."""
    asked = [LayerRequest("monthly_temperature", "era5-temperature-2000-2025")]
    layers = prepare_layers(asked, catalog=load_catalog(), grid=GRID, data=shared_data / "inputs")
    means = layers["monthly_temperature"].mean(("y", "x")).to_numpy()
    raw = xr.open_dataset(shared_data / "inputs" / "era5_climatology_2000_2025_europe_0p25.nc").t2m
    near = raw.sel(latitude=48.75, longitude=11.25).to_numpy()
    assert means.argmax() == 6
    np.testing.assert_allclose(means, near, atol=0.8)
