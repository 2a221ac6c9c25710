"""Law: what was observed is read in the house's units, offline, and says what it is not."""

from __future__ import annotations

import socket
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from eurosic.base.errors import InputError
from eurosic.explain import observations_dutch, observations_fields
from eurosic.explain.observations import PH, STOCK
from eurosic.explain.observations_dutch import KCL_TO_WATER, dutch_horizons, dutch_profiles
from eurosic.explain.observations_fields import BAND, band_depth, infrared_fields
from eurosic.explain.observations_table import read_observations
from eurosic.explain.states import ALL, FREE, INTACT, STATES

TARGET = f"{STOCK}0_30cm"
# LUCAS 2018 as it is downloaded: g/kg, words for land cover, limits of detection as text.
LUCAS = """POINTID,Depth,pH_CaCl2,pH_H2O,OC,CaCO3,TH_LAT,TH_LONG,LC0_Desc
1,0-20 cm,7.3,8.0,12.0,250,48.1,2.1,Cropland
2,0-20 cm,5.1,5.7,20.0,< LOD,48.2,6.1,Cropland
3,0-20 cm,7.2,7.9,10.0,100,40.1,-2.1,Cropland
4,0-20 cm,4.1,4.7,60.0,< LOD,50.1,12.1,Woodland
5,0-20 cm,6.9,7.5,< LOD,5,44.1,12.1,Cropland
6,0-20 cm,7.0,7.8,15.0,,52.1,20.1,Cropland
7,0-20 cm,7.0,7.8,15.0,20,52.1,21.9,Cropland
7,20-30 cm,7.1,7.9,9.0,40,52.1,21.9,Cropland
"""


