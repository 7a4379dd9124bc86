"""The Dockerfile and the compose file: what can be held to without Docker."""

import re
import tomllib
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from pathlib import Path

import yaml

import humouse
from humouse.settings import ServeSettings
from humouse.settings.compose import settings_from

CHECKOUT = Path(__file__).parents[1]
DOCKERFILE = (CHECKOUT / "Dockerfile").read_text().replace("\\\n", " ")


def names(lines: list[str]) -> set[str]:
    found = (re.match(r"[\w-]+", line) for line in lines)
    return {name[0].lower().replace("_", "-") for name in found if name}


def asked() -> set[str]:
    """Return the packages that the image installs by name."""
    (line,) = (one for one in DOCKERFILE.splitlines() if "fastapi" in one)
    return names(line.split("constraints.txt", 1)[1].replace("'", "").split())


def test_it_installs_what_the_service_needs_and_no_torch():
    installed = asked()
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
    serve = names(project["optional-dependencies"]["serve"])
    assert serve <= installed <= serve | names(project["dependencies"])
    assert not {"torch", "scikit-learn"} & installed
    assert installed <= names((CHECKOUT / "constraints.txt").read_text().splitlines()[1:])


def with_their_needs(packages: set[str]) -> set[str]:
    """Return packages and all that they need, themselves or through others."""
    left, found = set(packages), set()
    while left:
        found.add(one := left.pop())
        try:
            needs = [need for need in requires(one) or [] if "extra ==" not in need]
        except PackageNotFoundError:  # of another system or Python
            continue
        left |= names(needs) - found
    return found


_BEGIN = """
import sys

for name in sys.argv[1:]:
    sys.modules[name] = None  # as if it were not installed
from humouse.service.app import create_app
from humouse.settings import ServeSettings
from humouse.settings.compose import settings_from

app = create_app(settings_from("serve", ServeSettings, ["database=sqlite:///s.sqlite"]))
print(len(app.openapi()["paths"]), "addresses")
"""


def test_the_service_begins_with_what_is_installed_alone(tmp_path: Path, call: Callable):
    ours = with_their_needs(asked()) | {"humouse", "psycopg-binary"}
    absent = {
        module
        for module, packages in packages_distributions().items()
        if not names(packages) & ours
    }
    assert {"torch", "sklearn", "joblib"} <= absent
    home = str(Path(humouse.__file__).parents[1])
    done = call("-c", _BEGIN, *sorted(absent), cwd=tmp_path, PYTHONPATH=home)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "6 addresses"


def test_what_it_copies_is_there_and_not_ignored():
    kept = set((CHECKOUT / ".dockerignore").read_text().replace("!", "").split())
    copied = [line.split()[1:-1] for line in DOCKERFILE.splitlines() if line.startswith("COPY")]
    for path in (path for paths in copied for path in paths):
        assert (CHECKOUT / path).exists()
        assert path in kept


def test_its_commands_are_settings():
    compose = yaml.safe_load((CHECKOUT / "compose.yaml").read_text())
    (entry,) = (one for one in DOCKERFILE.splitlines() if one.startswith("ENTRYPOINT"))
    words = [*yaml.safe_load(entry.removeprefix("ENTRYPOINT"))[2:]]
    words += compose["services"]["score"]["command"]
    words = [re.sub(r"\$\{(\w+)[^}]*\}", "abc", word) for word in words]
    settings = settings_from("serve", ServeSettings, words)
    assert settings.host == "0.0.0.0"
    assert settings.database == "postgresql+psycopg://humouse:abc@database/humouse"
    assert settings.public_events
