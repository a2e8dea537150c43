"""What the run page's panels ask the server for: console, texts, files, notes. No browser."""

import os

import pytest
from starlette.testclient import TestClient

from ganbench.store import annotations, files, query
from ganbench.store.folder import RunFolder
from ganbench.web.app import build
from ganbench.web.markdown import harmless, render


@pytest.fixture
def client(run):
    with TestClient(build(run.path.parent, ["testserver"])) as made:
        yield made


@pytest.fixture
def api(client, run):
    """Answers below the run's API."""
    return lambda path, **query: client.get(f"/api/runs/{run.id}/{path}", params=query)


def test_the_console_comes_as_it_looked_and_by_deltas(api, run):
    found = api("console").json()
    assert found["text"].endswith("hello\n")
    assert found["rest"] == "step 2"
    assert api("console", offset=found["offset"]).json()["text"] == ""
    with run.console.open("a") as file:
        file.write("\rstep 3\ndone\n")
    assert api("console", offset=found["offset"]).json()["text"] == "step 3\ndone\n"
    assert api("console", offset=-6).json()["text"] == "done\n"
    assert api("console", offset="x").status_code == 400


def test_texts_and_those_after_a_time(api):
    texts = api("texts").json()
    assert [(t["step"], t["name"], t["text"]) for t in texts] == [
        (1, "text", "one"),
        (2, "<b>", "two"),
    ]
    assert api("texts", since=texts[0]["time"]).json() == texts[1:]
    assert api("texts", since="nan").status_code == 400


def test_the_pulse_tells_of_the_console_and_of_the_last_record(client, run):
    pulse = query.pulse(client.app.state.reader.current(), run.id)
    assert pulse["console"] == run.console.stat().st_size
    end = (run.path / "run.json").stat().st_mtime
    assert pulse["heard"] == pytest.approx(end, abs=60)


def names(found):
    return [entry["name"] for entry in found["entries"]]


def test_a_listing_counts_everything_below(api, run):
    found = api("files").json()
    inside = [path for path in run.path.rglob("*") if path.is_file()]
    assert found["files"] == len(inside)
    assert found["bytes"] == sum(path.stat().st_size for path in inside)
    assert names(found)[:3] == ["checkpoints", "files", "media"]
    assert {"run.json", "console.log"} < set(names(found))
    by_name = {entry["name"]: entry for entry in found["entries"]}
    assert by_name["files"]["files"] == 6
    assert by_name["files"]["bytes"] == sum(p.stat().st_size for p in run.files.rglob("*.*"))
    inner = api("files", folder="files").json()
    assert names(inner) == ["figures", "a.png", "evil.html", "evil.svg", "table.csv", "weights.bin"]
    assert names(api("files", folder="files", find="EVIL").json()) == ["evil.html", "evil.svg"]


def test_checkpoints_are_listed_by_their_step(api, run):
    for step in (10, 9, 100):
        (run.checkpoints / str(step)).mkdir()
        (run.checkpoints / str(step) / "state.json").write_text("x" * step)
    (run.checkpoints / ".200.17").mkdir()
    found = api("files", folder="checkpoints").json()
    assert [(e["name"], e["bytes"]) for e in found["entries"]] == [
        ("9", 9),
        ("10", 10),
        ("100", 100),
    ]


def test_ten_thousand_files_come_by_pages(api, run):
    many = run.files / "many"
    many.mkdir()
    for i in range(10_000):
        (many / f"{i}.txt").touch()
    for offset in (0, 200, 9_900, 10_000):
        found = api("files", folder="files/many", offset=offset).json()
        assert found["n"] == 10_000
        last = min(offset + files.PAGE, 10_000)
        assert names(found) == [f"{i}.txt" for i in range(offset, last)]
    assert files.PAGE == 200


def test_names_that_are_no_text_do_no_harm(api, run):
    (run.files / os.fsdecode(b"caf\xe9.txt")).write_text("x")
    (run.files / "a&b?#.txt").write_text("odd")
    found = names(api("files", folder="files").json())
    assert "caf\ufffd.txt" in found
    assert api("preview/files/a%26b%3F%23.txt").json()["text"] == "odd"


