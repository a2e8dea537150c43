"""Zips of strangers: what leads out, hides or explodes is refused, and nothing is written."""

import stat
import zipfile

import pytest

from ganbench.errors import InputError
from ganbench.imports import archive, comet
from ganbench.imports.bring import bring

MESSAGES = b'{"type": "log_other", "payload": {"key": "a", "value": 1}}\n'


def pack(path, files, compression=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", compression) as file:
        for name, content in files.items():
            file.writestr(name, content)
    return path


def tree(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("../evil.txt", "leads out"),
        ("a/../../evil.txt", "leads out"),
        ("..\\evil.txt", "leads out"),
        ("/etc/evil.txt", "absolute"),
        ("\\evil.txt", "absolute"),
        ("C:\\evil.txt", "absolute"),
    ],
)
def test_names_that_lead_out(tmp_path, name, why):
    entry = zipfile.ZipInfo("placeholder")
    entry.filename = name
    path = tmp_path / "in" / "evil.zip"
    path.parent.mkdir()
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("messages.json", MESSAGES)
        file.writestr(entry, b"evil")
    runs_dir = tmp_path / "runs"
    with pytest.raises(InputError, match=why):
        list(bring(comet.runs(path), runs_dir))
    assert tree(tmp_path) == ["in", "in/evil.zip", "runs"]


def test_links(tmp_path):
    link = zipfile.ZipInfo("link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    path = tmp_path / "link.zip"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr(link, "/etc/passwd")
    with pytest.raises(InputError, match="'link' is a link"), archive.opened(path):
        pass


def test_encryption(tmp_path):
    path = pack(tmp_path / "a.zip", {"a": b"x"})
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)
    with pytest.raises(InputError, match="encrypted"), archive.opened(path):
        pass


def test_bombs(tmp_path, monkeypatch):
    """A megabyte of zeros packs to a kilobyte."""
    monkeypatch.setattr(archive, "FREE", 2**18)
    path = pack(tmp_path / "bomb.zip", {"messages.json": bytes(2**20)}, zipfile.ZIP_DEFLATED)
    with pytest.raises(InputError, match="unpack to 1,048,576; at most 262,144"):
        list(comet.runs(path))


def test_what_a_zip_says_of_its_sizes_binds_it(tmp_path):
    """A file that claims to be small is not read further than it claims."""
    path = pack(tmp_path / "a.zip", {"a": bytes(2**20)}, zipfile.ZIP_DEFLATED)
    content = bytearray(path.read_bytes())
    for magic, offset in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):
        at = content.index(magic) + offset
        content[at : at + 4] = (10).to_bytes(4, "little")
    path.write_bytes(content)
    with archive.opened(path) as files:
        assert files.sizes() == {"a": 10}
        with files.open("a") as file, pytest.raises(zipfile.BadZipFile):
            file.read()


def test_too_many_files(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "MOST_FILES", 2)
    path = pack(tmp_path / "a.zip", {"a": b"", "b": b"", "c": b""})
    with pytest.raises(InputError, match="3 files; at most 2"), archive.opened(path):
        pass


def test_what_is_no_zip(tmp_path):
    (tmp_path / "a.zip").write_bytes(b"something else")
    with pytest.raises(InputError, match="not a whole zip"):
        list(comet.runs(tmp_path / "a.zip"))
    with pytest.raises(InputError, match=r"b\.zip: No such file"):
        list(comet.runs(tmp_path / "b.zip"))


def test_links_in_a_folder_are_not_there(tmp_path):
    (tmp_path / "x").mkdir()
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "x" / "link").symlink_to(tmp_path / "secret")
    with archive.opened(tmp_path / "x") as files:
        assert files.sizes() == {}
        with pytest.raises(FileNotFoundError):
            files.open("link")
        with pytest.raises(FileNotFoundError):
            files.open("../secret")
