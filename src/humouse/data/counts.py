"""What was read, kept and dropped while data are prepared."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from humouse.data.copies import Copies
from humouse.data.names import natural_key
from humouse.data.prepared import alike, by_reason, in_number
from humouse.data.sources import Events, SourceFile
from humouse.gestures import GestureRules, Gestures


@dataclass
class Counts:
    """What was read, kept and dropped so far.

    Args:
        sources: (user, session) → its number.
        source_of: Number of the source of each gesture, in order.
    """

    events_of_file: list[int] = field(default_factory=list)
    rows_dropped: Counter[str] = field(default_factory=Counter)
    rows_repaired: Counter[str] = field(default_factory=Counter)
    gestures_dropped: Counter[str] = field(default_factory=Counter)
    moving_ms: tuple[float, float] = (0.0, 0.0)
    events_merged: int = 0
    events_still: int = 0
    seen: set[str] = field(default_factory=set)
    users: Counter[str] = field(default_factory=Counter)
    copies: Copies = field(default_factory=Copies)
    warnings: dict[str, list[str]] = field(default_factory=dict)
    steps_ms: list[float] = field(default_factory=list)
    sources: dict[tuple[str, str], int] = field(default_factory=dict)
    source_of: list[int] = field(default_factory=list)

    def begin_file(self) -> None:
        """Count what follows for the next file."""
        self.events_of_file.append(0)

    def add(self, file: SourceFile, events: Events, found: Gestures) -> Gestures:
        """Count a part of a file, and return those of its gestures that are no copies."""
        gestures = self.copies.without(found, file.name)
        self.events_of_file[-1] += events.table.height
        self.rows_dropped.update(events.dropped)
        self.rows_repaired.update(events.repaired)
        self.gestures_dropped.update(gestures.dropped)
        self.moving_ms = tuple(np.add(self.moving_ms, found.moving_ms).tolist())
        self.events_merged += gestures.merged_events
        self.events_still += gestures.still_events
        self.seen.update({file.user} if file.user else events.table["user"].unique())
        self.users.update(gestures.user.tolist())
        for warning in events.warnings:
            self.warnings.setdefault(warning, []).append(file.name)
        if events.usual_step_ms is not None:
            self.steps_ms.append(events.usual_step_ms)
        runs = events.table["run"].to_numpy()[gestures.first]
        for user, run in zip(gestures.user.tolist(), runs.tolist(), strict=True):
            session = events.sessions.get(run, "")
            key = (user, f"{file.name} {session}".strip())
            self.source_of.append(self.sources.setdefault(key, len(self.sources)))
        return gestures

    def report(self, files: Sequence[SourceFile], hashes: Sequence[str | None]) -> dict[str, Any]:
        """Return the manifest's part about the files and what became of them."""
        return {
            "counts": {
                "files": len(self.events_of_file),
                "events": sum(self.events_of_file),
                "rows_dropped": dict(sorted(self.rows_dropped.items())),
                "rows_repaired": dict(sorted(self.rows_repaired.items())),
                "events_merged": self.events_merged,
                "events_still": self.events_still,
                "gestures": self.users.total(),
                "gestures_dropped": dict(sorted(self.gestures_dropped.items())),
            },
            "moving_ms": {"kept": self.moving_ms[0], "found": self.moving_ms[1]},
            "warnings": self._warnings(),
            "users_without_gestures": sorted(self.seen - self.users.keys(), key=natural_key),
            "files_without_events": [
                file.name
                for file, events in zip(files, self.events_of_file, strict=True)
                if not events
            ],
            "files": [
                {"name": file.name, "sha256": hashed, "events": events}
                for file, hashed, events in zip(files, hashes, self.events_of_file, strict=True)
            ],
        }

    def _warnings(self) -> list[dict[str, Any]]:
        """Return each warning with its files; those that differ by their numbers alone stand together."""
        copies = {text: [file] for file, text in self.copies.warnings().items()}
        warnings = alike({**self.warnings, **copies})
        if many := self.gestures_dropped.get("many events", 0):
            share = many / (many + self.users.total())
            if share > _MANY:
                text = (
                    f"{share:.0%} of the gestures have too many points; source.thin_to_hz=60 thins the "
                    "recordings, and gestures.max_events allows more"
                )
                warnings.append({"warning": text, "files": []})
        return warnings

    def nothing(self, where: str, rules: GestureRules) -> str:
        """Return what to say where not one gesture was found."""
        dropped = self.gestures_dropped
        remedy = "check the columns and the time unit, or loosen the rules"
        rate = 1000 / float(np.median(self.steps_ms)) if self.steps_ms else None
        at = f" at about {rate:,.0f} points a second" if rate else ""
        if dropped and (most := max(dropped, key=dropped.__getitem__)) in _REMEDIES:
            remedy = _REMEDIES[most].format(at=at, rules=rules)
        return (
            f"{where}: not one gesture in {in_number(len(self.events_of_file), 'file')} of "
            f"{in_number(sum(self.events_of_file), 'event')} (rows dropped: {by_reason(self.rows_dropped)}; "
            f"gestures dropped: {by_reason(dropped)}); {remedy}"
        )


_MANY = 0.1
_REMEDIES = {
    "few events": (
        "recorded{at}, movements have too few points: lower gestures.min_events={rules.min_events}, or "
        "raise gestures.gap_ms={rules.gap_ms} if points are far apart, or check source.columns.t and "
        "source.time_unit"
    ),
    "many events": (
        "recorded{at}, movements have too many points: give source.thin_to_hz=60, raise "
        "gestures.max_events={rules.max_events}, or lower gestures.gap_ms={rules.gap_ms}"
    ),
    "short path": (
        "positions hardly move: lower gestures.min_distance_px={rules.min_distance_px:g}, or give "
        "source.scale_px if they are not in px"
    ),
}
