"""What IAM checks of whoever sends a request: actions on resources, with what the request says of itself and
what is known of the resource. After the service authorization reference and the guides of the services, and
independently of nfplan's own table.

    of(env, body, service, op)   account, [[action, resource, {condition key: value}], ...]

It is asked before the request is answered, so that resources that are deleted are still there. Of conditions
it knows those on tags, and those that `of_iam` gives.
"""

import json
import re
import urllib.parse

from moto.backends import get_backend
from moto.iam.models import get_account_id_from

# EC2's kinds of objects by how their ids begin.
KINDS = {
    "i": "instance",
    "igw": "internet-gateway",
    "lt": "launch-template",
    "rtb": "route-table",
    "sg": "security-group",
    "subnet": "subnet",
    "vpc": "vpc",
    "vpce": "vpc-endpoint",
}
# What requests make: the kind that is always made, and what is made with it.
MADE = {
    "CreateInternetGateway": ["internet-gateway"],
    "CreateLaunchTemplate": ["launch-template"],
    "CreateRouteTable": ["route-table"],
    "CreateSecurityGroup": ["security-group"],
    "CreateSubnet": ["subnet"],
    "CreateVpc": ["vpc"],
    "CreateVpcEndpoint": ["vpc-endpoint"],
    "RunInstances": ["instance", "network-interface", "volume"],
}
# Parts of buckets, by the words of requests and of actions.
PARTS = {
    "encryption": "EncryptionConfiguration",
    "lifecycle": "LifecycleConfiguration",
    "ownershipControls": "BucketOwnershipControls",
    "policy": "BucketPolicy",
    "publicAccessBlock": "BucketPublicAccessBlock",
    "tagging": "BucketTagging",
}
# How the condition keys of tags begin.
REQUEST, RESOURCE = "aws:RequestTag/", "aws:ResourceTag/"


def of(env, body, service, op):
    asked = Asked(env, body, service, op)
    return asked.account, [list(check) for check in HANDLERS[service](asked)]


def account_of(env):
    """The account that a request is sent to."""
    return get_account_id_from(re.search(r"Credential=([^/]+)/", env["HTTP_AUTHORIZATION"])[1])


class Asked:
    """A request, and where it is sent to."""

    def __init__(self, env, body, service, op):
        region = re.search(r"Credential=[^/]+/\d+/([^/]+)/", env["HTTP_AUTHORIZATION"])[1]
        self.account, self.region = account_of(env), region
        self.service, self.op, self.env = service, op, env
        self.action = f"{service}:{op}"
        text = body.decode()
        self.fields = dict(urllib.parse.parse_qsl(text, keep_blank_values=True))
        self.json = json.loads(text) if text.startswith("{") else {}
        self.path = urllib.parse.unquote(env["PATH_INFO"]).strip("/")

    def arn(self, resource, service=None):
        return f"arn:aws:{service or self.service}:{self.region}:{self.account}:{resource}"

    def backend(self, service, region=None):
        return get_backend(service)[self.account][region or self.region]

    def looks(self):
        return re.match("(?i)describe|get|list", self.op) is not None


def tagged(prefix, tags):
    return {f"{prefix}{key}": value for key, value in tags.items()}


# --- EC2 ----------------------------------------------------------------------------------------


def of_ec2(asked):
    if asked.looks():
        yield asked.action, "*", {}
        return
    requested = requested_tags(asked.fields)
    for kind in MADE.get(asked.op, []):
        own = tagged(REQUEST, requested.get(kind, {}))
        yield asked.action, asked.arn(f"{kind}/*"), own
        if own:
            yield "ec2:CreateTags", asked.arn(f"{kind}/*"), {**own, "ec2:CreateAction": asked.op}
    backend, loose = asked.backend("ec2"), tagged(REQUEST, loose_tags(asked.fields))
    for identifier in used_ids(asked.fields, backend):
        kind = KINDS[identifier.split("-")[0]]
        has = tagged(RESOURCE, backend.tags.get(identifier, {}))
        yield asked.action, asked.arn(f"{kind}/{identifier}"), {**has, **loose}
    if asked.op == "RunInstances":
        yield asked.action, f"arn:aws:ec2:{asked.region}::image/{asked.fields['ImageId']}", {}


def used_ids(fields, backend):
    """Of everything that a request names; what is associated with a route table for an association."""
    for value in fields.values():
        found = re.fullmatch(r"([a-z]+)-[0-9a-f]{8,}", value)
        if found and found[1] in KINDS:
            yield value
        elif found and found[1] == "rtbassoc":
            for table in backend.route_tables.values():
                if value in table._associations:
                    yield table.id
                    yield table._associations[value]


