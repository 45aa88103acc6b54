#!/usr/bin/env python3
"""What Hatchery leaves in an account on the server: its calls for one Nextflow user after the other,
with its names, its tags and its omissions (uc-cdis/hatchery, hatchery/nextflow.go and vpc.go).

    hatchery.py [--again] URL ACCOUNT ENVIRONMENT USER[:STOP]...

USER is escaped already. Hatchery ends a launch at the first error and cleans nothing up: STOP is the
step at which that happens, one of network, squid, template, environment, queue, role. --again
is a launch of users who have everything: it is found, and written again as each launch does.
"""

import json
import sys

import boto3

AGAIN = "--again" in sys.argv
URL, ACCOUNT, ENVIRONMENT, *USERS = [each for each in sys.argv[1:] if each != "--again"]
REGION = "us-east-1"
HOST = ENVIRONMENT.replace(".", "-")
OWN = dict(endpoint_url=URL, region_name=REGION)

credentials = boto3.client("sts", aws_access_key_id="test", aws_secret_access_key="test", **OWN).assume_role(
    RoleArn=f"arn:aws:iam::{ACCOUNT}:role/csoc_adminvm", RoleSessionName="hatchery"
)["Credentials"]


def client(service):
    return boto3.client(
        service,
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
        **OWN,
    )


batch, ec2, iam, kms, s3 = (client(service) for service in ("batch", "ec2", "iam", "kms", "s3"))


class Failed(Exception):
    """A launch that ended here."""


def tagged(kind, name):
    tags = [{"Key": "Name", "Value": name}, {"Key": "Environment", "Value": ENVIRONMENT}]
    return [{"ResourceType": kind, "Tags": tags}]


def zones():
    offered = ec2.describe_availability_zones()["AvailabilityZones"]
    return [zone["ZoneName"] for zone in offered]


def named(name):
    return [{"Name": "tag:Name", "Values": [name]}, {"Name": "tag:Environment", "Values": [ENVIRONMENT]}]


def there(user):
    """The network of a user who launches again, with its routes as each launch writes them."""
    found = ec2.describe_vpcs(Filters=named(f"{HOST}-nf-vpc-{user}"))["Vpcs"]
    if not found:
        return None
    own = lambda kind: f"{HOST}-nf-{kind}-{user}"  # noqa: E731
    names = [f"{own('subnet')}-{n}" for n in range(3)]
    subnets = [ec2.describe_subnets(Filters=named(name))["Subnets"][0]["SubnetId"] for name in names]
    table = ec2.describe_route_tables(Filters=named(own("rt")))["RouteTables"][0]["RouteTableId"]
    states = {"Name": "instance-state-name", "Values": ["stopped", "stopping", "running", "pending"]}
    squids = ec2.describe_instances(Filters=[*named(own("squid")), states])["Reservations"]
    ec2.replace_route(
        RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", InstanceId=squids[0]["Instances"][0]["InstanceId"]
    )
    return dict(vpc=found[0]["VpcId"], subnets=subnets)


