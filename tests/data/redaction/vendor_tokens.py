"""Tokens that their makers' prefixes tell.

Shapes: the makers' pages on their tokens, and for the ones that document none the published rules of secret scanners
(docs.github.com "Supported secret scanning patterns"). Prefixes and bodies meet only at run time.
"""

from __future__ import annotations

from .draw import BASE32, BASE64URL, HEX, UPPER_AND_DIGITS, Draw
from .secret import Kind, Make


def _token(*prefixes: str, length: int, alphabet: str | None = None, end: str = "") -> Make:
    def make(draw: Draw, index: int) -> str:
        body = draw.text(length) if alphabet is None else draw.text(length, alphabet)
        return prefixes[index % len(prefixes)] + body + end

    return make


def _slack(draw: Draw, index: int) -> str:
    return f"xox{'bpars'[index % 5]}-{draw.digits(12)}-{draw.digits(12)}-{draw.text(24)}"


def _slack_app(draw: Draw, index: int) -> str:
    return f"xapp-1-A{draw.text(10, UPPER_AND_DIGITS)}-{draw.digits(13)}-{draw.hex(64)}"


def _slack_webhook(draw: Draw, index: int) -> tuple[str, str]:
    path = f"T{draw.text(8, UPPER_AND_DIGITS)}/B{draw.text(8, UPPER_AND_DIGITS)}/{draw.text(24)}"
    return path, f"https://hooks.slack.com/services/{path}"


def _discord_webhook(draw: Draw, index: int) -> tuple[str, str]:
    token = draw.text(68, BASE64URL)
    return token, f"https://discord.com/api/webhooks/{draw.digits(18)}/{token}"


def _sendgrid(draw: Draw, index: int) -> str:
    return f"SG.{draw.text(22, BASE64URL)}.{draw.text(43, BASE64URL)}"


def _fine_grained(draw: Draw, index: int) -> str:
    return f"github_pat_{draw.text(22)}_{draw.text(59)}"


def _openai(draw: Draw, index: int) -> str:
    return f"sk-{('proj-', 'svcacct-', '')[index % 3]}{draw.text(48, BASE64URL)}"


def _telegram(draw: Draw, index: int) -> str:
    return f"{draw.digits(10)}:AA{draw.text(33, BASE64URL)}"


def _grafana(draw: Draw, index: int) -> str:
    return f"glsa_{draw.text(32)}_{draw.hex(8)}"


def _terraform(draw: Draw, index: int) -> str:
    return f"{draw.text(14)}.atlasv1.{draw.text(64)}"


def _airtable(draw: Draw, index: int) -> str:
    return f"pat{draw.text(14)}.{draw.hex(64)}"


def _atlassian(draw: Draw, index: int) -> str:
    return f"ATATT3xFfGF0{draw.text(170, BASE64URL)}={draw.text(8, UPPER_AND_DIGITS)}"


VENDOR_TOKENS = tuple(
    Kind(name, "credentials", make)
    for name, make in {
        "AWS access key id": _token("AKIA", length=16, alphabet=BASE32),
        "AWS temporary access key id": _token("ASIA", length=16, alphabet=BASE32),
        "GitHub token": _token("ghp_", "gho_", "ghu_", "ghs_", "ghr_", length=36),
        "GitHub fine-grained token": _fine_grained,
        "GitLab personal token": _token("glpat-", length=20, alphabet=BASE64URL),
        "GitLab token of another kind": _token("gldt-", "glrt-", "glptt-", "glsoat-", length=24),
        "Slack token": _slack,
        "Slack app token": _slack_app,
        "Slack webhook": _slack_webhook,
        "Discord webhook": _discord_webhook,
        "Stripe secret key": _token("sk_" + "live_", "sk_" + "test_", length=24),
        "Stripe restricted key": _token("rk_" + "live_", "rk_" + "test_", length=24),
        "Stripe webhook secret": _token("whsec_", length=32),
        "Google API key": _token("AI" + "za", length=35, alphabet=BASE64URL),
        "Google OAuth access token": _token("ya29.", length=60, alphabet=BASE64URL),
        "Google OAuth client secret": _token("GOC" + "SPX-", length=28, alphabet=BASE64URL),
        "npm token": _token("npm_", length=36),
        "PyPI token": _token("pypi-AgEIcHlwaS5vcmc", length=100, alphabet=BASE64URL),
        "RubyGems token": _token("rubygems_", length=48, alphabet=HEX),
        "OpenAI key": _openai,
        "Anthropic key": _token("sk-ant-api03-", "sk-ant-admin01-", length=86, alphabet=BASE64URL, end="AA"),
        "SendGrid key": _sendgrid,
        "Hugging Face token": _token("hf_", length=34),
        "Shopify token": _token("shpat_", "shpca_", "shppa_", "shpss_", length=32, alphabet=HEX),
        "DigitalOcean token": _token("dop_v1_", "doo_v1_", "dor_v1_", length=64, alphabet=HEX),
        "Telegram bot token": _telegram,
        "New Relic key": _token("NR" + "AK-", length=27, alphabet=UPPER_AND_DIGITS),
        "Grafana service account token": _grafana,
        "Vault token": _token("hvs.", "hvb.", length=90, alphabet=BASE64URL),
        "Terraform Cloud token": _terraform,
        "Docker Hub token": _token("dckr_" + "pat_", length=27, alphabet=BASE64URL),
        "Linear key": _token("lin_" + "api_", length=40),
        "Notion token": _token("ntn_", length=46),
        "Airtable token": _airtable,
        "Databricks token": _token("dapi", length=32, alphabet=HEX),
        "PlanetScale token": _token("pscale_tkn_", "pscale_pw_", length=43, alphabet=BASE64URL),
        "Postman key": _token("PM" + "AK-", length=24, alphabet=HEX, end="-0123456789abcdef0123456789abcdef01"),
        "Figma token": _token("figd_", length=40, alphabet=BASE64URL),
        "Square token": _token("sq0" + "atp-", length=22, alphabet=BASE64URL),
        "Doppler token": _token("dp.pt.", length=43),
        "Atlassian token": _atlassian,
        "age secret key": _token("AGE-SECRET-" + "KEY-1", length=58, alphabet=UPPER_AND_DIGITS),
        "Supabase token": _token("sbp_", length=40, alphabet=HEX),
        "Mailgun key": _token("key-", length=32, alphabet=HEX),
    }.items()
)
