"""Cut the house's font files out of the upstream variable font.

    python reports/pdf/fonts/build.py FOLDER

FOLDER holds the two upstream files named in `docs/fonts.md`. Writes the variable
files of the pages (`static/fonts/`) and the static ones of the PDF (beside this file).
The same upstream files give the same bytes.
"""

from __future__ import annotations

import sys
from io import BytesIO
from pathlib import Path

from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont
from fontTools.ttLib.scaleUpem import scale_upem
from fontTools.varLib.instancer import instantiateVariableFont

LATIN = "encode-sans-latin-wdth-normal.woff2"
LATIN_EXT = "encode-sans-latin-ext-wdth-normal.woff2"

HERE = Path(__file__).resolve().parent
PAGES = HERE.parents[2] / "static" / "fonts"

# The licence reserves the name "Encode Sans": a cut version may not carry it.
FAMILY = "Santescopie Sans"

CHARACTERS = {
    *range(0x20, 0x7F),
    *range(0xA0, 0x180),
    *(ord(c) for c in "‘’‚“”„•…–—‹›€™−→"),
    0x2009,
    0x202F,
    0x2010,
    0x2011,
}
# French needs of Latin Extended-A: Œ œ Ÿ. The rest is a second file of the pages, that
# browsers fetch only for a name that needs it (unicode-range in base.css).
EXTENDED = {*range(0x100, 0x180)} - {0x152, 0x153, 0x178}
# file name → what it holds
VARIABLE = {
    "encode-sans.woff2": CHARACTERS - EXTENDED,
    "encode-sans-ext.woff2": EXTENDED,
}
# Upstream has neither the narrow no-break space nor the no-break hyphen.
SAME_GLYPH = {0x202F: 0x2009, 0x2011: 0x2D, 0x2010: 0x2D}

# file name → weight, width, name of the style within its family
STATIC = {
    "EncodeSans-Regular.ttf": (400, 100, "", "Regular"),
    "EncodeSans-Medium.ttf": (500, 100, "", "Medium"),
    "EncodeSans-SemiBold.ttf": (600, 100, "", "SemiBold"),
    "EncodeSansCondensed-Regular.ttf": (400, 88, " Condensed", "Regular"),
}


def reload(font: TTFont) -> TTFont:
    """Save and read again: the tables of variations index glyphs by order."""
    stream = BytesIO()
    font.flavor = None
    font.save(stream, reorderTables=None)
    stream.seek(0)
    return TTFont(stream, recalcTimestamp=False)


def options() -> Options:
    chosen = Options()
    chosen.layout_features = ["kern", "tnum", "pnum", "ccmp"]
    chosen.hinting = False
    chosen.glyph_names = True
    chosen.notdef_outline = True
    chosen.drop_tables += ["HVAR"]  # gvar's phantom points say the same.
    return chosen


def subset(path: Path) -> TTFont:
    subsetter = Subsetter(options())
    subsetter.populate(unicodes=CHARACTERS)
    font = TTFont(path, recalcTimestamp=False)
    subsetter.subset(font)
    return reload(font)


def add_glyphs(font: TTFont, other: TTFont) -> None:
    """Copy what `other` has and `font` lacks: both are cuts of the same source."""
    order = list(font.getGlyphOrder())
    known = set(order)
    new = [name for name in other.getGlyphOrder() if name not in known]
    for name in new:
        font["glyf"].glyphs[name] = other["glyf"][name]
        font["hmtx"].metrics[name] = other["hmtx"][name]
        font["gvar"].variations[name] = other["gvar"].variations[name]
    font["glyf"].glyphOrder = [*order, *new]
    font.setGlyphOrder([*order, *new])
    cmap = {**other.getBestCmap(), **font.getBestCmap()}
    set_cmap(font, cmap)


def set_cmap(font: TTFont, cmap: dict[int, str]) -> None:
    for table in font["cmap"].tables:
        if table.isUnicode():
            table.cmap = dict(cmap)