def network(user):
    name = f"{HOST}-nf-vpc-{user}"
    vpc = ec2.create_vpc(CidrBlock="192.168.0.0/16", TagSpecifications=tagged("vpc", name))["Vpc"]["VpcId"]
    ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
    gateway = ec2.create_internet_gateway(TagSpecifications=tagged("internet-gateway", name))
    gateway = gateway["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    # Into whichever table comes first.
    first = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["RouteTables"][0]
    ec2.create_route(RouteTableId=first["RouteTableId"], DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    zone = zones()[0]
    subnets = [subnet(vpc, f"{HOST}-nf-subnet-{user}-{n}", f"192.168.{64 * n}.0/18", zone) for n in range(3)]
    table = route_table(vpc, f"{HOST}-nf-rt-{user}")
    outer = route_table(vpc, f"{HOST}-nf-fw-rt-{user}")
    ec2.create_route(RouteTableId=outer, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    for each in subnets:
        ec2.associate_route_table(RouteTableId=table, SubnetId=each)
    return dict(vpc=vpc, subnets=subnets, table=table, outer=outer, zone=zone)


def subnet(vpc, name, cidr, zone):
    made = ec2.create_subnet(
        VpcId=vpc, CidrBlock=cidr, AvailabilityZone=zone, TagSpecifications=tagged("subnet", name)
    )
    return made["Subnet"]["SubnetId"]


def route_table(vpc, name):
    made = ec2.create_route_table(VpcId=vpc, TagSpecifications=tagged("route-table", name))
    return made["RouteTable"]["RouteTableId"]


def squid(user, net, image):
    inner = subnet(net["vpc"], f"{HOST}-nf-subnet-fw-{user}", "192.168.192.0/18", net["zone"])
    ec2.associate_route_table(RouteTableId=net["outer"], SubnetId=inner)
    group = ec2.create_security_group(
        GroupName=f"{HOST}-nf-sg-fw-{user}", Description="Security group for nextflow firewall", VpcId=net["vpc"]
    )["GroupId"]
    rule = dict(IpProtocol="tcp", FromPort=0, ToPort=65535, IpRanges=[{"CidrIp": "192.168.0.0/16"}])
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[rule])
    interface = dict(
        DeviceIndex=0, AssociatePublicIpAddress=True, SubnetId=inner, Groups=[group], DeleteOnTermination=True
    )
    made = ec2.run_instances(
        ImageId=image,
        InstanceType="t2.micro",
        MinCount=1,
        MaxCount=1,
        NetworkInterfaces=[interface],
        UserData="#!/bin/bash\ncd /home/ec2-user\nsudo yum update -y\n",
        TagSpecifications=tagged("instance", f"{HOST}-nf-squid-{user}"),
    )["Instances"][0]["InstanceId"]
    ec2.get_waiter("instance_running").wait(InstanceIds=[made], WaiterConfig={"Delay": 1})
    ec2.modify_instance_attribute(InstanceId=made, SourceDestCheck={"Value": False})
    ec2.create_route(RouteTableId=net["table"], DestinationCidrBlock="0.0.0.0/0", InstanceId=made)


def trust(service):
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def instance_profile():
    """One for the whole account."""
    name = f"{HOST}-nf-ecsInstanceRole"
    try:
        return iam.get_instance_profile(InstanceProfileName=name)["InstanceProfile"]["Arn"]
    except iam.exceptions.NoSuchEntityException:
        pass
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust("ec2.amazonaws.com"))
    policy = "arn:aws:iam::aws:policy/service-role/AmazonEC2ContainerServiceforEC2Role"
    iam.attach_role_policy(RoleName=name, PolicyArn=policy)
    arn = iam.create_instance_profile(InstanceProfileName=name)["InstanceProfile"]["Arn"]
    iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=name)
    return arn


def template(user):
    data = "TUlNRS1WZXJzaW9uOiAxLjAKCg=="
    name = f"{HOST}-nf-{user}"
    every = ec2.describe_launch_templates()["LaunchTemplates"]
    if name not in [each["LaunchTemplateName"] for each in every]:
        ec2.create_launch_template(LaunchTemplateName=name, LaunchTemplateData={"UserData": data})
    return name


