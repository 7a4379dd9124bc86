"""A detector on disk: an ONNX file for each member of the blend, and what scores mean in each set-up."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from jaxtyping import Float, Int
from scipy.special import expit

from humouse.detection.decisions import Decisions, decide
from humouse.detection.explain import reasons_for
from humouse.detection.names import FEATURES, UNUSABLE
from humouse.detection.onnx.runtime import OnnxDetector
from humouse.detection.registry import REGISTRY, blend
from humouse.detection.samples.one_clock import OneClock
from humouse.detection.samples.views import Views, look
from humouse.detection.setups.setup import SetUp
from humouse.errors import InputError
from humouse.files import atomic_write, read_json, set_aside_in, sha256, write_json
from humouse.steps import Steps

if TYPE_CHECKING:
    from humouse.trajectories import Trajectories

FORMAT = 3
MANIFEST = "detector.json"
PACKAGED = Path(__file__).parents[1] / "pretrained" / "detector"
"""The detector that comes with the package."""

RATES = (0.01, 0.001)
"""False-alarm rates that decisions can be made for."""

_AGAIN = "train the detector again"
_STILL = "it goes nowhere, or has no two points within 200 ms"
_ROWS_AT_A_TIME = 8192


@dataclass(frozen=True, eq=False)
class Detector:
    """A detector read from its folder.

    Args:
        folder: Where it lies.
        members: Name → what ONNX Runtime runs.
        setups: The set-ups that it knows.
        clock: The one that the hand's motion is looked at by.
        provenance: Settings, command, people and versions that made it.
    """

    folder: Path
    members: Mapping[str, OnnxDetector]
    setups: tuple[SetUp, ...]
    clock: OneClock
    provenance: Mapping[str, Any]

    @classmethod
    def load(cls, folder: str | Path | None = None) -> "Detector":
        """Return the detector in a folder; without one, that of the package.

        Raises:
            InputError: There is none, a file is missing or changed, or it is of another version.
        """
        folder = PACKAGED if folder is None else Path(folder)
        manifest = _read_manifest(folder / MANIFEST)
        try:
            members = [REGISTRY[name].name for name in manifest["members"]]
            setups = tuple(map(SetUp.from_json, manifest["setups"]))
            _try_out(members, setups)
            for name in members:
                _check_hash(folder / f"{name}.onnx", manifest["files"][f"{name}.onnx"])
            return cls(
                folder,
                {name: OnnxDetector.load(folder / f"{name}.onnx") for name in members},
                setups,
                OneClock(**manifest["clock"]),
                dict(manifest["provenance"]),
            )
        except (LookupError, TypeError, AttributeError, ValueError) as error:
            raise InputError(
                f"{folder / MANIFEST}: damaged or changed by hand; {_AGAIN}"
            ) from error

    def save(self, folder: Path, provenance: Mapping[str, Any]) -> None:
        """Write a copy into a folder that needs nothing else; one that is there already is set aside.

        Raises:
            InputError: A file cannot be written.
        """
        files = {
            f"{name}.onnx": (self.folder / f"{name}.onnx").read_bytes() for name in self.members
        }
        write_detector(folder, files, list(self.members), self.setups, self.clock, provenance)

    def score(
        self,
        movements: "Trajectories | Steps",
        *,
        false_positive_rate: float = 0.01,
        reasons: int = 0,
    ) -> pl.DataFrame:
        """Return the decision on each movement.

        Args:
            movements: B movements, as recorded.
            false_positive_rate: Share of people's movements that may be called bots: one of `RATES`.
            reasons: How many reasons explain each decision; 0 for none.

        Returns:
            B rows. Where the movement stands: movement (what it is called in the table that it was read
            from, else its number), user, session, start (time of its first point, as the table has it) and
            row (of its first point, from 0). The decision: verdict ("human", "bot", "unfamiliar", or
            "unusable"), probability and log_odds of a bot, p_value (share of people with higher scores),
            the score of each member, and reasons that speak for the verdict. Where sources are named, by
            session or else by user: session_movement (its number in the source), session_verdict and
            session_score after it. A movement that goes nowhere is unusable; its reasons say so.

        Raises:
            InputError: There is no such rate, or `reasons` is below 0.
        """
        check_rate(false_positive_rate)
        if reasons < 0:
            raise InputError(f"reasons={reasons}: must be at least 0")
        movements = movements.as_steps()
        looked = list(self._looked_at(movements))
        rows = np.concatenate([rows for _, rows in looked])
        places = _places(movements)
        if not len(rows):
            scores = (f"{name}_score" for name in self.members)
            none = pl.lit(None, pl.Float64)
            absent = [none.alias(name) for name in ("probability", "log_odds", "p_value", *scores)]
            return places.with_columns(
                pl.lit(UNUSABLE).alias("verdict"), *absent, pl.lit(_STILL).alias("reasons")
            )
        views = [views for views, _ in looked]
        sources, named = _sources(movements, rows)
        made = self._decisions(views, sources, named, false_positive_rate, reasons)
        if len(rows) < len(places):
            place = np.full(len(places), -1)
            place[rows] = np.arange(len(rows))
            gathered = pl.all().gather(pl.Series(place).replace(-1, None))
            made = made.select(gathered).with_columns(
                pl.col("verdict").fill_null(UNUSABLE), pl.col("reasons").fill_null(_STILL)
            )
        return places.hstack(made)

    def member_scores(self, views: Views) -> Float[np.ndarray, "B M"]:
        """Return [B, M] the logit of each member of the blend."""
        return np.stack(
            [REGISTRY[name].score(session, views) for name, session in self.members.items()], 1
        )

    def scored(
        self, movements: "Trajectories | Steps"
    ) -> tuple[Float[np.ndarray, "b"], Float[np.ndarray, "b F"], Int[np.ndarray, "b"]]:
        """Return of the movements that move: the blend's scores, traits of their set-up, their numbers."""
        parts = [
            (blend(list(self.members), self.member_scores(views)), _traits(views), rows)
            for views, rows in self._looked_at(movements.as_steps())
        ]
        score, traits, rows = (np.concatenate(one) for one in zip(*parts, strict=True))
        return score, traits, rows

    def _looked_at(self, movements: Steps) -> Iterator[tuple[Views, Int[np.ndarray, "b"]]]:
        """Yield the views of parts of the movements, and the numbers of those that move."""
        for first in range(0, max(len(movements), 1), _ROWS_AT_A_TIME):
            part = movements.rows(slice(first, first + _ROWS_AT_A_TIME))
            views, rows = look(part.trimmed(), self.clock)
            yield views, rows + first

    def _decisions(
        self,
        looked: Sequence[Views],
        sources: Sequence[np.ndarray],
        named: bool,
        rate: float,
        most: int,
    ) -> pl.DataFrame:
        """Return the decision on each of B movements that move, of which these are the views."""
        logits = np.concatenate([self.member_scores(views) for views in looked])
        traits = np.concatenate([_traits(views) for views in looked])
        made = decide(self.setups, blend(list(self.members), logits), traits, sources, rate)
        columns: dict[str, Any] = {
            "verdict": made.verdict,
            "probability": expit(made.log_odds),
            "log_odds": made.log_odds,
            "p_value": made.p_value,
            **dict(zip((f"{name}_score" for name in self.members), logits.T, strict=True)),
        }
        if named:
            number = np.zeros(len(logits), np.int64)
            for rows in sources:
                number[rows] = np.arange(1, len(rows) + 1)
            columns |= {
                "session_movement": number,
                "session_verdict": made.session_verdict,
                "session_score": made.session_score,
            }
        columns["reasons"] = pl.Series(self._reasons(looked, made, most), dtype=pl.String)
        return pl.DataFrame(columns)

    def _reasons(self, looked: Sequence[Views], made: Decisions, most: int) -> list[str]:
        if not most:
            return [""] * len(made.verdict)
        explaining = next(
            (one for name, one in self.members.items() if REGISTRY[name].view == FEATURES), None
        )
        lines: list[str] = []
        for views in looked:
            verdicts = made.verdict[len(lines) : len(lines) + len(views)]
            lines += reasons_for(explaining, self.setups, views, verdicts, most)
        return lines


