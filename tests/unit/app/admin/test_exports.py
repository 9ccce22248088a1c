import io
import zipfile

from openpyxl import load_workbook

from app.admin.exports import as_csv, as_workbooks
from tests.documents import document, figure


def test_one_document_is_a_plain_file():
    assert as_csv({"job-1": {"a": figure(1.5)}}).decode().splitlines()[1].startswith("a,1.5,")
    assert load_workbook(io.BytesIO(as_workbooks({"job-1": document()}))).sheetnames[0] == "Summary"


def test_several_documents_are_told_apart():
    two = {"job-1": {"a": figure(1.5)}, "job-2": {"a": figure(2.5)}}

    lines = as_csv(two).decode().splitlines()
    archive = zipfile.ZipFile(io.BytesIO(as_workbooks(two)))

    assert [line.split(",")[:2] for line in lines[1:]] == [["job-1/a", "1.5"], ["job-2/a", "2.5"]]
    assert archive.namelist() == ["job-1.xlsx", "job-2.xlsx"]