def environment(user, net, profile, launch, image):
    name = f"{HOST}-nf-compute-env-{user}"
    resources = dict(
        type="EC2",
        allocationStrategy="BEST_FIT_PROGRESSIVE",
        minvCpus=0,
        maxvCpus=9,
        instanceTypes=["m5.large"],
        subnets=net["subnets"],
        instanceRole=profile,
        ec2Configuration=[
            {"imageType": "ECS_AL2", "imageIdOverride": image},
            {"imageType": "ECS_AL2_NVIDIA", "imageIdOverride": image},
        ],
        launchTemplate={"launchTemplateName": launch, "version": "$Latest"},
        tags={"Name": f"{HOST}-hatchery-nf-{user}"},
    )
    if batch.describe_compute_environments(computeEnvironments=[name])["computeEnvironments"]:
        policy = dict(jobExecutionTimeoutMinutes=30, terminateJobsOnUpdate=False)
        batch.update_compute_environment(
            computeEnvironment=name, state="ENABLED", computeResources=resources, updatePolicy=policy
        )
    else:
        make_environment(user, net, name, resources)
    while True:
        found = batch.describe_compute_environments(computeEnvironments=[name])["computeEnvironments"][0]
        if found["status"] == "VALID":
            return name
        if found["status"] == "INVALID":
            raise Failed(found["statusReason"])


def make_environment(user, net, name, resources):
    groups = ec2.describe_security_groups(
        Filters=[{"Name": "vpc-id", "Values": [net["vpc"]]}, {"Name": "group-name", "Values": ["default"]}]
    )["SecurityGroups"]
    batch.create_compute_environment(
        computeEnvironmentName=name,
        type="MANAGED",
        state="ENABLED",
        computeResources={**resources, "securityGroupIds": [groups[0]["GroupId"]]},
        tags={"Name": f"{HOST}-hatchery-nf-{user}"},
    )


def bucket():
    name = f"{HOST}-nf-{ACCOUNT}"
    s3.create_bucket(Bucket=name)
    alias = f"alias/key-{name}"
    aliases = [each for page in kms.get_paginator("list_aliases").paginate() for each in page["Aliases"]]
    keys = [each["TargetKeyId"] for each in aliases if each["AliasName"] == alias]
    if keys:
        key = kms.describe_key(KeyId=keys[0])["KeyMetadata"]
    else:
        key = kms.create_key(Tags=[{"TagKey": "Name", "TagValue": f"{HOST}-hatchery-nf"}])["KeyMetadata"]
        kms.create_alias(AliasName=alias, TargetKeyId=key["KeyId"])
    rule = dict(
        ApplyServerSideEncryptionByDefault=dict(SSEAlgorithm="aws:kms", KMSMasterKeyID=key["Arn"]),
        BucketKeyEnabled=True,
    )
    s3.put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration={"Rules": [rule]})
    condition = {"StringNotLikeIfExists": {"s3:x-amz-server-side-encryption-aws-kms-key-id": key["Arn"]}}
    statement = dict(
        Sid="RequireKMSEncryption",
        Effect="Deny",
        Principal="*",
        Action="s3:PutObject",
        Resource=f"arn:aws:s3:::{name}/*",
        Condition=condition,
    )
    s3.put_bucket_policy(Bucket=name, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    expiry = dict(Status="Enabled", Filter={"Prefix": ""}, Expiration={"Days": 30})
    s3.put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration={"Rules": [expiry]})
    return name, key["Arn"]


def queue(user, compute):
    name = f"{HOST}-nf-job-queue-{user}"
    if batch.describe_job_queues(jobQueues=[name])["jobQueues"]:
        return
    batch.create_job_queue(
        jobQueueName=name,
        state="ENABLED",
        priority=0,
        computeEnvironmentOrder=[{"order": 0, "computeEnvironment": compute}],
        tags={"Name": f"{HOST}-hatchery-nf-{user}"},
    )


def policy(user, name, statements):
    path = f"/{HOST}-hatchery-nf-{user}/"
    document = json.dumps({"Version": "2012-10-17", "Statement": statements})
    for known in iam.list_policies(PathPrefix=path)["Policies"]:
        if known["PolicyName"] == name:
            for version in iam.list_policy_versions(PolicyArn=known["Arn"])["Versions"]:
                if not version["IsDefaultVersion"]:
                    iam.delete_policy_version(PolicyArn=known["Arn"], VersionId=version["VersionId"])
            iam.create_policy_version(PolicyArn=known["Arn"], PolicyDocument=document, SetAsDefault=True)
            return known["Arn"]
    return iam.create_policy(PolicyName=name, Path=path, PolicyDocument=document)["Policy"]["Arn"]


