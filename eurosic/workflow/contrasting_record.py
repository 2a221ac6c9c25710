"""What a contrast hangs on, beside the run: how wrong its pH is, which tables were read, what is written of both.

*Enters:* the folder of a finished run, paths of tables of observations. *Leaves:* the error of pH, the tables read
and named apart, the content of `contrast.json`. Writes nothing.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from eurosic.explain.observations import PH
from eurosic.workflow.self_check import CHECK


def ph_error_of(folder: Path) -> float:
    """Return the root mean square error of lab pH where carbonate holds it, of the run's own self-check.

    Zero where there is none: the simulator answered, or the recipe asked for no check.
    """
    path = folder / CHECK
    if not path.is_file():
        return 0.0
    table = pd.read_csv(path, comment="#")
    # Along the baseline, in buffered soils, where pH moves least: the error of the others is larger.
    wanted = {"of": "value", "pathway": "baseline", "regime": "buffered", "years": "all", "target": PH}
    for name, value in wanted.items():
        table = table[table[name] == value]
    return float(table["rmse"].iloc[0]) if len(table) else 0.0
