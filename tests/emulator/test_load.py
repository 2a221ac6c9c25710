"""Law: an emulator is what its card says, opens once a process, and is refused if anything about it was changed."""

from __future__ import annotations

import pickle
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from eurosic.base.errors import CardError, PredictorError, UnitError
from eurosic.base.signature import names
from eurosic.emulator.calibration import fit_spread
from eurosic.emulator.card import CARD, Card, weights_of, write_card
from eurosic.emulator.card_check import card_signature, check_signature
from eurosic.emulator.domain import domain_features, fit_domain
from eurosic.emulator.load import load_emulator, opened_once
from eurosic.emulator.weights_store import WEIGHTS, frame_arrays, write_weights
from tests.emulator.cards import small_card
from tests.emulator.tiny import random_emulator


@pytest.fixture(scope="module")
def shipped(lesson, tmp_path_factory) -> Path:
    """The folder of a card: two members of random weights, their domain and their spread."""
    folder = tmp_path_factory.mktemp("cards") / "tiny-v1"
    folder.mkdir()
    bare = random_emulator(lesson)
    values, deviation = bare.predict_members(lesson.columns)
    regime = values[0, ..., lesson.signature.target_index("regime")]
    errors = values[0] - lesson.truth
    errors[..., lesson.signature.target_index("regime")] = np.nan
    spread = fit_spread(errors, deviation[0], regime=regime, targets=names(lesson.signature.targets))
    domain = fit_domain(*domain_features(lesson.columns, lesson.signature), seed=1)
    parts = {
        "network": {name: value.numpy() for name, value in bare.network.state_dict().items()},
        "frame": frame_arrays(lesson.frame),
        "domain": domain.arrays(),
        "spread": spread.arrays(),
    }
    write_weights(folder, parts)
    _carded(folder, signature=card_signature(lesson.signature, lesson.columns, lesson.truth))
    return folder


def _carded(folder: Path, **changes: object) -> Card:
    """Write a card that fits the weights that lie in the folder."""
    spare = folder.parent / "spare"
    spare.mkdir(exist_ok=True)
    card = replace(small_card(spare), name="tiny-v1", network={"members": 2, "width": 8})
    return write_card(folder, replace(card, weights=(weights_of(folder / WEIGHTS),), **changes))


@pytest.fixture
def folder(shipped, tmp_path) -> Path:
    """A copy that a test may damage."""
    return Path(shutil.copytree(shipped, tmp_path / "tiny-v1"))


@pytest.fixture
def rewrite(folder, lesson) -> Callable[..., None]:
    """Change the weights' arrays, and write a card that vouches for them."""

    def changed(change: Callable[[dict[str, np.ndarray]], None]) -> None:
        arrays = load_file(folder / WEIGHTS)
        change(arrays)
        save_file(arrays, folder / WEIGHTS)
        _carded(folder, signature=card_signature(lesson.signature, lesson.columns, lesson.truth))

    return changed


def test_what_is_opened_is_what_was_written(shipped, lesson):
    """Name, digest, frame and members; the same bits as before it was written; a spread, and a domain."""
    emulator, bare = load_emulator(shipped), random_emulator(lesson)
    assert (emulator.name, emulator.members, emulator.has_spread) == ("tiny-v1", 2, True)
    assert emulator.frame == lesson.frame
    assert emulator.signature == lesson.signature
    told = emulator.predict(lesson.columns)
    np.testing.assert_array_equal(told.values, bare.predict(lesson.columns).values)
    assert told.spread.shape == told.values.shape
    assert emulator.inside(lesson.columns).mean() > 0.9
    assert load_emulator(str(shipped)).digest == emulator.digest


def test_it_travels_as_a_folder_and_a_digest(shipped):
    """A few hundred bytes; in the process that has it, it is opened once."""
    opened_once.cache_clear()
    emulator = load_emulator(shipped)
    packed = pickle.dumps(emulator)
    assert len(packed) < 500
    assert emulator.digest.encode() in packed
    one, other = pickle.loads(packed), pickle.loads(packed)
    assert one is other
    assert opened_once.cache_info().misses == 1
    assert one.digest == emulator.digest


def test_it_travels_to_another_process(shipped, lesson, tmp_path):
    """A worker that knows nothing but the bytes says the same."""
    (tmp_path / "task").write_bytes(pickle.dumps((load_emulator(shipped), lesson.columns)))
    code = (
        "import pickle, sys, pathlib, torch, numpy as np; torch.set_num_threads(1);"
        "e, c = pickle.loads(pathlib.Path(sys.argv[1]).read_bytes());"
        "np.save(sys.argv[2], e.predict(c).values)"
    )
    subprocess.run([sys.executable, "-c", code, tmp_path / "task", tmp_path / "said.npy"], check=True)
    np.testing.assert_array_equal(
        np.load(tmp_path / "said.npy"), load_emulator(shipped).predict(lesson.columns).values
    )


def test_a_card_that_was_exchanged_under_a_run_is_refused(folder, rewrite):
    """The digest with which the run began is not that of the folder any more."""
    packed = pickle.dumps(load_emulator(folder))
    rewrite(lambda arrays: arrays["network.into"].__imul__(1.1))
    with pytest.raises(
        CardError, match=r"holds the card \w{12}; wanted \w{12}, with which the run began. Put that"
    ):
        pickle.loads(packed)


