//! Templates of reports, filled in. The ending of a template's name says what it is: in HTML and XML,
//! every text is escaped.

use minijinja::Environment;
use minijinja::Error;
use minijinja::Value;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use serde::Serialize;

use crate::error::CliError;
use crate::exit::Exit;

/// A template with its values.
pub(super) fn filled<T: Serialize>(
    name: &str,
    template: &str,
    page: T,
) -> Result<String, CliError> {
    let fill = || -> Result<String, Error> {
        let mut environment = Environment::new();
        // Lines that only steer leave nothing behind.
        let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?;
        environment.set_syntax(syntax);
        environment.add_template(name, template)?;
        environment.get_template(name)?.render(Value::from(Serde(page)))
    };
    fill().map_err(|error| CliError::new(Exit::Error, format!("BUG: {name}: {error:#}")))
}
