from datetime import UTC, time
from zoneinfo import ZoneInfo

import pytest

from app.alert_settings import delivery_plan, mail_plan, webhook_plan
from app.alerts.channels.plan import MailPlan, WebhookPlan
from app.alerts.quiet_hours import QuietHours
from app.errors import Rejected
from app.settings import load_settings

SECRET = "hunter2-hunter2"
MAIL = {"smtp_host": "mail.example.com", "alert_mail_from": "t@example.com", "alert_mail_to": "a@example.com"}
HOOK = {"alert_webhook_url": f"https://hooks.example.com/{SECRET}", "alert_webhook_hosts": "hooks.example.com"}


def load(**given):
    return load_settings(_env_file=None, **given)


def problems(**given):
    with pytest.raises(Rejected) as refused:
        load(**given)
    assert SECRET not in str(refused.value)
    return "\n".join(str(refused.value).splitlines()[1:])


def test_without_settings_nothing_is_sent():
    settings = load()

    assert (mail_plan(settings), webhook_plan(settings)) == (None, None)
    assert delivery_plan(settings, UTC).channels == ()


def test_mail_and_webhook_go_by_their_settings():
    settings = load(**MAIL, **HOOK, smtp_user="u", smtp_password=SECRET, alert_webhook_secret=SECRET)

    assert mail_plan(settings) == MailPlan(
        "mail.example.com", 587, "starttls", "t@example.com", ("a@example.com",), "u", SECRET
    )
    assert webhook_plan(settings) == WebhookPlan(HOOK["alert_webhook_url"], ("hooks.example.com",), SECRET)
    assert delivery_plan(settings, UTC).channels == ("mail", "webhook")


def test_no_plan_shows_its_secrets():
    settings = load(**MAIL, **HOOK, smtp_user="u", smtp_password=SECRET, alert_webhook_secret=SECRET)

    assert SECRET not in f"{mail_plan(settings)} {webhook_plan(settings)} {settings!r}"


def test_quiet_hours_are_of_the_zone_that_is_set_or_of_the_market():
    chicago = ZoneInfo("America/Chicago")
    quiet = {"alert_quiet_hours": "22:00-05:00"}

    assert delivery_plan(load(**quiet), chicago).quiet == QuietHours(time(22), time(5))
    assert delivery_plan(load(**quiet), chicago).zone is chicago
    assert delivery_plan(load(**quiet, alert_timezone="Europe/Berlin"), chicago).zone == ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize("missing", MAIL)
def test_mail_needs_its_host_and_both_ends(missing):
    given = {name: value for name, value in MAIL.items() if name != missing}

    assert f"{missing.upper()} must be set too" in problems(**given)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({**MAIL, "smtp_user": "u"}, "SMTP_USER and SMTP_PASSWORD go together"),
        ({**MAIL, "smtp_password": SECRET}, "SMTP_USER and SMTP_PASSWORD go together"),
        ({**MAIL, "smtp_security": "none"}, "SMTP_SECURITY=none is for a server on this machine only"),
        ({**MAIL, "smtp_host": "mail.example.com:25"}, "the port is SMTP_PORT"),
        ({**MAIL, "alert_mail_from": "a@example.com,b@example.com"}, "ALERT_MAIL_FROM must be one address"),
        ({**MAIL, "alert_mail_to": "Desk <a@example.com>"}, "ALERT_MAIL_TO: must be addresses"),
        ({**MAIL, "alert_mail_to": "a@example.com\nBcc: b@example.com"}, "ALERT_MAIL_TO: must be addresses"),
        (
            {**HOOK, "alert_webhook_url": f"http://hooks.example.com/{SECRET}"},
            "ALERT_WEBHOOK_URL must begin with https",
        ),
        ({**HOOK, "alert_webhook_url": f"https://u:{SECRET}@hooks.example.com"}, "ALERT_WEBHOOK_URL must have no user"),
        ({**HOOK, "alert_webhook_url": f"https://[{SECRET}"}, "ALERT_WEBHOOK_URL must look like"),
        ({**HOOK, "alert_webhook_hosts": "other.example.com"}, "which ALERT_WEBHOOK_HOSTS does not list"),
        ({"alert_webhook_secret": SECRET}, "ALERT_WEBHOOK_SECRET signs what is posted to ALERT_WEBHOOK_URL"),
        ({"alert_quiet_hours": "22-5"}, "ALERT_QUIET_HOURS: must look like 22:00-05:00"),
        ({"alert_timezone": "Chicago"}, "ALERT_TIMEZONE: must be the name of a time zone"),
        ({"alert_timezone": "../etc/passwd"}, "ALERT_TIMEZONE: must be the name of a time zone"),
        ({"alert_timezone": "America"}, "ALERT_TIMEZONE: must be the name of a time zone"),
        ({"alert_min_severity": SECRET}, "ALERT_MIN_SEVERITY: "),
    ],
)
def test_what_is_wrong_is_told_without_what_is_secret(given, told):
    assert told in problems(**given)


def test_all_that_is_wrong_with_the_channels_is_told_at_once():
    told = problems(smtp_host="mail.example.com", smtp_user="u", alert_webhook_url=f"http://x/{SECRET}")

    assert "ALERT_MAIL_FROM and ALERT_MAIL_TO must be set too" in told
    assert "SMTP_USER and SMTP_PASSWORD go together" in told
    assert "ALERT_WEBHOOK_URL must begin with https" in told


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_server_on_this_machine_needs_no_protection(host):
    assert load(**{**MAIL, "smtp_host": host}, smtp_security="none").smtp_security == "none"


def test_the_log_hides_passwords_keys_and_what_is_behind_the_host():
    settings = load(
        **MAIL,
        smtp_user="u",
        smtp_password="mail-password",
        alert_webhook_url="https://hooks.example.com/services/T0/B0?token=abcdefgh",
        alert_webhook_hosts="hooks.example.com",
        alert_webhook_secret="signing-key",
    )

    assert {"mail-password", "signing-key", "/services/T0/B0", "token=abcdefgh"} <= set(settings.secrets)


def test_a_short_path_is_no_secret_that_would_hide_half_the_log():
    settings = load(alert_webhook_url="https://hooks.example.com/hook", alert_webhook_hosts="hooks.example.com")

    assert settings.secrets == ("https://hooks.example.com/hook",)
