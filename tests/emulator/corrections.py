"""What AWS refuses and moto lets pass, and what moto answers otherwise than AWS.

Sources: EC2 API reference ("Error codes"), IAM API reference.
"""

import fnmatch
import json

import moto.ec2.models.amis as amis
import moto.ec2.models.core as core
import moto.ec2.models.instance_types as instance_types
import moto.ec2.models.instances as instances
import moto.ec2.models.launch_templates as launch_templates
import moto.ec2.models.route_tables as route_tables
import moto.ec2.models.security_groups as security_groups
import moto.ec2.models.subnets as subnets
import moto.ec2.models.vpcs as vpcs
import moto.ecs.models as ecs
import moto.iam.models as iam
import moto.ssm.models as parameters
from moto.ec2.exceptions import DependencyViolationError
from moto.ec2.responses.instances import InstanceResponse
from moto.iam.exceptions import DeleteConflictException


# Each account would load some 1,500 policies of AWS's own.
OWN_POLICIES = ["AmazonEC2ContainerServiceforEC2Role"]
known = json.loads(iam.aws_managed_policies_data)
iam.aws_managed_policies_data = json.dumps({name: known[name] for name in OWN_POLICIES})


# Nor does moto know what regions of other partitions offer: they offer what one of the first does.
LIKE = "us-east-1"
OTHERS = {
    "us-gov-west-1": ["usgw1-az1", "usgw1-az2", "usgw1-az3"],
    "cn-north-1": ["cnn1-az1", "cnn1-az2"],
}
for region, zones in OTHERS.items():
    located = dict(zip(["use1-az1", "use1-az2", "use1-az4"], zones))
    table = instance_types.INSTANCE_TYPE_OFFERINGS["availability-zone-id"]
    table[region] = [
        {**offer, "Location": located[offer["Location"]]}
        for offer in table[LIKE]
        if offer["Location"] in located
    ]


def like(load):
    """Loads tables of a region that moto has, in place of one that it has not."""

    def replaced(package, path):
        for region in OTHERS:
            path = path.replace(f"/{region}.", f"/{LIKE}.")
        return load(package, path)

    return replaced


for module in (amis, parameters):
    module.load_resource = like(module.load_resource)


def instead(owner, name):
    """Replaces a method; the new one is given the old one."""

    def replace(new):
        old = getattr(owner, name)
        setattr(owner, name, lambda self, *a, **k: new(lambda *b, **l: old(self, *b, **l), self, *a, **k))
        return new

    return replace


def in_use(interface):
    """Whether an interface belongs to an instance that is not gone."""
    return interface.instance is None or interface.instance.state != "terminated"


@instead(subnets.SubnetBackend, "delete_subnet")
def _(old, self, subnet_id):
    for interface in self.enis.values():
        if interface.subnet.id == subnet_id and in_use(interface):
            message = f"The subnet '{subnet_id}' has dependencies and cannot be deleted."
            raise DependencyViolationError(message)
    return old(subnet_id)


@instead(security_groups.SecurityGroupBackend, "delete_security_group")
def _(old, self, name=None, group_id=None):
    held = any(
        group.id == group_id
        for interface in self.enis.values()
        if in_use(interface)
        for group in interface.group_set
    )
    named = any(
        (rule.source_group or {}).get("GroupId") == group_id
        for groups in self.groups.values()
        for group in groups.values()
        if group.id != group_id
        for rule in list(group.ingress_rules) + list(group.egress_rules)
    )
    if group_id and (held or named):
        raise DependencyViolationError(f"resource {group_id} has a dependent object")
    return old(name, group_id)


@instead(subnets.SubnetBackend, "create_subnet")
def _(old, self, *arguments, **named):
    # Only the subnets of a default VPC give out public addresses by themselves.
    subnet = old(*arguments, **named)
    subnet.map_public_ip_on_launch = False
    return subnet


# moto remembers a template's tags as they were at first.
launch_templates.LaunchTemplate.tags = property(lambda self: self.get_tags(), lambda self, _: None)

# A disk without a size has that of its image.
InstanceResponse._validate_block_device_mapping = staticmethod(lambda mapping: None)


@instead(instances.Instance, "add_block_device")
def _(old, self, size, *arguments, **named):
    return old(size or 30, *arguments, **named)


@instead(instance_types.InstanceTypeOfferingBackend, "matches_filters")
def _(old, self, offering, filters, location_type):
    # Values of filters may be patterns.
    patterns = filters.get("instance-type")
    if patterns is None:
        return old(offering, filters, location_type)
    rest = {name: values for name, values in filters.items() if name != "instance-type"}
    fits = any(fnmatch.fnmatchcase(offering["InstanceType"], pattern) for pattern in patterns)
    return fits and old(offering, rest, location_type)


@instead(vpcs.VPCEndPoint, "get_filter_value")
def _(old, self, filter_name, method_name=None):
    own = {"vpc-endpoint-id": self.id, "vpc-id": self.vpc_id, "service-name": self.service_name}
    return own[filter_name] if filter_name in own else old(filter_name, method_name)


@instead(iam.IAMBackend, "delete_policy")
def _(old, self, policy_arn):
    policy = self.get_policy(policy_arn)
    holders = [*self.roles.values(), *self.users.values(), *self.groups.values()]
    if any(policy.arn in holder.managed_policies for holder in holders):
        raise DeleteConflictException("Cannot delete a policy attached to entities.")
    return old(policy_arn)


@instead(iam.IAMBackend, "delete_user")
def _(old, self, user_name):
    user = self.get_user(user_name)
    hanging = {"access keys": user.access_keys, "login profile": user.password, "MFA device": user.mfa_devices}
    for what, there in hanging.items():
        if there:
            raise DeleteConflictException(f"Cannot delete entity, must delete {what} first.")
    return old(user_name)


def interface_of(instance):
    return next(iter(instance.nics.values()), None) if instance is not None else None


# A route to an instance shows the interface, and leads nowhere once the instance is gone.
route_tables.Route.state = property(
    lambda route: "blackhole" if route.instance is not None and route.instance.state == "terminated" else "active"
)
route_tables.Route.network_interface_id = property(
    lambda route: route.interface.id if route.interface else getattr(interface_of(route.instance), "id", None)
)


@instead(ecs.Cluster, "__init__")
def _(old, self, *arguments, **named):
    # The clusters of compute environments have no tags, which other answers stumble over.
    old(*arguments, **named)
    self.tags = self.tags or []


def tags_of(self):
    """moto looks through every tag of the account for each object."""
    tags = self.ec2_backend.tags.get(self.id, {}).items() if self.id else []
    return [{"resource_id": self.id, "resource_type": "", "key": k, "value": v} for k, v in tags]


core.TaggedEC2Resource.get_tags = tags_of
