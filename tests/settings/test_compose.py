"""From words of a command line to settings, and back."""

import dataclasses
import shlex
from typing import Any

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from humouse.commands.verbs import VERBS
from humouse.errors import InputError
from humouse.settings import (
    BenchmarkSettings,
    CompareSettings,
    EvalSettings,
    NegativesSettings,
    PrepareSettings,
    SampleSettings,
    SigmaEvalSettings,
    TrainModelSettings,
)
from humouse.settings.compose import command_of, quoted, settings_from

_SCHEMAS = {verb.config: verb.schema for verb in VERBS.values()}


@pytest.mark.parametrize(
    ("config", "override", "message"),
    [
        ("diffusion/train", "optim.lrr=1", "optim.lrr: no such setting; did you mean optim.lr?"),
        ("diffusion/train", "sed=1", "did you mean seed?"),
        ("diffusion/train", "data=sapimice", "no such choice; did you mean sapimouse?"),
        ("diffusion/train", "+optim.typo=1", "optim.typo"),
        ("diffusion/train", "optim=3", "OptimSettings"),
        ("diffusion/train", "optim.lr=fast", "optim.lr: "),
        (
            "diffusion/train",
            f"optim.lr=1{'0' * 400}",
            "optim.lr: larger than any number that can be used",
        ),
        ("diffusion/train", "nonsense", "nonsense: not of the form key=value"),
        ("diffusion/train", "seed=[1", "not of the form key=value"),
        ("diffusion/train", "experiment_name=${nowhere}", "nowhere"),
        ("diffusion/train", "xyzzy=1", "see --help"),
        ("diffusion/sample", "hand_over=0", "hand_over: is now called t_switch"),
        ("diffusion/eval", "probes=logistic", "probes: "),
        ("diffusion/sigma_eval", "generators=gan.parquet", "generators: "),
        ("report", "runs=a", "did you mean run?"),
        ("prepare", "source=sapi", "source=sapi: no such choice; did you mean sapimouse?"),
        ("prepare", "source.usrs=1", "did you mean source.users?"),
        *(
            pytest.param(*case, marks=pytest.mark.slow)  # of a kind that stands above
            for case in (
                ("diffusion/train", "lr=1", "lr: no such setting; did you mean optim.lr?"),
                ("diffusion/train", "dta=sapimouse", "did you mean data?"),
                (
                    "diffusion/train",
                    "data=qq",
                    "choose from balabit, combined, csv, humouse_default, kh2017, sapi",
                ),
                ("diffusion/train", "optim.betas=0.9", "optim.betas"),
                ("diffusion/train", "seed=null", "seed"),
                ("diffusion/train", "seed=1.5", "seed: "),
                ("diffusion/sample", "stepps=1", "did you mean steps?"),
                ("diffusion/sample", "+hand_over=0", "hand_over: is now called t_switch"),
                ("diffusion/eval", "metric=[mmd]", "did you mean metrics?"),
                ("diffusion/sigma_eval", "generator={gan:x}", "did you mean generators?"),
                ("prepare", "gestures.gap=1", "did you mean gestures.gap_ms?"),
                (
                    "prepare",
                    "source=qq",
                    "no such choice; choose from attentive_cursor, auto, balabit",
                ),
            )
        ),
    ],
)
def test_what_is_wrong_is_said_in_a_line(config: str, override: str, message: str):
    with pytest.raises(InputError) as caught:
        settings_from(config, _SCHEMAS[config], [override])
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_hint_is_of_the_source_that_is_chosen():
    overrides = ["source=csv", "source.time_unit=s", "source.separatr=x"]
    with pytest.raises(InputError, match=r"source\.separatr: .* did you mean source\.separator"):
        settings_from("prepare", PrepareSettings, overrides)


