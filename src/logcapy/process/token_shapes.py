"""The shapes of tokens that their makers' prefixes tell."""

from __future__ import annotations

import re
from typing import Final


def _at_edge(prefix: str) -> str:
    r"""A pattern of ``prefix`` where it begins a word, or follows a newline written as ``\n`` or ``%0A``."""
    return rf"{prefix}(?:(?<![A-Za-z0-9]{prefix})|(?<=\\[nrt]{prefix})|(?<=%[0-9A-Fa-f]{{2}}{prefix}))"


def _shapes(*hints_and_patterns: tuple[str, str]) -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((hint, re.compile(pattern)) for hint, pattern in hints_and_patterns)


#: What has to be in a text before a pattern is tried, and the pattern. Sources are the vendors' pages on
#: their tokens: docs.github.com "About authentication to GitHub", docs.gitlab.com "Token overview",
#: docs.slack.dev "Tokens", docs.stripe.com/keys, docs.aws.amazon.com IAM "unique identifiers",
#: docs.npmjs.com "About access tokens"; of those that document none, the patterns that docs.github.com lists under
#: "Supported secret scanning patterns".
SHAPES: Final = _shapes(
    ("AKIA", r"(?<![A-Z0-9])AKIA[A-Z0-9]{16}(?![A-Z0-9])"),
    ("ASIA", r"(?<![A-Z0-9])ASIA[A-Z0-9]{16}(?![A-Z0-9])"),
    ("AIza", r"AIza[A-Za-z0-9_-]{35,}"),
    ("sig=", r"(?<=[?&;]sig=)[^\s&\"'<>]{6,}"),  # a shared access signature of Azure storage
    ("hooks.slack.com/", r"(?<=hooks\.slack\.com/services/)[A-Za-z0-9/]{20,}"),
    ("/webhooks/", r"(?<=/webhooks/)[0-9]{17,20}/[A-Za-z0-9_-]{60,}"),  # Discord
    ("dapi", _at_edge("dapi") + r"[a-f0-9]{32}"),
    (":AA", r"(?<![0-9A-Za-z])[0-9]{8,10}:AA[A-Za-z0-9_-]{32,}"),  # Telegram
    ("dckr_pat_", r"dckr_pat_[A-Za-z0-9_-]{20,}"),
    ("pscale_", r"pscale_(?:tkn|pw|oauth)_[A-Za-z0-9_.=-]{30,}"),
    ("figd_", r"figd_[A-Za-z0-9_-]{35,}"),
    ("ATATT3", r"ATATT3[A-Za-z0-9_=-]{80,}"),
)
#: Shapes by the last sign that is not a letter or digit, each group with what its members have in common.
GROUPED_SHAPES: Final = (
    (
        re.compile(r"_[A-Za-z0-9]{10}"),
        _shapes(
            ("gh", r"gh[pousr]_[A-Za-z0-9]{20,}"),
            ("github_pat_", r"github_pat_[A-Za-z0-9_]{20,}"),
            ("k_live_", r"[sr]k_live_[A-Za-z0-9]{10,}"),
            ("k_test_", r"[sr]k_test_[A-Za-z0-9]{10,}"),
            ("whsec_", r"whsec_[A-Za-z0-9+/=]{16,}"),
            ("npm_", r"npm_[A-Za-z0-9]{30,}"),
            ("hf_", _at_edge("hf_") + r"[A-Za-z0-9]{30,}"),
            ("shp", r"shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32,}"),
            ("_v1_", r"do[opr]_v1_[a-f0-9]{40,}"),
            ("rubygems_", r"rubygems_[a-f0-9]{40,}"),
            ("glsa_", r"glsa_[A-Za-z0-9]{30,}_[a-fA-F0-9]{8}"),
            ("lin_api_", r"lin_api_[A-Za-z0-9]{30,}"),
            ("ntn_", _at_edge("ntn_") + r"[A-Za-z0-9]{40,}"),
            ("sbp_", _at_edge("sbp_") + r"[a-f0-9]{40,}"),
        ),
    ),
    (
        re.compile(r"-[A-Za-z0-9_-]{10}"),
        _shapes(
            ("gl", r"gl(?:pat|dt|rt|cbt|ptt|ft|imt|soat|ffct|agent|oas)-[A-Za-z0-9_-]{20,}"),
            ("xox", r"xox[a-z]-[A-Za-z0-9-]{10,}"),
            ("xapp-", r"xapp-[A-Za-z0-9-]{10,}"),
            ("sk-", _at_edge("sk-") + r"(?=[A-Za-z_-]{0,64}[0-9])[A-Za-z0-9_-]{20,}"),
            ("pypi-", r"pypi-[A-Za-z0-9_-]{40,}"),
            ("GOCSPX-", r"GOCSPX-[A-Za-z0-9_-]{20,}"),
            ("NRAK-", r"NRAK-[A-Z0-9]{20,}"),
            ("PMAK-", r"PMAK-[a-f0-9]{20,}-[a-f0-9]{30,}"),
            ("sq0", r"sq0[a-z]{3}-[A-Za-z0-9_-]{20,}"),
            ("AGE-SECRET-KEY-1", r"AGE-SECRET-KEY-1[A-Z0-9]{50,}"),
            ("key-", _at_edge("key-") + r"(?=[a-z]{0,31}[0-9])[a-z0-9]{32}(?![A-Za-z0-9])"),  # Mailgun
        ),
    ),
    (
        re.compile(r"\.[A-Za-z0-9_-]{16}"),
        _shapes(
            ("SG.", r"SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}"),
            ("ya29.", r"ya29\.[A-Za-z0-9_-]{20,}"),
            ("hv", r"hv[bs]\.[A-Za-z0-9_-]{24,}"),  # HashiCorp Vault
            (".atlasv1.", r"(?<![A-Za-z0-9])[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_=-]{60,}"),
            ("pat", _at_edge("pat") + r"[A-Za-z0-9]{14}\.[a-f0-9]{64}"),  # Airtable
            ("dp.", r"dp\.(?:pt|st|ct|sa|scim|audit)\.(?:[a-z0-9_-]{2,35}\.)?[A-Za-z0-9]{40,}"),  # Doppler
        ),
    ),
)
