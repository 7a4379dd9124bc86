"""Settings of the scoring service."""

from dataclasses import dataclass, field

from humouse.settings.data import GestureSettings
from humouse.settings.fields import setting


@dataclass
class LimitSettings:
    """What one may ask of the service."""

    body_bytes: int = setting("largest body of a request, as sent and as unpacked")
    movements: int = setting("most movements of a request")
    points: int = setting("most points of a movement")
    session_events: int = setting("most events of a session")
    sessions: int = setting("most sessions stored")
    requests_per_second: float = setting("most requests of one client's address")
    waiting: int = setting("most movements that wait to be judged")
    connections: int = setting("most connections open at once")


@dataclass
class TimeoutSettings:
    """How long the service waits."""

    body_s: float = setting("for a body to come (s)")
    keep_alive_s: int = setting("for the next request of a connection (s)")
    stop_s: int = setting("for the answers under way, when told to stop (s)")


@dataclass
class ServeSettings:
    """`humouse serve`: verdicts on movements and sessions over HTTP."""

    detector: str | None = setting(
        "folder that humouse detect train or calibrate wrote; null for the packaged detector"
    )
    host: str = setting("address to listen at; others than this machine's own need tokens")
    port: int = setting("port to listen at; 0 for a free one")
    database: str = setting("where sessions are kept: sqlite:///FILE or postgresql+psycopg://…")
    retention_days: float | None = setting(
        "sessions unchanged for so long are deleted; null keeps them"
    )
    false_positive_rate: float = setting(
        "share of people's movements that may be called bots: 0.01 or 0.001"
    )
    reasons: int = setting("reasons that explain each decision")
    tokens_file: str | None = setting(
        "file of tokens, one a line, any of which opens; the environment's HUMOUSE_TOKENS count besides"
    )
    public_events: bool = setting(
        "take events without a token, as visitors' pages send them; they are told no verdict"
    )
    cors: list[str] = setting("origins whose pages may ask, like https://shop.example")
    gestures: GestureSettings = field(default_factory=GestureSettings)
    limits: LimitSettings = field(default_factory=LimitSettings)
    timeouts: TimeoutSettings = field(default_factory=TimeoutSettings)
