"""The network's speed beside its peers': sampling passes and training steps, in one run.

    python benchmarks/unet.py [--device cpu] [--repeats 5] [--threads 2] [--out unet.json]

Ours and the peers take turns, so that a busy machine slows all of them; the medians are compared.
The peers are `denoising-diffusion-pytorch`'s `Unet1D` (fetched by pip into a folder of its own on
the first run, and never installed) and `diffusers`' `UNet1DModel`. On a machine that others use,
set OMP_WAIT_POLICY=PASSIVE: threads that spin while they wait for a core multiply every time.
"""

import argparse
import importlib
import json
import statistics
import subprocess
import sys
import time
import types
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from figures import figure
from humouse.diffusion.models import UNet1D

BATCH, STEPS_T, CHANNELS, PASSES = 64, 200, 2, 20
PEER = "denoising_diffusion_pytorch"
PEER_PACKAGES = ("denoising-diffusion-pytorch==2.3.4", "einops==0.8.2", "ema-pytorch==0.8.3")
PEER_FOLDER = Path.home() / ".cache" / "humouse" / "benchmark-peers"

BARS = {"denoising-diffusion-pytorch": (4.0, 0.35), "diffusers UNet1DModel": (2.5, None)}
"""Of a peer: how many times as fast sampling should be, and a training step's share of its time."""

Network = Callable[[Tensor, Tensor], Tensor]


def peer_class(folder: Path) -> type[nn.Module]:
    """Return the peer's `Unet1D`, fetching it if need be.

    Its package imports torchvision for its image models; the 1-D module does not. So the package
    is stood in for by an empty one with the same folder, and the module imported alone.
    """
    if not (folder / PEER).exists():
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target"]
        subprocess.run([*command, str(folder), *PEER_PACKAGES], check=True)
    package = types.ModuleType(PEER)
    package.__path__ = [str(folder / PEER)]
    sys.modules[PEER] = package
    sys.path.append(str(folder))
    return importlib.import_module(f"{PEER}.denoising_diffusion_pytorch_1d").Unet1D


def networks(folder: Path, device: str) -> dict[str, tuple[nn.Module, Network]]:
    """Return each network with a function (x [B, T, C], t in [0, 1]) → prediction [B, T, C]."""
    from diffusers import UNet1DModel

    torch.manual_seed(0)
    mask = torch.ones(BATCH, STEPS_T, dtype=torch.bool, device=device)
    ours = UNet1D(CHANNELS).to(device)
    peer = peer_class(folder)(64, dim_mults=(1, 2, 2, 2), channels=CHANNELS).to(device)
    widths = (48, 96, 128)  # a size near ours; its embedding of t is 2 × the first width
    second: Any = UNet1DModel(
        in_channels=CHANNELS, out_channels=CHANNELS, extra_in_channels=2 * widths[0],
        block_out_channels=widths,
    )  # fmt: skip
    second.to(device)

    def through_diffusers(x: Tensor, t: Tensor) -> Tensor:
        padded = nn.functional.pad(x.mT, (0, -STEPS_T % 2 ** len(widths)))
        return second(padded, t).sample[..., :STEPS_T].mT

    return {
        "humouse UNet1D": (ours, lambda x, t: ours(x, t, mask)),
        "denoising-diffusion-pytorch": (peer, lambda x, t: peer(x.mT, t * 1000).mT),
        "diffusers UNet1DModel": (second, through_diffusers),
    }


def sampling_pass(model: nn.Module, network: Network, x: Tensor) -> Callable[[], None]:
    """Return 20 DDIM-like steps of v-prediction on the cosine schedule."""
    angles = torch.linspace(1, 0, PASSES + 1, device=x.device) * torch.pi / 2

    @torch.no_grad()
    def run() -> None:
        model.eval()
        x_t = x
        for now, after in pairwise(angles):
            v = network(x_t, (now * 2 / torch.pi).expand(len(x)))
            x0, noise = now.cos() * x_t - now.sin() * v, now.sin() * x_t + now.cos() * v
            x_t = after.cos() * x0 + after.sin() * noise

    return run


def training_step(model: nn.Module, network: Network, x: Tensor) -> Callable[[], None]:
    """Return one step: forward, backward and AdamW."""
    optimiser = torch.optim.AdamW(model.parameters(), lr=2e-4, weight_decay=1e-2)
    t, target = torch.rand(len(x), device=x.device), torch.randn_like(x)

    def run() -> None:
        model.train()
        optimiser.zero_grad(set_to_none=True)
        (network(x, t) - target).square().mean().backward()
        optimiser.step()

    return run


def in_bf16(run: Callable[[], None], device: str) -> Callable[[], None]:
    """Return the same under autocast to bfloat16, the backward pass with it."""

    def cast() -> None:
        with torch.autocast(device, torch.bfloat16):
            run()

    return cast


def product_rate(device: str) -> Callable[[], None]:
    """Return a plain matrix product of 2 × 2048³ operations: the rate to compare with."""
    a, b = torch.randn(2, 2048, 2048, device=device)

    def run() -> None:
        torch.mm(a, b)

    return run


def seconds(run: Callable[[], None], device: str) -> float:
    """Time one call."""
    begun = time.perf_counter()
    run()
    if device != "cpu":
        torch.cuda.synchronize()
    return time.perf_counter() - begun


