"""What a report says beside its numbers, and where its names break."""

import re
from dataclasses import replace

import pytest

from humouse.eval.run import Finding
from humouse.report import write_report


@pytest.fixture(scope="module")
def html(report):
    return report.read_text()


def test_a_finding_does_not_say_its_kind_twice(run, tmp_path):
    found = (
        Finding("told_apart", "Told apart: AUC 0.9."),
        Finding("undecided", "Too few people to say."),
    )
    alone = replace(run.generated, features={}, spectra={}, curves={}, neighbours=())
    some = replace(run, evaluations={"generated": alone}, findings=found)
    html = write_report(some, tmp_path / "r.html").read_text()
    assert re.findall("<li>(<span class=.kind.*?)</li>", html) == [
        '<span class="kind">Told apart</span>: AUC 0.9.',
        '<span class="kind">undecided</span> Too few people to say.',
    ]


def test_names_can_break_at_their_words(html):
    assert "Evaluation of <strong>diffusion_<wbr>events</strong>" in html
    assert "<h3>speed_<wbr>mean_<wbr>px_<wbr>s</h3>" in html


def test_it_says_what_a_number_does_not(html):
    assert "in simulation the AUC's covered 85 times in 100" in html
    assert "The table averages power over gestures, so fast ones dominate" in html
    assert "a near pair need not follow the same path" in html
