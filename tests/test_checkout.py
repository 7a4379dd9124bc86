"""The checkout: the specification's import paths beside src/, and what holds its layers."""

from collections.abc import Callable
from configparser import ConfigParser
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[1]
PACKAGE = CHECKOUT / "src" / "humouse"

_IMPORTS = """
import importlib, sys

for path, home in {
    "diffusion.api": "humouse.diffusion.api",
    "diffusion.models.unet1d": "humouse.diffusion.models.unet1d",
    "diffusion.noise.schedule": "humouse.diffusion.noise.schedule",
    "diffusion.latents.autoencoder": "humouse.diffusion.latents.autoencoder",
    "eval.metrics": "humouse.eval.api",
}.items():
    module, home = importlib.import_module(path), importlib.import_module(home)
    assert module.__all__, path
    for name in module.__all__:
        assert getattr(module, name) is getattr(home, name), (path, name)
for path in ("diffusion.train", "diffusion.sample", "eval.diffusion_eval", "eval.sigma_eval", "train_gan"):
    module = importlib.import_module(path)
    assert module.run_verb is importlib.import_module("humouse.commands.verbs").run_verb, path
from diffusion.api import canonicalize, denormalize, generate_diffusion_samples
from diffusion.latents.autoencoder import TemporalAutoencoder
from diffusion.models.unet1d import UNet1D
from diffusion.noise.schedule import CosineSchedule, make_schedule
from eval.metrics import c2st, mmd_rbf, prd
"""


@pytest.mark.slow  # imports everything in a process of its own
def test_the_specifications_import_paths(call: Callable):
    """From the checkout's root each name is humouse's own object; the commands run a verb."""
    done = call("-c", _IMPORTS, cwd=CHECKOUT)
    assert done.returncode == 0, done.stderr


def test_every_package_has_an_exhaustive_contract_of_layers():
    """A package of two modules or more; import-linter then refuses a module that is in no layer."""
    contracts = ConfigParser()
    contracts.read(CHECKOUT / ".importlinter")
    exhaustive = {
        container
        for section in contracts.values()
        if section.get("type") == "layers" and section.get("exhaustive") == "true"
        for container in section["containers"].split()
    }
    packages = set()
    for init in PACKAGE.rglob("__init__.py"):
        inside = [p for p in init.parent.glob("*.py") if p != init]
        inside += [p for p in init.parent.iterdir() if (p / "__init__.py").is_file()]
        if len(inside) >= 2:
            packages.add(".".join(init.parent.relative_to(PACKAGE.parent).parts))
    assert packages <= exhaustive, f"no exhaustive contract: {packages - exhaustive}"
    gone = {name for name in exhaustive if not (PACKAGE.parent / name.replace(".", "/")).is_dir()}
    assert not gone, f"contracts of packages that are gone: {gone}"
