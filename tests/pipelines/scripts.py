"""Writes the scripts of pipelines into files, so that ShellCheck can read them.

    scripts.py FOLDER

A file is named after the job and the number of the script in it, and begins as the forge would begin it.
"""

import pathlib
import sys

import yaml

PIPELINES = pathlib.Path(__file__).parents[2] / "cli" / "pipelines"
HEAD = "#!/usr/bin/env bash\nset -eo pipefail\n"


def of_github():
    """The scripts of the workflow, with the variables that each step is given."""
    workflow = yaml.safe_load((PIPELINES / "github" / "nfplan.yml").read_text())
    for job, content in workflow["jobs"].items():
        for number, step in enumerate(content["steps"]):
            if "run" in step:
                yield f"github-{job}-{number}", step["run"], step.get("env", {})


def of_gitlab():
    """The scripts of jobs, each after what comes before it."""
    pipeline = yaml.safe_load((PIPELINES / "gitlab" / ".gitlab-ci.yml").read_text())
    for job, content in pipeline.items():
        if isinstance(content, dict) and "script" in content:
            before = pipeline.get(content.get("extends"), {}).get("before_script", [])
            yield f"gitlab-{job}", "\n".join(before + content["script"]), {}


def main(folder):
    written = 0
    for name, script, variables in [*of_github(), *of_gitlab()]:
        given = "".join(f"export {variable}=given\n" for variable in variables)
        (folder / f"{name}.sh").write_text(f"{HEAD}{given}{script}\n")
        written += 1
    if written < 8:
        sys.exit(f"only {written} scripts were found")


main(pathlib.Path(sys.argv[1]))
