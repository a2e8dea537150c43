"""The copy of what is printed: complete, bounded, and never in the way."""

import sys

import pytest

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
    text = "\x1b(B\x1b[38;5;9mred\x1b[m \x1b]8;id=1;http://x\x1b\\a\tlink\x1b]8;;\x1b\\\x07\x00\n"
    assert console.plain(text) == "red a\tlink\n"


def pieces(path, most, offset=0):
    """What somebody sees who asks piece by piece."""
    text, rest = "", ""
    while True:
        found = console.piece(path, offset, most)
        text, rest = text + found["text"], found["rest"]
        if found["offset"] == offset:
            return text + rest
        offset = found["offset"]


@pytest.mark.parametrize("most", [16, 64, 2**18])
def test_pieces_join_to_the_whole(tmp_path, most):
    path = tmp_path / "console.log"
    path.write_text("".join(f"\x1b[1mline {i}\x1b[0m\n" for i in range(100)) + "unfinished")
    assert pieces(path, most) == "".join(f"line {i}\n" for i in range(100)) + "unfinished"


@pytest.mark.parametrize("most", [16, 50, 2**18])
def test_a_bar_that_is_redrawn_stays_one_line(tmp_path, most):
    path = tmp_path / "console.log"
    path.write_text("before\n")
    with path.open("a") as file:
        for i in range(100):
            file.write(f"\r{i:3} %")
            file.flush()
            assert pieces(path, most) == f"before\n{i:3} %"
        file.write("\nafter\r\n")
    assert pieces(path, most) == "before\n 99 %\nafter\n"


def test_a_long_line_without_an_end_does_not_stop_the_reader(tmp_path):
    path = tmp_path / "console.log"
    path.write_text("x" * 1000)
    assert pieces(path, 64) == "x" * 1000


def test_the_end_of_a_long_console_begins_with_a_line(tmp_path):
    path = tmp_path / "console.log"
    path.write_text("".join(f"line {i:03}\n" for i in range(100)))
    found = console.piece(path, -50)
    assert found["text"].splitlines() == [f"line {i:03}" for i in range(95, 100)]
    assert (found["start"], found["offset"], found["size"]) == (855, 900, 900)
    assert console.piece(path, -5000)["text"] == path.read_text()
    assert console.piece(path, 5000) == {
        "text": "",
        "rest": "",
        "start": 900,
        "offset": 900,
        "size": 900,
    }
    assert console.piece(tmp_path / "none", 7)["size"] == 0


def test_bytes_that_are_no_text_are_marked(tmp_path):
    path = tmp_path / "console.log"
    path.write_bytes(b"caf\xe9\n")
    assert console.piece(path, 0)["text"] == "caf\ufffd\n"
