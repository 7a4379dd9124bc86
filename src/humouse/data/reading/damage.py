"""What of a file cannot be told into rows: how much of it, and which is the first."""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Damage:
    """Rows and records that are not as their form writes them.

    Args:
        rows: Number of rows that are none.
        records: Number of records that are none, where each holds several rows.
        of_records: Number of all records that hold rows, these among them.
        kind: What a record is called.
        first: The first of these records, and what is wrong with it.
    """

    rows: int = 0
    records: int = 0
    of_records: int = 0
    kind: str = "record"
    first: str = ""

    def __add__(self, other: "Damage") -> "Damage":
        """Return what is damaged in two parts of a file."""
        return replace(
            self if self.first else other,
            rows=self.rows + other.rows,
            records=self.records + other.records,
            of_records=self.of_records + other.of_records,
        )

    @property
    def by_reason(self) -> dict[str, int]:
        """Reason → count, of the reasons that there are."""
        counts = {f"damaged {self.kind}": self.records, "damaged row": self.rows}
        return {reason: count for reason, count in counts.items() if count}

    @property
    def share_of_records(self) -> float:
        """The share of the records that is damaged."""
        return self.records / max(self.of_records, 1)
