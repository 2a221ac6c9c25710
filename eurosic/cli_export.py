"""The commands for what comes after a run: `export` for other tools, `totals` by polygon.

*Enters:* arguments. *Leaves:* text, files in or beside the run, an exit code as in `cli`. Part of the command line.
"""

from __future__ import annotations

from pathlib import Path

import click

from eurosic.console import ConsoleTeller, told

_folder = click.argument("folder", type=click.Path(path_type=Path))


@click.command()
@_folder
@click.option("--netcdf", is_flag=True, help="One CF NetCDF per variable and pathway, into FOLDER/netcdf.")
@click.option(
    "--cog", is_flag=True, help="One GeoTIFF per variable and pathway, a band a year, into FOLDER/cog."
)
@click.option(
    "--stac", is_flag=True, help="A STAC catalog of the GeoTIFFs (made where absent), into FOLDER/stac."
)
@click.option("--qgis", is_flag=True, help="QGIS projects with a time slider, and styles, into FOLDER/qgis.")
@click.option(
    "--crate", is_flag=True, help="An RO-Crate of the run and of all exports that are there, into FOLDER."
)
@click.option(
    "--variable",
    "variables",
    multiple=True,
    help="Variable of the NetCDF files and GeoTIFFs (again for several; else all).",
)
@click.option(
    "--pathway", "pathways", multiple=True, help="Pathway of these files (again for several; else all)."
)
@click.option(
    "--year",
    "years",
    type=int,
    multiple=True,
    help="Year in these files (again for several; else all reported).",
)
@told
def export(
    folder: Path, variables: tuple[str, ...], pathways: tuple[str, ...], years: tuple[int, ...], **asked: bool
) -> None:
    """Export the finished run in FOLDER for other tools; the same command goes on after an interruption."""
    from eurosic.workflow.exporting import export as export_run

    kinds = [kind for kind, wanted in asked.items() if wanted]
    if not kinds:
        raise click.UsageError(
            "Say what to export: --netcdf, --cog, --stac, --qgis, --crate, or several of them."
        )
    if kinds == ["crate"] and (variables or pathways or years):
        raise click.UsageError(
            "--variable, --pathway and --year choose what other files hold; a crate lists all."
        )
    with ConsoleTeller(what="files") as tell:
        export_run(folder, kinds, variables=variables, pathways=pathways, years=years, tell=tell)


@click.command()
@_folder
@click.option(
    "--by",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="Polygons in any projection: GeoJSON, GeoPackage, Shapefile.",
)
@click.option(
    "--name", default="", help="Field that names the polygons (else NUTS_ID, id, name, or numbers)."
)
@click.option("--skip-outside", is_flag=True, help="Leave polygons out that lie wholly outside the grid.")
@click.option("--sources", is_flag=True, help="Intervals of each source of uncertainty alone, too.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="CSV to write; the GeoPackage goes beside it.",
)
@click.option("--replace", is_flag=True, help="Give up totals over other polygons that lie there.")
@told
def totals(folder: Path, by: Path, *, name: str, out: Path | None, **asked: bool) -> None:
    """Sum the finished run in FOLDER over polygons, into FOLDER/totals_by_NAME.csv and .gpkg."""
    from eurosic.workflow.area_files import Into
    from eurosic.workflow.area_totals import totals_by

    into, outside = Into(out, asked["replace"]), asked["skip_outside"]
    found = totals_by(folder, by, name=name, skip_outside=outside, by_source=asked["sources"], into=into)
    count = found.table["polygon"].nunique()
    click.echo(f"{count} polygons, {len(found.table)} rows: {' and '.join(map(str, found.paths))}")
