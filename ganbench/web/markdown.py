"""Markdown of strangers as HTML that can do no harm."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

TAGS = {
    *("h3", "h4", "h5", "h6", "p", "br", "hr", "em", "strong", "s", "code", "pre", "blockquote"),
    *("ul", "ol", "li", "a", "img", "table", "thead", "tbody", "tr", "th", "td"),
}
ATTRIBUTES = {
    "a": {"href", "title"},
    "img": {"src", "alt", "title"},
    "ol": {"start"},
    "th": {"style"},
    "td": {"style"},
}
STYLES = ("text-align:left", "text-align:center", "text-align:right")
SCHEMES = {"http", "https", "mailto", "data"}  # data: only of pictures, see `_allowed`
PICTURES = ("data:image/png;", "data:image/jpeg;", "data:image/gif;", "data:image/webp;")


def render(text: str) -> str:
    """The HTML of some Markdown: no HTML of its own, no scripts, nothing that loads from elsewhere.

    Headings begin at the third level, below those of the page; a picture is shown if it is a data:
    address, and is a link if it lies elsewhere.
    """
    return harmless(_parser().render(text))


def harmless(html: str) -> str:
    """HTML less all that could do harm, whoever wrote it; the parser alone is not relied on."""
    import nh3

    return nh3.clean(
        html,
        tags=TAGS,
        attributes=ATTRIBUTES,
        attribute_filter=_allowed,
        url_schemes=SCHEMES,
        link_rel="noopener noreferrer",
        set_tag_attribute_values={"a": {"target": "_blank"}},
    )


def _allowed(tag: str, attribute: str, value: str) -> str | None:
    """The attribute's value if it may stay."""
    picture = value.strip().lower().startswith(PICTURES)
    if attribute == "src":
        return value if picture else None
    if attribute == "style":
        return value if value in STYLES else None
    if attribute == "href" and value.strip().lower().startswith("data:"):
        return None
    return value


@cache
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": False, "linkify": False})
    parser.enable(["table", "strikethrough"])
    parser.add_render_rule("heading_open", _heading)
    parser.add_render_rule("heading_close", _heading)
    parser.add_render_rule("image", _image)
    return parser


def _heading(renderer: Any, tokens: Sequence[Token], at: int, options: Any, env: Any) -> str:
    level = min(int(tokens[at].tag[1:]) + 2, 6)
    return f"<h{level}>" if tokens[at].nesting == 1 else f"</h{level}>\n"


def _image(renderer: Any, tokens: Sequence[Token], at: int, options: Any, env: Any) -> str:
    from markdown_it.common.utils import escapeHtml

    token = tokens[at]
    address = str(token.attrs["src"])
    words = renderer.renderInlineAsText(token.children or [], options, env)
    if address.lower().startswith(PICTURES):
        return f'<img src="{escapeHtml(address)}" alt="{escapeHtml(words)}">'
    return f'<a href="{escapeHtml(address)}">{escapeHtml(words or address)}</a>'
