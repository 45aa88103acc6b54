//! The command line. Help texts are the doc comments here; examples and exit codes are in
//! [`help`](crate::help).

pub mod approving;
pub mod drift;
pub mod forge;
pub mod init;
pub mod own;
pub mod permissions;
pub mod researchers;
pub mod selection;
pub mod states;
pub mod views;

#[cfg(feature = "aws")]
use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::ArgAction;
use clap::ArgMatches;
use clap::Args;
use clap::Parser;
use clap::Subcommand;
use clap::ValueEnum;
use clap::ValueHint;
use clap::parser::ValueSource;

use crate::reporting::ReportRequest;
pub use approving::AllowArgument;
pub use approving::Approving;
use drift::AcceptArguments;
use drift::DriftArguments;
use forge::CommentArguments;
use forge::ReviewedArguments;
use init::InitArguments;
pub use own::CompletionsArguments;
pub use own::ManArguments;
pub use own::ShellArgument;
use permissions::PermissionsArguments;
use researchers::CanArguments;
use researchers::EnvArguments;
use researchers::NextflowConfigArguments;
use researchers::RevokeArguments;
use researchers::RotateArguments;
use researchers::StatusArguments;
pub use selection::Selection;
use states::OnFailureArgument;
use states::RollbackArguments;
use states::StateCommand;
use states::UnlockArguments;
pub use states::UpdateArguments;
use views::DiffArguments;
use views::ExplainArguments;
use views::GraphArguments;
use views::OutputArguments;
pub use views::SchemaArguments;

pub use views::SchemaFormat;
pub use views::SchemaOf;

/// Plans and applies Nextflow workspaces on AWS Batch, one YAML file per researcher.
///
/// `nfplan.yaml` and `workspaces/*.yaml` say what is wanted; `nfplan plan` shows what would change,
/// and `nfplan apply` makes it so, all or nothing for each researcher.
#[derive(Debug, Parser)]
#[command(name = "nfplan", version, disable_help_subcommand = true)]
pub struct Arguments {
    /// Work in this folder
    #[arg(
        short = 'C',
        value_name = "DIR",
        env = "NFPLAN_DIR",
        default_value = ".",
        global = true,
        value_hint = ValueHint::DirPath
    )]
    pub dir: PathBuf,
    /// What holds for every command.
    #[command(flatten)]
    pub general: General,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What holds for every command.
#[derive(Debug, Clone, Default, Args)]
#[expect(clippy::struct_excessive_bools, reason = "independent flags of the command line")]
pub struct General {
    /// Print one JSON document on stdout
    #[arg(long, env = "NFPLAN_JSON", global = true)]
    pub json: bool,
    /// Print without colour, as the variable `NO_COLOR` asks for too
    #[arg(long, env = "NFPLAN_NO_COLOR", global = true)]
    pub no_color: bool,
    /// Never ask; refuse where an answer would be needed
    #[arg(long, env = "NFPLAN_NO_INPUT", global = true)]
    pub no_input: bool,
    /// Print results and failures only
    #[arg(short, long, env = "NFPLAN_QUIET", global = true)]
    pub quiet: bool,
    /// Print more: what was read, calls by API, the time taken
    #[arg(short, long, env = "NFPLAN_VERBOSE", global = true)]
    pub verbose: bool,
    /// Keep states here instead of where nfplan.yaml says
    #[arg(long, value_name = "LOCATION", env = "NFPLAN_STATE", global = true)]
    pub state: Option<String>,
    /// Use this profile of the AWS configuration
    #[cfg(feature = "aws")]
    #[arg(long, value_name = "NAME", env = "NFPLAN_PROFILE", global = true)]
    pub profile: Option<String>,
    /// Send calls to AWS here instead
    #[cfg(feature = "aws")]
    #[arg(long, value_name = "URL", env = "NFPLAN_ENDPOINT_URL", global = true)]
    pub endpoint_url: Option<String>,
    /// Have at most so many requests to AWS under way at once, 64 if not given
    #[cfg(feature = "aws")]
    #[arg(long, value_name = "N", env = "NFPLAN_PARALLELISM", global = true)]
    pub parallelism: Option<NonZeroUsize>,
    /// Work in these accounts only, whatever the specs say
    #[arg(
        long,
        value_name = "ID",
        env = "NFPLAN_ALLOWED_ACCOUNTS",
        global = true,
        value_delimiter = ','
    )]
    pub allowed_accounts: Vec<String>,
}

/// Lets every flag without a value be given by variable as people write yes and no.
pub fn with_switches(command: clap::Command) -> clap::Command {
    command.mut_args(|argument| match argument.get_action() {
        ArgAction::SetTrue => argument.value_parser(switch),
        _ => argument,
    })
}

