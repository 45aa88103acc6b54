//! The pages of the guide that nfplan itself makes. `SNAPSHOTS=overwrite` brings them up to date.

use std::fmt::Write as _;
use std::path::Path;

use nfplan_cli::exit::Exit;
use nfplan_cli::help::PAGES;
use nfplan_specs::code;
use nfplan_specs::explanation::Example;
use nfplan_specs::explanation::find;
use snapbox::Data;

use crate::kit::Project;

fn assert_page(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(name);
    snapbox::assert_data_eq!(text, Data::read_from(&path, None).raw());
}

#[test]
fn the_reference_of_specs_is_what_schema_prints() {
    let head = "\
# Spec reference

`nfplan.yaml` says what researchers share; `workspaces/*.yaml` say who they are. A file may hold any number of
researchers; one for each is best for review. `nfplan validate` checks all of it without any network.

Text that YAML would read as something else needs quotes: an account's id, a version such as `1.10`, `no`. Numbers are
whole and have no quotes. Aliases may be used; tags, merge keys and several documents in a file may not.

This page is `nfplan schema --format markdown`. For editors, `nfplan schema` prints the same as JSON Schema of
`nfplan.yaml`, and `nfplan schema workspaces` that of `workspaces/*.yaml`.

";
    let reference = Project::empty().run(&["schema", "--format", "markdown"]).exits(0).stdout;
    assert_page("specs.md", &format!("{head}{reference}"));
}

#[test]
fn every_code_is_explained() {
    let mut page = String::from(
        "# Error codes\n\nWhat `nfplan explain CODE` says of each. Codes with E are errors, those with W are \
         warnings. A code keeps its meaning for ever.\n",
    );
    for (code, title) in code::ALL {
        let explanation = find(code).unwrap_or_else(|| panic!("{code} has no explanation"));
        writeln!(page, "\n## {code}: {title}\n").unwrap();
        writeln!(page, "{}\n", explanation.meaning.join("\n\n")).unwrap();
        examples(&mut page, "Wrong", &explanation.wrong);
        examples(&mut page, "Right", &explanation.right);
        writeln!(page, "{}", explanation.why.join("\n\n")).unwrap();
    }
    assert_page("errors.md", &page);
}

fn examples(page: &mut String, what: &str, examples: &[Example]) {
    for Example { file, text, last_line_times, escaped } in examples {
        let times = match last_line_times {
            1 => String::new(),
            times => format!(", with the last line {times} times"),
        };
        let bytes = if *escaped { r", where `\xHH` stands for a byte" } else { "" };
        writeln!(page, "{what}, `{file}`{times}{bytes}:\n\n```yaml\n{text}```\n").unwrap();
    }
}

#[test]
fn every_exit_code_is_listed() {
    let mut page = String::from(
        "# Exit codes\n\nThey never change their meaning. `nfplan COMMAND --help` says which ones a command can end \
         with.\n\n| code | meaning |\n|---|---|\n",
    );
    for exit in Exit::ALL {
        writeln!(page, "| {} | {} |", exit.code(), exit.meaning()).unwrap();
    }
    page.push_str(
        "\nWhere several hold, the worst wins: 130 and 143, then 6, 1, 5, 8, 7, 77, 4, 9 and 2. 64 and 65 end a \
         command before it does anything.\n\nWith `--json` a command that fails prints one document of the format \
         `nfplan.error/1` with the same code in `exit`, and the same words in `message`, `details` and `hints`.\n",
    );
    assert_page("exit-codes.md", &page);
}

#[test]
fn every_command_is_listed() {
    let project = Project::empty();
    let mut page = String::from("# Commands\n\nWhat `--help` says of each command.\n");
    for command in PAGES.iter().map(|page| page.command) {
        let words: Vec<&str> = command.split_whitespace().chain(["--help"]).collect();
        let help = project.run(&words).exits(0).stdout;
        let name = format!("nfplan {command}");
        let lines: Vec<&str> = help.lines().map(str::trim_end).collect();
        let text = lines.join("\n");
        writeln!(page, "\n## `{}`\n\n```text\n{}\n```", name.trim_end(), text.trim_end()).unwrap();
    }
    assert_page("commands.md", &page);
}
