"""What the pages' scripts do: commands are copied, and a comparison replays every run."""

import pytest

from humouse.report import write_comparison


@pytest.fixture
def opened(browser):
    context = browser.new_context(reduced_motion="reduce", viewport={"width": 390, "height": 800})
    yield context
    context.close()


def test_a_command_is_copied_by_keyboard(opened, report, run):
    opened.grant_permissions(["clipboard-read", "clipboard-write"])
    page = opened.new_page()
    page.goto(report.as_uri())
    page.locator(".command button").focus()
    page.keyboard.press("Enter")
    page.wait_for_timeout(200)
    assert page.locator(".command [role=status]").inner_text() == "Copied to the clipboard"
    assert page.evaluate("navigator.clipboard.readText()") == run.provenance["command"]


@pytest.mark.slow
def test_without_scripts_there_is_no_button_but_the_command(browser, report, run):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(report.as_uri())
    assert not page.locator(".command button").is_visible()
    assert page.locator(".command pre").inner_text() == run.provenance["command"]
    context.close()


@pytest.mark.slow
def test_a_comparison_replays_people_and_every_run(opened, make_run, run, tmp_path):
    other = make_run(tmp_path / "gan", n=40, pace=1.5, origin="gan", groups=["timing"])
    page = opened.new_page()
    page.goto(write_comparison([run, other], tmp_path / "compare.html").as_uri())
    sides = page.evaluate(
        "[...document.querySelectorAll('canvas')].map((one) => [one.dataset.side, one.toDataURL()])"
    )
    assert [side for side, _ in sides] == ["people", "A", "B"]
    assert len({picture for _, picture in sides}) == 3
    said = page.locator("#replay-status").inner_text()
    assert said == "Paused at 1× (true), seed 0: 6 gestures of people, 6 of A, 6 of B."
    page.click("#replay-next")
    after = page.evaluate("document.querySelector('canvas[data-side=B]').toDataURL()")
    assert after != sides[2][1]
