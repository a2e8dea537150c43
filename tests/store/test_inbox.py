"""What is sent arrives as it was, in whatever order, however often, and nowhere else."""

import hashlib
import os
import random
import shutil
import threading
import time
from pathlib import Path

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ganbench.errors import InputError
from ganbench.store import frames
from ganbench.store.folder import RunFolder, create
from ganbench.store.frames import Frame, Splitter, decode
from ganbench.store.inbox import Inbox
from ganbench.track.outbox import Outbox
from ganbench.track.sync import send

RUN = "k3f9x2-mnist"
HEAD = orjson.dumps(
    {"format": 1, "id": RUN, "created": "2026-11-24T00:00:00+00:00", "config": {}, "tags": []}
)


def sha(content):
    return hashlib.sha256(content).hexdigest()


def whole(file, content, offset=0, size=None, **fields):
    piece = content[offset:][:size]
    frame = Frame(RUN, file, offset, len(piece), len(content), sha(content), **fields)
    return frame, piece


def grown(file, content, offset=0):
    return Frame(RUN, file, offset, len(content)), content


@pytest.fixture
def inbox(tmp_path):
    made = Inbox(tmp_path)
    assert made.take(*whole("run.json", HEAD)).state == "taken"
    return made


def state(inbox, piece):
    taken = inbox.take(*piece)
    assert (taken.error is None) == (taken.state == "taken")
    return taken.state, taken.end


def files(path):
    """All that is below a folder, with what it holds."""
    return {
        p.relative_to(path).as_posix(): p.read_bytes() if p.is_file() else None
        for p in path.rglob("*")
    }


def test_a_journal_grows_piece_by_piece(inbox, tmp_path):
    journal = "events-a-1.jsonl"
    assert state(inbox, grown(journal, b"one\n")) == ("taken", 4)
    assert state(inbox, grown(journal, b"two\n", 4)) == ("taken", 8)
    assert state(inbox, grown(journal, b"one\n")) == ("taken", 8)  # again
    assert state(inbox, grown(journal, b"two\nthree\n", 4)) == ("taken", 14)  # half of it again
    assert state(inbox, grown(journal, b"five\n", 19)) == ("gap", 14)
    assert state(inbox, grown(journal, b"xxx\nfour\n", 10)) == ("conflict", 14)
    assert state(inbox, grown(journal, b"twx\n", 4)) == ("conflict", 14)
    assert (tmp_path / RUN / journal).read_bytes() == b"one\ntwo\nthree\n"
    assert state(inbox, grown("events-b-1.jsonl", b"x", 3)) == ("gap", 0)
    assert not (tmp_path / RUN / "events-b-1.jsonl").exists()
    assert state(inbox, grown("console.log", b"")) == ("taken", 0)
    assert (tmp_path / RUN / "console.log").read_bytes() == b""


def test_a_file_is_whole_or_not_there(inbox, tmp_path):
    content = os.urandom(1000)
    path = tmp_path / RUN / "files" / "deep" / "x y.bin"
    for offset, end in ((0, 400), (400, 800), (0, 800)):
        assert state(inbox, whole("files/deep/x y.bin", content, offset, 400)) == ("taken", end)
        assert not path.exists()
    assert state(inbox, whole("files/deep/x y.bin", content, 900)) == ("gap", 800)
    assert state(inbox, whole("files/deep/x y.bin", content, 800)) == ("taken", 1000)
    assert path.read_bytes() == content
    question = Frame(RUN, "files/deep/x y.bin", 0, 0, 1000, sha(content)), b""
    assert state(inbox, question) == ("taken", 1000)
    assert sorted(files(tmp_path / RUN)) == [
        "checkpoints", "files", "files/deep", "files/deep/x y.bin", "media", "run.json",
    ]  # fmt: skip


