"""The channels of alerts as the settings have them: what is wrong with them, what they go by, and their secrets."""

from collections.abc import Iterator
from datetime import tzinfo
from ipaddress import ip_address
from typing import Final, Protocol
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import SecretStr

from app.alerts.channels.addresses import parse_target
from app.alerts.channels.plan import MailPlan, Security, WebhookPlan
from app.alerts.delivery_plan import DeliveryPlan
from app.alerts.quiet_hours import QuietHours
from app.alerts.rules import Severity
from app.errors import Rejected

# What is shorter stands in many lines by chance.
_TELLING_LETTERS: Final = 8


class ChannelSettings(Protocol):
    """The settings of alerts."""

    alert_min_severity: Severity
    alert_quiet_hours: str
    alert_timezone: str
    smtp_host: str
    smtp_port: int
    smtp_security: Security
    smtp_user: str
    smtp_password: SecretStr | None
    alert_mail_from: str
    alert_mail_to: str
    alert_webhook_url: SecretStr | None
    alert_webhook_hosts: str
    alert_webhook_secret: SecretStr | None


def channel_problems(told: ChannelSettings) -> list[str]:
    """What is wrong with the channels, all of it, without a value that is secret."""
    return [*_mail_problems(told), *_webhook_problems(told)]


def mail_plan(told: ChannelSettings) -> MailPlan | None:
    """How mail is sent; None where none is."""
    if not told.smtp_host:
        return None
    return MailPlan(
        told.smtp_host,
        told.smtp_port,
        told.smtp_security,
        told.alert_mail_from,
        _names(told.alert_mail_to),
        told.smtp_user,
        _secret(told.smtp_password),
    )


def webhook_plan(told: ChannelSettings) -> WebhookPlan | None:
    """Where alerts are posted to; None where they are not."""
    if told.alert_webhook_url is None:
        return None
    hosts = _names(told.alert_webhook_hosts)
    return WebhookPlan(told.alert_webhook_url.get_secret_value(), hosts, _secret(told.alert_webhook_secret))


def delivery_plan(told: ChannelSettings, zone: tzinfo) -> DeliveryPlan:
    """To whom alerts are told, and when; `zone` is that of the quiet hours unless the settings name another."""
    plans = {"mail": mail_plan(told), "webhook": webhook_plan(told)}
    return DeliveryPlan(
        tuple(name for name, plan in plans.items() if plan is not None),
        told.alert_min_severity,
        QuietHours.parse(told.alert_quiet_hours) if told.alert_quiet_hours else None,
        ZoneInfo(told.alert_timezone) if told.alert_timezone else zone,
    )


def channel_secrets(told: ChannelSettings) -> tuple[str, ...]:
    """What no line of a log may show of the channels: passwords, keys, and all of an address behind its host."""
    url = _secret(told.alert_webhook_url)
    parts = urlsplit(url)
    behind = [url, f"{parts.path}?{parts.query}", parts.path, parts.query]
    telling = [part for part in behind if len(part) >= _TELLING_LETTERS]
    known = [_secret(told.smtp_password), _secret(told.alert_webhook_secret)]
    return tuple(part for part in (*known, *telling) if part)


def _mail_problems(told: ChannelSettings) -> Iterator[str]:
    together = {
        "SMTP_HOST": told.smtp_host,
        "ALERT_MAIL_FROM": told.alert_mail_from,
        "ALERT_MAIL_TO": told.alert_mail_to,
    }
    missing = [name for name, value in together.items() if not value]
    if 0 < len(missing) < len(together):
        yield f"SMTP_HOST, ALERT_MAIL_FROM and ALERT_MAIL_TO go together: {' and '.join(missing)} must be set too"
    if len(_names(told.alert_mail_from)) > 1:
        yield "ALERT_MAIL_FROM must be one address"
    if bool(told.smtp_user) != (told.smtp_password is not None):
        yield "SMTP_USER and SMTP_PASSWORD go together: set both or neither"
    if told.smtp_host and any(not letter.isprintable() or letter in " /@:," for letter in told.smtp_host):
        yield "SMTP_HOST must be a name or an address alone: the port is SMTP_PORT"
    elif told.smtp_host and told.smtp_security == "none" and not _is_here(told.smtp_host):
        yield "SMTP_SECURITY=none is for a server on this machine only, such as SMTP_HOST=127.0.0.1"


def _webhook_problems(told: ChannelSettings) -> Iterator[str]:
    hosts = _names(told.alert_webhook_hosts)
    if told.alert_webhook_url is not None:
        try:
            parse_target(told.alert_webhook_url.get_secret_value(), hosts)
        except Rejected as error:
            yield f"ALERT_WEBHOOK_URL {error}"
    elif told.alert_webhook_secret is not None:
        yield "ALERT_WEBHOOK_SECRET signs what is posted to ALERT_WEBHOOK_URL, which is not set"


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _names(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))


def _secret(value: SecretStr | None) -> str:
    return value.get_secret_value() if value is not None else ""
