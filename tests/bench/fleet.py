#!/usr/bin/env python3
"""Measures nfplan on fleets of growing size, and Terraform beside it if it is on the PATH.

    fleet.py [--nfplan BINARY] [--sizes 100,1000] [--runs 3] [--terraform-sizes 10,100] [--keep FOLDER]

For each size it makes a project on the simulated cloud, one account for every 40 researchers, applies it, and
measures commands on it: processor seconds (user and system), wall seconds and peak memory of the whole process,
the best of some runs, because other work on the machine only adds. Without --nfplan it builds a release without
AWS first. Terraform gets a fleet of as many `terraform_data` resources in one module; these live inside of
Terraform itself, so that no provider, plugin or network is part of its figures. Its state is made by applying one
workspace and giving the others the same.
"""

import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
CROWD = 40
# What a workspace of Terraform's fleet holds: as many resources as one of nfplan's.
RESOURCES = 30

PROFILE = """profiles:
  standard:
    compute: { type: spot, instance_types: [optimal], min_vcpus: 0, max_vcpus: 64 }
    images: ["quay.io/biocontainers/*"]
    read_buckets: [ngi-igenomes]
    network: { mode: proxy, cidr: 192.168.0.0/16, allow_domains: [".quay.io"] }
    credentials: { kind: access_key, deliver: secrets_manager }
"""

MODULE = """variable "users" { type = map(object({ max_vcpus = number })) }
module "workspace" {
  source   = "./workspace"
  for_each = var.users
  user     = each.key
  settings = each.value
}
"""


class Figure:
    """What one command took."""

    def __init__(self, cpu, wall, memory):
        self.cpu, self.wall, self.memory = cpu, wall, memory

    def __str__(self):
        return f"cpu {self.cpu:8.3f} s   wall {self.wall:8.3f} s   memory {self.memory / 1024:7.0f} MB"


def once(command, folder, codes):
    """Runs a command and measures the whole process."""
    with tempfile.TemporaryFile() as said:
        begun = time.monotonic()
        process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=said)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - begun
        code = process.returncode = os.waitstatus_to_exitcode(status)
        if code not in codes:
            said.seek(0)
            sys.exit(f"{command} ended with {code}:\n{said.read().decode(errors='replace')}")
        return Figure(usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss)


def measure(name, command, folder, runs, codes=(0,)):
    best = min((once(command, folder, codes) for _ in range(runs)), key=lambda figure: figure.cpu)
    print(f"  {name:44} {best}", flush=True)
    return best


def user(number):
    return f"user-{number:05}"


def write_user(folder, number, vcpus=64):
    text = f"{user(number)}: {{ account: a{number // CROWD}, profile: standard, compute: {{ max_vcpus: {vcpus} }} }}\n"
    (folder / "workspaces" / f"{user(number)}.yaml").write_text(text)


