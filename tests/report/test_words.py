"""What a report says beside its numbers, and where its names break."""

import re
from dataclasses import replace

import pytest

from humouse.eval.run import Finding
from humouse.eval.statistics.resampling import AUC_COVERAGE
from humouse.report import write_report


@pytest.fixture(scope="module")
def html(report):
    return report.read_text()


def test_a_finding_stands_beside_the_name_of_its_kind(run, tmp_path):
    found = (
        Finding("told_apart", "Separable: AUC 0.9."),
        Finding("missing_modes", "Recall is low."),
    )
    alone = replace(run.generated, features={}, spectra={}, curves={}, neighbours=())
    some = replace(run, evaluations={"generated": alone}, findings=found)
    html = write_report(some, tmp_path / "r.html").read_text()
    assert re.findall("<li>(<span class=.kind.*?)</li>", html) == [
        '<span class="kind">separable</span> Separable: AUC 0.9.',
        '<span class="kind">missing modes</span> Recall is low.',
    ]


def test_names_can_break_at_their_words(html):
    assert "Evaluation of <strong>diffusion_<wbr>events</strong>" in html
    assert '<h3><abbr title="speed_mean_px_s">mean speed</abbr></h3>' in html


def test_the_page_states_the_limits_of_its_numbers(html):
    assert f"held the true value {100 * AUC_COVERAGE:.0f} times in 100" in html
    assert "The table averages power over movements, so fast ones dominate" in html
    assert "a near pair need not follow the same path" in html
