"""From the command line to settings: what is asked, what is refused, and how."""

import dataclasses
import os
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st
from omegaconf import DictConfig, OmegaConf

import humouse
from humouse.commands import launch as launching
from humouse.commands.help import help_text
from humouse.commands.launch import launch
from humouse.errors import InputError
from humouse.settings import (
    SOURCE_SETTINGS,
    AutoencoderSettings,
    CompareSettings,
    DistillSettings,
    EvalSettings,
    NegativesSettings,
    PrepareSettings,
    PublishSettings,
    ReportSettings,
    SampleSettings,
    SigmaEvalSettings,
    SourceSettings,
    TrainSettings,
)
from humouse.settings.compose import command_of, quoted, settings_from

_SCHEMAS = {
    "diffusion/train": TrainSettings,
    "diffusion/sample": SampleSettings,
    "diffusion/eval": EvalSettings,
    "diffusion/sigma_eval": SigmaEvalSettings,
    "diffusion/distill": DistillSettings,
    "diffusion/autoencoder": AutoencoderSettings,
    "diffusion/publish": PublishSettings,
    "report": ReportSettings,
    "compare": CompareSettings,
    "prepare": PrepareSettings,
}
_CONFIGS = Path(humouse.__file__).parent / "configs"
_OPTIONS = [
    (config, f"{group}={file.stem}")
    for config, group in (
        ("diffusion/train", "data"),
        ("diffusion/train", "experiment"),
        ("prepare", "source"),
    )
    for file in sorted((_CONFIGS / group).glob("*.yaml"))
    if file.stem != "base"
]


def leaves(config: DictConfig, prefix: str = "") -> set[str]:
    found: set[str] = set()
    for key in config:
        value = OmegaConf.select(config, str(key))
        inner = isinstance(value, DictConfig)
        found |= leaves(value, f"{prefix}{key}.") if inner else {f"{prefix}{key}"}
    return found


def schema_leaves(schema: type, source: str, prefix: str = "") -> dict[str, str]:
    """Return every setting of a schema, with the options of that source, and its meaning."""
    found: dict[str, str] = {}
    for field in dataclasses.fields(schema):
        name = f"{prefix}{field.name}"
        inner = SOURCE_SETTINGS[source] if field.type is SourceSettings else field.type
        if dataclasses.is_dataclass(inner):
            found |= schema_leaves(inner, source, f"{name}.")
        else:
            found[name] = field.metadata.get("help", "")
    return found


def source_of(choice: str) -> str:
    return choice.partition("=")[2] if choice.startswith("source=") else "humouse_default"


def test_every_option_is_tried():
    assert ("diffusion/train", "data=sapimouse") in _OPTIONS
    assert ("prepare", "source=csv") in _OPTIONS
    assert ("diffusion/train", "experiment=train") in _OPTIONS


@pytest.mark.parametrize(("config", "choice"), [*((c, "") for c in _SCHEMAS), *_OPTIONS])
def test_schema_and_yaml_hold_the_same_settings(config: str, choice: str):
    composed = launching._compose(config, [choice] if choice else [])
    assert leaves(composed) == set(schema_leaves(_SCHEMAS[config], source_of(choice)))
    settings = settings_from(config, _SCHEMAS[config], [choice] if choice else [])
    assert not OmegaConf.missing_keys(OmegaConf.structured(settings))


@pytest.mark.parametrize(("config", "choice"), [*((c, "") for c in _SCHEMAS), *_OPTIONS])
def test_help_names_every_setting_with_its_meaning_and_value(config: str, choice: str):
    choices = [choice] if choice else []
    text = help_text(config, _SCHEMAS[config], "usage", choices)
    lines = text.splitlines()
    assert lines[0] == "usage"
    values = launching._compose(config, choices)
    for key, meaning in schema_leaves(_SCHEMAS[config], source_of(choice)).items():
        assert len(meaning) > 5, f"{key} has no help text"
        line = next(line for line in lines if line.startswith(f"  {key}="))
        assert line.endswith(meaning)
        assert launching._shown(OmegaConf.select(values, key)) in line


def test_help_shows_the_values_beside_it():
    beside = ["source=csv", "source.columns.t=when", "out_dir=my data"]
    text = help_text("prepare", PrepareSettings, "usage", beside)
    assert "  source.columns.t=when " in text
    assert "  out_dir=my data " in text


@pytest.mark.parametrize(
    "wrong", ["sourc.users=1", "source.users=1", "root=[", "root=1,2", "out_dir=${nowhere}"]
)
def test_help_beside_a_mistake_still_helps(wrong: str):
    text = help_text("prepare", PrepareSettings, "usage", ["source=csv", wrong])
    assert "  source.columns.t=t " in text


def test_help_names_the_choices():
    text = help_text("diffusion/train", TrainSettings, "usage")
    assert "data=balabit|csv|humouse_default|sapimouse" in text


