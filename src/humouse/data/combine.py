"""Several prepared datasets as one: the people of each stay in its splits, under the set-up's name."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from humouse.data.names import natural_key
from humouse.data.prepare import put_in_place
from humouse.data.prepared import MANIFEST, Prepared, manifest_sha256
from humouse.data.splits import PEOPLE, SPLITS
from humouse.errors import InputError
from humouse.files import alone_in, sha256, versions, working_folder, write_json
from humouse.trajectories import Trajectories, concatenate

COMBINED = "combined"
"""The source that a combined dataset names."""

_FORMAT = 1


def combine(folders: Sequence[str | Path], *, out_dir: str | Path) -> Prepared:
    """Write the splits of several prepared datasets as one dataset.

    A set-up is called like its folder, and its people NAME/PERSON; who is in train, val or test stays
    there. Where `out_dir` holds the same already, nothing is done.

    Args:
        folders: At least two, each as `prepare` wrote it; their last parts differ.
        out_dir: Folder to write to.

    Raises:
        InputError: A folder holds no prepared data, or is damaged, or combined already; two have one
            name; `out_dir` is one of them or cannot be written, or another process is at it.
    """
    out_dir, parts = Path(out_dir), _parts(folders, Path(out_dir))
    settings = {
        "format": _FORMAT,
        "source": {
            "name": COMBINED,
            "settings": {name: part.sha256 for name, part in parts.items()},
            "note": None,
        },
    }
    if (found := _reusable(out_dir, settings)) is not None:
        return found
    manifests = {name: part.manifest for name, part in parts.items()}
    ways = {one["split"]["by"] for one in manifests.values()}
    origin = "+".join(parts)
    with alone_in(out_dir), working_folder(out_dir) as folder:
        content = {
            **settings,
            "rules": {name: one["rules"] for name, one in manifests.items()},
            # Whoever has people on all sides anywhere has them on all sides here.
            "split": {"by": PEOPLE if ways == {PEOPLE} else (ways - {PEOPLE}).pop()},
            "origin": origin,
            "synthetic": all(one["synthetic"] for one in manifests.values()),
            "root": None,
            "splits": {split: _write_split(folder, split, parts, origin) for split in SPLITS},
            **_counts(manifests),
            "versions": versions(),
        }
        manifest = {"sha256": manifest_sha256(content), **content}
        write_json(folder / MANIFEST, manifest)
        put_in_place(folder, out_dir)
    return Prepared(out_dir, manifest)


def _parts(folders: Sequence[str | Path], out_dir: Path) -> dict[str, Prepared]:
    """Return the datasets by name."""
    if len(folders) < 2:
        raise InputError(
            "dirs: name at least two folders of prepared data, e.g. dirs=[data/one,data/two]"
        )
    parts: dict[str, Prepared] = {}
    for folder in map(Path, folders):
        name = folder.resolve().name
        if name in parts:
            raise InputError(
                f"dirs: two folders are called {name}, and a set-up is called like its folder; rename one"
            )
        if folder.resolve() == out_dir.resolve():
            raise InputError(f"out_dir={out_dir}: is one of dirs; name another folder")
        part = Prepared.load(folder)
        if part.manifest["source"]["name"] == COMBINED:
            raise InputError(f"{folder}: combined already; name the folders that it was made of")
        if not part.is_whole():
            raise InputError(
                f"{folder}: a split is missing or is not the one that {MANIFEST} describes; prepare "
                "the data again"
            )
        parts[name] = part
    return parts


def _write_split(
    folder: Path, split: str, parts: dict[str, Prepared], origin: str
) -> dict[str, Any]:
    """Write one split of all datasets; return the manifest's part about it."""
    everything = concatenate(
        [_named(name, part.split(split)) for name, part in parts.items()], origin
    )
    path = folder / f"{split}.parquet"
    everything.save(path)
    users = (
        [] if everything.user is None else sorted(set(everything.user.tolist()), key=natural_key)
    )
    return {"sha256": sha256(path), "gestures": len(everything), "users": users}


def _named(name: str, movements: Trajectories) -> Trajectories:
    """Return the movements with the set-up's name before each person's."""
    return replace(movements, user=np.array([f"{name}/{person}" for person in movements.person]))


def _counts(manifests: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Return the manifest's part about what became of all recordings."""
    total: dict[str, Any] = {}
    for one in manifests.values():
        for key, count in one["counts"].items():
            counter = isinstance(count, dict)
            before = total.get(key, {} if counter else 0)
            total[key] = (
                dict(sorted((Counter(before) + Counter(count)).items()))
                if counter
                else before + count
            )
    moving = [one["moving_ms"] for one in manifests.values() if "moving_ms" in one]
    return {
        "counts": total,
        "moving_ms": {
            key: sum(one[key] for one in moving) if len(moving) == len(manifests) else 0
            for key in ("kept", "found")
        },
        "warnings": [
            {**warning, "files": [f"{name}/{file}" for file in warning["files"]]}
            for name, one in manifests.items()
            for warning in one["warnings"]
        ],
        **{
            key: [f"{name}/{each}" for name, one in manifests.items() for each in one[key]]
            for key in ("users_without_gestures", "files_without_events")
        },
        "files": [],
    }


def _reusable(out_dir: Path, settings: dict[str, Any]) -> Prepared | None:
    """Return what lies in `out_dir` if it was made of the same datasets."""
    try:
        found = Prepared.load(out_dir)
    except InputError:
        return None
    now, before = settings["source"]["settings"], found.manifest["source"]["settings"]
    same = found.manifest["format"] == settings["format"] and [*now.items()] == [*before.items()]
    return replace(found, reused=True) if same and found.is_whole() else None