def test_what_can_be_shown_of_a_file(api, run):
    shown = lambda name: api(f"preview/files/{name}").json()  # noqa: E731
    assert shown("table.csv")["rows"] == [["a", "b"], ["1", "2"]]
    assert shown("figures/f-1.plotly.json")["figure"]["data"] == [{"y": [1, 2]}]
    assert shown("evil.html") == {"kind": "page", "bytes": 25, "cut": False}
    assert shown("evil.svg")["kind"] == "page"
    assert shown("a.png")["kind"] == "image"
    assert shown("weights.bin") == {"kind": "none", "bytes": 3, "cut": False}
    assert '"project": "panels"' in api("preview/run.json").json()["text"]
    long = run.files / "long.txt"
    long.write_text("x" * (files.TEXT + 1))
    assert (len(shown("long.txt")["text"]), shown("long.txt")["cut"]) == (files.TEXT, True)
    (run.files / "bad.plotly.json").write_text('{"data": NaN')
    assert shown("bad.plotly.json") == {
        "kind": "text",
        "bytes": 12,
        "cut": False,
        "text": '{"data": NaN',
    }


@pytest.mark.parametrize("name", ["evil.html", "evil.svg", "weights.bin", "a.png"])
def test_a_file_is_a_download_and_never_a_page_of_this_site(client, run, name):
    answer = client.get(f"/runs/{run.id}/files/files/{name}")
    assert answer.content == (run.files / name).read_bytes()
    assert answer.headers["content-disposition"] == f'attachment; filename="{name}"'
    assert "html" not in answer.headers["content-type"]
    assert "svg" not in answer.headers["content-type"]
    shown = client.get(f"/runs/{run.id}/files/files/{name}?show")
    assert shown.headers["content-security-policy"].startswith("sandbox; default-src 'none'; ")
    assert "script" not in shown.headers["content-security-policy"]


@pytest.mark.parametrize(
    "path",
    [
        "../../outside.txt",
        "..%2f..%2foutside.txt",
        "%2e%2e/%2e%2e/outside.txt",
        "files/%2e%2e/%2e%2e/%2e%2e/outside.txt",
        "{outside}",
        "%2f{outside}",
        "files/link.txt",
        "files/up/outside.txt",
        "files/loop",
        "files/.hidden",
        "files/none",
        "files/table.csv/x",
        "files/%00",
        "files",
        "files/" + "x" * 300,
    ],
)
def test_nothing_outside_of_the_run_folder_is_sent(client, run, tmp_path, path):
    outside = tmp_path / "outside.txt"
    outside.write_text("secret")
    (run.files / ".hidden").write_text("hidden")
    (run.files / "link.txt").symlink_to(outside)
    (run.files / "up").symlink_to(tmp_path)
    (run.files / "loop").symlink_to(run.files / "loop")
    path = path.format(outside=outside)
    for address in (f"/runs/{run.id}/files/{path}", f"/api/runs/{run.id}/preview/{path}"):
        answer = client.get(address)
        assert answer.status_code == 404
        assert "secret" not in answer.text
    inner = {entry["name"]: entry for entry in files.listing(run, "files")["entries"]}
    assert inner["link.txt"]["outside"]
    assert inner["up"]["outside"]
    assert not inner["up"]["folder"]
    assert client.get(f"/api/runs/{run.id}/files", params={"folder": "files/up"}).status_code == 404


def test_links_within_the_run_folder_are_files(client, run):
    (run.files / "best.csv").symlink_to(run.files / "table.csv")
    assert client.get(f"/runs/{run.id}/files/files/best.csv").text == "a,b\n1,2\n"


def test_notes_and_tags_round_trip(api, client, run):
    first = api("annotations").json()
    assert first["notes"] == "# As it began"
    assert first["html"] == "<h3>As it began</h3>\n"
    url = f"/api/runs/{run.id}/annotations"
    now = client.post(
        url, json={"notes": "*new*", "edition": first["edition"], "add": ["x"]}
    ).json()
    assert now["html"] == "<p><em>new</em></p>\n"
    assert now["tags"] == ["first", "x"]
    assert client.post(url, json={"remove": ["first"]}).json()["tags"] == ["x"]
    assert api("annotations").json() == {**now, "tags": ["x"]}
    assert annotations.read(run, run.read()) == {"tags": ["x"], "notes": "*new*"}


def test_notes_that_somebody_else_changed_are_not_overwritten(api, client, run):
    mine = api("annotations").json()
    annotations.change(run, notes="theirs")
    url = f"/api/runs/{run.id}/annotations"
    answer = client.post(url, json={"notes": "mine", "edition": mine["edition"], "add": ["y"]})
    assert answer.status_code == 409
    assert answer.json()["notes"] == "theirs"
    assert annotations.read(run, {}) == {"tags": ["first"], "notes": "theirs"}
    again = client.post(url, json={"notes": "both", "edition": answer.json()["edition"]})
    assert again.json()["notes"] == "both"


