"""Makes Office files of bits of XML, as tests need them: only what each is about."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

OFFICE = "http://schemas.openxmlformats.org"
RELATIONS = f"{OFFICE}/officeDocument/2006/relationships"
PACKAGE = f"{OFFICE}/package/2006"
NAMES = {
    "w": f"{OFFICE}/wordprocessingml/2006/main",
    "p": f"{OFFICE}/presentationml/2006/main",
    "a": f"{OFFICE}/drawingml/2006/main",
    "c": f"{OFFICE}/drawingml/2006/chart",
    "dgm": f"{OFFICE}/drawingml/2006/diagram",
    "pic": f"{OFFICE}/drawingml/2006/picture",
    "wp": f"{OFFICE}/drawingml/2006/wordprocessingDrawing",
    "m": f"{OFFICE}/officeDocument/2006/math",
    "r": RELATIONS,
    "mc": f"{OFFICE}/markup-compatibility/2006",
    "v": "urn:schemas-microsoft-com:vml",
    "o": "urn:schemas-microsoft-com:office:office",
    "wps": "http://schemas.microsoft.com/office/word/2010/wordprocessingShape",
    "p188": "http://schemas.microsoft.com/office/powerpoint/2018/8/main",
    "cx": "http://schemas.microsoft.com/office/drawing/2014/chartex",
}


def part(name: str, content: str) -> str:
    """An XML part with its root, such as `w:styles`."""
    names = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in NAMES.items())
    return f'<?xml version="1.0" encoding="UTF-8"?><{name} {names}>{content}</{name}>'


def relations(targets: Mapping[str, tuple[str, str]]) -> str:
    """The relationships of a part: kind and target by id."""
    rows = "".join(
        f'<Relationship Id="{name}" Type="{RELATIONS}/{kind}" Target="{target}"/>'
        for name, (kind, target) in targets.items()
    )
    return f'<Relationships xmlns="{PACKAGE}/relationships">{rows}</Relationships>'


def archive(members: Mapping[str, str | bytes]) -> bytes:
    """A ZIP archive."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in members.items():
            packed.writestr(name, content)
    return file.getvalue()


def docx(
    body: str,
    parts: Mapping[str, str | bytes] | None = None,
    targets: Mapping[str, tuple[str, str]] | None = None,
    **roots: str,
) -> bytes:
    """A Word document.

    `roots` are the contents of `styles`, `numbering`, `settings`, `footnotes`, `endnotes` and
    `comments`; `parts` other members of the archive, and `targets` how the body calls them.
    """
    known = {
        "styles": "w:styles",
        "numbering": "w:numbering",
        "settings": "w:settings",
        "footnotes": "w:footnotes",
        "endnotes": "w:endnotes",
        "comments": "w:comments",
    }
    named = {kind: (kind, f"{kind}.xml") for kind in roots}
    return archive(
        {
            "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types"/>',
            "_rels/.rels": relations({"r1": ("officeDocument", "word/document.xml")}),
            "word/document.xml": part("w:document", f"<w:body>{body}</w:body>"),
            "word/_rels/document.xml.rels": relations({**named, **(targets or {})}),
            **{f"word/{kind}.xml": part(known[kind], content) for kind, content in roots.items()},
            **(parts or {}),
        }
    )


def paragraph(text: str, properties: str = "", run: str = "") -> str:
    """A paragraph of one run."""
    return (
        f"<w:p><w:pPr>{properties}</w:pPr><w:r><w:rPr>{run}</w:rPr>"
        f'<w:t xml:space="preserve">{text}</w:t></w:r></w:p>'
    )


def table(rows: list[list[str]], properties: str = "") -> str:
    """A table of Word; a cell that begins with `<` is its content as XML."""

    def cell(text: str) -> str:
        return f"<w:tc>{text if text.startswith('<') else paragraph(text)}</w:tc>"

    body = "".join(f"<w:tr>{''.join(map(cell, row))}</w:tr>" for row in rows)
    return f"<w:tbl><w:tblPr>{properties}</w:tblPr>{body}</w:tbl>"


