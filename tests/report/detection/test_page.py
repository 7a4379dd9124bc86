"""The page of a benchmark: says what was measured, stands alone, obeys in a browser and on paper."""

import contextlib
import re
from dataclasses import replace

import pytest

from humouse.detection.benchmark.result import BenchmarkResult
from humouse.detection.names import MEAN
from humouse.errors import InputError
from humouse.eval.statistics.score import Score
from humouse.report.detection.page import detection_page, write_detection_page
from humouse.report.detection.tables import as_csv, cell_entry, negative_rows, percent
from humouse.report.detection.verdict import gauge, headline, statements

_OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture(scope="module")
def html(detection):
    return detection.read_text(encoding="utf-8")


def words_of(html):
    """Return the text of a page, pictures and styles left out."""
    bare = re.sub(r"<(svg|style|script).*?</\1>", " ", html, flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", bare.replace("<wbr>", "")))


def panel_of(html, mix):
    """Return the heat map of a mix, and the table of its areas."""
    (panel,) = re.findall(rf'id="mix-{mix}".*?</table>.*?</table>', html, flags=re.DOTALL)
    return panel.split("</table>")[:2]


def test_it_stands_alone(html):
    assert len(html.encode()) < 1_500_000
    assert not re.search(r'(?:src|href)="(?!#|data:)', html)
    assert "url(http" not in html
    assert "@import" not in html


def test_it_says_what_was_found(benchmark, html):
    words = words_of(html)
    for sentence in (headline(benchmark), *statements(benchmark)):
        assert sentence.replace("'", "&#39;") in words
    for sentence in benchmark.findings:
        assert sentence.replace("'", "&#39;") in words
    assert "person 11" in words
    assert "20 people that no detector was fitted on · 2,400 movements of theirs" in words
    assert "7,200 movements of 12 kinds of bots · mean of 3 repetitions" in words
    assert "0.80–0.95 by the set-up alone" in words
    assert benchmark.provenance["command"] in words


def test_every_number_is_there(benchmark, html):
    tables = re.findall(r"<table.*?</table>", html, flags=re.DOTALL)
    (numbers,) = [table for table in tables if "numbers" in table[:60]]
    assert numbers.count("<tr>") == 1 + len(benchmark.cells)
    heat, panel = panel_of(html, "bots")
    cell = benchmark.cell("sequence", "wind", "bots")
    assert f"<b>{cell.scores['roc_auc'].value:.3f}</b>" in panel
    assert f"{100 * cell.scores['tpr_at_1'].value:.1f}%" in panel
    assert f">{percent(cell.scores['tpr_at_1'].value, 0)}</td>" in heat
    assert "discriminator" in panel  # it has a column, and took no part
    for table in (heat, panel):
        assert table.count("took no part") == len({one.family for one in benchmark.cells}) + 1


def test_the_same_result_gives_the_same_page(benchmark, html, tmp_path):
    path = write_detection_page(benchmark, tmp_path / "new" / "page.html")
    assert path.read_text(encoding="utf-8") == html
    with pytest.raises(InputError, match="cannot be written"):
        write_detection_page(BenchmarkResult(tmp_path, ()), tmp_path)


def test_a_result_from_disk_lacks_the_paired_intervals_alone(benchmark):
    benchmark.save()
    (live,) = negative_rows(benchmark, [MEAN])
    (kept,) = negative_rows(BenchmarkResult.load(benchmark.folder), [MEAN])
    assert live.tprs == kept.tprs
    assert live.changes[0].interval
    assert [replace(one, interval="") for one in live.changes] == kept.changes


def test_what_is_lacking_is_left_out(benchmark):
    only = [cell for cell in benchmark.cells if cell.mix == "bots" and cell.detector == "boosting"]
    bare = BenchmarkResult(benchmark.folder, tuple(only))
    page = detection_page(bare)
    for part in ("findings", "negatives", "false-alarms", "sessions", "across"):
        assert f'id="{part}"' not in page
        assert f'href="#{part}"' not in page
    assert 'id="unseen"' in page
    assert "does not record how it was made" in page
    empty = detection_page(BenchmarkResult(benchmark.folder, ()))
    assert "Nothing was measured." in empty
    assert 'id="unseen"' not in empty


def test_names_are_escaped(benchmark):
    odd = "<script>alert(1)</script>"
    cells = [replace(cell, family=odd) for cell in benchmark.cells if cell.family == "wind"]
    alarms = replace(benchmark.false_alarms[0], rate_by_user={odd: 0.5}, gestures_by_user={odd: 10})
    page = detection_page(
        replace(benchmark, cells=tuple(cells), sessions=(), false_alarms=(alarms,), findings=(odd,))
    )
    assert odd not in page
    assert "&lt;script&gt;alert(1)" in page


def test_only_the_headline_detector_is_marked_below_the_goal(benchmark, html):
    _, panel = panel_of(html, "all")
    short = re.findall(r'<b class="shortfall">([\d.]+)</b>', panel)
    blend = [one for one in benchmark.cells if (one.detector, one.mix) == ("blend", "all")]
    below = [one for one in blend if one.family != MEAN and one.family != "diffusion"]
    goals = {"gan": 0.97}
    assert len(short) == sum(
        one.scores["roc_auc"].value < goals.get(one.family, 0.99) for one in below
    )
    assert len(short) > 0


def test_a_shortfall_does_not_look_like_the_goal(benchmark):
    cell = replace(
        benchmark.cell("blend", "wind", "all"), scores={"roc_auc": Score(0.98996, 0.98, 0.995)}
    )
    entry = cell_entry(cell, with_goal=True)
    assert (entry.text, entry.short, entry.below) == ("0.98996", True, "")
    assert cell_entry(cell, with_goal=False).text == "0.990"
    assert cell_entry(None, with_goal=True) is None


def test_the_verdict_says_what_is_caught_and_who_is_flagged(benchmark):
    mean = percent(benchmark.cell("blend", MEAN, "all").scores["tpr_at_1"].value, 0)
    text = headline(benchmark)
    assert f"the blend of all detectors catches {mean} of scripted bots it never trained on" in text
    assert "of the hardest kind, perturbed replay, " in text
    assert "of a diffusion model's movements, " in text
    kinds, strangers, devices = statements(benchmark)
    assert " of 12 kinds of bots " in kinds
    alarms = benchmark.false_alarms[0]
    worst = max(alarms.rate_by_user, key=alarms.rate_by_user.get)
    rate, total = alarms.rate_by_user[worst], alarms.gestures_by_user[worst]
    assert f"The worst person: {rate:.1%} ({rate * total:.0f} of {total} movements)." in strangers
    assert "example remote desktops, 4.0% of people's movements are flagged" in devices
    assert "other devices were not tested" in statements(replace(benchmark, transfers=()))[-1]


def test_a_share_of_few_movements_is_a_count(benchmark):
    few = replace(
        benchmark.false_alarms[0], rate_by_user={"her": 2 / 21}, gestures_by_user={"her": 21}
    )
    page = words_of(detection_page(replace(benchmark, false_alarms=(few,))))
    assert "The worst person: 2 of 21 movements." in page
    assert "n = 21" not in page
    assert "9.5%" not in page[page.index("Every person") : page.index("What the numbers show")]


def test_the_gauge_holds_every_kind(benchmark):
    shown = gauge(benchmark)
    blend = {
        one.family: one.scores["tpr_at_1"].value
        for one in benchmark.cells
        if (one.detector, one.mix) == ("blend", "all")
    }
    assert [one.family for one in shown.kinds] == sorted(
        set(blend) - {MEAN}, key=lambda family: (blend[family], family)
    )
    assert [one.x for one in shown.kinds] == [shown.scale.at(blend[k.family]) for k in shown.kinds]
    assert shown.mean.x == shown.scale.at(blend[MEAN])
    assert gauge(BenchmarkResult(benchmark.folder, ())) is None


def test_movements_are_drawn_with_their_reasons(benchmark, html):
    (section,) = re.findall(r'<section id="movements".*?</section>', html, flags=re.DOTALL)
    bots = [one for one in benchmark.groups if one.family != "human"]
    assert section.count('<svg class="gesture"') == sum(len(one.examples) for one in bots)
    words = words_of(section)
    assert words.index("diffusion caught") < words.index("wind caught")  # the most missed first
    assert "caught 370 of 600, missed 230 of 600" in words
    assert words.count(
        "like a bot: correlation of time step and dip in speed 0.02; people −0.83 to 0.13"
    ) == len(re.findall('<svg class="gesture"', section))
    assert "like a person: mean speed 410 px/s; people 380 to 3,200" in words
    (alarms,) = re.findall(r'<section id="false-alarms".*?</section>', html, flags=re.DOTALL)
    assert alarms.count('<svg class="gesture"') == 3
    assert "24 of 2,400, in the first repetition" in words_of(alarms)
    assert "These are recordings of people." in alarms


def test_an_older_benchmark_says_what_it_lacks(benchmark):
    old = replace(benchmark, curves=(), reliability=(), groups=(), movements=None)
    words = words_of(detection_page(old))
    assert "made before movements were kept to be drawn; run it again" in words
    assert "made before curves were kept; run it again" in words
    assert "recordings of people" not in words


def test_the_numbers_can_be_downloaded(benchmark, html):
    lines = as_csv(benchmark).splitlines()
    assert lines[0] == "score,fitted_on,family_held_out,detector,value,low,high"
    cell = benchmark.cell("sequence", "wind", "bots").scores["roc_auc"]
    assert f"roc_auc,bots,wind,sequence,{cell.value},{cell.low},{cell.high}" in lines
    scores = sum(len(one.scores) for one in benchmark.cells)
    assert len(lines) == 1 + scores + sum(len(one.rates) for one in benchmark.curves)
    assert 'download="benchmark.csv" href="data:text/csv' in html


def test_its_terms_are_explained(html):
    terms = re.findall("<dt>(.*?)</dt>", html[html.index('id="glossary"') :])
    assert {"AUC", "caught", "kind of bot", "log-odds", "repetition, seed"} <= set(terms)


def test_every_landmark_has_a_name_of_its_own(html):
    regions = re.findall(
        r'<section[^>]* aria-labelledby="(.*?)"|role="region" aria-label="(.*?)"', html
    )
    assert len(regions) == len(set(regions)) > 10


def test_percentages():
    texts = [percent(share) for share in (0.0, 0.0104, 0.5, 0.9994, 0.99999, 1.0)]
    assert texts == ["0.0%", "1.0%", "50.0%", "99.9%", ">99.9%", "100.0%"]
    assert percent(0.01, 0) == "1%"


@pytest.fixture(scope="module")
def visit(browser, detection):
    """Open the page; when it is left, nothing must have failed and nothing been asked for."""

    @contextlib.contextmanager
    def opened(width=1280, height=800, **options):
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        page = context.new_page()
        said, asked = [], []
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(detection.as_uri())
        yield page
        context.close()
        assert said == []
        assert [url for url in asked if not url.startswith("data:")] == [detection.as_uri()]

    return opened


@pytest.mark.parametrize("width", [390, 1280])
def test_it_fits(visit, screenshots, width):
    with visit(width) as page:
        assert page.evaluate(_OVERFLOW) <= 0
        page.screenshot(path=screenshots / f"detection-{width}.png", full_page=True)
        page.evaluate("document.querySelectorAll('details').forEach((part) => part.open = true)")
        assert page.evaluate(_OVERFLOW) <= 0
        empty = page.evaluate(
            "[...document.querySelectorAll('#negatives svg, #curves svg, #false-alarms svg')].filter("
            "(one) => one.getBoundingClientRect().height < 100).length"
        )
        assert empty == 0
        cut = page.evaluate(
            "[...document.querySelectorAll('td')].filter((one) => one.clientWidth &&"
            " one.scrollWidth > one.clientWidth + 1).map((one) => one.textContent)"
        )
        assert cut == []


def test_one_mix_is_shown_at_a_time(visit):
    shown = (
        "[...document.querySelectorAll('.panel')].filter((one) => !one.hidden).map((one) => one.id)"
    )
    with visit() as page:
        assert page.evaluate(shown) == ["mix-all"]
        page.click("[data-mix='bots']")
        assert page.evaluate(shown) == ["mix-bots"]
        assert page.get_attribute("[data-mix='bots']", "aria-pressed") == "true"
        assert page.get_attribute("[data-mix='all']", "aria-pressed") == "false"
        page.focus("[data-mix='bots+gan']")
        page.keyboard.press("Enter")
        assert page.evaluate(shown) == ["mix-bots+gan"]


def test_without_scripts_and_on_paper_all_mixes_are_there(visit, tmp_path):
    with visit(java_script_enabled=False) as page:
        assert page.locator(".panel").count() == 4
        assert all(panel.is_visible() for panel in page.locator(".panel").all())
        assert not page.locator("#mixes").is_visible()
    with visit(718, 1000) as page:
        page.emulate_media(media="print")
        assert all(panel.is_visible() for panel in page.locator(".panel").all())
        assert not page.locator(".controls").is_visible()
        assert page.evaluate(_OVERFLOW) <= 0
        assert page.pdf(path=tmp_path / "page.pdf", format="A4").startswith(b"%PDF")


def test_words_can_be_read(visit):
    contrast = """() => {
      const light = (c) => { const [r, g, b] = c.match(/[\\d.]+/g).slice(0, 3).map((x) => x / 255)
        .map((x) => x <= .03928 ? x / 12.92 : ((x + .055) / 1.055) ** 2.4);
        return .2126 * r + .7152 * g + .0722 * b; };
      const behind = (e) => { for (; e; e = e.parentElement) {
        const c = getComputedStyle(e).backgroundColor; if (!c.endsWith(', 0)')) return c; }
        return 'rgb(255, 255, 255)'; };
      const faint = [];
      for (const e of document.querySelectorAll('main *, header *')) {
        const own = [...e.childNodes].some((n) => n.nodeType == 3 && n.textContent.trim());
        if (!own || ['SCRIPT', 'STYLE', 'title', 'desc'].includes(e.tagName)) continue;
        const style = getComputedStyle(e);
        const [a, b] = [light(e instanceof SVGElement ? style.fill : style.color), light(behind(e))];
        const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
        if (ratio < 4.5) faint.push([e.outerHTML.slice(0, 80), ratio]);
      }
      return faint;
    }"""
    with visit() as page:
        assert page.evaluate(contrast) == []
        page.emulate_media(color_scheme="dark")
        assert page.evaluate(contrast) == []
        nameless = page.evaluate(
            "[...document.querySelectorAll('[role=img]')].filter((one) =>"
            " !one.getAttribute('aria-label') &&"
            " !document.getElementById(one.getAttribute('aria-labelledby') || '')?.textContent).length"
        )
        assert nameless == 0
