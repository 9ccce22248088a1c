import json
import re
from html.parser import HTMLParser

import pytest

from app.analysis.findings import figures
from app.reports.html import html_report, report_body
from tests.documents import EVIL, document, figure, missing


def test_every_figure_of_the_document_is_in_the_page_with_an_equal_value():
    told = document()

    shown = read(html_report(told)).figures

    for path, one in figures(told):
        assert shown["/".join(path)] == expected(one), path
    assert len(shown) == len(list(figures(told)))


def test_every_number_of_the_page_is_in_the_document_and_its_text_is_the_number_rounded():
    told = document()
    known = set(numbers(told))

    page = read(html_report(told))

    assert len(page.data) > 100
    assert {value for value, _ in page.data} <= known
    for value, text in page.data:
        assert told_by(text) == pytest.approx(float(value), rel=0.03), (value, text)


def test_the_page_needs_nothing_else():
    page = html_report(document()).replace('<link rel="icon" href="data:,">', "")

    assert re.findall(r"\b(?:src|href|srcset|action|data-src)\s*=", page) == []
    assert re.findall(r"https?:|//[a-z]|url\(|@import|<script|<link|<iframe|javascript:", page) == []


def test_no_word_of_a_programming_language_is_read():
    told = document(portfolio={"a": None, "b": [], "c": [None, True], "d": {}})

    text = read(html_report(told)).text

    assert re.findall(r"\b(?:nan|inf|None|True|False|Undefined|null)\b", text) == []


def test_texts_of_the_document_are_escaped_wherever_they_stand():
    bad = {EVIL: figure(EVIL, label=EVIL, reason=EVIL, unit=EVIL, method=EVIL, window=EVIL)}
    grid = [{EVIL: EVIL, "price": figure(1.0), "side": EVIL}]
    told = document(
        symbols={EVIL: {"recommendation": {"action": EVIL, "reason": EVIL}, "trend": bad, "levels": {"levels": grid}}},
        portfolio={"correlation": {f"{EVIL}": bad}},
        track_record={EVIL: bad},
        surprise=bad,
    )

    page = html_report(told)

    assert "<script" not in page
    assert page.count("&lt;script&gt;") > 10


@pytest.mark.parametrize("name", sorted(document()))
def test_a_part_that_is_missing_breaks_nothing(name):
    told = document()
    del told[name]

    assert "All figures" in html_report(told)


@pytest.mark.parametrize("odd", [None, 5, "text", [], {}, [1, [2]], [{"a": [1]}, 2], {"x": {"y": [figure(1.5)]}}])
@pytest.mark.parametrize("part", ["recommendation", "trend", "levels", "quality", "charts", "prediction", "unheard_of"])
def test_a_part_of_another_shape_breaks_nothing(part, odd):
    told = document()
    told["symbols"]["ES"][part] = odd

    shown = read(html_report(told)).figures

    assert len(shown) == len(list(figures(told)))


def test_an_empty_document_is_a_page():
    assert read(html_report({})).figures == {}


def test_the_drawings_are_there_and_negative_prices_are_drawn():
    page = html_report(document())

    for name in ("Closes and levels", "Volatility within the session", "Calibration: predicted", "Correlations"):
        assert f"<title>{name}" in page
    assert page.count("<title>Closes and levels</title>") == 2
    assert "NaN" not in page


def test_the_body_alone_has_no_frame_of_a_page():
    body = report_body(document())

    assert "<html" not in body
    assert "<style" not in body


def test_volatility_value_at_risk_and_confidence_are_in_percent_and_prices_are_not():
    tree = {
        "volatility": {"realised": figure(0.16275562689991757, unit="fraction a year", ci=[0.159, 0.1661])},
        "risk": {"1h": {"var_99": {"fhs": figure(0.004440684762187952, unit="log return")}}},
        "recommendation": {"action": "HOLD", "confidence": figure(0.5)},
        "levels": {"support": [{"level": figure(6508.0, unit="points", label="support")}]},
    }

    text = " ".join(read(html_report({"symbols": {"ES": tree}})).text.split())

    for told in ("16.3 % a year", "15.9 % to 16.6 %", "0.44 % (log)", "Confidence 50 %", "6,508 points"):
        assert told in text