def draw_arrow(font: TTFont) -> str:
    """Draw the one sign the study uses and the font lacks, at a regular weight."""
    pen = TTGlyphPen(None)
    stroke, left, tip, middle, head = 150, 140, 1560, 660, 420
    for points in (
        [
            (left, middle - stroke // 2),
            (left, middle + stroke // 2),
            (tip - 120, middle + stroke // 2),
            (tip - 120, middle - stroke // 2),
        ],
        [
            (tip, middle),
            (tip - head, middle - head),
            (tip - head - 105, middle - head + 105),
            (tip - 210, middle),
            (tip - head - 105, middle + head - 105),
            (tip - head, middle + head),
        ],
    ):
        pen.moveTo(points[0])
        for point in points[1:]:
            pen.lineTo(point)
        pen.closePath()
    name = "arrowright"
    order = [*font.getGlyphOrder(), name]
    font["glyf"].glyphs[name] = pen.glyph()
    font["glyf"].glyphs[name].recalcBounds(font["glyf"])
    font["glyf"].glyphOrder = order
    font["hmtx"].metrics[name] = (1700, left)
    font["gvar"].variations[name] = []
    font.setGlyphOrder(order)
    return name


def merged(folder: Path) -> TTFont:
    font = subset(folder / LATIN)
    add_glyphs(font, subset(folder / LATIN_EXT))
    cmap = font.getBestCmap()
    cmap[0x2192] = draw_arrow(font)
    for code, like in SAME_GLYPH.items():
        cmap[code] = cmap[like]
    set_cmap(font, cmap)
    return reload(font)


def name(font: TTFont, family: str, style: str) -> None:
    postscript = f"{family}-{style}".replace(" ", "")
    linked = style in {"Regular", "Bold"}
    table = font["name"]
    # Copyright, licence and its address stay; everything that names is rewritten.
    kept = {0: table.getDebugName(0)}
    table.names = []
    records = {
        **kept,
        1: family if linked else f"{family} {style}",
        2: style if linked else "Regular",
        3: f"3.002;{postscript}",
        4: f"{family} {style}",
        5: "Version 3.002",
        6: postscript,
        13: "Modified from Encode Sans. SIL Open Font License, Version 1.1.",
        14: "https://openfontlicense.org",
    }
    if not linked:
        records |= {16: family, 17: style}
    for number, text in records.items():
        table.setName(text, number, 3, 1, 0x409)


def only(font: TTFont, characters: set[int]) -> TTFont:
    """Cut to these characters, kerning and composites included."""
    subsetter = Subsetter(options())
    subsetter.populate(unicodes=characters)
    subsetter.subset(font)
    return reload(font)


def variable(font: TTFont, path: Path) -> None:
    font = instantiateVariableFont(
        font, {"wght": (400, 400, 700), "wdth": (75, 100, 100)}
    )
    for tag in ("STAT", "avar"):
        if tag == "STAT" and tag in font:
            del font[tag]  # Names styles that are no longer here.
    axes = [(axis, axis.axisTag) for axis in font["fvar"].axes]
    font["fvar"].instances = []
    name(font, FAMILY, "Regular")
    for axis, tag in axes:
        label = "Weight" if tag == "wght" else "Width"
        axis.axisNameID = font["name"].addMultilingualName({"en": label}, mac=False)
    font["OS/2"].usWeightClass, font["OS/2"].usWidthClass = 400, 5
    font = reload(font)
    font.flavor = "woff2"
    font.save(path, reorderTables=None)


def static(font: TTFont, weight: int, width: int, suffix: str, style: str) -> TTFont:
    font = instantiateVariableFont(font, {"wght": weight, "wdth": width})
    if "STAT" in font:
        del font["STAT"]
    name(font, FAMILY + suffix, style)
    os2 = font["OS/2"]
    os2.usWeightClass, os2.usWidthClass = weight, 4 if width < 100 else 5
    os2.fsSelection = (os2.fsSelection & ~0b1100001) | 0b1000000
    font["head"].macStyle = 0
    # A PDF gives widths in thousandths of an em. Where the font's own are halves, how
    # they round depends on the size at which a document first uses the letter.
    scale_upem(font, 1000)
    return font


def main(folder: Path) -> None:
    for file, characters in VARIABLE.items():
        variable(only(merged(folder), characters), PAGES / file)
    for file, instance in STATIC.items():
        static(merged(folder), *instance).save(HERE / file, reorderTables=None)
    for path in (*(PAGES / file for file in VARIABLE), *(HERE / f for f in STATIC)):
        print(f"{path.name}: {path.stat().st_size / 1000:.1f} kB")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