@pytest.mark.parametrize(
    ("config", "override", "message"),
    [
        ("diffusion/train", "optim.lrr=1", "optim.lrr: no such setting; did you mean optim.lr?"),
        ("diffusion/train", "lr=1", "lr: no such setting; did you mean optim.lr?"),
        ("diffusion/train", "sed=1", "did you mean seed?"),
        ("diffusion/train", "dta=sapimouse", "did you mean data?"),
        ("diffusion/train", "data=sapimice", "choose one of balabit, csv, humouse_default, sapi"),
        ("diffusion/train", "+optim.typo=1", "optim.typo"),
        ("diffusion/train", "optim=3", "OptimSettings"),
        ("diffusion/train", "optim.lr=fast", "optim.lr: "),
        ("diffusion/train", "optim.betas=0.9", "optim.betas"),
        ("diffusion/train", "seed=null", "seed"),
        ("diffusion/train", "seed=1.5", "seed: "),
        ("diffusion/train", "nonsense", "nonsense: not of the form key=value"),
        ("diffusion/train", "seed=[1", "not of the form key=value"),
        ("diffusion/train", "experiment_name=${nowhere}", "nowhere"),
        ("diffusion/train", "xyzzy=1", "see --help"),
        ("diffusion/sample", "stepps=1", "did you mean steps?"),
        ("diffusion/sample", "hand_over=0", "hand_over: is now called t_switch"),
        ("diffusion/sample", "+hand_over=0", "hand_over: is now called t_switch"),
        ("diffusion/eval", "metric=[mmd]", "did you mean metrics?"),
        ("diffusion/eval", "probes=logistic", "probes: "),
        ("diffusion/sigma_eval", "generators=gan.parquet", "generators: "),
        ("diffusion/sigma_eval", "generator={gan:x}", "did you mean generators?"),
        ("report", "runs=a", "did you mean run?"),
        ("prepare", "gestures.gap=1", "did you mean gestures.gap_ms?"),
        ("prepare", "source=sapi", "choose one of balabit, csv, humouse_default, sapimouse"),
        ("prepare", "source.usrs=1", "did you mean source.users?"),
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
    settings = settings_from("diffusion/train", TrainSettings, overrides)
    assert isinstance(settings, TrainSettings)
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


@given(_TEXT | st.sampled_from(_AWKWARD))
@hypothesis.settings(deadline=None, max_examples=25)
def test_quoted_text_is_read_as_it_is(text: str):
    settings = settings_from("compare", CompareSettings, [f"runs=['x',{quoted(text)}]"])
    assert settings.runs == ["x", text]


@given(
    out_dir=_TEXT | st.sampled_from(_AWKWARD),
    samples=st.none() | _TEXT | st.sampled_from(_AWKWARD),
    probes=st.lists(st.sampled_from(["mlp", "forest"]) | _TEXT, max_size=3),
    n=st.integers(-3, 10**12),
    report=st.booleans(),
)
@hypothesis.settings(deadline=None, max_examples=15)
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


def test_the_printed_command_names_weights_and_files():
    given = ["people=data/val", "mixture={bots:2,gan:0.5}", "files={acme:their files/a.parquet}"]
    settings = settings_from("detect/negatives", NegativesSettings, given)
    command = command_of("humouse detect negatives", "detect/negatives", settings)
    words = shlex.split(command)[3:]
    assert settings_from("detect/negatives", NegativesSettings, words) == settings


def test_the_specifications_defaults():
    s = settings_from("diffusion/train", TrainSettings, ["experiment=train"])
    assert (s.experiment_name, s.seed) == ("diff_mouse_v1", 1337)
    assert (s.data.dataset_id, s.data.sequence_length, s.data.batch_size) == (
        "humouse_default",
        200,
        64,
    )
    assert (s.model.base_channels, s.model.channel_mults) == (128, [1, 1.5, 2, 2])
    assert (s.diffusion.objective, s.diffusion.timesteps) == ("v", 1000)
    assert (s.optim.lr, s.optim.weight_decay, s.optim.betas) == (2e-4, 1e-2, [0.9, 0.999])
    assert (s.optim.grad_clip, s.optim.ema_decay, s.optim.epochs) == (1.0, 0.999, 80)
    assert (s.logging.log_interval, s.logging.num_eval_samples) == (50, 512)


@pytest.fixture
def launched(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., list[int]]:
    """Return what `launch` of the sampling settings calls its task with: n each time."""

    def run(*arguments: str) -> list[int]:
        seen: list[int] = []
        before = os.getcwd()

        def task(settings: SampleSettings) -> None:
            assert os.getcwd() == before
            seen.append(settings.n)

        monkeypatch.chdir(tmp_path)
        before = os.getcwd()
        monkeypatch.setattr(sys, "argv", ["humouse sample", *arguments])
        launch("diffusion/sample", SampleSettings, task, "usage line")
        assert os.getcwd() == before
        assert not list(tmp_path.iterdir())  # Hydra leaves nothing behind
        return seen

    return run


def test_launch_runs_the_task_here(launched: Callable):
    assert launched("n=3") == [3]


def test_multirun_sweeps(launched: Callable):
    assert launched("--multirun", "n=1,2") == [1, 2]


def test_cfg_job_shows_the_settings(launched: Callable, capsys: pytest.CaptureFixture):
    assert launched("--cfg", "job", "n=77") == []
    assert OmegaConf.create(capsys.readouterr().out).n == 77


@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_help_runs_nothing(launched: Callable, capsys: pytest.CaptureFixture, flag: str):
    assert launched(flag) == []
    assert capsys.readouterr().out.startswith("usage line")


@pytest.mark.parametrize("arguments", [("n=x",), ("--multirun", "n=1,x")])
def test_bad_settings_end_in_one_line(
    launched: Callable, capsys: pytest.CaptureFixture, arguments: tuple[str, ...]
):
    with pytest.raises(SystemExit) as caught:
        launched(*arguments)
    assert caught.value.code == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("humouse: n: ")


def test_an_interrupt_ends_with_130(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture):
    def task(settings: SampleSettings) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(sys, "argv", ["humouse sample"])
    with pytest.raises(SystemExit) as caught:
        launch("diffusion/sample", SampleSettings, task, "usage")
    assert caught.value.code == 130
    assert capsys.readouterr().err == "humouse: interrupted\n"
