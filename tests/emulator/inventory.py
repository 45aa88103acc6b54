#!/usr/bin/env python3
"""What an account on the server holds that carries ownership tags of nfplan, asked of the services
themselves and independently of nfplan.

    inventory.py URL ACCOUNT     prints [[unit, address, id], ...] as JSON; access keys as address "key"
"""

import json
import sys

import boto3

URL, ACCOUNT = sys.argv[1:]
REGION = "us-east-1"
OWN = dict(endpoint_url=URL, region_name=REGION)

credentials = boto3.client("sts", aws_access_key_id="test", aws_secret_access_key="test", **OWN).assume_role(
    RoleArn=f"arn:aws:iam::{ACCOUNT}:role/inventory", RoleSessionName="inventory"
)["Credentials"]


def client(service):
    return boto3.client(
        service,
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
        **OWN,
    )


ec2, iam, batch = client("ec2"), client("iam"), client("batch")
found = []


def note(identifier, tags):
    """Notes an object; tags are a list of keys and values, or a map."""
    if isinstance(tags, list):
        tags = {tag.get("Key", tag.get("TagKey")): tag.get("Value", tag.get("TagValue")) for tag in tags}
    if unit := (tags or {}).get("nfplan:unit"):
        found.append([unit, tags.get("nfplan:address"), identifier])
    return unit


for operation, items, name in [
    ("describe_vpcs", "Vpcs", "VpcId"),
    ("describe_subnets", "Subnets", "SubnetId"),
    ("describe_internet_gateways", "InternetGateways", "InternetGatewayId"),
    ("describe_route_tables", "RouteTables", "RouteTableId"),
    ("describe_security_groups", "SecurityGroups", "GroupId"),
    ("describe_launch_templates", "LaunchTemplates", "LaunchTemplateId"),
    ("describe_vpc_endpoints", "VpcEndpoints", "VpcEndpointId"),
]:
    for page in ec2.get_paginator(operation).paginate():
        for item in page[items]:
            if item.get("State") not in ("deleted", "deleting"):
                note(item[name], item.get("Tags"))
for page in ec2.get_paginator("describe_instances").paginate():
    for instance in (i for r in page["Reservations"] for i in r["Instances"]):
        if instance["State"]["Name"] != "terminated":
            note(instance["InstanceId"], instance.get("Tags"))
for operation, items, name in [
    ("describe_compute_environments", "computeEnvironments", "computeEnvironmentName"),
    ("describe_job_queues", "jobQueues", "jobQueueName"),
]:
    for page in batch.get_paginator(operation).paginate():
        for item in page[items]:
            note(item[name], item.get("tags"))
for page in iam.get_paginator("list_roles").paginate():
    for role in page["Roles"]:
        note(role["RoleName"], iam.list_role_tags(RoleName=role["RoleName"])["Tags"])
for page in iam.get_paginator("list_users").paginate():
    for user in page["Users"]:
        name = user["UserName"]
        unit = note(name, iam.list_user_tags(UserName=name)["Tags"])
        for key in iam.list_access_keys(UserName=name)["AccessKeyMetadata"]:
            found.append([unit, "key", key["AccessKeyId"]])
for page in iam.get_paginator("list_policies").paginate(Scope="Local"):
    for policy in page["Policies"]:
        note(policy["Arn"], iam.list_policy_tags(PolicyArn=policy["Arn"])["Tags"])
for page in iam.get_paginator("list_instance_profiles").paginate():
    for profile in page["InstanceProfiles"]:
        name = profile["InstanceProfileName"]
        note(name, iam.get_instance_profile(InstanceProfileName=name)["InstanceProfile"].get("Tags"))
for page in client("secretsmanager").get_paginator("list_secrets").paginate():
    for secret in page["SecretList"]:
        note(secret["ARN"], secret.get("Tags"))
kms = client("kms")
for page in kms.get_paginator("list_keys").paginate():
    for key in page["Keys"]:
        note(key["KeyId"], kms.list_resource_tags(KeyId=key["KeyId"])["Tags"])

print(json.dumps(found))
