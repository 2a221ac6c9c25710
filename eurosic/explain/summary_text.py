"""What the columns of the tables of attributions mean, as comment lines of the tables themselves.

*Enters:* nothing. *Leaves:* lines for `attribution.csv`, `levers.csv` and `interactions.csv`, written above them by
`contrast_text.csv_text`. Must not know a number.
"""

from __future__ import annotations

_COMMON = (
    "unit: kg ha-1 yr-1 is of carbon in soil inorganic carbon, mean since the start, gain positive; 1 is pH since",
    "the end of the start year of the baseline. Means weigh by the area that each cell stands for (area_Mha: of all",
    "of its regime); p05 and p95: of that area; mean_absolute: mean size. regime: of the cell under the baseline at",
    "the horizon, or all.",
)
ATTRIBUTION_WORDS = (
    "How much each group of a field's properties moves its predicted change away from that of typical cells",
    "(Shapley values by permutations; explain.json says which cells and how exact). Attributions of one cell add up,",
    "with their signs, to its difference from the typical cells. What the predictor learnt: no measurement.",
    *_COMMON,
    "mean_minus_baseline: mean of the same cell's attribution less that under the baseline.",
)
LEVERS_WORDS = (
    "What each measure of a pathway did to its difference from the baseline (Shapley values over the measures,",
    "exact). Measures of one cell add up to that difference.",
    *_COMMON,
)
INTERACTIONS_WORDS = (
    "What two groups of properties do together beyond what each does alone, along the baseline (Shapley interaction",
    "index, exact, against a few typical cells): positive where they strengthen each other's part. From a sample of",
    "the explained cells, scaled to the area of all.",
    *_COMMON,
)
