"""The page of a benchmark: says what was measured, stands alone, keeps names apart from markup."""

import csv
import io
import re
from dataclasses import replace

import pytest

from humouse.errors import InputError
from humouse.report.detection.page import detection_page, write_detection_page
from humouse.report.detection.tables import as_csv
from humouse.report.detection.verdict import headline, statements


@pytest.fixture(scope="module")
def html(detection):
    return detection.read_text(encoding="utf-8")


def words_of(html):
    """Return the text of a page, pictures and styles left out."""
    bare = re.sub(r"<(svg|style|script).*?</\1>", " ", html, flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", bare.replace("<wbr>", "")))


def test_it_stands_alone(html):
    assert len(html.encode()) < 1_500_000
    assert not re.search(r'(?:src|href)="(?!#|data:)', html)
    assert "url(http" not in html
    assert "@import" not in html


def test_it_says_what_was_found(benchmark, html):
    words = words_of(html)
    for sentence in (headline(benchmark), *statements(benchmark), *benchmark.findings):
        assert sentence.replace("'", "&#39;").replace("ROC-AUC", "ROC‑AUC") in words.replace(
            "ROC-AUC", "ROC‑AUC"
        )
    assert benchmark.provenance["command"].split()[0] in words


def test_every_kind_and_every_number_is_there(benchmark, html):
    words = words_of(html)
    for family in ("function", "bezier", "pid", "breeze"):
        assert family in words
    rows = list(csv.reader(io.StringIO(as_csv(benchmark))))
    assert len(rows) > len(benchmark.cells)
    assert len({len(row) for row in rows}) == 1


def test_names_are_no_markup(benchmark):
    risky = replace(benchmark, findings=("<script>alert(1)</script> & so on",))
    page = detection_page(risky)
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_what_a_benchmark_lacks_is_left_out(benchmark):
    bare = replace(benchmark, curves=(), reliability=(), groups=(), movements=None, findings=())
    page = detection_page(bare)
    assert 'id="movements"' not in page
    assert 'id="glance"' in page


@pytest.mark.slow
def test_it_is_written_whole_or_not_at_all(benchmark, tmp_path):
    path = write_detection_page(benchmark, tmp_path / "page.html")
    assert path.read_text(encoding="utf-8").rstrip().endswith("</html>")
    with pytest.raises(InputError):
        write_detection_page(benchmark, tmp_path / "page.html" / "below.html")
