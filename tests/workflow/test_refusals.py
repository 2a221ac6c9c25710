"""Law: bad input gives one clear message and exit code 2, and nothing is written or overwritten."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from eurosic.cli import main
from tests.recipe.texts import GOOD
from tests.workflow.small import small_recipe

BROKEN = yaml.safe_load((Path(__file__).parents[1] / "recipe" / "broken.yaml").read_text())


@pytest.mark.parametrize("case", BROKEN, ids=[case["what"] for case in BROKEN])
@pytest.mark.parametrize("command", ["check", "run"])
def test_a_broken_recipe_exits_with_2_and_writes_nothing(tmp_path, case, command):
    """Each of the broken recipes, through the command line: message, code, no folder."""
    recipe = tmp_path / "r.yaml"
    recipe.write_text(GOOD.replace(case["old"], case["new"], 1))
    extra = ["--out", str(tmp_path / "out")] if command == "run" else []
    done = CliRunner().invoke(main, [command, str(recipe), *extra])
    assert done.exit_code == 2, done.output
    assert case["told"].split(": ", 1)[-1] in done.output
    assert "Traceback" not in done.output
    assert sorted(path.name for path in tmp_path.iterdir()) == ["r.yaml"]


@pytest.mark.parametrize(
    ("option", "message"),
    [
        (["--catalog", "absent.yaml"], "absent.yaml: cannot be read"),
        (["--scheduler", "tcp://127.0.0.1:1"], "does not answer"),
    ],
    ids=["no catalog", "no scheduler"],
)
def test_a_bad_option_is_told_before_any_layer_is_written(tmp_path, option, message):
    """What the machine lacks is an error of use too."""
    recipe = small_recipe(tmp_path)
    done = CliRunner().invoke(main, ["run", str(recipe), "--out", str(tmp_path / "out"), *option])
    assert done.exit_code == 2, done.output
    assert message in done.output
    assert not (tmp_path / "out" / "inputs.zarr").exists()


def test_a_folder_with_other_files_is_left_alone(tmp_path):
    """A folder that is not a run's is refused, whatever it holds."""
    out = tmp_path / "out"
    out.mkdir()
    (out / "thesis.docx").write_text("precious")
    done = CliRunner().invoke(main, ["run", str(small_recipe(tmp_path)), "--out", str(out)])
    assert done.exit_code == 2
    assert "holds files that are not of a run (thesis.docx)" in done.output
    assert [path.name for path in out.iterdir()] == ["thesis.docx"]


def test_a_file_in_the_place_of_the_folder_is_left_alone(tmp_path):
    """--out must be a folder."""
    (tmp_path / "out").write_text("precious")
    done = CliRunner().invoke(main, ["run", str(small_recipe(tmp_path)), "--out", str(tmp_path / "out")])
    assert done.exit_code == 2
    assert "is a file; wanted a folder" in done.output
    assert (tmp_path / "out").read_text() == "precious"


def test_data_that_are_absent_are_all_named_at_once(tmp_path, recipes):
    """Without --data every source that needs it is named, with what to do."""
    done = CliRunner().invoke(main, ["check", str(recipes / "europe-10km.yaml")], env={"EUROSIC_DATA": ""})
    assert done.exit_code == 2
    assert "problems in its data" in done.output
    assert done.output.count("--data DIR") >= 6
    assert "gemas-caco3" in done.output


def test_verify_of_a_folder_that_is_no_run_is_refused(tmp_path):
    """The message says what a run folder holds."""
    done = CliRunner().invoke(main, ["verify", str(tmp_path)])
    assert done.exit_code == 2
    assert "holds no projection" in done.output