/// What a variable says of a flag without a value; one that is empty says no.
pub fn switch(text: &str) -> Result<bool, &'static str> {
    match text.to_lowercase().as_str() {
        "1" | "true" | "yes" | "on" | "y" | "t" => Ok(true),
        "" | "0" | "false" | "no" | "off" | "n" | "f" => Ok(false),
        _ => Err("the variable takes 1, true, yes, on and their opposites"),
    }
}

impl General {
    /// Quiet or verbose, never both: what the command line says wins over the environment.
    pub fn settled(mut self, matches: &ArgMatches) -> Self {
        if is_given(matches, "verbose") {
            self.quiet = false;
        }
        self.verbose &= !self.quiet;
        self
    }
}

/// Whether the command line itself has an argument, rather than the environment or a default.
pub fn is_given(matches: &ArgMatches, id: &str) -> bool {
    matches.value_source(id) == Some(ValueSource::CommandLine)
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a project that plans at once on the simulated cloud
    ///
    /// Writes nfplan.yaml, three researchers and a .gitignore. Nothing is written if any of them
    /// exists. With `--state s3://BUCKET/PREFIX`, a bucket for states is made first, private,
    /// versioned, encrypted and only through TLS; one that is there is looked at and not changed.
    /// With `--from-hatchery`, the project is made from Hatchery's configuration instead. With
    /// `--ci`, a pipeline is written that plans, applies and watches.
    Init(InitArguments),
    /// Check all specs, offline, and report all problems at once
    Validate(ValidateArguments),
    /// Show what would change
    ///
    /// Compares the specs with the recorded states and the live cloud. Writes nothing but missing
    /// pins, to nfplan.lock, and the file that --out names.
    Plan(PlanArguments),
    /// Make the cloud as the specs want it, all or nothing for each researcher
    ///
    /// Ends runs that were interrupted, plans, shows the plan, asks, and carries it out. What fails
    /// is rolled back; the other researchers' workspaces are not affected.
    Apply(ApplyArguments),
    /// Take over what Hatchery or people made under the names that the specs come to
    ///
    /// Finds objects by name and by the tags `Name` and `Environment`, and takes them over if nothing
    /// speaks against it: into the states, and by nfplan's tags. Nothing else is changed; the next plan
    /// shows what is to be repaired.
    Adopt(AdoptArguments),
    /// Show what somebody changed behind nfplan's back
    ///
    /// Compares what the specs want, what was last applied and what is there, attribute by
    /// attribute, and says why they differ. Writes nothing at all, takes no lease, and needs no
    /// permission but to read.
    Drift(DriftArguments),
    /// Write down that drift is known, who answers for it and until when
    ///
    /// Looks at the cloud, and writes the entries into accepted.yaml, to be committed. `nfplan drift`
    /// is silent about them until the last day, as long as what was found stays the same.
    #[command(
        override_usage = "nfplan accept <DRIFT>... --reason <TEXT>\n       --owner <NAME> --expires <DAY> [OPTIONS]"
    )]
    Accept(AcceptArguments),
    /// Post a plan or drift where people review: one text, kept up to date
    ///
    /// Puts what `plan --report md=FILE` wrote into the pull request, as one comment that is updated
    /// ever after; or with --issue what `drift` wrote into an issue that opens and closes by itself.
    /// Only what nfplan wrote itself, with the same token, is ever changed. The token is taken from
    /// `GITHUB_TOKEN` or `GH_TOKEN`. Where it may only read, as in pull requests from forks, the text
    /// goes into the summary of the job.
    Comment(CommentArguments),
    /// Print the digest of the plan that the merged pull request showed
    ///
    /// It is taken from the status that `comment --status` set on the commit that was planned, for
    /// `nfplan apply --expect-digest`. A commit that merged no pull request is refused.
    Reviewed(ReviewedArguments),
    /// Take units away; data stays
    ///
    /// Buckets with their contents, keys and logs stay in the cloud, and the next apply finds them
    /// again. A platform goes only with the last workspace on it.
    Destroy(DestroyArguments),
    /// Show a saved plan, or the units and what they consist of
    Show(ShowArguments),
    /// Show how two saved plans differ
    Diff(DiffArguments),
    /// Draw what the plan does, or all that units consist of
    Graph(GraphArguments),
    /// Print what a researcher or another tool needs to know of a workspace
    Output(OutputArguments),
    /// Set researchers to suspended in their spec files, and plan
    ///
    /// Comments and layout of the files stay. The cloud is not changed: the next apply revokes the
    /// credentials, ends the jobs and stops what costs. Data stays.
    Suspend(StatusArguments),
    /// Set researchers to active in their spec files, and plan
    ///
    /// Comments and layout of the files stay. The cloud is not changed: the next apply makes a new key
    /// and starts what was stopped.
    Resume(StatusArguments),
    /// Give researchers new access keys; the old ones work on for a while
    ///
    /// Makes the second of the two keys that a user may have, delivers it, and leaves the first one
    /// as it is for those that still use it. The first plan after the overlap deactivates and deletes
    /// it. Nothing else of the workspace is changed.
    Rotate(RotateArguments),
    /// Shut researchers out, now
    ///
    /// Deactivates and deletes their keys and takes the policies off their users or roles, which ends
    /// open sessions too. Jobs go on. It needs no change of the specs, and no later apply lets them in
    /// again until that is lifted.
    Revoke(RevokeArguments),
    /// Print a researcher's credentials: the secret, in the open
    ///
    /// The one command that puts a secret out. It reads the key from where it was delivered, and
    /// prints it as variables that every tool for AWS knows, region included. Whoever runs it must be
    /// allowed to read it there.
    Env(EnvArguments),
    /// Print the configuration that Nextflow needs to work in a workspace
    ///
    /// Complete but for credentials: put it in nextflow.config, or give it to Nextflow with -c. It
    /// is made from the recorded state, without asking the cloud.
    NextflowConfig(NextflowConfigArguments),
    /// Say whether a researcher may do something, and by which statement
    ///
    /// Decides offline, by the policies as the specs want them, with what states know of ids. What
    /// the answer hangs on is said, never guessed.
    Can(CanArguments),
    /// Print the policies that whoever runs nfplan needs, and no more
    ///
    /// Made offline, from the specs alone, for each account. What is allowed is narrowed to the names and the ownership
    /// tags of the environment; where accounts are entered through roles, or states are in a bucket,
    /// the runner's own policy comes last.
    Permissions(PermissionsArguments),
    /// Explain the code of a problem, or where a resource's attributes come from
    Explain(ExplainArguments),
    /// End runs that were interrupted or stopped: undo what they began
    ///
    /// A run that is past its commit point only goes forward, and is finished. Nothing is planned,
    /// and units without an open run are left alone.
    Rollback(RollbackArguments),
    /// Free a unit whose holder is gone or silent, and show the evidence
    ///
    /// Never needed for work to go on: `nfplan apply` takes such a unit over by itself. A holder that
    /// may still live is watched until its lease has run out; if it shows a sign of life, the unit
    /// is left alone. Nothing but the lease is changed; the reason is shown and kept nowhere.
    Unlock(UnlockArguments),
    /// Look up images and zones again, and pin what is new
    ///
    /// Answers that specs depend on stand in nfplan.lock, so that a new image is a diff to be
    /// reviewed. This asks for all of them again and writes the file; the cloud is not changed, and
    /// the next plan shows what follows.
    Update(UpdateArguments),
    /// Look at states and after them
    #[command(subcommand)]
    State(StateCommand),
    /// Print the JSON Schema of spec files or documents, or a reference
    ///
    /// Editors check specs by it while they are written: with the YAML language server, by a first
    /// line `# yaml-language-server: $schema=FILE`.
    Schema(SchemaArguments),
    /// Show every setting with its value and where it comes from
    ///
    /// A flag wins over its NFPLAN_* variable, the variable over nfplan.yaml, and that over the
    /// default.
    Config,
    /// Print a script that completes commands, flags and live names in a shell
    ///
    /// Users, platforms and addresses are completed from the specs and states of the project that
    /// the line is about, -C included, without asking the cloud.
    Completions(CompletionsArguments),
    /// Print the manual page, or write the pages of all commands
    Man(ManArguments),
    /// Print the version
    Version,
}