def test_a_content_that_is_not_its_sha256_is_not_kept(inbox, tmp_path):
    frame, content = whole("files/x", b"right")
    assert state(inbox, (frame, b"wrong")) == ("gap", 0)
    assert state(inbox, (frame, content)) == ("taken", 5)
    picture = f"media/{sha(b'picture')}.webp"
    frame, content = whole(picture, b"picture")
    assert state(inbox, (frame, b"pixture")) == ("gap", 0)
    assert not (tmp_path / RUN / picture).exists()
    assert state(inbox, (frame, content)) == ("taken", 7)
    with pytest.raises(InputError, match="sha256 of its content"):
        decode(Frame(RUN, f"media/{'0' * 64}.webp", 0, 7, 7, sha(content)).encode())


def test_the_later_of_two_versions_counts(inbox, tmp_path):
    path = tmp_path / RUN / "annotations.json"
    one, two, three = (orjson.dumps({"tags": [], "notes": word}) for word in "abc")
    assert state(inbox, whole("annotations.json", one, age=100)) == ("taken", len(one))
    assert state(inbox, whole("annotations.json", two, age=200)) == ("kept", len(two))
    assert path.read_bytes() == one
    assert state(inbox, whole("annotations.json", two, age=50)) == ("taken", len(two))
    assert path.read_bytes() == two
    assert abs(time.time() - 50 - path.stat().st_mtime) < 5
    assert state(inbox, whole("annotations.json", three, age=60)) == ("kept", len(three))
    assert state(inbox, whole("annotations.json", three, age=60, was=sha(one))) == ("kept", 23)
    assert state(inbox, whole("annotations.json", three, age=60, was=sha(two))) == ("taken", 23)
    assert path.read_bytes() == three


def test_another_run_of_the_same_id_is_refused(inbox, tmp_path):
    other = HEAD.replace(b'"tags":[]', b'"tags":["x"]')
    assert state(inbox, whole("run.json", HEAD)) == ("taken", len(HEAD))
    assert state(inbox, whole("run.json", other)) == ("conflict", 0)
    assert state(inbox, whole("run.json", other, age=0, was=sha(HEAD))) == ("conflict", 0)
    assert (tmp_path / RUN / "run.json").read_bytes() == HEAD


def test_a_run_begins_with_its_run_json(tmp_path):
    inbox = Inbox(tmp_path / "runs")
    assert state(inbox, grown("events-a-1.jsonl", b"x")) == ("unknown", 0)
    for content in (b"", b"x", b"[]", b"{}", b'{"format": 2}', HEAD.replace(b"2026-", b"?"),
                    HEAD.replace(b'"config":{}', b'"config":3'), HEAD.replace(b"[]", b"[3]"),
                    HEAD.replace(b'"tags":[]', b'"notes":[]')):  # fmt: skip
        assert state(inbox, whole("run.json", content)) == ("refused", 0)
        assert files(tmp_path / "runs") == {}
    assert state(inbox, whole("run.json", HEAD, 0, 20)) == ("taken", 20)
    assert state(inbox, whole("run.json", HEAD, 20)) == ("taken", len(HEAD))


def test_annotations_are_what_the_page_can_read(inbox):
    for content in (b"[]", b'{"tags": "x"}', b'{"tags": [1]}', b'{"notes": 3}', b"{"):
        assert state(inbox, whole("annotations.json", content)) == ("refused", 0)


def test_a_run_in_a_subfolder_is_found(tmp_path):
    run = create(tmp_path / "deep", "x", {"config": {}})
    inbox = Inbox(tmp_path)
    assert inbox.find(run.id).path == run.path
    frame = Frame(run.id, "console.log", 0, 1)
    assert inbox.take(frame, b"x").state == "taken"
    assert run.console.read_bytes() == b"x"