def allow(sid, actions, resources, condition=None):
    conditions = {"Condition": {"StringLike": condition}} if condition else {}
    return {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resources, **conditions}


def of_folder(user, store, key):
    return [
        allow("AllowListingBucketFolder", ["s3:ListBucket"], [f"arn:aws:s3:::{store}"], {"s3:prefix": [f"{user}/*"]}),
        allow(
            "AllowManagingBucketFolder",
            ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"],
            [f"arn:aws:s3:::{store}/{user}/*"],
        ),
        allow("BucketEncryption", ["kms:GenerateDataKey", "kms:Decrypt"], [key]),
    ]


def of_client(user, role):
    definitions = "arn:aws:batch:*:*:job-definition/*"
    granular = ["DescribeJobQueues", "ListJobs", "SubmitJob", "CancelJob", "TerminateJob", "TagResource"]
    return [
        allow("AllowPassingNextflowJobsRole", ["iam:PassRole"], [role]),
        allow(
            "AllowBatchActionsWithGranularAuthz",
            [f"batch:{action}" for action in granular],
            [definitions, f"arn:aws:batch:*:*:job-queue/{HOST}-nf-job-queue-{user}"],
        ),
        allow(
            "AllowBatchActionsWithoutGranularAuthz", ["batch:DescribeJobs", "batch:DescribeJobDefinitions"], ["*"]
        ),
        allow(
            "AllowWhitelistedImages",
            ["batch:RegisterJobDefinition"],
            [definitions],
            {"batch:Image": ["quay.io/biocontainers/*"]},
        ),
    ]


def jobs_role(user, name):
    path = f"/{HOST}-hatchery-nf-{user}/"
    try:
        made = iam.create_role(RoleName=name, Path=path, AssumeRolePolicyDocument=trust("ecs-tasks.amazonaws.com"))
        return made["Role"]["Arn"]
    except iam.exceptions.EntityAlreadyExistsException:
        return iam.list_roles(PathPrefix=path)["Roles"][0]["Arn"]


def principals(user, store, key, stop):
    jobs = f"{HOST}-nf-jobs-{user}"
    arn = policy(user, jobs, of_folder(user, store, key))
    if stop == "role":
        raise Failed("the role")
    role = jobs_role(user, jobs[:64])
    iam.attach_role_policy(RoleName=jobs[:64], PolicyArn=arn)
    own = f"{HOST}-nf-{user}"
    arn = policy(user, own, [*of_client(user, role), *of_folder(user, store, key)])
    try:
        iam.create_user(UserName=own, Tags=[{"Key": "Name", "Value": f"{HOST}-hatchery-nf-{user}"}])
    except iam.exceptions.EntityAlreadyExistsException:
        for old in iam.list_access_keys(UserName=own)["AccessKeyMetadata"]:
            iam.delete_access_key(UserName=own, AccessKeyId=old["AccessKeyId"])
    iam.attach_user_policy(UserName=own, PolicyArn=arn)
    iam.create_access_key(UserName=own)


def launch(user, stop):
    image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]

    def step(name):
        if stop == name:
            raise Failed(name)

    # Two launches at once both find nothing.
    net = there(user) if AGAIN else None
    if net is None:
        net = network(user)
        step("network")
        squid(user, net, image)
        step("squid")
    profile, started = instance_profile(), template(user)
    step("template")
    compute = environment(user, net, profile, started, image)
    step("environment")
    store, key = bucket()
    queue(user, compute)
    step("queue")
    principals(user, store, key, stop)


for each in USERS:
    user, _, stop = each.partition(":")
    try:
        launch(user, stop)
    except Failed as failure:
        print(f"{user}: ended at {failure}")