def requested_tags(fields):
    """Tags by the kind of what is made with them."""
    kinds = {}
    for name, kind in fields.items():
        if found := re.fullmatch(r"(TagSpecification\.\d+)\.ResourceType", name):
            kinds[kind] = loose_tags(fields, f"{found[1]}.")
    return kinds


def loose_tags(fields, prefix=""):
    tags = {}
    for name, key in fields.items():
        if found := re.fullmatch(rf"({re.escape(prefix)}Tag\.\d+)\.Key", name):
            tags[key] = fields.get(f"{found[1]}.Value", "")
    return tags


# --- IAM ----------------------------------------------------------------------------------------


def of_iam(asked):
    op, fields, backend = asked.op, asked.fields, asked.backend("iam", "aws")
    context = {}
    if op.startswith(("Attach", "Detach")):
        context["iam:PolicyARN"] = fields["PolicyArn"]
    holder = principal(backend, fields)
    bounded = fields.get("PermissionsBoundary") or getattr(holder, "permissions_boundary_arn", None)
    if bounded:
        context["iam:PermissionsBoundary"] = bounded
    tags = {}
    for name, key in fields.items():
        if found := re.fullmatch(r"(Tags\.member\.\d+)\.Key", name):
            tags[key] = fields.get(f"{found[1]}.Value", "")
    context |= tagged(REQUEST, tags)
    resource = iam_resource(asked, backend)
    yield asked.action, resource, context
    if op.startswith("Create") and tags:
        yield f"iam:Tag{op.removeprefix('Create')}", resource, context
    if op == "AddRoleToInstanceProfile":
        role = principal(backend, {"RoleName": fields["RoleName"]})
        yield "iam:PassRole", role.arn, {"iam:PassedToService": "ec2.amazonaws.com"}


def principal(backend, fields):
    """The role or user that a request is about, if it is there."""
    if name := fields.get("RoleName"):
        return next((role for role in backend.roles.values() if role.name == name), None)
    return backend.users.get(fields.get("UserName"))


def iam_resource(asked, backend):
    """What the request is about. IAM shows what is not there without any path."""
    op, fields = asked.op, asked.fields
    own = lambda kind, name: f"arn:aws:iam::{asked.account}:{kind}{fields.get('Path', '/')}{name}"  # noqa: E731
    if name := fields.get("InstanceProfileName"):
        profiles = backend.instance_profiles.values()
        found = next((profile for profile in profiles if profile.name == name), None)
        return found.arn if found else own("instance-profile", name)
    if "RoleName" in fields or "UserName" in fields:
        found = principal(backend, fields)
        kind = "role" if "RoleName" in fields else "user"
        return found.arn if found else own(kind, fields.get("RoleName") or fields.get("UserName"))
    if op == "CreatePolicy":
        return own("policy", fields["PolicyName"])
    return fields.get("PolicySourceArn") or fields.get("PolicyArn", "*")


# --- Batch --------------------------------------------------------------------------------------


def of_batch(asked):
    op = asked.op.lower()
    if "tags/arn:" in asked.path:
        yield asked.action, asked.path[asked.path.index("arn:") :], tagged(REQUEST, asked.json.get("tags", {}))
        return
    if asked.looks():
        yield asked.action, "*", {}
        return
    if op == "terminatejob":
        yield asked.action, asked.arn(f"job/{asked.json['jobId']}"), {}
        return
    whole = lambda kind, name: name if name.startswith("arn:") else asked.arn(f"{kind}/{name}")  # noqa: E731
    tags = tagged(REQUEST, asked.json.get("tags") or {})
    if op.endswith("computeenvironment"):
        name = asked.json.get("computeEnvironmentName") or asked.json["computeEnvironment"]
        resources = [whole("compute-environment", name)]
    else:
        name = asked.json.get("jobQueueName") or asked.json["jobQueue"]
        order = asked.json.get("computeEnvironmentOrder") or []
        environments = [whole("compute-environment", one["computeEnvironment"]) for one in order]
        resources = [whole("job-queue", name), *environments]
    for number, resource in enumerate(resources):
        yield asked.action, resource, {} if number else tags
    if tags:
        yield "batch:TagResource", resources[0], tags
    if profile := (asked.json.get("computeResources") or {}).get("instanceRole"):
        profiles = asked.backend("iam", "aws").instance_profiles.values()
        for role in next(one for one in profiles if one.arn == profile).roles:
            yield "iam:PassRole", role.arn, {"iam:PassedToService": "ec2.amazonaws.com"}
    if op == "createcomputeenvironment":
        linked = "aws-service-role/batch.amazonaws.com/AWSServiceRoleForBatch"
        role = f"arn:aws:iam::{asked.account}:role/{linked}"
        yield "iam:CreateServiceLinkedRole", role, {"iam:AWSServiceName": "batch.amazonaws.com"}