@pytest.mark.parametrize(
    "body",
    [b"{", b"[]", b'{"notes": 1}', b'{"add": [1]}', b'{"add": [""]}', b'{"delete": "all"}',
     b'{"add": "abc"}', b'"\\ud800"', b'{"notes": null}'],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_in_words(client, run, body):
    answer = client.post(f"/api/runs/{run.id}/annotations", content=body)
    assert answer.status_code == 400
    assert answer.json()["error"]
    assert annotations.read(run, run.read())["tags"] == ["first"]


def test_another_site_cannot_write(client, run):
    url = f"/api/runs/{run.id}/annotations"
    for headers in ({"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}):
        assert client.post(url, json={"notes": "x"}, headers=headers).status_code == 403
    assert annotations.read(run, run.read())["notes"] == "# As it began"


def test_a_run_that_is_not_there(client):
    for path in ("console", "files", "annotations", "preview/run.json"):
        assert client.get(f"/api/runs/nobody/{path}").status_code == 404
    assert client.post("/api/runs/nobody/annotations", json={"notes": "x"}).status_code == 404
    assert client.get("/runs/nobody/files/run.json").status_code == 404


@pytest.mark.parametrize(
    "evil",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt&colon;alert(1))",
        "[x](data:text/html;base64,PHNjcmlwdD4=)",
        "![x](javascript:alert(1))",
        "![x](http://evil.example/track.png)",
        '![x" onerror="alert(1)](data:image/png;base64,AA==)',
        "![x](data:image/svg+xml;base64,PHN2Zz4=)",
        '[x](http://a.example "x\\" onclick=\\"alert(1)")',
        "<svg onload=alert(1)>",
        "<style>body{display:none}</style>",
        "<iframe src=//evil.example></iframe>",
        "<form action=//evil.example><input>",
    ],
)
def test_markdown_of_strangers_does_no_harm(evil):
    from html.parser import HTMLParser

    class Check(HTMLParser):
        def handle_starttag(self, tag, attributes):
            assert tag in ("p", "a", "img"), tag
            for name, value in attributes:
                assert name in ("href", "src", "alt", "title", "rel", "target"), name
                if name == "src":
                    assert value.startswith("data:image/png;")
                if name == "href":
                    assert value.startswith("http://")

    Check().feed(render(evil))
    Check().feed(harmless(f"<p>{evil}</p>"))


def test_html_that_no_parser_should_have_made_is_cleaned_all_the_same():
    assert harmless('<img src="http://evil.example/x.png" alt="a">') == '<img alt="a">'
    assert harmless('<img src="data:image/svg+xml;base64,AA==">') == "<img>"
    assert "href" not in harmless('<a href="data:text/html,x">a</a>')
    assert "href" not in harmless('<a href="javascript:alert(1)">a</a>')
    assert harmless('<td style="position:fixed;text-align:right">a</td>') == "a"
    cell = harmless('<table><tr><td style="position:fixed">a</td></tr></table>')
    assert "style" not in cell
    assert harmless("<script>alert(1)</script><b onclick=x>a</b>") == "a"


def test_markdown_that_people_write():
    html = render(
        "# Title\n\n**bold** `code` ~~gone~~ [link](https://a.example)\n\n- one\n- two\n\n"
        "| a | b |\n|---|---|\n| 1 | 2 |\n\n```\n<b>\n```\n"
    )
    assert "<h3>Title</h3>" in html
    assert "<strong>bold</strong> <code>code</code> <s>gone</s>" in html
    assert 'target="_blank"' in html
    assert 'rel="noopener noreferrer"' in html
    assert "<li>two</li>" in html
    assert "<td>2</td>" in html
    assert '<td style="text-align:right">2</td>' in render("| a |\n|--:|\n| 2 |\n")
    assert "&lt;b&gt;" in html
    assert render("![a dot](data:image/png;base64,AA==)").count('<img src="data:image/png') == 1
    assert 'href="http://a.example/x.png"' in render("![remote](http://a.example/x.png)")


def test_a_listing_of_what_is_no_folder(run):
    assert files.listing(run, "run.json") is None
    assert files.listing(RunFolder(run.path / "none")) is None
