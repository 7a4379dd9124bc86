"""Figures hold what they claim, and are written whole or not at all."""

import numpy as np
import pytest
import torch
from matplotlib.collections import LineCollection

from humouse.errors import InputError
from humouse.features import feature_table
from humouse.figures import (
    gesture_gallery,
    kinematic_overlays,
    loss_curve,
    samples,
    save_figure,
    velocity_spectra,
)
from humouse.trajectories import Trajectories


def movements(n, seed, origin, pace=1.0):
    rng = np.random.default_rng(seed)
    steps = rng.normal(0, 6, (n, 30, 3)).cumsum(1) * 0.3 * pace
    steps[..., 2] = rng.choice([8, 16, 17], (n, 30))
    lengths = torch.from_numpy(rng.integers(5, 31, n))
    return Trajectories(
        torch.from_numpy(steps.round().astype(np.float32)), lengths, torch.zeros(n, 2), None, origin
    )


REAL, FAKE = movements(60, 0, "people"), movements(40, 1, "model", pace=2)


def drawn_paths(part):
    return [c for c in part.findobj(LineCollection) if c.get_array() is not None]


def words(figure):
    """Return every text of the figure and its parts."""
    return " | ".join(text.get_text() for text in figure.findobj(lambda a: hasattr(a, "get_text")))


def test_gallery_shows_both_with_equal_axes(tmp_path):
    figure = gesture_gallery(REAL, FAKE, each=7, columns=4)
    save_figure(figure, tmp_path / "gallery.png")
    paths = drawn_paths(figure)
    assert len(paths) == 14
    assert all(path.axes.get_aspect() == 1 for path in paths)
    assert "people: people" in words(figure)
    assert "generated: model" in words(figure)
    assert "speed (px/s)" in words(figure)
    assert len({path.norm.vmax for path in paths}) == 1


def test_samples_draw_the_path_and_its_speed():
    one = Trajectories(
        torch.tensor([[[30.0, 0, 10], [0, 40, 20]]]),
        torch.tensor([2]),
        torch.tensor([[100.0, 200]]),
        None,
        "model",
    )
    (path,) = drawn_paths(samples(one))
    np.testing.assert_allclose(
        path.get_segments(), [[[100, 200], [130, 200]], [[130, 200], [130, 240]]]
    )
    np.testing.assert_allclose(path.get_array(), [3000, 2000])
    bottom, top = path.axes.get_ylim()
    assert bottom > top  # screens count downwards


def test_a_choice_is_seeded():
    def chosen(seed):
        return [c.get_segments()[0].tolist() for c in drawn_paths(samples(FAKE, each=5, seed=seed))]

    assert chosen(1) == chosen(1) != chosen(2)


def test_movements_without_a_path_are_left_out():
    still = Trajectories(
        torch.zeros(3, 4, 3), torch.tensor([4, 0, 1]), torch.zeros(3, 2), None, "still"
    )
    assert drawn_paths(samples(still)) == []
    assert len(drawn_paths(gesture_gallery(REAL, still, each=4))) == 4


def test_overlays_show_the_worst_first(tmp_path):
    real, fake = feature_table(REAL), feature_table(FAKE)
    names = ("dt_mean_ms", "speed_mean_px_s", "off_grid_share", "path_efficiency")
    figure = kinematic_overlays(real, fake, names=names, most=3)
    titles = [axes.get_title() for axes in figure.axes if axes.get_title()]
    assert len(titles) == 3
    assert titles[0].startswith("mean speed\nW = ")
    assert not any(title.startswith("off_grid_share") for title in titles)  # equal: the best
    assert figure.axes[0].get_xlabel() == "px/s"
    for axes in figure.axes[:3]:
        shares = [patch.get_data().values.sum() for patch in axes.patches]
        np.testing.assert_allclose(shares, 1)  # every gesture is in a bin
    save_figure(figure, tmp_path / "overlays.png")
    with pytest.raises(KeyError, match="spede"):
        kinematic_overlays(real, fake, names=["spede"])


def test_overlays_of_constant_features():
    table = feature_table(REAL).select(["off_grid_share"])
    (axes,) = kinematic_overlays(table, table).axes
    assert axes.get_xlim()[0] < 0 < axes.get_xlim()[1]


def test_spectra_show_the_difference():
    figure = velocity_spectra(REAL, FAKE)
    above, below = figure.axes
    assert "dB" in above.get_ylabel()
    assert below.get_xlabel() == "frequency (Hz)"
    (_, difference) = below.get_lines()
    assert np.mean(difference.get_ydata()) == pytest.approx(10 * np.log10(4), abs=3)  # pace 2
    assert "model (40)" in words(figure)


def test_loss_curve():
    figure = loss_curve(
        [0, 1, 2, 3],
        [8.0, 4.0, 2.0, 1.0],
        validation_steps=[3],
        validation_losses=[1.5],
        smoothing=0.5,
    )
    (axes,) = figure.axes
    _, smooth, validation = axes.get_lines()
    assert axes.get_yscale() == "log"
    np.testing.assert_allclose(smooth.get_ydata()[:3], [8, (4 + 4) / 1.5, (2 + 2 + 2) / 1.75])
    assert validation.get_ydata().tolist() == [1.5]
    assert loss_curve([], []).axes[0].get_ylabel() == "loss"
    with pytest.raises(ValueError, match="its step"):
        loss_curve([1], [])
    with pytest.raises(ValueError, match="smoothing"):
        loss_curve([1], [1.0], smoothing=1.0)


def test_saving_keeps_what_was_there(tmp_path):
    path = tmp_path / "new" / "loss.png"
    figure = loss_curve([0, 1], [1.0, 0.5])
    save_figure(figure, path)
    before = path.read_bytes()
    assert before.startswith(b"\x89PNG")
    figure.savefig = None  # breaks in the middle of writing
    with pytest.raises(TypeError):
        save_figure(figure, path)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]
    with pytest.raises(InputError, match="cannot be written"):
        save_figure(loss_curve([], []), tmp_path)
