"""What each step costs on one core for 4,096 movements, made and scored, and what is sent and kept.

Run: `python benchmarks/part_costs.py [--parts 2]`. On a cluster the first process keeps and writes; all
other steps of making are the workers'. In processes it plans and decodes, too. Of scoring, the first process
decides and explains; reading and writing come to that.
"""

import argparse
import pickle
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from figures import figure
from humouse.commands.kept_parts import KeptParts
from humouse.commands.sample import _between, _model, _part
from humouse.detection.detector import Detector
from humouse.movement_table import StoredMovements, in_pieces, write_tables
from humouse.settings import SampleSettings
from humouse.settings.compose import settings_from
from humouse.trained_model import SampleRequest

_STEPS = ("plan", "make", "decode", "keep", "write")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parts", type=int, default=2)
    parts = parser.parse_args().parts
    torch.set_num_threads(1)
    settings = settings_from("diffusion/sample", SampleSettings, ["device=cpu"])
    model = _model(settings)
    size = model.part_size
    spent = dict.fromkeys(_STEPS, 0.0)
    with tempfile.TemporaryDirectory() as folder:
        kept, file = KeptParts(Path(folder), {}), Path(folder) / "samples.parquet"
        for number in range(parts):
            marks = [time.process_time()]
            plan = model.plan(SampleRequest(size, seed=0, first=number * size))
            marks.append(time.process_time())
            made = [model.make(batch) for batch in plan.batches]
            marks.append(time.process_time())
            part = _part(model, plan, made, settings)
            marks.append(time.process_time())
            kept.keep(number, part)
            marks.append(time.process_time())
            write_tables(file, _between(kept, number * size, (number + 1) * size, model.origin))
            marks.append(time.process_time())
            for step, began, ended in zip(_STEPS, marks, marks[1:], strict=False):
                spent[step] += ended - began
        for step, seconds in spent.items():
            figure(f"part of a sample: {step}", seconds / parts / size * 1e6, "us each")
            print(f"{step}: {seconds / parts / size * 1e6:,.1f} us of the processor a movement")
        held = sum(path.stat().st_size for path in kept.folder.iterdir())
        batch = sum(len(pickle.dumps(one)) for one in plan.batches)
        print(f"model: {len(pickle.dumps(model)):,} bytes, sent once to each machine")
        print(
            f"bytes a movement: {batch / size:,.0f} of a batch to be made, {held / parts / size:,.0f} of a "
            f"part that is kept, {file.stat().st_size / size:,.0f} in Parquet"
        )
        movements = model.sample(parts * size, seed=0)
    score_costs(movements.as_steps().stored())


def score_costs(movements: StoredMovements) -> None:
    detector, n = Detector.load(), len(movements.lengths)
    began = time.process_time()
    evidence = [detector._evidence(piece, most=5) for piece in in_pieces([movements], 2**12)]
    looked_s, began = time.process_time() - began, time.process_time()
    detector.judge([movements], reasons=5).table(np.arange(n))
    rest_s = time.process_time() - began - looked_s
    figure("part of a score: look", looked_s / n * 1e6, "us each")
    figure("part of a score: decide and explain", rest_s / n * 1e6, "us each")
    print(
        f"look: {looked_s / n * 1e6:,.0f} us, decide and explain: {rest_s / n * 1e6:,.0f} us a movement"
    )
    held = sum(len(pickle.dumps(one)) for one in evidence)
    print(f"bytes a movement: {held / n:,.0f} of the evidence that is held until the verdicts")


if __name__ == "__main__":
    main()
