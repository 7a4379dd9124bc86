"""The rule for overwriting, verb by verb: what an earlier run wrote is never lost.

Before each verb runs, every file that it writes lies there already, with other content, among files
that humouse did not write; and beside each, what a run left that was killed. A verb that is not among the
quick runs fails.
"""

from fnmatch import fnmatch
from pathlib import Path

import pytest

from examples.quick_runs import RECIPES, contents, run_verb, words_of
from humouse.commands.verbs import VERBS
from humouse.trained_model import TrainedModel


def test_every_verb_is_tried():
    # The demo does nothing but run other verbs; a download leaves what is there as it is; a recorder
    # adds to it, and a service goes on with its database; the doctor writes nothing.
    assert RECIPES.keys() | {"demo", "data download", "doctor", "record", "serve"} == VERBS.keys()


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.slow] if recipe.slow else [])
        for name, recipe in RECIPES.items()
    ],
)
def test_what_an_earlier_run_wrote_is_set_aside(
    name: str, request: pytest.FixtureRequest, tmp_path: Path, capsys: pytest.CaptureFixture
):
    out = tmp_path / "out"
    words = words_of(name, out, request)
    patterns = RECIPES[name].files.split(",")
    old = {pattern.replace("*", "0"): f"old {pattern}".encode() for pattern in patterns}
    mine = dict.fromkeys(("mine.txt", "mine.parquet", "data/mine.parquet", "old.png"), b"mine")
    for path, content in (old | mine).items():
        (out / path).parent.mkdir(parents=True, exist_ok=True)
        (out / path).write_bytes(content)
    for path in map(Path, old):
        (out / path.with_name(f".{path.name}.4711.tmp")).write_bytes(b"half of a file")
    capsys.readouterr()
    run_verb(name, words)
    assert "previous-1" in capsys.readouterr().out
    after = contents(out)
    kept = {path: after.pop(path) for path in list(after) if "previous-1" in path}
    assert sorted(kept.values()) == sorted(old.values())
    assert {path: after.pop(path) for path in mine} == mine
    for path in after:
        assert any(fnmatch(path, pattern) for pattern in patterns), f"{path} is not in the table"
        assert not after[path].startswith(b"old ")


@pytest.mark.slow
def test_a_page_of_the_same_result_is_replaced_and_another_is_set_aside(
    evaluation: Path, other_evaluation: Path, tmp_path: Path
):
    page = tmp_path / "page.html"
    for _ in range(2):
        run_verb("report", f"run={evaluation} out={page}")
    assert list(tmp_path.iterdir()) == [page]
    first = page.read_bytes()
    run_verb("report", f"run={other_evaluation} out={page}")
    assert (tmp_path / "page.previous-1.html").read_bytes() == first
    both = f"runs=[{evaluation},{other_evaluation}] out={page}"
    for _ in range(2):
        run_verb("compare", both)
    assert len(list(tmp_path.iterdir())) == 3


def test_an_interrupted_run_leaves_the_earlier_one_in_its_place(
    tiny_checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    words = f"ckpt={tiny_checkpoint} n=3 steps=1 device=cpu out_dir={tmp_path}"
    run_verb("sample", words)
    before = contents(tmp_path)

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(TrainedModel, "make", interrupted)
        with pytest.raises(KeyboardInterrupt):
            run_verb("sample", f"{words} seed=1")
    assert contents(tmp_path) == before