def write_detector(
    folder: Path,
    files: Mapping[str, bytes],
    members: Sequence[str],
    setups: Sequence[SetUp],
    clock: OneClock,
    provenance: Mapping[str, Any],
) -> None:
    """Write a detector into a folder that needs nothing else; one that is there already is set aside.

    Args:
        folder: Where to.
        files: Name of each member's file → its content.
        members: Names of the members.
        setups: What the scores mean, where.
        clock: The one that members look at movements by.
        provenance: Settings, command, people, versions.

    Raises:
        InputError: A file cannot be written.
    """
    set_aside_in(folder, [MANIFEST, *(f"{name}.onnx" for name in REGISTRY)])
    for name, content in files.items():
        with atomic_write(folder / name) as temporary:
            temporary.write_bytes(content)
    write_json(
        folder / MANIFEST,
        {
            "format": FORMAT,
            "members": list(members),
            "clock": asdict(clock),
            "files": {name: sha256(folder / name) for name in files},
            "setups": [one.to_json() for one in setups],
            "provenance": dict(provenance),
        },
    )


def _traits(views: Views) -> Float[np.ndarray, "B F"]:
    return views.setup.values.astype(np.float64)


def check_rate(rate: float) -> None:
    """Raise InputError if decisions cannot be made for that false-alarm rate."""
    if rate not in RATES:
        known = " or ".join(f"{one:g}" for one in RATES)
        raise InputError(f"false_positive_rate={rate:g}: choose {known}")