def pptx(
    slides: list[str],
    *,
    order: list[int] | None = None,
    attributes: Mapping[int, str] | None = None,
    targets: Mapping[int, Mapping[str, tuple[str, str]]] | None = None,
    parts: Mapping[str, str | bytes] | None = None,
    presentation: Mapping[str, tuple[str, str]] | None = None,
    first: str = "",
) -> bytes:
    """A presentation: the content of each slide's tree of shapes, by the number of its file.

    `order` is the order of the show. `attributes` and `targets` are of single slides.
    """
    numbers = range(1, len(slides) + 1)
    ids = "".join(f'<p:sldId id="{255 + n}" r:id="s{n}"/>' for n in order or numbers)
    members: dict[str, str | bytes] = {
        "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types"/>',
        "_rels/.rels": relations({"r1": ("officeDocument", "ppt/presentation.xml")}),
        "ppt/presentation.xml": part(
            "p:presentation",
            f'<p:sldIdLst>{ids}</p:sldIdLst><p:sldSz cx="9144000" cy="6858000"/>',
        ).replace("<p:presentation ", f"<p:presentation {first} "),
        "ppt/_rels/presentation.xml.rels": relations(
            {
                **{f"s{n}": ("slide", f"slides/slide{n}.xml") for n in numbers},
                **(presentation or {}),
            }
        ),
    }
    for number, content in zip(numbers, slides, strict=True):
        root = part("p:sld", f"<p:cSld><p:spTree>{content}</p:spTree></p:cSld>")
        extra = (attributes or {}).get(number, "")
        members[f"ppt/slides/slide{number}.xml"] = root.replace("<p:sld ", f"<p:sld {extra} ")
        own = (targets or {}).get(number, {})
        members[f"ppt/slides/_rels/slide{number}.xml.rels"] = relations(own)
    return archive({**members, **(parts or {})})


def drawn(text: str) -> str:
    """A paragraph of DrawingML."""
    return f"<a:p><a:r><a:t>{text}</a:t></a:r></a:p>"


def shape(
    *texts: str,
    at: tuple[int, int, int, int] | None = None,
    placeholder: str = "",
    hidden: bool = False,
) -> str:
    """A shape with paragraphs; a text that begins with `<` is the paragraph's content as XML."""
    paragraphs = "".join(
        f"<a:p>{text if text.startswith('<') else f'<a:r><a:t>{text}</a:t></a:r>'}</a:p>"
        for text in texts
    )
    place = ""
    if at is not None:
        left, top, width, height = at
        place = f'<a:xfrm><a:off x="{left}" y="{top}"/><a:ext cx="{width}" cy="{height}"/></a:xfrm>'
    mark = f"<p:ph {placeholder}/>" if placeholder else ""
    return (
        f'<p:sp><p:nvSpPr><p:cNvPr id="2" name="x" hidden="{int(hidden)}"/><p:cNvSpPr/>'
        f"<p:nvPr>{mark}</p:nvPr></p:nvSpPr><p:spPr>{place}</p:spPr>"
        f"<p:txBody><a:bodyPr/>{paragraphs}</p:txBody></p:sp>"
    )


def frame(content: str) -> str:
    """A frame of a table, a chart or a diagram."""
    return (
        '<p:graphicFrame><p:nvGraphicFramePr><p:cNvPr id="3" name="x"/><p:nvPr/>'
        "</p:nvGraphicFramePr><p:xfrm/>"
        f"<a:graphic><a:graphicData>{content}</a:graphicData></a:graphic></p:graphicFrame>"
    )


ODF = "urn:oasis:names:tc:opendocument:xmlns:"
ODF_NAMES = {
    **{name: f"{ODF}{name}:1.0" for name in ("office", "style", "text", "table", "chart")},
    "draw": f"{ODF}drawing:1.0",
    "presentation": f"{ODF}presentation:1.0",
    "svg": f"{ODF}svg-compatible:1.0",
    "xlink": "http://www.w3.org/1999/xlink",
    "dc": "http://purl.org/dc/elements/1.1/",
    "math": "http://www.w3.org/1998/Math/MathML",
    "loext": "urn:org:documentfoundation:names:experimental:office:xmlns:loext:1.0",
}


def odf_part(name: str, content: str) -> str:
    """A part of an OpenDocument file with its root, such as `office:document-content`."""
    names = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in ODF_NAMES.items())
    return f'<?xml version="1.0" encoding="UTF-8"?><{name} {names}>{content}</{name}>'


def opendocument(
    kind: str,
    body: str,
    *,
    automatic: str = "",
    styles: str = "",
    parts: Mapping[str, str | bytes] | None = None,
) -> bytes:
    """An OpenDocument file; `kind` is such as `text`, `styles` what its styles.xml has."""
    content = (
        f"<office:automatic-styles>{automatic}</office:automatic-styles>"
        f"<office:body><office:{kind}>{body}</office:{kind}></office:body>"
    )
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr(zipfile.ZipInfo("mimetype"), f"application/vnd.oasis.opendocument.{kind}")
        packed.writestr("content.xml", odf_part("office:document-content", content))
        packed.writestr("styles.xml", odf_part("office:document-styles", styles))
        for name, member in (parts or {}).items():
            packed.writestr(name, member)
    return file.getvalue()
