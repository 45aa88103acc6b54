"""IAM's policy simulator, which moto lacks: what the policies of a user or role say of some actions.

    simulate(account, fields)    status, headers, answer

It evaluates the principal's own policies, inline and attached, with the conditions that are used here; of
boundaries, groups and organizations it knows nothing. Like IAM it names the condition keys that it missed, and
refuses to simulate actions of several services on given resources.

Sources: IAM API reference ("SimulatePrincipalPolicy"), IAM user guide ("Policy evaluation logic", "IAM JSON
policy elements: Condition operators").
"""

import json
import re
from xml.sax.saxutils import escape

from moto.backends import get_backend

VERSION = "https://iam.amazonaws.com/doc/2010-05-08/"


def simulate(account, fields):
    """The answer to a request, or its error's code and message."""
    documents = policies(account, fields["PolicySourceArn"])
    if documents is None:
        return "NoSuchEntity", 404, f"{fields['PolicySourceArn']} cannot be found."
    actions = members(fields, "ActionNames")
    resources = members(fields, "ResourceArns")
    if resources and len({action.split(":")[0] for action in actions}) > 1:
        return "InvalidInput", 400, "Invalid Input Actions require different authorization information."
    context = entries(fields)
    statements = [one for document in documents for one in as_list(document["Statement"])]
    results = [result(statements, context, action, resources) for action in actions]
    first = int(fields.get("Marker") or 0)
    last = first + int(fields.get("MaxItems") or 100)
    return page(results[first:last], last if last < len(results) else None)


def policies(account, arn):
    """The documents of a principal; none if there is no such principal."""
    backend = get_backend("iam")[account]["aws"]
    principals = [*backend.roles.values(), *backend.users.values()]
    found = next((one for one in principals if one.arn == arn), None)
    if found is None:
        return None
    inline = [json.loads(document) for document in found.policies.values()]
    return inline + [json.loads(document_of(policy)) for policy in found.managed_policies.values()]


def document_of(policy):
    versions = {version.version_id: version.document for version in policy.versions}
    return versions[policy.default_version_id]


def as_list(value):
    return value if isinstance(value, list) else [value]


def members(fields, name):
    """A list, as it is in a form."""
    numbered = [(key, value) for key, value in fields.items() if re.fullmatch(rf"{name}\.member\.\d+", key)]
    return [value for _, value in sorted(numbered, key=lambda pair: int(pair[0].rsplit(".", 1)[1]))]


def entries(fields):
    """Condition keys in lower case with their values."""
    context = {}
    for name, key in fields.items():
        if found := re.fullmatch(r"(ContextEntries\.member\.\d+)\.ContextKeyName", name):
            context[key.lower()] = members(fields, rf"{re.escape(found[1])}\.ContextKeyValues")
    return context


def matches(pattern, text, flags=0):
    parts = {"*": ".*", "?": "."}
    regex = "".join(parts.get(part, re.escape(part)) for part in re.split(r"([*?])", pattern))
    return re.fullmatch(regex, text, flags | re.DOTALL) is not None


def concerns(statement, action, resource):
    """Whether a statement is about an action on a resource."""
    own = [pattern for pattern in as_list(statement.get("Action") or statement.get("NotAction"))]
    about = any(matches(pattern, action, re.IGNORECASE) for pattern in own)
    on = any(matches(pattern, resource) for pattern in as_list(statement["Resource"]))
    return about != ("NotAction" in statement) and on


def holds(statement, context):
    """Whether the conditions hold, and the keys that they lack."""
    missing, all_hold = set(), True
    for operator, keys in (statement.get("Condition") or {}).items():
        optional = operator.endswith("IfExists")
        compare = {
            "StringEquals": lambda pattern, value: pattern == value,
            "StringLike": matches,
            "ArnLike": matches,
        }[operator.removesuffix("IfExists")]
        for key, wanted in keys.items():
            values = context.get(key.lower())
            if values is None:
                all_hold = all_hold and optional
                missing |= set() if optional else {key}
            else:
                all_hold = all_hold and any(compare(one, value) for one in as_list(wanted) for value in values)
    return all_hold, missing


def decide(statements, context, action, resource):
    """A decision, and the keys that were missing."""
    decision, missing = "implicitDeny", set()
    for statement in statements:
        if not concerns(statement, action, resource):
            continue
        applies, lacking = holds(statement, context)
        missing |= lacking
        if applies and statement["Effect"] == "Deny":
            decision = "explicitDeny"
        elif applies and decision == "implicitDeny":
            decision = "allowed"
    return decision, sorted(missing)


def result(statements, context, action, resources):
    each = [(resource, *decide(statements, context, action, resource)) for resource in resources or ["*"]]
    _, worst, missing = min(each, key=lambda one: ["explicitDeny", "implicitDeny", "allowed"].index(one[1]))
    specific = "".join(
        f"<member><EvalResourceName>{escape(resource)}</EvalResourceName>"
        f"<EvalResourceDecision>{decision}</EvalResourceDecision>{lacking(keys)}</member>"
        for resource, decision, keys in each
        if resources
    )
    return (
        f"<member><EvalActionName>{escape(action)}</EvalActionName><EvalDecision>{worst}</EvalDecision>"
        f"<EvalResourceName>{escape(each[0][0])}</EvalResourceName>{lacking([] if resources else missing)}"
        f"<ResourceSpecificResults>{specific}</ResourceSpecificResults></member>"
    )


def lacking(keys):
    keys = "".join(f"<member>{escape(key)}</member>" for key in keys)
    return f"<MissingContextValues>{keys}</MissingContextValues>"


def page(results, marker):
    more = f"<IsTruncated>true</IsTruncated><Marker>{marker}</Marker>" if marker else "<IsTruncated>false</IsTruncated>"
    answer = (
        f'<SimulatePrincipalPolicyResponse xmlns="{VERSION}"><SimulatePrincipalPolicyResult>'
        f"<EvaluationResults>{''.join(results)}</EvaluationResults>{more}"
        "</SimulatePrincipalPolicyResult></SimulatePrincipalPolicyResponse>"
    )
    return "200 OK", [("Content-Type", "text/xml")], answer.encode()