def test_overrides_reach_the_settings():
    overrides = ["data=sapimouse", "optim.lr=1e-5", "optim.max_steps=7", "data.augment.crop=1"]
    settings = settings_from("diffusion/train", TrainModelSettings, overrides)
    assert isinstance(settings, TrainModelSettings)
    got = settings.data.dataset_id, settings.data.dir, settings.optim.lr, settings.optim.max_steps
    assert got == ("sapimouse", "data/sapimouse", 1e-5, 7)
    assert settings.data.augment.crop == 1
    sampling = settings_from("diffusion/sample", SampleSettings, ["cond=[1,2.5]", "seq_len=9"])
    assert (sampling.cond, sampling.seq_len) == ([1, 2.5], 9)


def test_files_by_name():
    given = ["generators={gan:gen/a b.parquet,bots:'it\\'s, here.parquet'}"]
    settings = settings_from("diffusion/sigma_eval", SigmaEvalSettings, given)
    assert settings.generators == {"gan": "gen/a b.parquet", "bots": "it's, here.parquet"}


_TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12)
_AWKWARD = [
    "it's, [this] = {that}",
    "tail\\",
    "a\\'b",
    "${x}",
    "null",
    "1e5",
    "True",
    "é b",
    "../a/b_1.pt",
    " a ",
    '"q"',
]


@given(st.lists(_TEXT, min_size=9, max_size=12))
@hypothesis.example(_AWKWARD)
@hypothesis.settings(deadline=None, max_examples=3)  # a composition takes longer than many texts
def test_quoted_text_is_read_as_it_is(texts: list[str]):
    words = [f"runs=[{','.join(map(quoted, texts))}]"]
    assert settings_from("compare", CompareSettings, words).runs == texts


@pytest.mark.slow  # composes four times for each example
@given(
    out_dir=_TEXT | st.sampled_from(_AWKWARD),
    samples=st.none() | _TEXT | st.sampled_from(_AWKWARD),
    probes=st.lists(st.sampled_from(["mlp", "forest", "forest18"]), max_size=3),
    n=st.integers(-3, 10**12),
    report=st.booleans(),
)
@hypothesis.settings(deadline=None, max_examples=10)
def test_the_printed_command_gives_the_same_settings(**changes: Any):
    """As a shell would split it."""
    defaults = settings_from("diffusion/eval", EvalSettings, [])
    settings = dataclasses.replace(defaults, **changes)
    command = command_of("humouse eval", "diffusion/eval", settings)
    first, second, *words = shlex.split(command)
    assert (first, second) == ("humouse", "eval")
    assert settings_from("diffusion/eval", EvalSettings, words) == settings


def test_the_printed_command_is_short():
    settings = settings_from("diffusion/eval", EvalSettings, ["ckpt=runs/a-1.pt", "n=20", "seed=0"])
    command = command_of("humouse eval", "diffusion/eval", settings)
    assert command == "humouse eval ckpt=runs/a-1.pt n=20"
    settings = settings_from("diffusion/sample", SampleSettings, ["cond=[1,-2.5]", "eta=1e-7"])
    command = command_of("humouse sample", "diffusion/sample", settings)
    assert command == "humouse sample eta=1e-07 'cond=[1,-2.5]'"


def test_the_printed_command_needs_no_quotes_within_quotes():
    given = ["mixes=[bots,bots+diffusion]", "dir=their data"]
    settings = settings_from("detect/benchmark", BenchmarkSettings, given)
    command = command_of("humouse detect benchmark", "detect/benchmark", settings)
    assert command == (
        "humouse detect benchmark \"dir='their data'\" 'mixes=[bots,bots+diffusion]'"
    )
    again = settings_from("detect/benchmark", BenchmarkSettings, shlex.split(command)[3:])
    assert again == settings


def test_the_printed_command_names_weights_and_files():
    given = ["people=data/val", "mixture={bots:2,gan:0.5}", "files={acme:their files/a.parquet}"]
    settings = settings_from("detect/negatives", NegativesSettings, given)
    command = command_of("humouse detect negatives", "detect/negatives", settings)
    words = shlex.split(command)[3:]
    assert settings_from("detect/negatives", NegativesSettings, words) == settings