def _sources(movements: Steps, rows: Int[np.ndarray, "b"]) -> tuple[list[np.ndarray], bool]:
    """Return which of the movements `rows` are of each source, in order, and whether sources are named.

    Without names, all are of one source.
    """
    names = _source_names(movements)
    if names is None:
        return [np.arange(len(rows))], False
    _, number = np.unique(names[rows], return_inverse=True)
    order = np.argsort(number, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(number[order])) + 1), True


def _source_names(movements: Steps) -> np.ndarray | None:
    """Return what tells the sources of movements apart: users, and their sessions where they are named."""
    places = movements.places
    parts = [movements.user, None if places is None else places.session]
    names = [part.astype(str) for part in parts if part is not None]
    if not names:
        return None
    joined = reduce(lambda one, other: np.char.add(np.char.add(one, "\n"), other), names)
    # Strangers to one another: a source of its own for each movement that names neither.
    own = np.char.add("\n\n", np.arange(len(joined)).astype(str))
    return np.where(np.char.strip(joined, "\n") == "", own, joined)


def _places(movements: Steps) -> pl.DataFrame:
    """Return where each of B movements stands: in the table that it was read from, or in the batch."""
    B, places = len(movements), movements.places
    session = None if places is None else places.session
    named = np.arange(B).astype(str) if places is None else places.movement.astype(str)
    start = np.full(B, np.nan) if places is None else places.t
    return pl.DataFrame(
        {
            "movement": pl.Series(named, dtype=pl.String),
            "user": _names(movements.user, B),
            "session": _names(session, B),
            "start": pl.Series(start, dtype=pl.Float64, nan_to_null=True),
            "row": pl.Series(np.arange(B) if places is None else places.row, dtype=pl.Int64),
        }
    )


def _names(given: np.ndarray | None, n: int) -> pl.Series:
    """Return n names; null where there is none, or an empty one."""
    names = [None] * n if given is None else given.tolist()
    return pl.Series([None if one in (None, "") else str(one) for one in names], dtype=pl.String)


def _read_manifest(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise InputError(
            f"{path.parent}: no detector (no {MANIFEST}); humouse detect train writes one"
        )
    manifest = read_json(path)
    if manifest.get("format") != FORMAT:
        raise InputError(
            f"{path}: a detector of an earlier format ({manifest.get('format')}, not {FORMAT}), which "
            f"looked at the device as well; {_AGAIN}"
        )
    return manifest


def _try_out(members: Sequence[str], setups: Sequence[SetUp]) -> None:
    """Decide on one movement: what is wrong with the manifest shows here, not at the first score."""
    if not members:
        raise ValueError("no members")
    score = blend(members, np.zeros((1, len(members))))
    traits = np.zeros((1, len(setups[0].distances[0].columns)))
    for rate in RATES:
        decide(setups, score, traits, [np.arange(1)], rate)


def _check_hash(path: Path, expected: str) -> None:
    if not path.is_file():
        raise InputError(f"{path}: missing; {_AGAIN}")
    if sha256(path) != expected:
        raise InputError(f"{path}: not the file that the detector was saved with; {_AGAIN}")
