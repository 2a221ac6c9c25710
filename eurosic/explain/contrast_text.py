"""The tables of the contrast as CSV, with lines that say what the columns are.

*Enters:* tables, the run's title and the digest of its recipe. *Leaves:* texts. Writes no file.
"""

from __future__ import annotations

import pandas as pd

SPACE_WORDS = (
    "What goes with SIC (or with lab pH) in space: gradient boosting on covariates, tested on blocks left out.",
    "circular: True where a predictor of ours made the numbers, so that they cannot judge it.",
    "r2_blocks_left_out: of sites in blocks that the learner has not seen; r2_sites_at_random: a careless test.",
    "mean_attribution: mean size of the SHAP value, unit of the target; share_of_attributions: of their sum.",
    "slope_alone: least squares of the target on this covariate; slope_attributed: of its SHAP values on it.",
    "_low, _high: 90 %, by drawing blocks again (slope_attributed: and fitting again). Nothing here is a cause.",
)
CONTRAST_WORDS = (
    "Time against space. time: ratio of pooled changes between reported years, over steps that begin and end",
    "in the state. lab pH: change of SIC over change of pH along the baseline. nitrate leached: pathway minus",
    "baseline, both in the state, for 10 kg ha-1 yr-1 more over the whole run; kgC_per_kgN is the same a kilogram.",
    "Infinite ends: the driver's own change cannot be told from zero; no value besides: over the whole run pH moves",
    "by less than the predictor errs in it (root mean square, buffered soils, check.csv of this run).",
    "space: slope of the stock on the driver over sites in the same state; space_attributed: of its SHAP values;",
    "none where pH differs between them by less than 0.2. sd_of_driver: standard deviation, pH or 10 kg ha-1 yr-1.",
    "sic_kgC_ha_yr, ph_per_decade: how fast both move (pathways: how fast they part from the baseline).",
    "_low, _high: 90 %, by drawing blocks of 200 km and members of the emulator again. Not included: input data, and",
    "the error of the emulator against the simulator (check.csv). Cells that the simulator answered are left out.",
)
SUBSTITUTION_WORDS = (
    "Space for time: change of SIC foretold from the run's own change of lab pH by a law learned in space.",
    "law: straight line of a scatter plot, or the learner's curve as a pH known to 0.2 sees it.",
    "state: of the topsoil (0-30 cm) in the baseline at the year. quantity: change since the first reported",
    "year, or its difference from the baseline. error: foretold less the run; error_of_cells: mean size of it.",
    "TgC = 1e9 kg of carbon, gain positive. _low, _high: 90 %, by drawing blocks of the observations again.",
)


def csv_text(table: pd.DataFrame, words: tuple[str, ...], *, title: str, digest: str) -> str:
    """Return a table as CSV with comment lines before it, numbers to six digits."""
    head = (f"{title}, by eurosic; recipe {digest[:16]}", *words)
    comments = "".join(f"# {line}\n" for line in head)
    return comments + table.to_csv(index=False, float_format="%.6g", lineterminator="\n")
