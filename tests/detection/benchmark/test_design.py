"""Which families a detector may have seen for each cell of the table."""

import pytest

from humouse.detection.benchmark.design import TrainingSet, check_mixes, training_set, training_sets
from humouse.errors import InputError
from humouse.settings.choices import MIXES

FAMILIES = ["function", "bezier", "pid", "gan", "diffusion"]


@pytest.mark.parametrize("mix", MIXES)
@pytest.mark.parametrize("family", FAMILIES)
def test_the_family_held_out_is_never_among_those_fitted_on(mix, family):
    seen = training_set(mix, family).families(FAMILIES)
    assert family not in seen
    assert {"function", "bezier", "pid"} - {family} <= set(seen)
    for model in ("gan", "diffusion"):
        assert (model in seen) == ((model in mix or mix == "all") and model != family)


def test_cells_that_need_the_same_fit_share_it():
    assert training_set("bots+gan", "gan") == training_set("bots", "diffusion")
    assert training_set("all", "gan") == TrainingSet("bots+diffusion", None)
    # Four mixes of 3 scripted families each, and the four whole: none twice.
    assert len(training_sets(MIXES, FAMILIES)) == 4 * 3 + 4


def test_mixes_come_in_the_order_of_the_table():
    assert check_mixes(["all", "bots"], FAMILIES) == ["bots", "all"]


@pytest.mark.parametrize(
    ("mixes", "message"),
    [
        (["bot"], "did you mean bots"),
        (["bots+gan"], "gan_ckpt="),
        ([], "choose from"),
    ],
)
def test_bad_mixes_are_named(mixes, message):
    with pytest.raises(InputError, match=message):
        check_mixes(mixes, ["function", "bezier", "diffusion"])
