"""What a run logs: a metrics file, TensorBoard, pictures, the resolved settings."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from matplotlib.figure import Figure
from torch.utils.tensorboard import SummaryWriter

from humouse.errors import InputError
from humouse.figures import loss_curve, save_figure
from humouse.files import atomic_write, set_aside_in

METRICS_FILE = "metrics.jsonl"
_FILES = (
    *("config.yaml", METRICS_FILE, "events.out.tfevents.*"),
    *(f"{name}.png" for name in ("loss", "samples", "kinematics", "spectra")),
)


class Journal:
    """The folder of one run.

    | file              | what                                                        |
    |-------------------|-------------------------------------------------------------|
    | config.yaml       | the resolved settings                                       |
    | metrics.jsonl     | one JSON object a line: step, and loss, scores, …           |
    | loss.png          | the loss against the step                                   |
    | NAME.png          | the newest pictures of samples, kinematics, spectra         |
    | events.out.…      | the same for TensorBoard                                    |

    What an earlier run left there is set aside where this one begins.

    Args:
        folder: Made if need be.
        config: The resolved settings.
        step: Steps already done; what an interrupted run wrote beyond is removed.
    """

    def __init__(self, folder: Path, config: Mapping[str, Any], step: int) -> None:
        self.folder = folder
        if not step:
            set_aside_in(folder, _FILES)
        with atomic_write(folder / "config.yaml") as temporary:
            temporary.write_text(yaml.safe_dump(dict(config), sort_keys=False, allow_unicode=True))
        self.rows = [row for row in read_metrics(folder) if step and row["step"] <= step]
        with atomic_write(folder / METRICS_FILE) as temporary:
            temporary.write_text("".join(json.dumps(row) + "\n" for row in self.rows))
        self._board = SummaryWriter(str(folder), purge_step=step + 1 if step else None)

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        """Add one line of numbers."""
        row = {"step": step, **values}
        self.rows.append(row)
        path = self.folder / METRICS_FILE
        try:
            with open(path, "a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")
            for name, value in values.items():
                self._board.add_scalar(name, value, step)
            self._board.flush()
        except OSError as error:
            raise InputError(
                f"{path}: cannot be written ({error.strerror}); free some space, then go on with "
                "resume=true"
            ) from error

    def pictures(self, step: int, pictures: Mapping[str, Figure]) -> None:
        """Write each picture to NAME.png, over the one before, and to TensorBoard."""
        for name, figure in pictures.items():
            save_figure(figure, self.folder / f"{name}.png")
            self._board.add_figure(name, figure, step, close=False)

    def close(self) -> None:
        """Draw the loss curve and close the files."""
        train = [row for row in self.rows if "loss" in row]
        val = [row for row in self.rows if "val_loss" in row]
        if train:
            figure = loss_curve(
                [row["step"] for row in train],
                [row["loss"] for row in train],
                validation_steps=[row["step"] for row in val],
                validation_losses=[row["val_loss"] for row in val],
                smoothing=0.8,  # a row is a mean already
            )
            save_figure(figure, self.folder / "loss.png")
        self._board.close()


class Means:
    """Means over the steps since the last line of the journal."""

    def __init__(self) -> None:
        self._steps: list[Mapping[str, float]] = []

    def add(self, numbers: Mapping[str, float]) -> None:
        """Record one step's numbers."""
        self._steps.append(numbers)

    def pop(self) -> dict[str, float]:
        """Return the mean of each number over the steps that have it, and forget them."""
        names = dict.fromkeys(name for numbers in self._steps for name in numbers)
        known = {name: [one[name] for one in self._steps if name in one] for name in names}
        self._steps.clear()
        return {name: sum(values) / len(values) for name, values in known.items()}


def read_metrics(folder: Path) -> list[dict[str, Any]]:
    """Return the lines of a run's metrics file; a line cut short by a kill is left out."""
    path = folder / METRICS_FILE
    if not path.is_file():
        return []
    rows = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            rows.append(json.loads(line))
        except json.JSONDecodeError:
            continue
    return rows