def fleet(folder, count):
    (folder / "workspaces").mkdir(parents=True)
    accounts = "".join(
        f'  a{number}: {{ id: "{555500000000 + number}", region: us-east-1, provider: sim }}\n'
        for number in range(-(-count // CROWD))
    )
    head = "nfplan: 1\nblueprint: 1\nenvironment: data.example.org\n"
    (folder / "nfplan.yaml").write_text(f"{head}accounts:\n{accounts}{PROFILE}")
    for number in range(count):
        write_user(folder, number)


def nfplan(binary, folder, count, runs):
    fleet(folder, count)
    print(f"nfplan, {count} workspaces", flush=True)
    command = lambda *words: [binary, *words]
    measure("validate", command("validate"), folder, runs)
    measure("apply, everything new", command("apply", "--auto-approve", "--quiet"), folder, 1)
    plan = ("plan", "--refresh", "none", "--detailed-exitcode")
    unchanged = measure("plan --refresh none, nothing to do", command(*plan), folder, runs)
    middle = count // 2
    select = ("--select", user(middle))
    measure("plan --refresh none, one selected", command(*plan, *select), folder, runs)
    measure("listing of the specs alone", ["find", "workspaces", "-type", "f"], folder, runs)
    write_user(folder, middle, 65)
    measure("plan --refresh none, one edited", command(*plan), folder, runs, codes=(2,))
    measure("apply, one selected", command("apply", "--auto-approve", "--quiet", *select), folder, 1)
    return unchanged


def terraform(binary, folder, count, runs):
    (folder / "workspace").mkdir(parents=True)
    (folder / "main.tf").write_text(MODULE)
    inputs = "\n".join(
        f'resource "terraform_data" "r{number}" {{ input = {{ user = var.user, settings = var.settings, '
        f"text = \"{'x' * 300}\"" + (f", before = terraform_data.r{number - 1}.id" if number % 5 else "") + " } }"
        for number in range(RESOURCES)
    )
    variables = 'variable "user" {}\nvariable "settings" {}\n'
    (folder / "workspace" / "main.tf").write_text(variables + inputs + "\n")
    print(f"Terraform, {count} workspaces of {RESOURCES} resources", flush=True)
    write_users(folder, 1)
    once([binary, "init", "-input=false"], folder, (0,))
    once([binary, "apply", "-auto-approve", "-input=false"], folder, (0,))
    write_users(folder, count)
    clone_state(folder / "terraform.tfstate", count)
    plan = [binary, "plan", "-input=false", "-detailed-exitcode"]
    return measure("plan, nothing to do", plan, folder, runs)


def write_users(folder, count):
    users = {user(number): {"max_vcpus": 64} for number in range(count)}
    (folder / "terraform.tfvars.json").write_text(json.dumps({"users": users}))


def clone_state(path, count):
    """Gives everybody what the first user has: an apply of a large fleet takes Terraform hours."""
    state = json.loads(path.read_text())
    first = [json.dumps(resource) for resource in state["resources"]]
    state["resources"] = [
        json.loads(text.replace(user(0), user(number))) for number in range(count) for text in first
    ]
    path.write_text(json.dumps(state, indent=2))


def build():
    target = os.environ.get("CARGO_TARGET_DIR", str(ROOT / "target"))
    words = ["cargo", "build", "--release", "--locked", "-p", "nfplan-cli", "--no-default-features"]
    subprocess.run(words, cwd=ROOT, check=True)
    return str(pathlib.Path(ROOT, target, "release", "nfplan"))


def machine():
    info = pathlib.Path("/proc/cpuinfo").read_text()
    model = next((line.split(":", 1)[1].strip() for line in info.splitlines() if "model name" in line), "?")
    return f"{os.cpu_count()} x {model}, load {os.getloadavg()[0]:.1f}"


def main():
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--nfplan", help="a built binary")
    words.add_argument("--sizes", default="100,1000")
    words.add_argument("--terraform-sizes", default="10,100")
    words.add_argument("--runs", type=int, default=3)
    words.add_argument("--keep", help="keep the projects in this folder")
    asked = words.parse_args()
    binary = str(pathlib.Path(asked.nfplan or build()).resolve())
    other = shutil.which("terraform")
    folder = pathlib.Path(asked.keep or tempfile.mkdtemp(prefix="nfplan-bench-"))
    print(f"machine: {machine()}")
    sizes = lambda text: [int(size) for size in text.split(",") if size]
    try:
        own = {n: nfplan(binary, folder / f"nfplan-{n}", n, asked.runs) for n in sizes(asked.sizes)}
        theirs = {}
        if other:
            theirs = {n: terraform(other, folder / f"terraform-{n}", n, asked.runs) for n in sizes(asked.terraform_sizes)}
        for size, figure in theirs.items():
            if size in own:
                ratio = figure.cpu / own[size].cpu
                print(f"{size} workspaces, nothing to do: Terraform takes {ratio:.0f} times the processor time")
        if len(own) > 1:
            small, large = min(own), max(own)
            growth = own[large].cpu / own[small].cpu
            print(f"{small} -> {large} workspaces, nothing to do: {growth:.1f} times the processor time")
    finally:
        if not asked.keep:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
