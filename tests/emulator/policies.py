"""Judges policies with parliament: reads `{name: document}` from standard input, and prints what it finds of
medium severity or higher, and actions that do not exist, as a JSON list of texts.

parliament knows for each action whether it exists, which resources it takes, and which condition keys.
"""

import json
import sys
import warnings

warnings.simplefilter("ignore")
import parliament  # noqa: E402

SEVERE = ("MEDIUM", "HIGH", "CRITICAL")
# Of low severity to parliament, because it grants nothing; but whoever wrote it meant to.
MEANT = ("UNKNOWN_ACTION", "UNKNOWN_PREFIX", "NO_VERSION")


def scalars(value):
    """Lists of one as the one: parliament fails on lists where it expects true or false."""
    if isinstance(value, dict):
        return {key: scalars(item) for key, item in value.items()}
    if isinstance(value, list) and len(value) == 1:
        return value[0]
    return value


def findings(document):
    statements = [
        {key: scalars(part) if key == "Condition" else part for key, part in statement.items()}
        for statement in document["Statement"]
    ]
    policy = parliament.analyze_policy_string(json.dumps({**document, "Statement": statements}))
    found = map(parliament.enhance_finding, policy.findings)
    return [
        f"{one.severity} {one.issue}: {one.detail}"
        for one in found
        if one.severity in SEVERE or one.issue in MEANT
    ]


documents = json.load(sys.stdin)
print(json.dumps([f"{name}: {text}" for name, one in documents.items() for text in findings(one)]))
