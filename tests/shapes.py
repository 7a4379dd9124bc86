"""The check of shapes and types in the test run: every function's first calls in every test.

Checking costs more than many a small function does itself, and a training calls one many thousand
times with the same shapes. jaxtyping's hook applies `checked` to all functions of humouse (see
`--jaxtyping-packages` in pyproject.toml).
"""

import functools
import random
import sys
from collections import Counter
from collections.abc import Callable
from typing import Any

from beartype import BeartypeConf, beartype
from beartype._check.code import codemain

CALLS_CHECKED = 10

# beartype looks at one entry of a list, drawn by chance. Drawn from Python's own generator, a check in
# another thread, or of something that is cleared away, would change what a test draws, and Hypothesis
# would call that test unreliable.
vars(codemain)["getrandbits"] = random.Random(0).getrandbits

# As in PEP 484, and so as type checkers have it.
_INT_IS_FLOAT = BeartypeConf(is_pep484_tower=True)

_calls: Counter[tuple[str, str]] = Counter()
_trusted: list[Callable] = []


def checked(function: Callable) -> Callable:
    """Return the function with its types checked, until it was called often enough."""
    # At the first call only: most functions are never called.
    check = functools.cache(lambda: beartype(function, conf=_INT_IS_FLOAT))
    key = function.__module__, function.__qualname__

    @functools.wraps(function)
    def counted(*args: Any, **kwargs: Any) -> Any:
        _calls[key] += 1
        if _calls[key] == CALLS_CHECKED:
            _trust(*key)
        # A function made anew inside another's every call is not found by its name.
        known = _calls[key] > CALLS_CHECKED
        return (function if known else check())(*args, **kwargs)

    return counted


def check_anew() -> None:
    """Check the first calls of every function again."""
    while _trusted:
        del _trusted.pop().__no_type_check__
    _calls.clear()


def _trust(module: str, qualname: str) -> None:
    """Let a function's calls pass unchecked, if it can be found by its name."""
    found: Any = sys.modules.get(module)
    for name in qualname.split("."):
        found = getattr(found, name, None)  # None for a function made inside another
    found = getattr(found, "fget", found)  # of a property
    found = getattr(found, "__func__", found)  # of a class
    if found is not None:
        found.__no_type_check__ = True  # jaxtyping looks for it at each call
        _trusted.append(found)
