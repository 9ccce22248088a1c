"""A stand-in for xlwings and the Excel behind it: the same names, errors and ways to keep one waiting."""

import threading
from collections.abc import Callable, Iterator, Sequence
from types import SimpleNamespace

Cells = Sequence[Sequence[object]]
CALL_REJECTED = -2147418111
RETRY_LATER = -2147417846
GENERAL_FAILURE = -2147352567
EDITING = -2146777998
SERVER_GONE = -2147023174
WRONG_THREAD = -2147417842
DISCONNECTED = -2147417848


class com_error(Exception):
    """An error of COM: its number, and what the server said where it said anything."""

    def __init__(self, hresult: int, text: str, excepinfo: tuple[object, ...] | None = None) -> None:
        super().__init__(hresult, text, excepinfo, None)
        self.hresult, self.strerror, self.excepinfo, self.argerror = hresult, text, excepinfo, None


def rejected() -> com_error:
    """What a busy Excel answers."""
    return com_error(CALL_REJECTED, "Call was rejected by callee.")


def editing() -> com_error:
    """What Excel answers while a cell is edited."""
    return com_error(GENERAL_FAILURE, "Exception occurred.", (0, None, None, None, 0, EDITING))


def gone() -> com_error:
    """What is left of an Excel that was closed."""
    return com_error(SERVER_GONE, "The RPC server is unavailable.")


class Range:
    """Cells of a sheet, which only the thread that got them may use."""

    def __init__(self, excel: "Excel", book: "Book", cells: str) -> None:
        self._excel, self._book, self.cells, self._thread = excel, book, cells, threading.get_ident()

    @property
    def raw_value(self) -> object:
        """The cells, in one call, as COM hands them out: a tuple of tuples."""
        if threading.get_ident() != self._thread:
            raise com_error(WRONG_THREAD, "The application called an interface that was marshalled for another thread.")
        if self._book not in self._excel.open:
            raise com_error(DISCONNECTED, "The object invoked has disconnected from its clients.")
        return self._excel.answer()


class Sheet:
    """A sheet of an open workbook."""

    def __init__(self, excel: "Excel", book: "Book", name: str) -> None:
        self._excel, self._book, self.name = excel, book, name

    def range(self, cells: str) -> Range:
        """Some of its cells."""
        self._excel.ask()
        return Range(self._excel, self._book, cells)


class Book:
    """An open workbook."""

    def __init__(self, excel: "Excel", fullname: str, sheets: Sequence[str]) -> None:
        self._excel, self.fullname = excel, fullname
        self.name = fullname.replace("\\", "/").rpartition("/")[2]
        self._sheets = sheets

    @property
    def sheets(self) -> list[Sheet]:
        """Its sheets."""
        self._excel.ask()
        return [Sheet(self._excel, self, name) for name in self._sheets]


class Excel:
    """One instance of Excel. `trouble` is raised instead of an answer, and `hangs` keeps every call waiting."""

    def __init__(self, xlwings: "Xlwings", cells: Cells) -> None:
        self._xlwings, self.cells = xlwings, cells
        self.open: list[Book] = []
        self.trouble: Callable[[], Exception] | None = None
        self.hangs: threading.Event | None = None
        self.calls = 0

    @property
    def books(self) -> list[Book]:
        """What is open in it."""
        self.ask()
        return list(self.open)

    def add(self, fullname: str, *sheets: str) -> Book:
        """Open a workbook."""
        book = Book(self, fullname, sheets or ("Futures",))
        self.open.append(book)
        return book

    def ask(self) -> None:
        """What every call goes through: the library repeats one that a busy Excel refused, for ever unless bounded."""
        self.calls += 1
        if self.hangs is not None:
            self.hangs.wait()
        if self.trouble is not None:
            error = self.trouble()
            is_repeated = isinstance(error, com_error) and error.hresult == CALL_REJECTED
            if is_repeated and not self._xlwings._xlwindows.N_COM_ATTEMPTS:
                threading.Event().wait()
            raise error

    def answer(self) -> object:
        """The cells as they are now."""
        self.ask()
        return tuple(map(tuple, self.cells))


class Xlwings:
    """The module: `apps` are the running instances, `Book` opens a workbook in the first of them."""

    def __init__(self) -> None:
        self._running: list[Excel] = []
        self._xlwindows = SimpleNamespace(N_COM_ATTEMPTS=0)
        self.opened: list[str] = []
        self.cells: Cells = ()

    @property
    def apps(self) -> Iterator[Excel]:
        """The running instances of Excel."""
        return iter(self._running)

    def start(self, cells: Cells, *books: str) -> Excel:
        """Start an Excel with these workbooks open."""
        excel = Excel(self, cells)
        for fullname in books:
            excel.add(fullname)
        self._running.append(excel)
        return excel

    def quit(self, excel: Excel) -> None:
        """Close it: whoever holds anything of it is told that it is gone."""
        excel.trouble = gone
        self._running.remove(excel)

    def Book(self, fullname: str) -> Book:
        """Open a workbook, in a new Excel where none runs."""
        self.opened.append(fullname)
        excel = self._running[0] if self._running else self.start(self.cells)
        return excel.add(fullname)
