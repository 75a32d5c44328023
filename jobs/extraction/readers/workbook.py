"""Workbooks, XLSX and XLSM: what their cells show, without hidden sheets, rows and columns."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from jobs.extraction.blocks import Block, Item
from jobs.extraction.file_types import UnreadableFileError
from jobs.extraction.readers.ooxml import Package, Relationship
from jobs.extraction.readers.sheet_cells import CellReader, area_of, rich_text
from jobs.extraction.readers.sheet_grid import LeftOut, SheetGrid, grid_blocks, left_out_notes
from jobs.extraction.readers.sheet_notes import comment_blocks, drawing_blocks
from jobs.extraction.readers.workbook_styles import cell_styles

_TRUE = ("1", "true", "on")


def read(data: bytes) -> Iterator[Item]:
    """Yield the rows of all visible sheets in their order, then what is said about them."""
    package = Package(data)
    main = package.main_part()
    if main.endswith(".bin"):
        raise UnreadableFileError("a binary workbook (XLSB)")
    workbook = package.xml(main)
    if workbook is None or etree.QName(workbook).localname != "workbook":
        raise UnreadableFileError("an archive without a workbook")
    sheets = list(_sheets(package, main, workbook))
    visible = [(name, part) for name, part, is_hidden in sheets if not is_hidden]
    left_out = LeftOut(sheets=len(sheets) - len(visible))
    reader = _cell_reader(package, main, workbook)
    for name, part in visible:
        title = name if len(visible) > 1 else ""
        yield from _sheet_blocks(package, part, name, title, reader, left_out)
    yield from left_out_notes(left_out)


def _sheets(
    package: Package, main: str, workbook: etree._Element
) -> Iterator[tuple[str, str, bool]]:
    """Yield name and part of each sheet, and whether it is hidden."""
    relations = package.relations(main)
    for sheet in workbook.iterfind("{*}sheets/{*}sheet"):
        relation = _relation(relations, sheet)
        if relation is not None:
            is_hidden = sheet.get("state", "visible") != "visible"
            yield sheet.get("name", ""), relation.target, is_hidden


def _relation(relations: dict[str, Relationship], element: etree._Element) -> Relationship | None:
    """Return what the attribute `r:id` of an element refers to."""
    for name, value in element.items():
        if name.endswith("}id"):
            return relations.get(value)
    return None


def _cell_reader(package: Package, main: str, workbook: etree._Element) -> CellReader:
    properties = workbook.find("{*}workbookPr")
    calculation = workbook.find("{*}calcPr")
    strings = package.related_xml(main, "sharedStrings")
    return CellReader(
        strings=[] if strings is None else [rich_text(item) for item in strings.iterfind("{*}si")],
        styles=cell_styles(package.related_xml(main, "styles")),
        is_1904=properties is not None and properties.get("date1904") in _TRUE,
        recalculates=calculation is not None and calculation.get("fullCalcOnLoad") in _TRUE,
    )


def _sheet_blocks(
    package: Package, part: str, name: str, title: str, reader: CellReader, left_out: LeftOut
) -> Iterator[Block]:
    sheet = reader.read(package.archive, part)
    if sheet.unsaved:
        reader.calculate(package.archive, part, sheet)
    for table in package.related(part, "table"):
        _add_table(package, table, sheet)
    yield from grid_blocks(sheet, name, title, left_out)
    yield from comment_blocks(package, part, sheet, name)
    yield from drawing_blocks(package, part, name)


def _add_table(package: Package, part: str, sheet: SheetGrid) -> None:
    """Mark the heading row of what Excel calls a table."""
    root = package.xml(part)
    area = None if root is None else area_of(root.get("ref", ""))
    if root is not None and area is not None and root.get("headerRowCount", "1") != "0":
        sheet.known_rows.add(area.top)


def visible_grids(data: bytes) -> Iterator[tuple[str, SheetGrid]]:
    """Yield name and cells of each visible sheet, without what stands beside its cells."""
    package = Package(data)
    main = package.main_part()
    workbook = package.xml(main)
    if workbook is None or etree.QName(workbook).localname != "workbook":
        raise UnreadableFileError("an archive without a workbook")
    reader = _cell_reader(package, main, workbook)
    for name, part, is_hidden in _sheets(package, main, workbook):
        if not is_hidden:
            yield name, reader.read(package.archive, part)
