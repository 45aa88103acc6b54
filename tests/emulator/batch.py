"""AWS Batch's life cycle, which moto leaves out: states that take time, updates, refusals.

Sources: AWS Batch user guide, "Updating compute environments" and "Deleting compute environments";
Batch API reference. `SETTLE` is how long an object is CREATING, UPDATING or DELETING.
"""

import os
import time
import uuid

import moto.batch.models as models
from moto.batch.exceptions import ClientException
from moto.batch.responses import BatchResponse

SETTLE = float(os.environ.get("NFPLAN_TEST_BATCH_SETTLE", "0.3"))
SERVICE_ROLE = "AWSServiceRoleForBatch"

# Batch has no other code for what the client does wrong.
models.InvalidParameterValueException = ClientException

Backend = models.BatchBackend


def instead(name):
    """Replaces a method; the new one is given the old one."""

    def replace(new):
        old = getattr(Backend, name)
        setattr(Backend, name, lambda self, *a, **k: new(lambda *b, **l: old(self, *b, **l), self, *a, **k))
        return new

    return replace


def begin(thing, status):
    thing.nfplan_status, thing.nfplan_since = status, time.time()


def is_working(thing):
    return time.time() - getattr(thing, "nfplan_since", 0) < SETTLE


def refuse_while_working(thing, name):
    if is_working(thing):
        raise ClientException(f"Cannot update, resource is being modified. {name}")


def default_role(backend):
    """The role that Batch makes for itself where none is given."""
    roles = backend.iam_backend.roles
    if not any(role.name == SERVICE_ROLE for role in roles.values()):
        path = "/aws-service-role/batch.amazonaws.com/"
        backend.iam_backend.create_role(SERVICE_ROLE, "{}", path, None, "", [], None)
    return next(role.arn for role in roles.values() if role.name == SERVICE_ROLE)


@instead("create_compute_environment")
def _(old, self, compute_environment_name, _type, state, compute_resources, service_role, tags=None):
    if self.get_compute_environment(compute_environment_name):
        raise ClientException("Object already exists")
    if compute_resources["minvCpus"] > compute_resources["maxvCpus"]:
        raise ClientException("minvCpus must not be greater than maxvCpus")
    environment = old(
        compute_environment_name,
        _type,
        state or "ENABLED",
        compute_resources,
        service_role or default_role(self),
        tags,
    )
    environment.nfplan_uuid = str(uuid.uuid4())
    begin(environment, "CREATING")
    return environment


def forget_deleted(backend):
    gone = lambda thing: getattr(thing, "nfplan_status", "") == "DELETING" and not is_working(thing)
    for environment in [e for e in backend._compute_environments.values() if gone(e)]:
        delete_environment(backend, environment.name)
    for queue in [q for q in backend._job_queues.values() if gone(q)]:
        delete_queue(backend, queue.name)


@instead("describe_compute_environments")
def _(old, self, environments=None):
    forget_deleted(self)
    answers = old(environments)
    for answer in answers:
        environment = self._compute_environments[answer["computeEnvironmentArn"]]
        answer["uuid"] = environment.nfplan_uuid
        answer["containerOrchestrationType"] = "ECS"
        if jobs := int(self.list_tags_for_resource(environment.arn).get(JOBS, 0)):
            answer["computeResources"] = {**answer["computeResources"], "desiredvCpus": jobs}
        if is_working(environment):
            answer["status"] = environment.nfplan_status
    return answers


@instead("update_compute_environment")
def _(old, self, compute_environment_name, state, compute_resources, service_role):
    environment = self.get_compute_environment(compute_environment_name)
    if environment is None:
        raise ClientException(f"{compute_environment_name} does not exist")
    refuse_while_working(environment, environment.name)
    # Those that stay as they are may be named alone.
    given = [name for name in ("subnets", "securityGroupIds") if name in (compute_resources or {})]
    if len(given) == 1 and sorted(compute_resources[given[0]]) != sorted(environment.compute_resources[given[0]]):
        raise ClientException("subnets and securityGroupIds are changed together")
    answer = old(compute_environment_name, state, None, service_role)
    environment.compute_resources.update(compute_resources or {})
    begin(environment, "UPDATING")
    return answer


delete_environment = Backend.delete_compute_environment
delete_queue = Backend.delete_job_queue


@instead("delete_compute_environment")
def _(_old, self, compute_environment_name):
    environment = self.get_compute_environment(compute_environment_name)
    if environment is None:
        return
    refuse_while_working(environment, environment.name)
    if environment.state != "DISABLED":
        raise ClientException("Cannot delete, compute environment state must be DISABLED.")
    if any(environment in queue.environments for queue in self._job_queues.values()):
        raise ClientException("Cannot delete, found existing JobQueue relationship.")
    begin(environment, "DELETING")


