"""What counts as active in HTML and SVG, and what ordinary newsletters have does not."""

from __future__ import annotations

import pytest

from mailstrata.index.inspection.content import inspect_content
from mailstrata.index.inspection.flags import ACTIVE_CONTENT

ACTIVE = [
    "<script>x</script>",
    "<ScRiPt\tsrc='x'>",
    "<script/src=x>",
    "<script type='text/javascript'>x</script>",
    "<iframe src=x>",
    "<iframe width=1 srcdoc='x'>",
    "<object data=x>",
    "<object classid='clsid:x'>",
    "<embed src=x>",
    "<applet code=x>",
    "<img src=x onerror=x()>",
    "<svg/onload=x()>",
    '<body bgcolor="#fff"onload="x()">',
    "<a href='javascript:x()'>",
    "<a href=' JavaScript:x()'>",
    "<a href='vbscript:x'>",
    "<meta http-equiv='refresh' content='0; url=x'>",
    "<input name=p type='password'>",
    "<input type=password>",
]
ORDINARY = [
    "<style>a { color: red }</style>",
    "<script type='application/ld+json'>{}</script>",
    '<script data-x="1" type="application/json">{}</script>',
    "<scripture>",
    "<noscript>x</noscript>",
    "<meta http-equiv='Content-Type' content='text/html'>",
    "<meta http-equiv='refresh' content='300'>",
    "<!--[if mso]><v:roundrect href='x'><![endif]-->",
    "<object>",
    "<iframe>",
    "<form action=x><input type=text name=q></form>",
    "<a href='x' onfocus='this.blur()'>",
    "<a href='x' onfocus='if(this.blur)this.blur()'>",
    "<a href=x onmouseover='y()'>",
    "Once a month, on error = bad day, on load.",
    "<p>Learn javascript: the good parts</p>".replace("javascript:", "JavaScript &mdash; "),
    "<img src='x' alt='onload'>",
]


@pytest.mark.parametrize("markup", ACTIVE)
@pytest.mark.parametrize("filler", [0, 65_000, 70_000])
def test_active(markup: str, filler: int) -> None:
    """Wherever it stands, also across the border of two windows."""
    content = b"<html>" + b"<p>x</p>" * (filler // 8) + markup.encode()
    assert inspect_content(content) & ACTIVE_CONTENT
    assert inspect_content(content + b"<p>more</p>" * 1000) & ACTIVE_CONTENT


@pytest.mark.parametrize("markup", ORDINARY)
def test_ordinary(markup: str) -> None:
    """What runs nowhere is no active content."""
    assert inspect_content(b"<html>" + markup.encode() + b"</html>") == 0


def test_what_calls_itself_html_is_looked_at_as_html() -> None:
    """A text before the first tag hides nothing; the same as plain text is only text."""
    content = b"Dear customer, <script>x()</script>"
    assert inspect_content(content, as_markup=True) == ACTIVE_CONTENT
    assert inspect_content(content) == 0
