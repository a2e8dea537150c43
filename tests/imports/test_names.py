from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from ganbench.imports.names import LONGEST, Names, basename, inside, safe

TEXT = st.text(st.sampled_from("ab./\\:\0\n <>é"), max_size=30) | st.text(max_size=400)


@settings(deadline=None)
@given(TEXT)
def test_a_safe_name_stays_inside(name):
    path = safe(name)
    assert not path.is_absolute()
    assert path.parts
    assert not {".", "..", ""} & set(path.parts)
    for part in path.parts:
        assert 0 < len(part.encode()) <= LONGEST
        assert not any(ord(c) < 32 for c in part)


@settings(deadline=None)
@given(TEXT)
def test_a_safe_name_is_safe_already(name):
    assert safe(str(safe(name))) == safe(name)


@settings(deadline=None)
@given(st.lists(TEXT, max_size=20))
def test_no_two_names_meet(tmp_path_factory, names):
    """Files of all of them can be made, side by side."""
    folder = tmp_path_factory.mktemp("names")
    given_out = Names()
    paths = [given_out.fresh(name) for name in names]
    assert len(set(paths)) == len(names)
    for path in paths:
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("xb"):
            pass
        assert target.resolve().is_relative_to(folder.resolve())


def test_repeated_names_are_numbered():
    names = Names()
    given_out = [str(names.fresh(name)) for name in ("a.txt", "a.txt", "b/c", "b", "b/c/d", "..")]
    assert given_out == ["a.txt", "a (2).txt", "b/c", "b (2)", "b_c_d", "unnamed"]


def test_what_is_inside(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "file").write_text("")
    (tmp_path / "out").write_text("")
    (folder / "link").symlink_to(tmp_path / "out")
    assert inside(folder, "file") == folder / "file"
    for name in ("../out", "link", "nothing", "", str(tmp_path / "out"), "a\0b", "x" * 5000):
        assert inside(folder, name) is None
    assert basename("C:\\a\\b.py") == basename("/a/b.py") == "b.py"
    assert Path(basename("/")) == Path("unnamed")
