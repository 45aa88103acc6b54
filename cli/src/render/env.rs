//! Credentials as other programs read them. All texts stay secrets until they are printed.

use std::fmt::Write as _;

use secrecy::ExposeSecret;
use secrecy::SecretString;

/// A variable with its value.
pub type Variable = (&'static str, SecretString);

/// Lines for a POSIX shell.
pub fn sh(variables: &[Variable]) -> SecretString {
    lines(variables, |name, value| {
        // Nothing is special within single quotes but their end.
        format!("export {name}='{}'", value.replace('\'', r"'\''"))
    })
}

/// Lines of KEY=VALUE. What every reader of such files takes as it is stands without quotes, for some
/// take quotes as part of the value.
pub fn dotenv(variables: &[Variable]) -> SecretString {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/+=._:@-".contains(&byte);
    lines(variables, |name, value| {
        if value.bytes().all(plain) {
            format!("{name}={value}")
        } else if value.contains('\'') {
            let escaped = value.replace('\\', r"\\").replace('"', r#"\""#).replace('$', r"\$");
            format!("{name}=\"{escaped}\"")
        } else {
            format!("{name}='{value}'")
        }
    })
}

/// One JSON map.
pub fn json(variables: &[Variable]) -> SecretString {
    SecretString::from(format!("{}\n", map(variables)))
}

/// The versioned document: the same map with its format.
pub fn document(variables: &[Variable]) -> SecretString {
    let map = map(variables);
    SecretString::from(format!("{{\n\"format\": \"nfplan.env/1\",\n\"variables\": {map}\n}}\n"))
}

fn map(variables: &[Variable]) -> String {
    let entries = variables
        .iter()
        .map(|(name, value)| format!("  {}: {}", quoted(name), quoted(value.expose_secret())));
    format!("{{\n{}\n}}", entries.collect::<Vec<_>>().join(",\n"))
}

/// A Secret of Kubernetes, named after the escaped user name.
pub fn k8s_secret(user: &str, variables: &[Variable]) -> SecretString {
    let mut text = format!(
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: {}\ntype: Opaque\nstringData:\n",
        quoted(&format!("nextflow-{user}"))
    );
    for (name, value) in variables {
        // A JSON text is a YAML text.
        let _ = writeln!(text, "  {name}: {}", quoted(value.expose_secret()));
    }
    SecretString::from(text)
}

fn lines(variables: &[Variable], line: impl Fn(&str, &str) -> String) -> SecretString {
    let mut text = String::new();
    for (name, value) in variables {
        text.push_str(&line(name, value.expose_secret()));
        text.push('\n');
    }
    SecretString::from(text)
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a secret might look like at worst.
    const HARD: &str = r#"a/+='"$b\`c"#;

    #[test]
    fn hard_secrets_come_through_every_form() {
        let variables = [("KEY", SecretString::from(HARD)), ("PLAIN", SecretString::from("a/+="))];
        let text = sh(&variables);
        let shell = std::process::Command::new("sh")
            .args(["-c", &format!("{}printf %s \"$KEY\"", text.expose_secret())])
            .output()
            .unwrap();
        assert_eq!(String::from_utf8(shell.stdout).unwrap(), HARD);
        let map: serde_json::Value =
            serde_json::from_str(json(&variables).expose_secret()).unwrap();
        assert_eq!(map["KEY"], HARD);
        let manifest = k8s_secret("alice-40x", &variables);
        let line =
            manifest.expose_secret().lines().find(|line| line.starts_with("  KEY: ")).unwrap();
        assert_eq!(serde_json::from_str::<String>(&line["  KEY: ".len()..]).unwrap(), HARD);
        assert!(dotenv(&variables).expose_secret().contains("\nPLAIN=a/+=\n"));
    }
}
