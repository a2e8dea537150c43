"""The copy of what is printed: complete, bounded, and never in the way."""

import sys

from ganbench.store import console


def test_both_streams_are_kept_and_still_printed(tmp_path, capsys):
    copy = console.Console(tmp_path / "console.log")
    print("to stdout")
    print("to stderr é", file=sys.stderr)
    copy.close()
    print("afterwards")
    assert (tmp_path / "console.log").read_text() == "to stdout\nto stderr é\n"
    shown = capsys.readouterr()
    assert (shown.out, shown.err) == ("to stdout\nafterwards\n", "to stderr é\n")


def test_a_second_copy_may_be_closed_after_the_first(tmp_path, capsys):
    first = console.Console(tmp_path / "a.log")
    second = console.Console(tmp_path / "b.log")
    first.close()
    print("x")
    second.close()
    print("y")
    assert (tmp_path / "b.log").read_text() == "x\n"
    assert capsys.readouterr().out == "x\ny\n"


def test_it_is_bounded_and_says_so(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(console, "MOST", 100)
    copy = console.Console(tmp_path / "console.log")
    for _ in range(50):
        print("0123456789")
    copy.close()
    kept = (tmp_path / "console.log").read_text()
    assert len(kept) < 300
    assert "is not kept" in kept
    assert capsys.readouterr().out.count("0123456789") == 50


def test_colours_and_redrawn_lines_are_taken_out():
    text = "\x1b[1mbold\x1b[0m\nstep 1\rstep 2\rstep 3\r\nnext\x1b]8;;http://x\x07link\n"
    assert console.plain(text) == "bold\nstep 3\nnextlink\n"