def test_weights_that_are_cut_off_or_changed_are_refused(folder):
    """A download that broke off; a bit that flipped; no file."""
    whole = (folder / WEIGHTS).read_bytes()
    (folder / WEIGHTS).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(
        CardError, match=rf"{WEIGHTS}: \d+ bytes, cut off or exchanged; wanted \d+ bytes. Take the card"
    ):
        load_emulator(folder)
    (folder / WEIGHTS).write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(CardError, match=r"other weights, of SHA-256 \w+; wanted \w+"):
        load_emulator(folder)
    (folder / WEIGHTS).unlink()
    with pytest.raises(CardError, match=r"is missing; wanted weights of \d+ bytes"):
        load_emulator(folder)


def test_a_file_that_holds_no_arrays_is_refused(folder, lesson):
    """Though the card vouches for it."""
    (folder / WEIGHTS).write_bytes(b"no weights at all")
    _carded(folder, signature=card_signature(lesson.signature, lesson.columns, lesson.truth))
    with pytest.raises(CardError, match=rf"{WEIGHTS}: cannot be read \(.*Train the emulator again"):
        load_emulator(folder)


def test_a_card_that_was_edited_by_hand_is_refused(folder):
    """A skill that was improved with an editor; a unit; a comment alone changes nothing."""
    text = (folder / CARD).read_text()
    assert "0.97" in text
    (folder / CARD).write_text("# a remark\n" + text)
    load_emulator(folder)
    (folder / CARD).write_text(text.replace("0.97", "0.99", 1))
    with pytest.raises(
        CardError, match=r"its values have the digest \w{12}; wanted \w{12}, as it says itself. It was"
    ):
        load_emulator(folder)
    (folder / CARD).unlink()
    with pytest.raises(CardError, match="there is no card; wanted an emulator's folder"):
        load_emulator(folder)


def _without_a_member(arrays: dict[str, np.ndarray]) -> None:
    for name, values in arrays.items():
        if name.startswith("network.") and name not in ("network.mean", "network.deviation"):
            arrays[name] = np.ascontiguousarray(values[:1])


def _of_one_layer(arrays: dict[str, np.ndarray]) -> None:
    arrays["network.into"] = np.ascontiguousarray(arrays["network.into"][:1])


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (_without_a_member, r"holds 1 members; wanted the 2 of its card. Train"),
        (_of_one_layer, r"holds weights of no network \(.*Train"),
        (lambda arrays: arrays.pop("network.through"), r"holds weights of no network \(.*Train"),
        (
            lambda arrays: arrays.pop("frame.lime_shares"),
            r"frame of the emulator: lacks lime_shares. Train it again",
        ),
        (lambda arrays: arrays.pop("domain.low"), r"domain of the emulator: lacks low"),
        (lambda arrays: arrays.pop("spread.factors"), r"spread of the emulator: lacks factors"),
        (
            lambda arrays: [arrays.pop(name) for name in list(arrays) if name.startswith("spread.")],
            rf"{WEIGHTS}: lacks spread",
        ),
    ],
    ids=["a member", "a layer's members", "a layer", "the frame", "the domain", "a factor", "the spread"],
)
def test_weights_that_lack_something_are_refused(folder, rewrite, change, told):
    """Though card and file fit each other: what is missing, and what to do."""
    rewrite(change)
    with pytest.raises(CardError, match=f"(?s){told}"):
        load_emulator(folder)


def test_a_unit_or_a_feature_that_the_vocabulary_does_not_know_is_refused(folder, lesson):
    """A card that takes its temperature in kelvin, or a covariate of another time."""
    card = card_signature(lesson.signature, lesson.columns, lesson.truth)
    kelvin = tuple(replace(f, unit="K") if f.name == "temperature" else f for f in card.drivers)
    _carded(folder, signature=replace(card, drivers=kelvin))
    with pytest.raises(UnitError, match="temperature in 'K'; wanted 'degC', the unit of the vocabulary"):
        load_emulator(folder)
    strange = (replace(card.covariates[0], name="phlogiston"), *card.covariates[1:])
    _carded(folder, signature=replace(card, covariates=strange))
    with pytest.raises(CardError, match="covariates name 'phlogiston'"):
        load_emulator(folder)


def test_features_are_known_by_name_not_by_place(folder, lesson):
    """A card in another order takes its columns in that order, and says the same."""
    card = card_signature(lesson.signature, lesson.columns, lesson.truth)
    _carded(folder, signature=replace(card, covariates=card.covariates[::-1]))
    turned = replace(lesson.columns, covariates=lesson.columns.covariates[:, ::-1])
    emulator = load_emulator(folder)
    said = random_emulator(lesson).predict(lesson.columns).values
    np.testing.assert_array_equal(emulator.predict(turned).values, said)
    with pytest.raises(PredictorError, match="'bulk_density' stands at place 1; wanted 'root_depth' there"):
        check_signature(replace(card, covariates=card.covariates[::-1]), lesson.signature, "inputs")
