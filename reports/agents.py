"""Class the program behind a request by its agent string, which is then forgotten.

The class is frozen at arrival: the string is not kept, so that nothing of a reader's
machine is (docs/decisions.md).
"""

from __future__ import annotations

import re

import crawleruseragents

from reports.models import Hit

LONGEST = 400  # Characters that are looked into: what names a machine comes early.
# What opens the links of a mail before, or as, its reader does. Most call themselves
# ordinary browsers: these are the few that say who they are.
SCANNERS = re.compile(
    r"safe ?links|proofpoint|urldefense|mimecast|barracuda|trend ?micro|forcepoint"
    r"|messagelabs|symantec|fireeye|trellix|ironport|sophos|vade ?secure|fortimail"
    r"|hornetsecurity|mailinblack|avanan|microsoft office|ms-?office|mail ?guard"
    r"|spamhaus|virustotal|urlscan",
    re.IGNORECASE,
)
TOOLS = re.compile(
    r"curl|wget|python|java/|go-http|libwww|okhttp|axios|node|headless", re.IGNORECASE
)
BROWSER = re.compile(r"mozilla/", re.IGNORECASE)


def agent_class(agent: str) -> Hit.Agent:
    """Return the family of an agent string."""
    agent = agent[:LONGEST]
    if not agent.strip():
        return Hit.Agent.NONE
    if SCANNERS.search(agent):
        return Hit.Agent.SCANNER
    if TOOLS.search(agent):
        return Hit.Agent.TOOL
    if crawleruseragents.is_crawler(agent):
        return Hit.Agent.ROBOT
    return Hit.Agent.BROWSER if BROWSER.search(agent) else Hit.Agent.TOOL
