"""Which families and set-ups a detector may have seen for each cell of the table."""

import pytest

from humouse.detection.benchmark.design import Design, check_mixes
from humouse.errors import InputError
from humouse.settings.choices import MIXES

FAMILIES = ("function", "bezier", "pid", "gan", "diffusion", "theirs")
DESIGN = Design(tuple(MIXES), FAMILIES, ("mice", "desktops", "tablets"), 1, 0)


@pytest.mark.parametrize("mix", MIXES)
@pytest.mark.parametrize("family", FAMILIES)
def test_the_family_held_out_is_never_among_those_fitted_on(mix, family):
    seen = DESIGN.training_set(mix, family).mixture(DESIGN.scripted, 0.5)
    assert family not in seen
    assert ("composed" in seen) == ("composed" in mix.split("+"))
    if "bots" in mix.split("+"):
        assert {"function", "bezier", "pid"} - {family} <= set(seen)


def test_cells_that_need_the_same_fit_share_it():
    composed = {DESIGN.training_set("composed", family) for family in FAMILIES}
    assert len(composed) == 1
    assert DESIGN.training_set("composed+gan", "gan") == DESIGN.training_set("composed", "pid")


def test_people_are_evaluated_with_every_set_up_alone_together_and_left_out():
    sets = {one.setups for one in DESIGN.whole if one.mix == DESIGN.mixes[0]}
    alone = {(name,) for name in DESIGN.setups}
    without = {tuple(one for one in DESIGN.setups if one != name) for name in DESIGN.setups}
    assert sets == {DESIGN.setups} | alone | without
    (only,) = Design(("composed",), FAMILIES, ("mice",), 1, 0).whole
    assert only.setups == ("mice",)


def test_mixes_come_in_the_order_of_the_table():
    assert check_mixes(["bots", "composed"], FAMILIES) == ["composed", "bots"]


@pytest.mark.parametrize(
    ("mixes", "message"),
    [(["compose"], "composed"), (["composed+gan"], "gan_ckpt="), ([], "choose from")],
)
def test_bad_mixes_are_named(mixes, message):
    with pytest.raises(InputError, match=message):
        check_mixes(mixes, ["function", "bezier", "composed"])
