"""A public dataset: its archive fetched, checked by its hash, and unpacked beside a manifest."""

import re
from dataclasses import dataclass
from pathlib import Path

from humouse.data.public.fetch import Progress, discard, fetch
from humouse.data.public.unpack import BadArchiveError, unpacked
from humouse.errors import InputError
from humouse.files import read_json, sha256, write_json, writing

MANIFEST = "download.json"


@dataclass(frozen=True)
class Archive:
    """Where a public dataset is published, and on what terms.

    Args:
        address: Address of the zip archive.
        sha256: SHA-256 of the archive; None where it is not known.
        pattern: Path of the recordings in it, as a glob; folders around it are left out.
        licence: On what terms it may be used.
        citation: What its authors ask to be cited.
    """

    address: str
    sha256: str | None
    pattern: str
    licence: str
    citation: str

    def __post_init__(self) -> None:
        if self.sha256 is not None and not re.fullmatch("[0-9a-fA-F]{64}", self.sha256):
            raise InputError(f"sha256={self.sha256}: must be 64 hexadecimal digits")


@dataclass(frozen=True)
class Downloaded:
    """A dataset's recordings on disk.

    Args:
        folder: Where they lie.
        recordings: How many files.
        sha256: SHA-256 of the archive that they come from.
    """

    folder: Path
    recordings: int
    sha256: str


def downloaded(archive: Archive, folder: Path) -> Downloaded | None:
    """Return what an earlier download left in a folder; None if there is nothing in it.

    Raises:
        InputError: The folder holds something else, or not all of it any more.
    """
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return None
    otherwise = "choose another out_dir=, or remove it"
    if not (folder / MANIFEST).is_file():
        raise InputError(
            f"{folder}: is there, and humouse data download did not make it; {otherwise}"
        )
    manifest = read_json(folder / MANIFEST)
    try:
        found = Downloaded(folder, len(manifest["files"]), manifest["sha256"])
        if manifest["address"] != archive.address or not _fits(archive, found.sha256):
            raise InputError(
                f"{folder}: holds another archive ({manifest['address']}, SHA-256 {found.sha256}); "
                f"{otherwise}"
            )
        missing = [name for name, size in manifest["files"].items() if _size(folder / name) != size]
    except (KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"{folder / MANIFEST}: not as humouse data download wrote it; {otherwise}"
        ) from error
    if missing:
        raise InputError(f"{folder}: {missing[0]} is missing or changed; {otherwise}")
    return found


def download(archive: Archive, folder: Path, progress: Progress) -> Downloaded:
    """Fetch a dataset and unpack it to a folder that does not exist, or is empty.

    The archive lies beside the folder until it is unpacked. An interrupted download goes on where it
    ended.

    Args:
        archive: What to fetch.
        folder: It appears when everything is in it, with a manifest `download.json`.
        progress: See `fetch`.

    Raises:
        InputError: The archive cannot be fetched, has another hash, is no archive or holds something
            else; or the disk is full.
    """
    partial = folder.with_name(f".{folder.name}.part")
    with writing(folder):
        partial.parent.mkdir(parents=True, exist_ok=True)
    fetch(archive.address, partial, progress)
    found = sha256(partial)
    if not _fits(archive, found):
        discard(partial)
        raise InputError(
            f"{archive.address}: its SHA-256 is {found}, not {archive.sha256}; it was changed or damaged. "
            f"If you trust it as it is, give sha256={found}"
        )
    try:
        with unpacked(partial, folder, archive.pattern) as inside:
            files = _sizes(inside)
            write_json(inside / MANIFEST, {**vars(archive), "sha256": found, "files": files})
    except BadArchiveError as error:
        discard(partial)
        raise InputError(f"{archive.address}: {error}") from error
    discard(partial)
    return Downloaded(folder, len(files), found)


def _sizes(folder: Path) -> dict[str, int]:
    """Return the size in bytes of every file in a folder, by its path there."""
    return {
        path.relative_to(folder).as_posix(): path.stat().st_size
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def _fits(archive: Archive, found: str) -> bool:
    return archive.sha256 is None or archive.sha256.lower() == found


def _size(path: Path) -> int | None:
    return path.stat().st_size if path.is_file() else None
