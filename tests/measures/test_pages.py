"""The documents of the measures say what the rows and an audit say."""

from ganbench.measures import MEASURES
from ganbench.measures.borji import BORJI, ELSEWHERE
from ganbench.measures.pages import page, pages

AUDIT = {
    "images": "digits",
    "n": [100, 200],
    "replicates": 3,
    "measures": {
        "kid": {
            "refused": "",
            "reactions": {
                "noise": {"verdict": "notices"},
                "blur": {"verdict": "is blind"},
                "memorisation": {"verdict": "is fooled"},
            },
        },
        "geometry_score:repeats=3": {"refused": "", "reactions": {"noise": {"verdict": "notices"}}},
        "vendi": {"refused": "not applicable, because of this", "reactions": {}},
    },
}


def test_a_page_has_all_that_the_row_says():
    for name, row in MEASURES.items():
        text = page(name, row)
        for words in (row.title, row.formula, row.use, row.misleads, row.paper, row.cost):
            assert words in text, name
        for knob in row.parameters:
            assert f"`{knob}=" in text, name


def test_an_audit_says_what_misled_it_with_a_picture():
    text = page("kid", MEASURES["kid"], AUDIT)
    assert "It notices noise." in text
    assert "It is blind to blur." in text
    assert "It is fooled by memorisation." in text
    assert "](memorisation.png)" in text
    knobs = page("geometry_score", MEASURES["geometry_score"], AUDIT)
    assert "as `geometry_score:repeats=3`" in knobs
    assert "It notices noise." in knobs
    assert "not applicable, because of this" in page("vendi", MEASURES["vendi"], AUDIT)


def test_the_index_has_all_of_borjis_rows_and_every_measure():
    text = pages(AUDIT)["README.md"]
    for number, title in BORJI.items():
        assert f"| {number} | {title} |" in text
    for name in MEASURES:
        assert f"[`{name}`]({name}.md)" in text
    assert "| [`kid`](kid.md) | ✓ | · | ✗ |" in text


def test_every_row_of_the_table_is_a_row_here():
    assert set(BORJI) == {row.borji for row in MEASURES.values() if row.borji} | set(ELSEWHERE)