BAD_FILES = [
    "", ".", "..", "/", "/etc/passwd", "../run.json", "x.json", "run.json/", "./run.json",
    "files", "files/", "files//x", "files/..", "files/../run.json", "files/./x", "files/.hidden",
    "files/a/../../../x", "files/a\\..\\b", "files/a\0b", "files/a\nb", "files/" + "x" * 1000,
    "files/" + "a/" * 11 + "b", "Files/x", "media/x.webp", "media/../run.json", "media",
    "checkpoints/10/state.json", "events-.jsonl", "events-a/b.jsonl", "events-../x.jsonl",
    "events-a.jsonl/..", "events-a.jsonl\n", "console.log\n", "run.json\n", ".incoming/x",
    "C:\\x", "files/%2e%2e/%2e%2e/x/..", "~", ".index.sqlite",
]  # fmt: skip
BAD_RUNS = [
    "", ".", "..", "../x", "a/b", "/a", "a\\b", ".hidden", "a\0", "a\n", "latest", "ä", "x" * 101,
    "%2e%2e", "-a", " a",
]  # fmt: skip


@pytest.mark.parametrize("file", BAD_FILES)
def test_files_have_their_places_and_no_others(file):
    with pytest.raises(InputError, match="file"):
        decode(Frame(RUN, file, 0, 0, 0, sha(b"")).encode())


@pytest.mark.parametrize("run", BAD_RUNS)
def test_ids_are_ids(tmp_path, run):
    with pytest.raises(InputError, match="run"):
        decode(Frame(run, "console.log", 0, 0).encode())
    (tmp_path / "run.json").write_bytes(HEAD)
    inner = tmp_path / "inner"
    inner.mkdir()
    assert Inbox(inner).find(run) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"offset": -1}, {"offset": 1.0}, {"offset": True}, {"offset": None}, {"offset": 2**60},
        {"size": -1}, {"size": frames.PIECE + 1}, {"size": "1"}, {"age": -1}, {"age": "x"},
        {"age": 1e11}, {"total": 5}, {"sha256": "0" * 64}, {"was": "0" * 64}, {"more": 1},
        {"file": 3}, {"run": 3}, {"run": None}, {"file": "run.json"},
        {"file": "run.json", "total": 0, "sha256": "0" * 63},
        {"file": "run.json", "total": 0, "sha256": "A" * 64},
        {"file": "run.json", "total": 0, "sha256": "0" * 64, "was": "x"},
        {"file": "run.json", "total": 1, "sha256": "0" * 64, "offset": 2},
    ],
)  # fmt: skip
def test_the_line_of_a_frame_is_checked(changes):
    line = {"run": RUN, "file": "console.log", "offset": 0, "size": 0}
    assert decode(orjson.dumps(line)) == Frame(RUN, "console.log", 0, 0)
    with pytest.raises(InputError):
        decode(orjson.dumps({**line, **changes}))


@pytest.mark.parametrize("line", [b"", b"x", b"[]", b"3", b"null", b'"x"', b"{}", b"\xff", b"{"])
def test_what_is_no_line_of_a_frame(line):
    with pytest.raises(InputError):
        decode(line)


def test_links_are_not_followed(inbox, tmp_path):
    outside = tmp_path.parent / f"{tmp_path.name}-outside"
    outside.mkdir()
    secret = outside / "secret"
    secret.write_bytes(b"secret")
    run = tmp_path / RUN
    (run / "console.log").symlink_to(secret)
    (run / "files").symlink_to(outside)
    (run / "annotations.json").symlink_to(secret)
    shutil.rmtree(run / "media")
    (run / "media").symlink_to(outside)
    assert state(inbox, grown("console.log", b"secret!")) == ("refused", 0)
    assert state(inbox, whole("files/x", b"x")) == ("refused", 0)
    assert state(inbox, whole("files/deep/x", b"x")) == ("refused", 0)
    assert state(inbox, whole(f"media/{sha(b'x')}.webp", b"x")) == ("refused", 0)
    assert state(inbox, whole("annotations.json", b"{}")) == ("refused", 0)
    assert files(outside) == {"secret": b"secret"}
    assert inbox.sizes(RunFolder(run)) == {"run.json": len(HEAD)}