def test_a_reason_is_given_once_at_a_glance():
    why = "there is no second regime to be in"
    told = document()
    told["symbols"]["ES"]["regime"] = {name: missing(9, why) for name in ("state", "probability", "duration")}
    told["symbols"] = {"ES": told["symbols"]["ES"]}

    glance = html_report(told).split("All figures")[0]

    assert glance.count(why) == 1
    assert "State, Probability, Duration" in glance


def test_the_prices_and_levels_come_before_the_table_of_a_symbol():
    glance = html_report(document()).split("<h2>ES", 1)[1]

    assert 0 < glance.index("<svg") < glance.index("<table")


def test_instants_are_read_to_the_second_and_kept_in_full():
    page = html_report(document(asof="2026-11-26T13:24:40.707286Z"))

    assert '<time datetime="2026-11-26T13:24:40.707286Z">2026-11-26 13:24:40 UTC</time>' in page


def test_all_figures_are_folded_and_their_common_method_is_told_once():
    parts = {name: figure(1.5, method="the same method", window="the same bars") for name in ("a", "b", "c")}

    page = html_report({"symbols": {"ES": {"volatility": parts}}}).split("All figures")[1]

    assert "<details>" in page
    assert page.count("the same method") == 1


@pytest.mark.parametrize("record", [{}, {"1h": {"hit_rate": missing(3, "3 outcomes, 30 are needed")}}])
def test_a_short_track_record_says_so(record):
    glance = html_report(document(track_record={"ES": record})).split("All figures")[0]

    assert ("3 outcomes, 30 are needed" in glance) == bool(record)


def told_by(text):
    plain = text.replace(",", "").removeprefix("< ")
    return float(plain.removesuffix(" %")) / 100 if plain.endswith(" %") else float(plain)


def expected(one):
    numbers = {name: one[name] for name in ("n", "stderr", "p_value") if name in one}
    if one["value"] is not None and not isinstance(one["value"], str):
        numbers["value"] = one["value"]
    if "ci" in one:
        numbers["ci_low"], numbers["ci_high"] = one["ci"]
    return numbers


def numbers(node):
    if isinstance(node, dict):
        for part in node.values():
            yield from numbers(part)
    elif isinstance(node, list):
        for part in node:
            yield from numbers(part)
    elif isinstance(node, int | float) and not isinstance(node, bool):
        yield json.dumps(node)


class Page(HTMLParser):
    def __init__(self):
        super().__init__()
        self.figures, self.data, self.text = {}, [], ""
        self._open, self._style, self._number = [], False, None

    def handle_starttag(self, tag, attrs):
        told = dict(attrs)
        if "data-figure" in told:
            self.figures[told["data-figure"]] = {}
            self._open.append((tag, told["data-figure"]))
        if tag == "style":
            self._style = True
        if tag == "data":
            self._number = told["value"]
            if self._open and told.get("class"):
                self.note(told)

    def note(self, told):
        if told["value"] not in ("calm",):
            self.figures[self._open[-1][1]][told["class"]] = json.loads(told["value"])

    def handle_data(self, text):
        if not self._style:
            self.text += text
        if self._number is not None and self._number not in ("true", "false", "calm"):
            self.data.append((self._number, text))
        self._number = None

    def handle_endtag(self, tag):
        self._style = False
        if tag == "tr" and self._open and self._open[-1][0] == "tr":
            self._open.pop()
        if tag == "td" and self._open and self._open[-1][0] == "span":
            self._open.pop()


def read(page):
    parser = Page()
    parser.feed(page)
    return parser
