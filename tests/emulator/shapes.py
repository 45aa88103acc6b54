"""Checks requests against the services' public API models, as botocore ships them: names, types,
required members, lengths, ranges, enumerations and patterns."""

import functools
import json
import re
import urllib.parse

import botocore.session

SESSION = botocore.session.get_session()
JSON = {"batch", "imagebuilder", "kms", "logs", "secretsmanager", "ssm"}
QUERY = {"ec2", "iam", "sts"}


@functools.cache
def model(service):
    return SESSION.get_service_model(service)


@functools.cache
def operations(service):
    """Operations by the name that the front knows: the API's own, or the last part of the path."""
    found = {}
    for name in model(service).operation_names:
        operation = model(service).operation_model(name)
        found[name] = operation
        path = operation.http.get("requestUri", "/").split("?")[0].rsplit("/", 1)[-1]
        if path and "{" not in path:
            found.setdefault(path, operation)
    return found


def problems(service, op, env, body):
    """What is wrong with a request; nothing for what is not checked, such as S3's objects."""
    if service not in JSON and service not in QUERY:
        return []
    operation = operations(service).get(op)
    if operation is None:
        return [f"{service} has no operation {op}"]
    shape = operation.input_shape
    if shape is None:
        return []
    if service in QUERY:
        fields = urllib.parse.parse_qsl(body.decode(), keep_blank_values=True)
        given = nested({k: v for k, v in fields if k not in ("Action", "Version")})
        return list(check_query(service, shape, given, op))
    if env["REQUEST_METHOD"] in ("GET", "DELETE"):
        return []
    return list(check(shape, json.loads(body or b"{}"), op, located=True))


# --- JSON ---------------------------------------------------------------------------------------


def check(shape, value, where, located=False):
    if shape.type_name == "structure":
        yield from check_structure(shape, value, where, located)
    elif shape.type_name == "list":
        if not isinstance(value, list):
            yield f"{where} is no list"
            return
        yield from check_size(shape, len(value), where)
        for number, item in enumerate(value):
            yield from check(shape.member, item, f"{where}[{number}]")
    elif shape.type_name == "map":
        if not isinstance(value, dict):
            yield f"{where} is no map"
            return
        yield from check_size(shape, len(value), where)
        for key, item in value.items():
            yield from check(shape.key, key, f"{where}.{key}")
            yield from check(shape.value, item, f"{where}.{key}")
    else:
        yield from check_scalar(shape, value, where)


def check_structure(shape, value, where, located):
    if not isinstance(value, dict):
        yield f"{where} is no structure"
        return
    # Members in the path or a header are not in the body.
    members = {
        member.serialization.get("locationName", name): member
        for name, member in shape.members.items()
        if not (located and "location" in member.serialization)
    }
    names = {name: member.serialization.get("locationName", name) for name, member in shape.members.items()}
    for name in value:
        if name not in members:
            yield f"{where} has no member {name}"
    for name in shape.required_members:
        if names[name] in members and names[name] not in value:
            yield f"{where} lacks {name}"
    for name, item in value.items():
        if name in members:
            yield from check(members[name], item, f"{where}.{name}")


def check_scalar(shape, value, where):
    kind = shape.type_name
    if kind in ("string", "character"):
        if not isinstance(value, str):
            yield f"{where} is no string"
            return
        yield from check_size(shape, len(value), where)
        yield from check_text(shape, value, where)
    elif kind in ("integer", "long"):
        if isinstance(value, bool) or not isinstance(value, int):
            yield f"{where} is no whole number"
            return
        yield from check_size(shape, value, where)
    elif kind == "boolean" and not isinstance(value, bool):
        yield f"{where} is neither true nor false"


def check_size(shape, size, where):
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and size < least:
        yield f"{where} is {size}, less than {least}"
    if most is not None and size > most:
        yield f"{where} is {size}, more than {most}"


def check_text(shape, value, where):
    allowed = getattr(shape, "enum", None)
    if allowed and value not in allowed:
        yield f"{where} is {value}, not one of {', '.join(allowed)}"
    pattern = shape.metadata.get("pattern")
    if pattern and not matches(pattern, value):
        yield f"{where} does not match {pattern}"


@functools.cache
def compiled(pattern):
    # Java's classes of characters, which Python writes otherwise.
    for name, characters in (("L", "a-zA-Z"), ("Z", "\\s"), ("N", "\\d")):
        pattern = pattern.replace(f"\\p{{{name}}}", characters)
    try:
        return re.compile(f"(?:{pattern})")
    except re.error:
        return None


def matches(pattern, value):
    expression = compiled(pattern)
    return expression is None or expression.fullmatch(value) is not None


# --- query --------------------------------------------------------------------------------------


def nested(fields):
    """`A.1.B=x` as a tree."""
    tree = {}
    for name, value in fields.items():
        parts, node = name.split("."), tree
        for part in parts[:-1]:
            node = node.setdefault(part, {})
            if not isinstance(node, dict):
                return {name: value}
        node[parts[-1]] = value
    return tree


def query_name(service, name, member):
    if service != "ec2":
        return member.serialization.get("name", name)
    own = member.serialization.get("queryName")
    other = member.serialization.get("name", name)
    return own or other[0].upper() + other[1:]


def check_query(service, shape, value, where):
    if shape.type_name == "structure":
        if not isinstance(value, dict):
            yield f"{where} is no structure"
            return
        members = {query_name(service, name, member): member for name, member in shape.members.items()}
        names = {name: query_name(service, name, member) for name, member in shape.members.items()}
        for name in value:
            if name not in members:
                yield f"{where} has no member {name}"
        for name in shape.required_members:
            if names[name] not in value:
                yield f"{where} lacks {name}"
        for name, item in value.items():
            if name in members:
                yield from check_query(service, members[name], item, f"{where}.{name}")
    elif shape.type_name == "list":
        items = value.get("member", value) if isinstance(value, dict) else {}
        if value == "":
            items = {}
        yield from check_size(shape, len(items), where)
        for number, item in items.items():
            yield from check_query(service, shape.member, item, f"{where}[{number}]")
    elif shape.type_name in ("integer", "long"):
        if not re.fullmatch(r"-?\d+", str(value)):
            yield f"{where} is no whole number"
            return
        yield from check_size(shape, int(value), where)
    elif shape.type_name == "boolean":
        if value not in ("true", "false"):
            yield f"{where} is neither true nor false"
    elif shape.type_name == "string":
        yield from check_size(shape, len(value), where)
        yield from check_text(shape, value, where)