def test_a_file_in_the_way_of_a_folder_is_refused(inbox):
    assert state(inbox, whole("files/a", b"x"))[0] == "taken"
    assert state(inbox, whole("files/a/b", b"x"))[0] == "refused"
    assert state(inbox, whole("files/c/d", b"x"))[0] == "taken"
    assert state(inbox, whole("files/c", b"x"))[0] == "refused"
    assert state(inbox, whole("files/" + "x" * 300, b"x"))[0] == "refused"


@given(st.lists(st.binary(max_size=50), max_size=8), st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=60, derandomize=True)
def test_a_request_may_come_in_any_chunks(contents, chance):
    sent = [(Frame(RUN, "console.log", i, len(c)), c) for i, c in enumerate(contents)]
    body = b"".join(frame.encode() + content for frame, content in sent)
    splitter, got = Splitter(), []
    while body:
        size = chance.randint(1, 60)
        got += splitter.feed(body[:size])
        body = body[size:]
    splitter.close()
    assert got == sent


CUT = Frame(RUN, "console.log", 0, 5).encode() + b"1234"


@pytest.mark.parametrize("body", [b"x" * 5000, b"{}\n", b'{"run":"a"', CUT])
def test_a_request_that_is_none(body):
    splitter = Splitter()
    with pytest.raises(InputError):  # noqa: PT012
        list(splitter.feed(body))
        splitter.close()


def test_a_request_has_so_many_frames_and_no_more(monkeypatch):
    monkeypatch.setattr(frames, "FRAMES", 3)
    one = Frame(RUN, "console.log", 0, 0).encode()
    assert len(list(Splitter().feed(one * 3))) == 3
    with pytest.raises(InputError, match="at most 3"):
        list(Splitter().feed(one * 4))


