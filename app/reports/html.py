"""The report: a document as one page that needs nothing else, to be read, mailed and printed."""

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader

from app.analysis.findings import is_figure
from app.reports.charts import correlation_chart, symbol_charts
from app.reports.layout import Block, block_of
from app.reports.measures import instant_of, p_text, readable, unit_text
from app.reports.overview import overview_of
from app.reports.picking import mapping
from app.reports.wording import exact, is_number, rounded, status_text, title_of

TEMPLATES: Final = Path(__file__).with_name("templates")
_WHOLE: Final = ("portfolio", "inputs", "question", "job", "work")
# Documents that were stored have lost their order.
_PARTS: Final = (
    "recommendation", "prediction", "levels", "trend", "volatility", "regime", "forecast", "risk", "sizing",
    "seasonality", "indicators", "patterns", "quality", "charts",
)  # fmt: skip


def html_report(document: Mapping[str, Any]) -> str:
    """The whole document as a page of HTML: no script, no address of anything else.

    Every figure has its exact value in a `data` element beside the rounded one. Parts that the document lacks are left
    out, and parts that are not known are shown like the others.
    """
    return environment().get_template("report.html").render(page_of(document))


def report_body(document: Mapping[str, Any]) -> str:
    """The same without the frame of a page, for a page that has one; it needs `stylesheet`."""
    return environment().get_template("body.html").render(page_of(document))


def stylesheet() -> str:
    """The style of a report, as CSS; every rule is for what is within the class `report`."""
    return (TEMPLATES / "report.css").read_text(encoding="utf-8")


def page_of(document: Mapping[str, Any]) -> dict[str, Any]:
    """What the templates are given."""
    symbols = mapping(document, "symbols")
    return {
        "title": _title(document, list(symbols)),
        "asof": document.get("asof"),
        "question": mapping(document, "question"),
        "overviews": [overview_of(symbol, document) for symbol in symbols],
        "heat": correlation_chart(document.get("portfolio")),
        "charts": {
            symbol: symbol_charts(mapping(symbols, symbol), mapping(document, "track_record").get(symbol))
            for symbol in symbols
        },
        "blocks": _blocks(document),
        "css": stylesheet(),
    }


@cache
def environment() -> Environment:
    """Templates with everything escaped, and the filters that they use."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    made.filters.update(exact=exact, rounded=rounded, readable=readable, p_text=p_text, unit=unit_text)
    made.filters.update(status=status_text, title=title_of, instant=instant_of)
    made.tests.update(
        number=is_number, listing=lambda value: isinstance(value, Sequence) and not isinstance(value, str)
    )
    return made


def _title(document: Mapping[str, Any], symbols: Sequence[str]) -> str:
    number = mapping(document, "job").get("id")
    named = ", ".join(symbols[:6]) + (" …" if len(symbols) > 6 else "")
    head = "Analysis" if number is None else f"Analysis {number}"
    return f"{head}: {named}" if named else head


def _blocks(document: Mapping[str, Any]) -> list[Block]:
    symbols, records = mapping(document, "symbols"), mapping(document, "track_record")
    blocks = [block_of(symbol, _in_order(tree), ("symbols", symbol)) for symbol, tree in symbols.items()]
    blocks += [
        block_of(f"Past predictions of {symbol}", tree, ("track_record", symbol)) for symbol, tree in records.items()
    ]
    known = {"symbols", "track_record", "version", "asof"}
    others = [name for name in (*_WHOLE, *(name for name in document if name not in _WHOLE)) if name not in known]
    return blocks + [block_of(title_of(name), document[name], (name,)) for name in others if document.get(name)]


def _in_order(tree: Any) -> Any:
    if not isinstance(tree, Mapping) or is_figure(tree):
        return tree
    return {name: tree[name] for name in (*_PARTS, *(name for name in tree if name not in _PARTS)) if name in tree}
