//! The arguments of commands that only look.

use std::path::PathBuf;

use clap::Args;
use clap::ValueEnum;
use clap::builder::PossibleValue;
use clap::builder::PossibleValuesParser;
use nfplan_specs::blueprint::outputs::OUTPUTS;

use super::RefreshArgument;
use super::Selection;

/// `nfplan diff`.
#[derive(Debug, Clone, Args)]
pub struct DiffArguments {
    /// A saved plan
    #[arg(value_name = "PLAN1")]
    pub first: PathBuf,
    /// Another one
    #[arg(value_name = "PLAN2")]
    pub second: PathBuf,
    /// Show every unit and every attribute in full
    #[arg(long, env = "NFPLAN_FULL")]
    pub full: bool,
    /// Exit with 2 if there are changes
    #[arg(long, env = "NFPLAN_DETAILED_EXITCODE")]
    pub detailed_exitcode: bool,
}

/// `nfplan output`.
#[derive(Debug, Clone, Args)]
pub struct OutputArguments {
    /// Only this; of one unit alone, the bare value
    #[arg(value_name = "NAME", value_parser = output_names())]
    pub name: Option<String>,
    /// Which units.
    #[command(flatten)]
    pub selection: Selection,
}

/// The names of outputs, so that help lists them and typing errors get a suggestion.
fn output_names() -> PossibleValuesParser {
    let values = OUTPUTS.iter().map(|output| PossibleValue::new(output.name).help(output.meaning));
    values.into()
}

/// `nfplan explain`.
#[derive(Debug, Clone, Args)]
pub struct ExplainArguments {
    /// A code such as E0305, or a resource: ADDRESS, UNIT:ADDRESS or USER:ADDRESS, with #ATTRIBUTE
    /// for one attribute in full
    #[arg(value_name = "WHAT")]
    pub what: String,
    /// Which units, if a resource is explained.
    #[command(flatten)]
    pub selection: Selection,
    /// What to ask the cloud: nothing, what bulk calls return, or everything
    #[arg(long, value_enum, default_value_t = RefreshArgument::Bulk, env = "NFPLAN_REFRESH")]
    pub refresh: RefreshArgument,
    /// Show every unit and every attribute in full
    #[arg(long, env = "NFPLAN_FULL")]
    pub full: bool,
}

/// `nfplan graph`.
#[derive(Debug, Clone, Args)]
pub struct GraphArguments {
    /// A saved plan
    #[arg(value_name = "FILE", conflicts_with_all = ["select", "all", "refresh"])]
    pub file: Option<PathBuf>,
    /// Which units.
    #[command(flatten)]
    pub selection: Selection,
    /// Draw all resources of the units, changed or not, in place of the plan's steps
    #[arg(long, env = "NFPLAN_GRAPH_ALL")]
    pub all: bool,
    /// The language of the drawing
    #[arg(long, value_enum, default_value_t = GraphFormat::Dot, env = "NFPLAN_GRAPH_FORMAT")]
    pub format: GraphFormat,
    /// Draw every unit, equal ones too
    #[arg(long, env = "NFPLAN_GRAPH_EXPAND")]
    pub expand: bool,
    /// What to ask the cloud: nothing, what bulk calls return, or everything
    #[arg(long, value_enum, default_value_t = RefreshArgument::Bulk, env = "NFPLAN_REFRESH")]
    pub refresh: RefreshArgument,
}

/// The language of a drawing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum GraphFormat {
    /// Graphviz
    Dot,
    /// Mermaid, which GitHub draws in Markdown
    Mermaid,
}

/// `nfplan schema`.
#[derive(Debug, Clone, Args)]
pub struct SchemaArguments {
    /// Of which spec files, or of which document that `--json` prints
    #[arg(value_name = "WHAT", value_enum, default_value_t = SchemaOf::Project)]
    pub of: SchemaOf,
    /// As JSON Schema, or as a reference of all spec files
    #[arg(long, value_enum, default_value_t = SchemaFormat::Json, env = "NFPLAN_SCHEMA_FORMAT")]
    pub format: SchemaFormat,
}

/// What a schema is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SchemaOf {
    /// nfplan.yaml
    Project,
    /// workspaces/*.yaml
    Workspaces,
    /// accepted.yaml
    Accepted,
    /// approvals.yaml
    Approvals,
    /// What `plan` prints and saves
    Plan,
    /// What `drift` prints
    Drift,
    /// What `apply`, `destroy`, `rollback`, `rotate` and `revoke` print
    Apply,
    /// What `validate` prints
    Validate,
    /// What `update` prints
    Update,
    /// What any command prints that comes to nothing
    Error,
}

/// In which form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SchemaFormat {
    /// JSON Schema: draft 7, which editors know, of spec files; 2020-12 of documents
    Json,
    /// Markdown
    Markdown,
}