def resolve(backend, order):
    """AWS takes names too, and only environments that are VALID."""
    for entry in order or []:
        environment = backend.get_compute_environment(entry["computeEnvironment"])
        if environment is None or is_working(environment) and environment.nfplan_status == "CREATING":
            raise ClientException(f"{entry['computeEnvironment']} is not VALID")
        entry["computeEnvironment"] = environment.arn


@instead("create_job_queue")
def _(old, self, queue_name, priority, schedule_policy, state, compute_env_order, tags=None):
    if self.get_job_queue(queue_name):
        raise ClientException("Object already exists")
    resolve(self, compute_env_order)
    queue = old(queue_name, priority, schedule_policy, state, compute_env_order, tags)
    queue.nfplan_limits = []
    begin(queue, "CREATING")
    return queue


@instead("describe_job_queues")
def _(old, self, job_queues=None):
    forget_deleted(self)
    answers = old(job_queues)
    for answer in answers:
        queue = self.get_job_queue(answer["jobQueueName"])
        answer["jobStateTimeLimitActions"] = queue.nfplan_limits
        if is_working(queue):
            answer["status"] = queue.nfplan_status
    return answers


@instead("update_job_queue")
def _(old, self, queue_name, priority, state, compute_env_order, schedule_policy):
    queue = self.get_job_queue(queue_name)
    if queue is None:
        raise ClientException(f"{queue_name} does not exist")
    refuse_while_working(queue, queue.name)
    resolve(self, compute_env_order)
    answer = old(queue_name, priority, state, compute_env_order, schedule_policy)
    begin(queue, "UPDATING")
    return answer


def keep_time_limits(operation, name):
    """moto drops them before its backend sees them."""
    old = getattr(BatchResponse, operation)

    def answer(self):
        text = old(self)
        limits = self._get_param("jobStateTimeLimitActions")
        if limits is not None:
            self.batch_backend.get_job_queue(self._get_param(name)).nfplan_limits = limits
        return text

    setattr(BatchResponse, operation, answer)


keep_time_limits("createjobqueue", "jobQueueName")
keep_time_limits("updatejobqueue", "jobQueue")


@instead("delete_job_queue")
def _(_old, self, queue_name):
    queue = self.get_job_queue(queue_name)
    if queue is None:
        return
    refuse_while_working(queue, queue.name)
    if queue.state != "DISABLED":
        raise ClientException("Cannot delete, job queue state must be DISABLED.")
    begin(queue, "DELETING")


@instead("list_jobs")
def _(old, self, job_queue_name, array_job_id, job_status=None, filters=None):
    # Without a status AWS lists those that run.
    return old(job_queue_name, array_job_id, job_status or (None if filters else "RUNNING"), filters)


# Nothing runs here: an environment that somebody gave the tag `emulator:jobs` has so many jobs on an
# instance, whatever the queue.
JOBS = "emulator:jobs"


def jobs_of(backend):
    """The ids of such jobs, each with its environment."""
    jobs = {}
    for environment in backend._compute_environments.values():
        count = int(backend.list_tags_for_resource(environment.arn).get(JOBS, 0))
        jobs.update({f"{environment.nfplan_uuid}-{number}": environment for number in range(count)})
    return jobs


class PretendedJob:
    def __init__(self, identifier):
        self.identifier = identifier

    def describe_short(self):
        return {"jobId": self.identifier, "jobName": "pretended", "status": "RUNNING"}


@instead("list_jobs")
def _(old, self, job_queue_name=None, array_job_id=None, job_status=None, filters=None):
    pretended = jobs_of(self) if job_status == "RUNNING" else {}
    return old(job_queue_name, array_job_id, job_status, filters) + [PretendedJob(job) for job in pretended]


@instead("describe_jobs")
def _(old, self, jobs=None):
    pretended = {job: environment for job, environment in jobs_of(self).items() if job in (jobs or [])}
    answers = old([job for job in jobs or [] if job not in pretended]) if len(pretended) < len(jobs or []) else []
    for job, environment in pretended.items():
        cluster = environment.ecs_arn.rsplit("/", 1)[-1]
        instance = environment.ecs_arn.rsplit(":", 1)[0] + f":container-instance/{cluster}/{job}"
        answers.append({"jobId": job, "jobName": "pretended", "status": "RUNNING", "jobQueue": "",
                        "startedAt": 1, "jobDefinition": "", "container": {"containerInstanceArn": instance}})
    return answers
