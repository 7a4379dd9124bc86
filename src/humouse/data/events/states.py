"""What happened in each row: words of recorders → move, drag, press, release, scroll."""

from collections.abc import Mapping

import polars as pl

from humouse.data.events.event import IGNORE, ROW_STATE

WORDS = {
    **dict.fromkeys(("move", "moved", "mousemove", "pointermove", "pointerrawupdate"), "move"),
    **dict.fromkeys(("mouse moved", "mouse_move", "mouse move", "512", "wm_mousemove"), "move"),
    **dict.fromkeys(("drag", "dragged", "mousedrag", "mouse dragged"), "drag"),
    **dict.fromkeys(("press", "pressed", "down", "mousedown", "pointerdown", "click"), "press"),
    **dict.fromkeys(
        ("mouse pressed", "mouse clicked", "mouse down", "513", "516", "519", "true"), "press"
    ),
    **dict.fromkeys(("release", "released", "up", "mouseup", "pointerup"), "release"),
    **dict.fromkeys(
        ("mouse released", "mouse unclicked", "mouse up", "514", "517", "520", "false"), "release"
    ),
    **dict.fromkeys(("scroll", "wheel", "mousewheel", "scrolled", "522", "526"), "scroll"),
    **dict.fromkeys(("load", "unload", "focus", "blur", "resize", "visibilitychange"), IGNORE),
    **dict.fromkeys(("mouseover", "mouseout", "mouseenter", "mouseleave"), IGNORE),
    **dict.fromkeys(("pointerover", "pointerout", "pointerenter", "pointerleave"), IGNORE),
    **dict.fromkeys(("keydown", "keyup", "keypress", "input", "change", "select"), IGNORE),
    **dict.fromkeys(("copy", "cut", "paste", "dblclick", "contextmenu"), IGNORE),
}
"""Words in lower case → what they mean: those of browsers, loggers and Windows' messages. A row to be
ignored says nothing of the hand: some of them have no position, or one that repeats."""

WHEELS = ("scroll", "wheel", "mousewheel")
"""In a column of buttons: there, Up and Down are turns of the wheel."""

STATE_COLUMNS = (
    "state",
    "event",
    "type",
    "action",
    "pressed",
    "msg",
    "message",
    "event_type",
    "code",
)
"""Names of columns that most likely say what happened, in lower case."""

_FALSE = ("", "0", "0.0", "false", "none", "no", "up", "nobutton", "released")


def words_of(further: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """Return all words with what they mean.

    Args:
        further: State → the words for it that a definition adds.
    """
    added = {word.strip().lower(): state for state, words in further.items() for word in words}
    return {**WORDS, **added}


def states(
    word: pl.Series, button: pl.Series | None, further: Mapping[str, tuple[str, ...]]
) -> tuple[pl.Series, dict[str, int]]:
    """Return what happened in each row, null where nothing says it, and the unknown words with their counts.

    Args:
        word: What the state column says.
        button: What the column of buttons says, if there is one.
        further: See `words_of`.
    """
    said, known = word.cast(pl.String).fill_null(""), words_of(further)
    # A column has few words: each is looked up once.
    meaning = {one: known.get(one.strip().lower()) for one in said.unique()}
    found = said.replace_strict(meaning, return_dtype=ROW_STATE)
    if button is not None:
        pressed = button.cast(pl.String).fill_null("")
        wheels = [one for one in pressed.unique() if one.strip().lower() in WHEELS]
        found = _where(pressed.is_in(wheels), "scroll", found) if wheels else found
    if not found.is_in(["move", "drag"]).any():
        # Loggers that say nothing of a move leave the cell empty.
        found = _where(said.str.strip_chars() == "", "move", found)
    unknown = said.filter(found.is_null()).str.strip_chars().value_counts(sort=True, name="rows")
    return found, dict(unknown.iter_rows())


def _where(there: pl.Series, state: str, otherwise: pl.Series) -> pl.Series:
    return pl.select(pl.when(there).then(pl.lit(state, ROW_STATE)).otherwise(otherwise)).to_series()


def from_held(word: pl.Expr) -> pl.Expr:
    """Return what happened where a column says in each row whether a button is down."""
    said = word.cast(pl.String).fill_null("").str.strip_chars().str.to_lowercase()
    down = ~said.is_in(_FALSE)
    before = down.shift(1, fill_value=False)
    return (
        pl.when(down & ~before)
        .then(pl.lit("press"))
        .when(~down & before)
        .then(pl.lit("release"))
        .when(down)
        .then(pl.lit("drag"))
        .otherwise(pl.lit("move"))
        .cast(ROW_STATE)
    )
