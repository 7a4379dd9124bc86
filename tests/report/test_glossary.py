"""A page explains its own terms, and no others."""

import re
from html import unescape

from humouse.report.glossary import glossary


def terms(html):
    return [term for term, _ in glossary(html)]


def test_only_terms_of_the_visible_text():
    assert terms("<p>An <b>AUC</b> of 0.5</p>") == ["AUC"]
    assert terms('<p title="AUC">x</p><script>AUC</script><svg><text>MMD</text></svg>') == []
    assert terms("<p>C2ST\nAUC, MMD&sup2;</p>") == ["AUC", "C2ST", "MMD²"]
    assert terms("<p>my_auc unexcessive goodbye</p>") == []


def test_words_in_any_case_and_number():
    assert terms("<h2>Probes</h2>") == terms("<p>a probe</p>") == ["probe"]
    assert terms("<p>Held-out gestures</p>") == ["gesture", "held out"]


def test_the_pages_end_with_it(report):
    html = report.read_text()
    shown = re.findall("<dt>(.*?)</dt>", unescape(html[html.index('id="glossary"') :]))
    assert shown == sorted(shown, key=str.lower)
    assert {"AUC", "C2ST", "probe", "baseline", "excess", "PRD", "MMD²", "precision"} <= set(shown)
    assert "true positive rate (TPR)" not in shown  # a word of the detection page
