"""What AWS adds to answers and moto leaves out: pages, client tokens, sizes, Image Builder."""

import json
import re
import urllib.parse
import xml.etree.ElementTree as ElementTree

EC2 = "http://ec2.amazonaws.com/doc/2016-11-15/"
IAM = "https://iam.amazonaws.com/doc/2010-05-08/"

# The lists in an answer that are counted together.
LISTS = {
    "ec2": {
        "DescribeInternetGateways": ["internetGatewaySet"],
        "DescribeLaunchTemplates": ["launchTemplates"],
        "DescribeRouteTables": ["routeTableSet"],
        "DescribeSecurityGroups": ["securityGroupInfo"],
        "DescribeSubnets": ["subnetSet"],
        "DescribeVpcs": ["vpcSet"],
    },
    "iam": {
        "GetAccountAuthorizationDetails": ["UserDetailList", "GroupDetailList", "RoleDetailList", "Policies"],
        "ListInstanceProfiles": ["InstanceProfiles"],
        "ListPolicies": ["Policies"],
        "ListRoles": ["Roles"],
        "ListUsers": ["Users"],
    },
}
BATCH_LISTS = {
    "describecomputeenvironments": "computeEnvironments",
    "describejobqueues": "jobQueues",
}
PAGING = {"ec2": ("MaxResults", "NextToken"), "iam": ("MaxItems", "Marker")}
POLICY_SIZE = 6144


def form(body):
    return dict(urllib.parse.parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))


def is_paged(service, op):
    return op in LISTS.get(service, {})


def unpaged(service, op, body):
    """A request for everything, from which pages are cut."""
    size, token = PAGING[service]
    fields = {k: v for k, v in form(body).items() if k not in (size, token)}
    if op in ("DescribeLaunchTemplates", "ListRoles", "ListPolicies"):
        fields[size] = "1000000"
    return urllib.parse.urlencode(fields).encode()


def page(service, op, body, data):
    """The part of an answer that was asked for."""
    size, token = PAGING[service]
    fields = form(body)
    # EC2 gives everything where no size is asked for.
    count = int(fields.get(size, "0" if service == "ec2" else "100"))
    first = int(fields.get(token) or 0)
    ElementTree.register_namespace("", EC2 if service == "ec2" else IAM)
    root = ElementTree.fromstring(data)
    space = root.tag.split("}")[0] + "}" if "}" in root.tag else ""
    box = root if service == "ec2" else root[0]
    total = 0
    for name in LISTS[service][op]:
        items = box.find(space + name)
        for item in list(items) if items is not None else []:
            if count and not first <= total < first + count:
                items.remove(item)
            total += 1
    for name in ("nextToken", "IsTruncated", "Marker"):
        for old in box.findall(space + name):
            box.remove(old)
    more = bool(count) and total > first + count
    if more:
        name = "nextToken" if service == "ec2" else "Marker"
        ElementTree.SubElement(box, space + name).text = str(first + count)
    if service == "iam":
        ElementTree.SubElement(box, space + "IsTruncated").text = str(more).lower()
    return ElementTree.tostring(root, encoding="utf-8")


def batch_page(op, body, data):
    """Batch pages at a hundred, and takes no more names than that."""
    asked, answer = json.loads(body or b"{}"), json.loads(data)
    name = BATCH_LISTS[op]
    count, first = asked.get("maxResults") or 100, int(asked.get("nextToken") or 0)
    if len(answer[name]) > first + count:
        answer["nextToken"] = str(first + count)
    answer[name] = answer[name][first : first + count]
    return json.dumps(answer).encode()


def too_many_names(op, body):
    return op in BATCH_LISTS and len(json.loads(body or b"{}").get(BATCH_LISTS[op]) or []) > 100


def too_large(op, body):
    document = form(body).get("PolicyDocument", "")
    return op in ("CreatePolicy", "CreatePolicyVersion") and len(re.sub(r"\s", "", document)) > POLICY_SIZE


class Tokens:
    """Client tokens of EC2: the same request again is answered as the first time."""

    def __init__(self):
        self.answers = {}

    def split(self, body):
        fields = form(body)
        return fields.pop("ClientToken", None), fields

    def known(self, op, body):
        token, fields = self.split(body)
        before = self.answers.get((op, token)) if token else None
        if before is None:
            return None
        asked, answer = before
        return answer if asked == fields else "IdempotentParameterMismatch"

    def keep(self, op, body, answer):
        token, fields = self.split(body)
        if token:
            self.answers[op, token] = fields, answer


def pipeline_images(body):
    """Image Builder, which moto does not have: one finished image for each pipeline."""
    arn = json.loads(body or b"{}").get("imagePipelineArn", "")
    region = arn.split(":")[3] if arn.count(":") >= 5 else "us-east-1"
    image = {
        "name": "nextflow",
        "dateCreated": "2026-01-01T00:00:00.000Z",
        "state": {"status": "AVAILABLE"},
        "outputResources": {"amis": [{"region": region, "image": "ami-0123456789abcdef0"}]},
    }
    return json.dumps({"imageSummaryList": [image]}).encode()