@pytest.fixture
def offline(monkeypatch):
    """A machine on which no connection can be opened."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket.socket, "connect", refuse)


def test_the_dutch_map_holds_what_was_said_of_it(offline):
    """1 568 horizons in 368 profiles, of which 318 are mineral; in 65 groups; nothing is fetched."""
    found = dutch_profiles()
    horizons = dutch_horizons()
    assert (len(horizons), horizons["normalsoilprofile_id"].nunique()) == (1568, 368)
    assert (len(found), len(np.unique(found.block))) == (318, 65)
    assert not found.circular


def test_a_dutch_profile_by_hand():
    """The first profile with calcite down to 30 cm: its stock and its pH from its horizons, one by one."""
    horizons = dutch_horizons()
    of = horizons.groupby("normalsoilprofile_id")["calciccontent"].max()
    key = next(key for key, most in of.items() if most > 5.0)
    stock = thickness = acidity = 0.0
    for row in horizons[horizons["normalsoilprofile_id"] == key].itertuples():
        part = max(0.0, min(row.zbottom, 0.3) - min(row.ztop, 0.3))
        stock += row.calciccontent / 100 * row.density * 1000 * part * 12.011 / 100.086
        thickness, acidity = thickness + part, acidity + part * row.acidity
    found = dutch_profiles()
    same = np.isclose(found.targets[TARGET], stock, rtol=1e-4) & np.isclose(
        found.covariates[PH], acidity / thickness + KCL_TO_WATER
    )
    assert same.any()


def test_calcareous_dutch_soils_stand_where_calcite_holds_the_ph():
    """With the shift to water, their median is that of calcite in air, 8.2, and free topsoils lie far below."""
    found = dutch_profiles()
    ph = found.covariates[PH].to_numpy()
    assert np.median(ph[found.targets[TARGET] > 1.5]) == pytest.approx(8.2, abs=0.2)
    assert np.median(ph[found.states[FREE]]) < 6.5
    assert set(found.states) == set(STATES)


def test_stocks_grow_with_depth():
    """What lies in 0-30 cm lies in 0-100 cm too."""
    targets = dutch_profiles().targets
    assert (targets[f"{STOCK}0_100cm"] >= targets[TARGET] - 1e-9).all()


def test_fields_have_a_signal_of_carbonate_and_say_that_it_is_no_stock(offline):
    """Four fields, each a block; the band deepens with pH; its name and unit are its own."""
    found = infrared_fields()
    assert np.bincount(found.block).tolist() == [115, 62, 42, 32]
    ph, band = found.covariates[PH].to_numpy(), found.targets[BAND].to_numpy()
    assert len(found) == 251
    assert found.unit(BAND) == "1"
    assert "no stock" in found.note
    assert np.median(band[ph > 7.5]) > 0.1 > np.median(band[ph < 6.5]) + 0.05


def test_a_flat_spectrum_has_no_band_whatever_its_slope():
    """Depth is measured from the line between the shoulders."""
    wavenumber = np.linspace(2400.0, 2700.0, 301)
    assert band_depth(wavenumber, (wavenumber / 50.0)[np.newaxis]) == pytest.approx(0.0, abs=1e-9)


@pytest.fixture
def lucas(tmp_path: Path) -> Path:
    """The rows above, and as many again elsewhere: enough blocks."""
    path = tmp_path / "lucas.csv"
    path.write_text(LUCAS)
    return path


def test_lucas_is_read_as_it_is_downloaded(lucas):
    """g/kg become %, woodland and 20-30 cm are left out, below detection is none, without carbonate no sample."""
    found = read_observations(lucas)
    assert found.covariates[PH].tolist() == [8.0, 5.7, 7.9, 7.5, 7.8]
    # 25 % of calcite, density 1.6 - 0.09 x 1.2: by hand 0.25 x 1492 x 0.3 x 0.12001.
    assert found.targets[TARGET].iloc[0] == pytest.approx(0.25 * 1492 * 0.3 * 0.120007, rel=1e-4)
    assert found.targets[TARGET].iloc[1] == 0.0
    assert found.covariates["organic_carbon"].isna().tolist() == [False, False, False, True, False]
    assert (found.states[INTACT].sum(), found.states[FREE].sum(), found.states[ALL].sum()) == (4, 1, 5)
    assert len(np.unique(found.block)) == 5


def test_the_house_s_own_columns_are_read_too(lucas, tmp_path):
    """Percent and metres, separated by semicolons, comments above: the same stocks."""
    given = read_observations(lucas)
    rows = pd.DataFrame(
        {
            "ph_lab_0_30cm": given.covariates[PH],
            "carbonate": [25.0, 0.0, 10.0, 0.5, 2.0],
            "bulk_density": [1.492, 1.42, 1.51, 1.42, 1.465],
            "x": np.arange(5) * 2e5,
            "y": 0.0,
        }
    )
    path = tmp_path / "own.csv"
    path.write_text("# mine\n" + rows.to_csv(index=False, sep=";"))
    found = read_observations(path)
    np.testing.assert_allclose(found.targets[TARGET], given.targets[TARGET])
    assert list(found.covariates) == [PH, "bulk_density"]
    # Reckoned from organic carbon it would be a copy of it, and share what is said of it.
    assert list(given.covariates) == [PH, "organic_carbon"]


OWN = "carbonate;ph_lab;lon;lat\n12,5;7,4;2,1;48,1\n3;8;6,1;48,2\n0,5;6,9;-2,1;40,1\n1;7;12,5;44\n<0,5;5;20;52\n"


def test_a_table_with_decimal_commas_is_read_whole(tmp_path):
    """With semicolons: 12,5 is twelve and a half, and no row is lost for not being round."""
    path = tmp_path / "own.csv"
    path.write_text(OWN)
    found = read_observations(path)
    assert found.covariates[PH].tolist() == [7.4, 8.0, 6.9, 7.0, 5.0]
    np.testing.assert_allclose(
        found.targets[TARGET] / found.targets[TARGET][1], [12.5 / 3, 1, 0.5 / 3, 1 / 3, 0]
    )


def test_what_was_not_measured_is_no_number_and_no_error(lucas):
    """Codes of LUCAS: no pH, no place; the sample without a place is left out, the other kept."""
    text = (
        lucas.read_text()
        .replace(",5.7,", ",ND,")
        .replace("44.1,12.1,Cropland", "88.888888,88.888888,Cropland")
    )
    lucas.write_text(text + "8,0-20 cm,7.3,8.0,12.0,250,36.1,-5.1,Cropland\n")
    found = read_observations(lucas)
    assert found.covariates[PH].isna().tolist() == [False, True, False, False, False]
    assert len(found) == 5


def test_gemas_points_have_no_ph_and_are_read(shared_data):
    """1 575 points in blocks of 100 km; carbonate on more than a quarter of them."""
    found = read_observations(shared_data / "inputs" / "gemas_topsoil_points.csv")
    assert len(found) == 1575
    assert PH not in found.covariates
    assert 0.25 < found.states[INTACT].mean() < 0.5


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id,ph\n1,7\n", r"lacks carbonate and x and y .* it has id, ph"),
        ("carbonate,x,y,land_cover\n1,0,0,Forest\n", "names no arable land"),
        ("carbonate,x,y\n1,0,0\n2,0,0\n", "at least 4 blocks"),
        (
            'carbonate,x,y\n1,0,0\n"12,5",0,0\n"3,5",0,0\n',
            r"column carbonate holds '12,5', .*\(2 such values\)",
        ),
        ("carbonate;x;y\n1;0;0\ntraces;0;0\n", "column carbonate holds 'traces'"),
        ("carbonate,lon,lat\n1,10,50\n2,10,481\n", "a sample at lon 10, lat 481"),
        ("carbonate,x,y\n1,0,0\n2,inf,0\n", "a sample at x inf, y 0"),
    ],
)
def test_a_table_that_cannot_be_used_is_refused(tmp_path, text, message):
    """Missing columns all at once, with those that there are; no arable land; too few places; what is no number."""
    path = tmp_path / "mine.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        read_observations(path)


def test_a_file_that_is_no_table_is_refused(tmp_path):
    """With its name."""
    path = tmp_path / "mine.csv"
    path.write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(InputError, match=r"mine\.csv: cannot be read"):
        read_observations(path)


def test_packages_that_are_not_installed_are_named_with_the_way_to_get_them(monkeypatch):
    """Both adapters, before anything is opened."""
    monkeypatch.setattr(observations_dutch, "PACKAGE", "no_such_soils")
    with pytest.raises(InputError, match=r"no_such_soils: is not installed.*eurosic\[observations\]"):
        dutch_profiles()
    monkeypatch.setattr(observations_fields, "PACKAGE", "no_such_fields")
    with pytest.raises(InputError, match=r"no_such_fields.*eurosic\[observations\]"):
        infrared_fields()
