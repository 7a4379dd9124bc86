"""What `/metrics` tells Prometheus; nothing of any person."""

from prometheus_client import Counter, Histogram

REQUESTS = Counter("humouse_requests", "Requests", ["method", "route", "status"])
SECONDS = Histogram(
    "humouse_request_seconds",
    "Time to the answer",
    ["route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
VERDICTS = Counter("humouse_movements", "Movements judged", ["verdict"])
SCORING = Histogram("humouse_scoring_seconds", "Time of one call of the detector")
AT_ONCE = Histogram(
    "humouse_scored_at_once",
    "Movements in one call of the detector",
    buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500, 1000),
)
STORE_FAILURES = Counter("humouse_store_failures", "Requests that the database failed")
