"""What AWS refuses and moto lets pass, and what moto answers otherwise than AWS.

Sources: EC2 API reference ("Error codes"), IAM API reference.
"""

import os

os.environ.setdefault("MOTO_ENABLE_AMI_VALIDATION", "1")

import moto.ec2.models.core as core
import moto.ec2.models.route_tables as route_tables
import moto.ec2.models.security_groups as security_groups
import moto.ec2.models.subnets as subnets
import moto.ecs.models as ecs
import moto.iam.models as iam
from moto.ec2.exceptions import DependencyViolationError
from moto.iam.exceptions import DeleteConflictException


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
        if interface.subnet.id == subnet_id and interface.instance is not None and in_use(interface):
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


@instead(iam.IAMBackend, "delete_policy")
def _(old, self, policy_arn):
    policy = self.get_policy(policy_arn)
    holders = [*self.roles.values(), *self.users.values(), *self.groups.values()]
    if any(policy.arn in holder.managed_policies for holder in holders):
        raise DeleteConflictException("Cannot delete a policy attached to entities.")
    return old(policy_arn)


@instead(iam.IAMBackend, "delete_user")
def _(old, self, user_name):
    if self.get_user(user_name).access_keys:
        raise DeleteConflictException("Cannot delete entity, must delete access keys first.")
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
