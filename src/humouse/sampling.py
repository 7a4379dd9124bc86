"""`humouse sample`: draw movements from a trained model of either kind."""

from pathlib import Path

import torch

from humouse.artefact import sha256, versions, write_json
from humouse.diffusion.sample import SamplingRule
from humouse.figures import samples, save_figure
from humouse.generator import load_generator
from humouse.launch import launch
from humouse.progress import progress_bar
from humouse.settings import SampleSettings
from humouse.training.checkpoint import save_tensors
from humouse.training.device import resolve_device
from humouse.training.model import announce


def run(settings: SampleSettings) -> None:
    """Sample as the settings say and write Parquet, picture and manifest to `out_dir`."""
    rule = SamplingRule(
        settings.steps,
        settings.sampler,
        settings.eta,
        settings.guidance,
        settings.guidance_rescale,
        settings.batch_size,
    )
    model = load_generator(settings.ckpt, resolve_device(settings.device), rule=rule)
    cond = None if settings.cond is None else torch.tensor(settings.cond)
    model.check(settings.n, settings.seq_len, cond, settings.seed)
    announce(model.model)
    with progress_bar("sampling", model.calls(settings.n)) as advance:
        x0, frame = model.sample_deltas(
            settings.n,
            seq_len=settings.seq_len,
            cond=cond,
            seed=settings.seed,
            progress=advance,
        )
    movements = model.codec.decode(x0, frame, origin=model.origin)
    out_dir = Path(settings.out_dir)
    movements.save(out_dir / "samples.parquet")
    if settings.save_deltas:
        save_tensors(out_dir / "deltas.pt", {"deltas": x0, "lengths": frame.lengths})
    save_figure(samples(movements), out_dir / "samples.png")
    write_json(
        out_dir / "manifest.json",
        {
            "settings": vars(settings),
            "checkpoint": {"path": str(model.path), "sha256": sha256(model.path)},
            "experiment": model.config["experiment_name"],
            "trained_on": model.data,
            "samples_sha256": sha256(out_dir / "samples.parquet"),
            "units": {"dx_px": "px", "dy_px": "px", "dt_ms": "ms"},
            "versions": versions(),
        },
    )
    print(f"{settings.n:,} movements: {out_dir / 'samples.parquet'}")
    print(f"picture: {out_dir / 'samples.png'}; what made them: {out_dir / 'manifest.json'}")


def main() -> None:
    """Run `humouse sample`."""
    launch(
        "diffusion/sample",
        SampleSettings,
        run,
        "humouse sample — draw movements from a trained model",
    )


if __name__ == "__main__":
    main()
