"""The report as one HTML page that stands alone: figures inline, no network, light, dark, print."""

import re
from dataclasses import dataclass
from importlib.resources import files

import jinja2
from markupsafe import Markup, escape

from analysis.analyse import Findings
from analysis.report import apa
from analysis.report.style import INK


@dataclass(frozen=True)
class Picture:
    """A drawn figure: its place in the report, and its SVG for wide and for narrow screens."""

    name: str
    title: str
    caption: str
    svg: Markup
    narrow_svg: Markup


def inline_svg(data: bytes, *, name: str, title: str) -> Markup:
    """Turn Matplotlib's SVG into one that can stand in a page.

    The XML prologue goes, the width becomes that of the column at most, ids get the figure's name
    as prefix (several figures share a page), coordinates keep two decimals, and the ink becomes the
    reader's text colour.

    Parameters
    ----------
    data : bytes
        The file that Matplotlib wrote.
    name : str
        Prefix of the ids, unique in the page.
    title : str
        What a screen reader reads out.
    """
    text = data.decode("utf-8")
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.S)
    width = float(re.findall(r'<svg[^>]*? width="([\d.]+)pt"', text)[0])
    text = re.sub(r'(<svg[^>]*?) (?:width|height)="[^"]*"', r"\1", text, count=1)
    text = re.sub(r'(<svg[^>]*?) (?:width|height)="[^"]*"', r"\1", text, count=1)
    text = re.sub(r'\bid="', f'id="{name}-', text)
    text = re.sub(r'(href="|url\()#', rf"\1#{name}-", text)
    text = text.replace(INK, "currentColor")
    text = re.sub(r"(?<=[ \"(-])(\d+\.\d\d)\d+", r"\1", text)
    style = f"max-width:{width / 12 * 1.2:.1f}rem"
    label = f' role="img" aria-label="{escape(title)}" style="{style}"'
    return Markup(text.replace("<svg", f"<svg{label}", 1))  # noqa: S704 - our own drawing, escaped


def render(findings: Findings, **parts) -> str:
    """Fill the template with the findings and the other parts of the page."""
    environment = jinja2.Environment(
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    source = files("analysis.report").joinpath("templates/report.html").read_text(encoding="utf-8")
    scale = findings.ratings.scale
    environment.filters.update(
        points=lambda value: apa.points(value, scale),
        number=apa.number,
        p=apa.p_value,
        degrees=apa.degrees,
        percent=lambda share: apa.number(100 * share, 0) + " %",
    )
    template = environment.from_string(source)
    further = apa.further_answers(findings)
    return template.render(f=findings, apa=apa, further=further, **parts)