/// How to make a plan.
#[derive(Debug, Clone, Args)]
pub struct Planning {
    /// Which units.
    #[command(flatten)]
    pub selection: Selection,
    /// What to ask the cloud: nothing, what bulk calls return, or everything
    #[arg(
        long,
        value_name = "DEPTH",
        value_enum,
        default_value_t = RefreshArgument::Bulk,
        env = "NFPLAN_REFRESH"
    )]
    pub refresh: RefreshArgument,
    /// Refuse to look anything up that nfplan.lock does not hold
    #[arg(long, env = "NFPLAN_LOCKED")]
    pub locked: bool,
}

/// What to ask the cloud.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RefreshArgument {
    /// Believe the state; apply refuses such a plan
    None,
    /// What bulk calls return; what changes is read in full
    Bulk,
    /// Everything, with calls for each object
    Deep,
}

/// How to show a plan.
#[derive(Debug, Clone, Default, Args)]
pub struct Showing {
    /// Show this class of changes, or this unit, in full; may be repeated
    #[arg(long, value_name = "CLASS", env = "NFPLAN_EXPAND", value_delimiter = ',')]
    pub expand: Vec<String>,
    /// Show every unit and every attribute in full
    #[arg(long, env = "NFPLAN_FULL")]
    pub full: bool,
}