class Wire:
    """A link to an inbox that loses, repeats, reorders and cuts, as `chance` will have it."""

    def __init__(self, inbox, chance):
        self.inbox = inbox
        self.chance = chance

    def sizes(self, run):
        found = self.inbox.find(run)
        return {} if found is None else self.inbox.sizes(found)

    def send(self, pieces):
        answers = []
        sent = list(pieces)
        whims = self.chance.choices(
            ["well", "twice", "lost", "shuffled", "cut", "deaf"], [8, 1, 1, 1, 1, 1]
        )
        match whims[0]:
            case "twice":
                sent = sent + sent
            case "lost":
                sent = sent[: len(sent) // 2]
            case "shuffled":
                self.chance.shuffle(sent)
            case "cut":
                cut = []
                for frame, content in sent:
                    at = self.chance.randint(0, len(content))
                    for start, part in ((0, content[:at]), (at, content[at:])):
                        fields = vars(frame) | {"offset": frame.offset + start, "size": len(part)}
                        cut.append((Frame(**fields), part))
                sent = cut
        answers = [self.inbox.take(decode(frame.encode()), content) for frame, content in sent]
        if whims[0] == "deaf":
            raise ConnectionError
        return answers


def grow(run, chance):
    """Something happens to a run, as it does when it is logged to."""
    match chance.choice(["row", "row", "torn", "console", "picture", "file", "again", "notes"]):
        case "row" | "torn":
            name = f"events-{chance.choice('ab')}-1.jsonl"
            with (run.path / name).open("ab") as journal:
                journal.write(os.urandom(chance.randint(0, 80)))
        case "console":
            with run.console.open("ab") as console:
                console.write(b"line\n" * chance.randint(0, 9))
        case "picture":
            content = os.urandom(chance.randint(1, 200))
            (run.media / f"{sha(content)}.webp").write_bytes(content)
        case "file" | "again":
            run.files.mkdir(exist_ok=True)
            path = run.files / chance.choice(["x", "y"])
            path.write_bytes(os.urandom(chance.randint(0, 200)))
        case "notes":
            notes = {"tags": [], "notes": "x" * chance.randint(0, 99)}
            (run.path / "annotations.json").write_bytes(orjson.dumps(notes))


@given(seed=st.integers(0, 10**9))
@settings(deadline=None, max_examples=60, derandomize=True)
def test_whatever_the_wire_does_the_folders_end_equal(tmp_path_factory, monkeypatch_pieces, seed):
    """Files of a few hundred bytes in pieces of 64, several frames a request, two senders."""
    chance = random.Random(seed)
    here, there = tmp_path_factory.mktemp("here"), tmp_path_factory.mktemp("there")
    run = create(here, "x", {"config": {}})
    inbox = Inbox(there)
    complaints = []
    outboxes = [Outbox(run, complaints.append), Outbox(run, complaints.append)]
    for _ in range(chance.randint(1, 25)):
        grow(run, chance)
        try:
            for _ in send(chance.choice(outboxes), Wire(inbox, chance)):
                if not chance.randint(0, 5):
                    grow(run, chance)
                if not chance.randint(0, 20):
                    break
        except ConnectionError:
            pass
        if not chance.randint(0, 9):  # the process is another one
            outboxes[0] = Outbox(run, complaints.append)
        if not chance.randint(0, 30):
            shutil.rmtree(there / run.id, ignore_errors=True)
            outboxes[1] = Outbox(run, complaints.append)
    steady = random.Random(0)
    steady.choices = lambda *_: ["well"]
    last = chance.choice([outboxes[1], Outbox(run, complaints.append)])
    for _ in range(4):
        list(send(last, Wire(inbox, steady)))
    assert not complaints
    shutil.rmtree(there / run.id / ".incoming", ignore_errors=True)  # versions that were given up
    assert files(there / run.id) == files(run.path)
    assert last.left() == 0
    assert list(send(last, Wire(inbox, steady))) == []  # nothing is sent twice


@pytest.fixture(scope="module")
def monkeypatch_pieces():
    from ganbench.track import outbox, sync

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(outbox, "PIECE", 64)
        patch.setattr(sync, "BATCH", 2000)
        yield


def test_three_senders_at_once(inbox, tmp_path, monkeypatch):
    """The same journal from three threads, in pieces of different sizes; every byte once."""
    content = bytes(random.Random(0).choices(range(256), k=2_000))
    look = os.pread

    def slowly(*of):
        found = look(*of)
        time.sleep(0.0005)  # between looking and writing
        return found

    monkeypatch.setattr(os, "pread", slowly)

    def sender(size):
        at = 0
        while at < len(content):
            taken = inbox.take(*grown("events-a-1.jsonl", content[at : at + size], at))
            assert taken.state in ("taken", "gap")
            at = min(taken.end, at + size)

    threads = [threading.Thread(target=sender, args=(size,)) for size in (37, 41, 43)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (tmp_path / RUN / "events-a-1.jsonl").read_bytes() == content


def test_a_damaged_picture_costs_that_picture(tmp_path):
    run = create(tmp_path / "here", "x", {"config": {}})
    good, bad = b"good", b"bad"
    (run.media / f"{sha(good)}.webp").write_bytes(good)
    (run.media / f"{sha(bad)}.webp").write_bytes(b"damaged")
    complaints = []
    steady = random.Random(0)
    steady.choices = lambda *_: ["well"]
    inbox = Inbox(tmp_path / "there")
    list(send(Outbox(run, complaints.append), Wire(inbox, steady)))
    assert [name for name in files(tmp_path / "there") if name.endswith("webp")] == [
        f"{run.id}/media/{sha(good)}.webp"
    ]
    assert len(complaints) == 1
    assert sha(bad) in complaints[0]


def test_a_run_that_is_refused_is_not_mixed_with_the_one_that_is_there(tmp_path):
    ours = create(tmp_path / "ours", "x", {"config": {"a": 1}}, "same")
    create(tmp_path / "there", "x", {"config": {"a": 2}}, "same")
    ours.console.write_bytes(b"ours")
    complaints = []
    steady = random.Random(0)
    steady.choices = lambda *_: ["well"]
    before = files(tmp_path / "there")
    list(send(Outbox(ours, complaints.append), Wire(Inbox(tmp_path / "there"), steady)))
    assert files(tmp_path / "there") == before
    assert "another run" in complaints[0]
    assert Path(tmp_path / "there" / "same" / "run.json").exists()
