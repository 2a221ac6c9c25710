"""Law: a figure of attributions shows each mean at its length and says, without a foreign word, how it is read."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from eurosic.report.attribution_chart import attribution_figures

REGIMES = ("all", "buffered", "front")
GROUPS = {"drainage": "rain and drainage", "mineral_n": "mineral N fertilizer"}


def _table(key: str, names: dict[str, str], pathways, column: str = "mean_absolute") -> pd.DataFrame:
    rows = [
        {
            "pathway": pathway, "horizon": 2100, "regime": regime, "target": target, key: name, "label": label,
            "mean": 3.0 + i, "mean_absolute": 10.0 * (1 + i) + place, "cells": 40,
        }
        for pathway in pathways
        for place, regime in enumerate(REGIMES)
        for target in ("sic_change_0_200cm", "ph_change_0_30cm")
        for i, (name, label) in enumerate(names.items())
    ]  # fmt: skip
    return pd.DataFrame(rows)


@pytest.fixture(scope="module")
def figures():
    """Both figures of a small world."""
    levers = _table("lever", {"mineral_n": "mineral N fertilizer"}, ("zero_now", "less"))
    return attribution_figures(_table("group", GROUPS, ("baseline",)), levers)


def _lengths(axes):
    return sorted(round(float(bar.get_width()), 6) for bar in axes.patches)


def test_bars_have_the_length_of_the_table(figures):
    """Two groups in two regimes: 11 and 12 of the first, 21 and 22 of the second; the sum of all is not drawn too."""
    for axes in figures["attribution"].axes:
        assert _lengths(axes) == [11.0, 12.0, 21.0, 22.0]
    assert _lengths(figures["levers"].axes[0]) == [3.0] * 4


def test_the_longest_group_stands_on_top_and_is_named_once(figures):
    """Sorted by its mean over all cells; names stand left of the first panel only."""
    left, right = figures["attribution"].axes
    assert [label.get_text() for label in left.get_yticklabels()] == list(GROUPS.values())
    assert {label.get_text() for label in right.get_yticklabels()} == {""}


def test_the_caption_says_how_to_read_it_in_plain_words(figures):
    """Units stand over the panels; no word that only a statistician knows."""
    for figure in figures.values():
        told = " ".join(text.get_text() for text in figure.texts).replace("\n", " ")
        assert "How to read:" in told
        assert not any(word in told.lower() for word in ("shap", "attribution", "marginal", "coalition"))
        assert "kg C ha⁻¹ yr⁻¹" in figure.axes[0].get_title(loc="left")


def test_nothing_is_cut_off(figures):
    """Every text lies within the slide."""
    for figure in figures.values():
        figure.canvas.draw()
        width, height = figure.canvas.get_width_height()
        labels = [label for axes in figure.axes for label in axes.get_yticklabels()]
        for text in (*figure.texts, *labels):
            box = text.get_window_extent()
            assert np.all(np.array([box.x0, box.y0]) >= 0.0), text.get_text()
            assert np.all(np.array([width - box.x1, height - box.y1]) >= 0.0), text.get_text()


def test_where_no_pathway_moves_anything_there_is_no_figure_of_levers():
    """A run of the baseline alone."""
    levers = _table("lever", {"mineral_n": "mineral N fertilizer"}, ("zero_now",)).iloc[:0]
    assert set(attribution_figures(_table("group", GROUPS, ("baseline",)), levers)) == {"attribution"}


def test_one_regime_is_shown_as_all_cells():
    """Where all cells are of one kind, telling it apart from itself says nothing."""
    table = _table("group", GROUPS, ("baseline",))
    table = table[table["regime"] != "front"]
    figure = attribution_figures(table, table.iloc[:0])["attribution"]
    assert _lengths(figure.axes[0]) == [10.0, 20.0]
