import base64
import hashlib
import re

import pytest

from app.api.job_forms import headers_of, report_policy
from app.reports.html import html_report
from tests.documents import document


def test_a_report_may_use_its_own_style_alone_and_run_and_load_nothing():
    page = html_report(document())

    policy = dict(part.split(" ", 1) for part in report_policy(page).split("; "))

    [style] = re.findall("<style>(.*?)</style>", page, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy == {
        "default-src": "'none'",
        "style-src": f"'sha256-{digest}'",
        "img-src": "data:",
        "frame-ancestors": "'self'",
    }
    assert re.findall(r"<script|\son\w+=|\sstyle=", page) == []


def test_a_page_without_a_style_may_have_none():
    assert "style-src 'none'" in report_policy("<p>plain</p>")


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_a_file_is_kept_and_not_shown(form):
    assert headers_of(form, 17, b"") == {"Content-Disposition": f'attachment; filename="analysis-17.{form}"'}
