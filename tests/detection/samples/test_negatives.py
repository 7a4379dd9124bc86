"""Negatives: how many of each family, by seed, with people's goals and timing."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from humouse.bots.families import FAMILIES
from humouse.data.prepared import load_split
from humouse.detection.names import GENERATED
from humouse.detection.samples.negatives import (
    make_family,
    make_part,
    mixture_counts,
    negative_counts,
    negative_parts,
)
from humouse.detection.samples.people import ROLES
from humouse.detection.samples.sources import negative_sources
from humouse.errors import InputError
from humouse.trajectories import Trajectories, concatenate


@pytest.fixture(scope="module")
def people(tiny_data: Path) -> Trajectories:
    return load_split(tiny_data / "train")


@given(
    weights=st.lists(st.floats(0.01, 10), min_size=1, max_size=5),
    n=st.integers(1, 1000),
)
@settings(deadline=None, max_examples=50)
def test_a_mixture_adds_up_and_follows_its_weights(weights, n):
    mixture = {f"family{place}": weight for place, weight in enumerate(weights)}
    counts = mixture_counts(mixture, list(mixture), n)
    assert sum(counts.values()) == n
    for name, weight in mixture.items():
        assert abs(counts[name] - n * weight / sum(weights)) <= 1


def test_bots_stands_for_every_scripted_family_in_equal_parts():
    available = [*FAMILIES, "gan"]
    counts = mixture_counts({"bots": 3.0, "gan": 1.0}, available, 400)
    assert counts.pop("gan") == 100
    assert set(counts) == set(FAMILIES)
    assert max(counts.values()) - min(counts.values()) <= 1


@given(n=st.integers(1, 3000), share=st.floats(0.01, 3), models=st.sets(st.sampled_from(GENERATED)))
@settings(deadline=None, max_examples=50)
def test_models_come_on_top_of_the_scripted_bots(n, share, models):
    families = [*FAMILIES, "acme", *models]
    counts = negative_counts(families, n, model_share=share)
    of_models = {family: counts.pop(family) for family in models}
    assert sum(counts.values()) == n
    assert set(counts) == {*FAMILIES, "acme"}  # a file's movements count as a scripted family
    assert max(counts.values()) - min(counts.values()) <= 1
    assert set(of_models.values()) <= {max(1, round(n * share))}
    assert counts == negative_counts([*FAMILIES, "acme"], n, model_share=share)


def test_models_need_a_share_and_scripted_bots_beside_them():
    with pytest.raises(InputError, match="model_share=0: must be above 0"):
        negative_counts(list(FAMILIES), 10, model_share=0.0)


@pytest.mark.parametrize(
    ("mixture", "message"),
    [
        ({"bezier": -1.0}, "mixture.bezier=-1"),
        ({"bots": 0.0}, "mixture: empty"),
        ({"besier": 1.0}, "mixture.besier: no such family"),
        ({"gan": 1.0}, "mixture.gan: no such family"),
    ],
)
def test_bad_mixtures_are_named(mixture, message):
    with pytest.raises(InputError, match=message):
        mixture_counts(mixture, list(FAMILIES), 10)


def test_negatives_are_the_same_for_the_same_seed_and_others_for_another(people):
    sources = negative_sources(["bezier", "function"])
    first, again, other = (
        make_family("function", sources, people, 20, seed=seed) for seed in (1, 1, 2)
    )
    assert torch.equal(first.movements.deltas, again.movements.deltas)
    assert (first.variant == again.variant).all()
    assert not torch.equal(first.movements.lengths, other.movements.lengths)
    assert len(first) == 20
    assert len(set(first.variant)) == len(FAMILIES["function"])


def test_parts_add_up_and_the_first_of_each_variant_is_the_same_as_without(people, tmp_path):
    theirs = tmp_path / "theirs.parquet"
    people[:25].save(theirs)
    sources = negative_sources(["bezier"], files={"acme": theirs})
    counts = {"bezier": 60, "acme": 25}
    parts = negative_parts(counts, sources, seed=4, size=5)
    bezier = [part for part in parts if part.family == "bezier"]
    assert [part.n for part in bezier] == [5, 5, 2] * len(sources["bezier"])
    assert [part.n for part in parts if part.family == "acme"] == [25]  # each of them once
    assert len({part.seed for part in parts}) == len(parts)
    whole = negative_parts(counts, sources, seed=4)
    for variant in range(len(sources["bezier"])):
        first, second, *_ = (part for part in bezier if part.variant == variant)
        (one,) = (part for part in whole if part.family == "bezier" and part.variant == variant)
        assert first.seed == one.seed
        few, rest, many = (make_part(part, sources, people) for part in (first, second, one))
        assert torch.equal(few.lengths, many.lengths[:5])
        assert not torch.equal(few.deltas[0, :1], rest.deltas[0, :1])


def test_negatives_are_as_many_as_the_people_have_and_go_where_they_went(people):
    sources = negative_sources(["bezier", "pid"])
    counts = negative_counts(list(sources), len(people), model_share=0.5)
    parts = negative_parts(counts, sources, seed=0, size=3)
    made = concatenate([make_part(part, sources, people) for part in parts])
    assert len(made) == len(people)
    goals = {tuple(goal) for goal in people.net_px.round().int().tolist()}
    assert {tuple(goal) for goal in made.net_px.int().tolist()} <= goals


def test_a_model_takes_lengths_of_the_people(people, event_checkpoint):
    sources = negative_sources([], models={"diffusion": [event_checkpoint]})
    short = people[people.lengths.argsort()[:10]]
    made = make_family("diffusion", sources, short, 40, seed=0)
    assert set(made.variant) == {event_checkpoint.stem}
    assert set(made.movements.user) <= set(short.user)
    # Zero moves are merged, so a sample can get shorter than the movement it follows, never longer.
    assert int(made.movements.lengths.max()) <= int(short.lengths.max())
    # All people's lengths would show.
    assert int(short.lengths.max()) < int(people.lengths.float().median())


def test_people_who_do_not_fit_a_model_s_codec_are_refused(event_checkpoint):
    sources = negative_sources([], models={"diffusion": [event_checkpoint]})
    steps = torch.tensor([3.0, 1.0, 8.0]).expand(4, 201, 3).clone()
    long = Trajectories(steps, torch.full((4,), 201), torch.zeros(4, 2), None, "long ones")
    message = r"tiny\.pt: none of 4 movements of long ones fits its codec"
    with pytest.raises(InputError, match=message):
        make_family("diffusion", sources, long, 2, seed=0)


def test_checkpoints_are_of_gan_or_diffusion(event_checkpoint, tmp_path):
    with pytest.raises(InputError, match="vae: models make gan or diffusion"):
        negative_sources([], models={"vae": [event_checkpoint]})
    with pytest.raises(InputError, match=r"none\.pt"):
        negative_sources([], models={"diffusion": [tmp_path / "none.pt"]})
    with pytest.raises(InputError, match=r"gan_ckpt: .*tiny\.pt holds a diffusion"):
        negative_sources([], models={"gan": [event_checkpoint]})
    with pytest.raises(InputError, match="diffusion_ckpt: two checkpoints have one name"):
        negative_sources([], models={"diffusion": [event_checkpoint, event_checkpoint]})


def test_movements_from_a_file_are_a_family(people, tmp_path):
    theirs = tmp_path / "theirs.parquet"
    people[:25].save(theirs)
    sources = negative_sources(["bezier"], files={"acme": theirs})
    made = make_family("acme", sources, people, 20, seed=3)
    assert len(made) == 20
    assert set(made.family) == {"acme"}
    with pytest.raises(InputError, match=r"holds 25 movements .* 26 are needed"):
        make_family("acme", sources, people, 26, seed=3)
    for name, message in (("pid", "choose another name"), ("a/b", r"files\.a/b: name it in")):
        with pytest.raises(InputError, match=message):
            negative_sources(["bezier"], files={name: theirs})


def test_roles_share_no_movement_of_a_file(people, tmp_path):
    theirs = tmp_path / "theirs.parquet"
    alone = people[:25]
    replace(alone, start=torch.arange(50.0).reshape(25, 2)).save(theirs)
    sources = negative_sources([], files={"acme": theirs})
    starts = [
        {tuple(start) for start in made.movements.start.tolist()}
        for seed, role in enumerate(ROLES)
        for made in [make_family("acme", sources, people, 6, seed=seed, role=role)]
    ]
    assert len(set.union(*starts)) == 6 * len(ROLES)
    with pytest.raises(InputError, match=r"for each role, and 8 are needed"):
        make_family("acme", sources, people, 8, seed=0, role=ROLES[0])


def test_a_family_that_does_not_exist_is_named(people):
    with pytest.raises(InputError, match="did you mean bezier"):
        negative_sources(["besier"])
    with pytest.raises(InputError, match="no such family here; there are bezier"):
        make_family("pid", negative_sources(["bezier"]), people, 10, seed=0)


def test_bots_need_people_to_follow(people):
    with pytest.raises(InputError, match="no movements"):
        make_family("bezier", negative_sources(["bezier"]), people[:0], 10, seed=0)


def test_rows_follow_their_variant(people):
    made = make_family("function", negative_sources(["function"]), people, 90, seed=0)
    straight = np.char.startswith(made.variant.astype(str), "line")
    path, chord = made.movements.path_px, made.movements.net_px.norm(dim=1)
    bends = (path / chord.clamp(min=1)).numpy()
    assert np.median(bends[straight]) < np.median(bends[~straight])
