"""Where the web server is, for addresses that people open."""

from app.errors import Conflict
from app.local.ports import LOOPBACK
from app.local.stack import WEB_PORT
from app.local.status import read_processes
from app.runtime import Runtime


def web_address(rt: Runtime) -> str:
    """The address of the running web server with a slash at the end, else the one that the settings name."""
    try:
        running = {process.name: process.url for process in read_processes(rt.settings.state_dir)}
    except Conflict:
        running = {}
    names = sorted(rt.settings.web_names)
    if names:
        return f"https://{names[0]}/"
    return running.get("web") or f"http://{LOOPBACK}:{rt.settings.web_port or WEB_PORT}/"
