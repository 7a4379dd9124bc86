"""A page opens in the browser, or one learns where it lies."""

import webbrowser

import pytest

from humouse.report.browser import show


def test_it_is_opened_by_its_address(tmp_path, monkeypatch, capsys):
    opened = []
    monkeypatch.setattr("webbrowser.open", lambda address: opened.append(address) or True)
    monkeypatch.chdir(tmp_path)
    page = tmp_path / "a page.html"
    show(page.relative_to(tmp_path))
    assert opened == [page.as_uri()]
    assert capsys.readouterr() == ("", "")


def no_browser(_):
    raise webbrowser.Error("could not locate runnable browser")


@pytest.mark.parametrize("browser", [no_browser, lambda _: False])
def test_without_a_browser_it_says_where_the_page_lies(tmp_path, monkeypatch, capsys, browser):
    monkeypatch.setattr("webbrowser.open", browser)
    show(tmp_path / "page.html")
    out, err = capsys.readouterr()
    assert out == ""
    assert (
        err == f"note: found no browser to open; the page is {(tmp_path / 'page.html').as_uri()}\n"
    )