def interleaved(
    runs: dict[str, Callable[[], None]], repeats: int, device: str
) -> dict[str, list[float]]:
    """Time every run in turn, `repeats` times over, after one untimed turn."""
    for run in runs.values():
        seconds(run, device)
    rounds = [{name: seconds(run, device) for name, run in runs.items()} for _ in range(repeats)]
    return {name: [a[name] for a in rounds] for name in runs}


def measured(arguments: argparse.Namespace) -> dict:
    """Measure everything and return it as one JSON-ready dict."""
    device = arguments.device
    models = networks(arguments.peers, device)
    x = torch.randn(BATCH, STEPS_T, CHANNELS, device=device)
    mflop = {}
    for name, (_, network) in models.items():
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            network(x, torch.rand(BATCH, device=device))
        mflop[name] = counter.get_total_flops() / BATCH / 1e6
    sampling = {name: sampling_pass(*pair, x) for name, pair in models.items()}
    training = {name: training_step(*pair, x) for name, pair in models.items()}
    ours = next(iter(models))
    sampling[f"{ours}, bf16"] = in_bf16(sampling[ours], device)
    training[f"{ours}, bf16"] = in_bf16(training[ours], device)
    if arguments.compile:
        model, network = models[ours]
        compiled = torch.compile(network)
        sampling[f"{ours}, compiled"] = sampling_pass(model, compiled, x)
        training[f"{ours}, compiled"] = training_step(model, compiled, x)
    product = {"product": product_rate(device)}
    sampled = interleaved({**sampling, **product}, arguments.repeats, device)
    trained = interleaved(training, arguments.repeats, device)
    rate = 2 * 2048**3 / statistics.median(sampled.pop("product")) / 1e9
    rows = {}
    for name, times in sampled.items():
        base = name.split(",")[0]
        sample_s, train_s = statistics.median(times), statistics.median(trained[name])
        gflops = mflop[base] * BATCH * PASSES / sample_s / 1e3
        rows[name] = {
            "parameters": sum(p.numel() for p in models[base][0].parameters()),
            "mflop_per_pass": mflop[base],
            "trajectories_per_s": BATCH / sample_s,
            "training_step_ms": train_s * 1e3,
            "gflop_per_s": gflops,
            "of_product_rate": gflops / rate,
            "ours_faster_sampling": statistics.median(
                b / a for a, b in zip(sampled[ours], times, strict=True)
            ),
            "ours_share_of_training_step": statistics.median(
                a / b for a, b in zip(trained[ours], trained[name], strict=True)
            ),
        }
    return {
        "device": device, "threads": torch.get_num_threads(), "torch": torch.__version__,
        "batch": BATCH, "T": STEPS_T, "passes": PASSES, "repeats": arguments.repeats,
        "product_gflop_per_s": rate, "networks": rows,
    }  # fmt: skip


def table(result: dict) -> str:
    """Return the result as lines of text."""
    lines = [
        f"{result['device']}, {result['threads']} threads, torch {result['torch']}; batch "
        f"{result['batch']}, T = {result['T']}, {result['passes']} passes, float32; matrix product "
        f"{result['product_gflop_per_s']:.0f} GFLOP/s",
        f"{'':32}{'M par.':>7}{'MFLOP':>7}{'traj/s':>9}{'GFLOP/s':>9}{'of mm':>7}{'ours ×':>8}"
        f"{'step ms':>9}{'ours /':>8}",
    ]
    for name, row in result["networks"].items():
        lines.append(
            f"{name:32}{row['parameters'] / 1e6:7.2f}{row['mflop_per_pass']:7.0f}"
            f"{row['trajectories_per_s']:9.1f}{row['gflop_per_s']:9.0f}{row['of_product_rate']:7.2f}"
            f"{row['ours_faster_sampling']:8.2f}{row['training_step_ms']:9.0f}"
            f"{row['ours_share_of_training_step']:8.2f}"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--threads", type=int, default=2, help="CPU threads")
    parser.add_argument("--repeats", type=int, default=5, help="turns of every network")
    parser.add_argument("--compile", action="store_true", help="also ours under torch.compile")
    parser.add_argument("--peers", type=Path, default=PEER_FOLDER, help="where the peer is kept")
    parser.add_argument("--out", type=Path, help="write the numbers here as JSON")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    result = measured(arguments)
    print(table(result))
    for name, row in result["networks"].items():
        figure(f"network {name}", row["trajectories_per_s"], "trajectories a second")
        figure(f"network {name}: of a matrix product's rate", row["of_product_rate"], "")
        figure(f"network {name}: training step", row["training_step_ms"], "ms")
        if not name.startswith("humouse"):
            faster, share = row["ours_faster_sampling"], row["ours_share_of_training_step"]
            least, most = BARS[name]
            figure(f"humouse beside {name}: sampling", faster, "times as fast", at_least=least)
            figure(f"humouse beside {name}: training", share, "of the time", at_most=most)
    if arguments.device != "cpu":
        memory_mb = torch.cuda.max_memory_allocated() / 1e6
        print(f"memory of the GPU, all networks together: {memory_mb:,.0f} MB")
        figure("memory of the GPU, all networks together", memory_mb, "MB")
    if arguments.out:
        arguments.out.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