# --- Storage ------------------------------------------------------------------------------------


def of_s3(asked):
    bucket, _, key = asked.path.partition("/")
    if not bucket:
        yield "s3:ListAllMyBuckets", "*", {}
        return
    arn = f"arn:aws:s3:::{bucket}"
    verb, _, part = asked.op.partition(":")
    if key:
        yield f"s3:{verb.removesuffix('Object')}Object", f"{arn}/{key}", {}
    elif part:
        # Only a policy has an action of its own for being taken away.
        verb = verb.removesuffix("Bucket")
        verb = "Put" if verb == "Delete" and part != "policy" else verb
        yield f"s3:{verb}{PARTS[part]}", arn, {}
    elif verb in ("HeadBucket", "GetBucket"):
        yield "s3:ListBucket", arn, {}
    else:
        yield {"PutBucket": "s3:CreateBucket", "DeleteBucket": "s3:DeleteBucket"}[verb], arn, {}
        if asked.env.get("HTTP_X_AMZ_OBJECT_OWNERSHIP"):
            yield "s3:PutBucketOwnershipControls", arn, {}


def of_kms(asked):
    backend = asked.backend("kms")
    tags = {tag["TagKey"]: tag["TagValue"] for tag in asked.json.get("Tags") or []}
    requested = tagged(REQUEST, tags)

    def key(identifier):
        identifier = identifier.rsplit("/", 1)[-1]
        return asked.arn(f"key/{identifier}"), tagged(RESOURCE, backend.tagger.get_tag_dict_for_resource(identifier))

    if asked.op == "CreateKey":
        yield asked.action, "*", requested
        if tags:
            yield "kms:TagResource", asked.arn("key/*"), requested
    elif asked.op in ("ListAliases", "ListKeys"):
        yield asked.action, "*", {}
    elif alias := asked.json.get("AliasName"):
        yield asked.action, asked.arn(alias), {}
        # Also the key that it stood for so far.
        targets = {asked.json.get("TargetKeyId"), backend.get_key_id_from_alias(alias)} - {None}
        for target in targets:
            yield asked.action, *key(target)
    else:
        arn, has = key(asked.json["KeyId"])
        yield asked.action, arn, {**requested, **has}


def of_logs(asked):
    if asked.op == "DescribeLogGroups":
        yield asked.action, "*", {}
        return
    arn = asked.json.get("resourceArn") or asked.arn(f"log-group:{asked.json['logGroupName']}")
    yield asked.action, arn, tagged(REQUEST, asked.json.get("tags") or {})
    if asked.op == "CreateLogGroup" and asked.json.get("tags"):
        yield "logs:TagResource", arn, tagged(REQUEST, asked.json["tags"])


def of_secrets(asked):
    if asked.op == "ListSecrets":
        yield asked.action, "*", {}
        return
    name = asked.json.get("SecretId") or asked.json["Name"]
    # Six random characters are a part of every secret's ARN.
    arn = name if name.startswith("arn:") else asked.arn(f"secret:{name}-AbCdEf")
    tags = {tag["Key"]: tag["Value"] for tag in asked.json.get("Tags") or []}
    yield asked.action, arn, tagged(REQUEST, tags)
    if asked.op == "CreateSecret" and tags:
        yield "secretsmanager:TagResource", arn, tagged(REQUEST, tags)


def of_parameters(asked):
    # Those that AWS publishes belong to no account.
    yield asked.action, f"arn:aws:ssm:{asked.region}::parameter{asked.json['Name']}", {}


def of_pipelines(asked):
    yield asked.action, asked.json["imagePipelineArn"], {}


def of_sessions(asked):
    # What gets into an account is checked before, and who one is, everybody may ask.
    return iter(())


HANDLERS = {
    "batch": of_batch,
    "ec2": of_ec2,
    "iam": of_iam,
    "imagebuilder": of_pipelines,
    "kms": of_kms,
    "logs": of_logs,
    "s3": of_s3,
    "secretsmanager": of_secrets,
    "ssm": of_parameters,
    "sts": of_sessions,
}
