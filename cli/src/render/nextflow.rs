//! A workspace as Nextflow's configuration.

use std::fmt::Write as _;

use crate::commands::nextflow_config::NextflowConfig;

/// The file `nextflow.config`.
///
/// Encryption is named in full or not at all: `aws:kms` without a key would mean the key that AWS
/// manages, which the bucket refuses.
pub fn config(config: &NextflowConfig) -> String {
    let cli = match &config.cli_path {
        Some(path) => format!("cliPath = {}", quoted(path)),
        None => {
            "// Without cliPath, container images have to have the AWS CLI: `compute.cli_path` of \
                 the spec sets it."
                .to_owned()
        }
    };
    let mut text = String::new();
    let _ = write!(
        text,
        "// The workspace of {}, as nfplan made it.

plugins {{
    id 'nf-amazon'
}}

workDir = {}

process {{
    executor = 'awsbatch'
    queue = {}
}}

aws {{
    region = {}

    batch {{
        jobRole = {}
        logsGroup = {}
        {cli}
    }}

    client {{
        storageEncryption = 'aws:kms'
        storageKmsKeyId = {}
    }}
}}
",
        comment(&config.user),
        quoted(&config.work_dir),
        quoted(&config.queue),
        quoted(&config.region),
        quoted(&config.jobs_role_arn),
        quoted(&config.log_group),
        quoted(&config.kms_key_arn),
    );
    text
}

/// A text of Groovy in which nothing is filled in.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'").replace('\n', "\\n"))
}

/// A text that stays within its line.
fn comment(text: &str) -> String {
    text.replace(char::is_control, " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_ends_early_or_is_filled_in() {
        assert_eq!(quoted("a'b\\c$d\n"), r"'a\'b\\c$d\n'");
        assert_eq!(comment("a\nb\u{2028}"), "a b\u{2028}");
    }
}
