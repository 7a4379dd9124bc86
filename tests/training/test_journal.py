"""What a run writes down for people."""

import time
from pathlib import Path

import yaml
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from humouse.training.journal import METRICS_FILE, Journal, Means, read_metrics


def test_lines_settings_and_curve(tmp_path: Path):
    folder = tmp_path / "runs" / "a"
    journal = Journal(folder, {"seed": 3, "optim": {"betas": [0.9, 0.999]}}, 0)
    journal.scalars(1, {"loss": 0.5, "grad_norm": 2.0})
    journal.scalars(2, {"val_loss": 0.25})
    journal.close()
    assert read_metrics(folder) == [
        {"step": 1, "loss": 0.5, "grad_norm": 2.0},
        {"step": 2, "val_loss": 0.25},
    ]
    config = yaml.safe_load((folder / "config.yaml").read_text())
    assert config == {"seed": 3, "optim": {"betas": [0.9, 0.999]}}
    assert (folder / "loss.png").read_bytes().startswith(b"\x89PNG")
    board = EventAccumulator(str(folder)).Reload()
    assert [(e.step, e.value) for e in board.Scalars("val_loss")] == [(2, 0.25)]


def test_a_resumed_run_drops_what_lay_beyond(tmp_path: Path):
    first = Journal(tmp_path, {}, 0)
    for step in range(1, 6):
        first.scalars(step, {"loss": float(step)})
    first.close()
    with open(tmp_path / METRICS_FILE, "a") as file:
        file.write('{"step": 6, "lo')
    # TensorBoard reads its files in the order of their names, which hold the second they were begun in.
    time.sleep(1.1)
    again = Journal(tmp_path, {}, 3)
    again.scalars(4, {"loss": 40.0})
    again.close()
    assert [row["loss"] for row in read_metrics(tmp_path)] == [1, 2, 3, 40]
    board = EventAccumulator(str(tmp_path)).Reload()
    assert [event.value for event in board.Scalars("loss")] == [1, 2, 3, 40]


def test_a_new_run_starts_an_empty_file(tmp_path: Path):
    first = Journal(tmp_path, {}, 0)
    first.scalars(1, {"loss": 1.0})
    first.close()
    Journal(tmp_path, {}, 0).close()
    assert read_metrics(tmp_path) == []
    assert read_metrics(tmp_path / "nowhere") == []


def test_means_of_the_steps_since_the_last_line():
    means = Means()
    means.add({"loss": 1.0, "r1": 4.0})
    means.add({"loss": 3.0})
    assert means.pop() == {"loss": 2.0, "r1": 4.0}
    means.add({"loss": 5.0})
    assert means.pop() == {"loss": 5.0}