/// What to write beside what is shown.
#[derive(Debug, Clone, Default, Args)]
pub struct Reporting {
    /// Write a report, as md=FILE; `-` is standard output; may be repeated
    ///
    /// `github` reports problems of spec files as annotations of GitHub Actions. Of plans and drift, `md`
    /// is a comment for a pull request or an issue, which fits into one whatever its size, and `json` is
    /// the document that --json prints. `sarif` shows findings at the lines of spec files, and `html`
    /// is a page by itself with everything. Of drift, `junit` has a case for each unit, and `prom` is
    /// metrics for Prometheus' textfile collector.
    #[arg(long, value_name = "KIND=FILE", env = "NFPLAN_REPORT", value_delimiter = ',')]
    pub report: Vec<ReportRequest>,
}

/// `nfplan validate`.
#[derive(Debug, Clone, Args)]
pub struct ValidateArguments {
    /// What to write beside.
    #[command(flatten)]
    pub reporting: Reporting,
}

/// `nfplan plan`.
#[derive(Debug, Clone, Args)]
pub struct PlanArguments {
    /// How to make it.
    #[command(flatten)]
    pub planning: Planning,
    /// How to show it.
    #[command(flatten)]
    pub showing: Showing,
    /// Save the plan in this file, for `nfplan apply FILE`
    #[arg(long, value_name = "FILE", env = "NFPLAN_OUT")]
    pub out: Option<PathBuf>,
    /// Keep the plan in the state store, for `nfplan apply --expect-digest`
    #[arg(long, env = "NFPLAN_SAVE")]
    pub save: bool,
    /// Show what is new since the plan that was kept under this digest
    #[arg(long, value_name = "DIGEST", env = "NFPLAN_SINCE")]
    pub since: Option<String>,
    /// Plan also what is noted to have nothing to do, and compare
    #[arg(long, env = "NFPLAN_VERIFY")]
    pub verify: bool,
    /// What to write beside.
    #[command(flatten)]
    pub reporting: Reporting,
    /// Exit with 2 if there are changes
    #[arg(long, env = "NFPLAN_DETAILED_EXITCODE")]
    pub detailed_exitcode: bool,
}

/// `nfplan apply`.
#[derive(Debug, Clone, Args)]
pub struct ApplyArguments {
    /// Apply exactly this saved plan, or refuse
    #[arg(value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// How to make the plan.
    #[command(flatten)]
    pub planning: Planning,
    /// How to show it.
    #[command(flatten)]
    pub showing: Showing,
    /// What may be done without asking.
    #[command(flatten)]
    pub approving: Approving,
    /// Apply only if the plan has this digest
    #[arg(long, value_name = "DIGEST", env = "NFPLAN_EXPECT_DIGEST")]
    pub expect_digest: Option<String>,
    /// Replace this resource: ADDRESS, or UNIT:ADDRESS; may be repeated
    #[arg(long, value_name = "ADDRESS", env = "NFPLAN_REPLACE", value_delimiter = ',')]
    pub replace: Vec<String>,
    /// Go on with runs that were interrupted instead of rolling them back
    #[arg(long, env = "NFPLAN_RESUME")]
    pub resume: bool,
    /// What becomes of a unit when a step fails
    #[arg(
        long,
        value_name = "ACTION",
        value_enum,
        default_value_t = OnFailureArgument::Rollback,
        env = "NFPLAN_ON_FAILURE"
    )]
    pub on_failure: OnFailureArgument,
}

/// `nfplan adopt`.
#[derive(Debug, Clone, Args)]
pub struct AdoptArguments {
    /// Which units.
    #[command(flatten)]
    pub selection: Selection,
    /// Refuse to look anything up that nfplan.lock does not hold
    #[arg(long, env = "NFPLAN_LOCKED")]
    pub locked: bool,
    /// How to show what is taken over.
    #[command(flatten)]
    pub showing: Showing,
    /// What may be done without asking.
    #[command(flatten)]
    pub approving: Approving,
}

/// `nfplan destroy`.
#[derive(Debug, Clone, Args)]
pub struct DestroyArguments {
    /// Which units.
    #[command(flatten)]
    pub selection: Selection,
    /// How to show the plan.
    #[command(flatten)]
    pub showing: Showing,
    /// What may be done without asking.
    #[command(flatten)]
    pub approving: Approving,
}

/// `nfplan show`.
#[derive(Debug, Clone, Args)]
pub struct ShowArguments {
    /// A saved plan
    #[arg(value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Which units, if no file is given.
    #[command(flatten)]
    pub selection: Selection,
    /// How to show it.
    #[command(flatten)]
    pub showing: Showing,
}
