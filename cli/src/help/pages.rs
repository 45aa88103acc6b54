//! What stands below each command's help.

use crate::exit::Exit;

/// What stands below a command's help.
#[derive(Debug)]
pub struct Page {
    /// The command, without the program's name.
    pub command: &'static str,
    /// Command lines, and what each is for.
    pub examples: &'static [(&'static str, &'static str)],
    /// How the command can end, beside 0, 1 and 64, which all can.
    pub exits: &'static [Exit],
}

/// One for each command.
pub const PAGES: &[Page] = &[
    Page {
        command: "",
        examples: &[
            ("nfplan -C demo init", "make a project to try"),
            ("nfplan -C demo plan", "see what would change"),
            ("nfplan -C demo apply", "make it so, after a question"),
        ],
        exits: &Exit::ALL,
    },
    Page {
        command: "init",
        examples: &[
            ("nfplan -C demo init", "make a project in the folder demo"),
            ("nfplan init --state s3://example-state/prod", "make a bucket for states, too"),
            ("nfplan init --ci github", "write the pipeline, too"),
            (
                "nfplan init --from-hatchery hatchery.json --gen3-endpoint data.example.org \
                 --account 111122223333 --users alice@example.org,bob@example.org",
                "a project for `nfplan adopt`",
            ),
        ],
        exits: &[Exit::Refused, Exit::InvalidSpecs, Exit::Denied],
    },
    Page {
        command: "validate",
        examples: &[
            ("nfplan validate", "before a commit"),
            ("nfplan validate --json", "for an editor or a pipeline"),
            ("nfplan validate --report github=-", "annotate the lines of a pull request"),
        ],
        exits: &[Exit::InvalidSpecs],
    },
    Page {
        command: "plan",
        examples: &[
            ("nfplan plan", "everything"),
            ("nfplan plan --select alice@example.org", "one researcher and her platform"),
            ("nfplan plan --refresh deep", "compare every attribute of every object"),
            ("nfplan plan --out change.plan", "save the plan for review"),
            ("nfplan plan --json --detailed-exitcode", "in a pipeline"),
            ("nfplan plan --report md=plan.md,sarif=plan.sarif", "for a pull request"),
        ],
        exits: COMPARING,
    },
    Page {
        command: "apply",
        examples: &[
            ("nfplan apply", "plan, ask, apply"),
            ("nfplan apply --select alice@example.org", "one researcher and her platform"),
            ("nfplan apply change.plan --auto-approve", "exactly what was reviewed"),
            ("nfplan apply --replace batch.job_queue/main --select bob", "make an object anew"),
            ("nfplan apply --auto-approve --allow mass-destroy", "let many workspaces go"),
            ("nfplan apply --on-failure stop", "leave what fails as it is, to look at it"),
        ],
        exits: APPLYING,
    },
    Page {
        command: "adopt",
        examples: &[
            ("nfplan adopt --select platform:main", "first what the account shares"),
            ("nfplan adopt --select alice@example.org", "one researcher and her platform"),
            ("nfplan adopt", "everything; `nfplan plan` then shows what it lacks"),
        ],
        exits: APPLYING,
    },
    Page {
        command: "drift",
        examples: &[
            ("nfplan drift", "everything, every attribute"),
            ("nfplan drift --select alice@example.org", "one researcher and her platform"),
            ("nfplan drift --refresh bulk", "fewer calls; what they do not tell is named"),
            ("nfplan drift --json", "from cron: 2 is drift, 4 is not all read"),
            ("nfplan drift --report prom=nfplan.prom,junit=drift.xml", "for those who watch"),
        ],
        exits: COMPARING,
    },
    Page {
        command: "accept",
        examples: &[
            (
                "nfplan accept alice:batch.compute_environment/main#max_vcpus --reason 'patch week' \
                 --owner ops@example.org --expires 14d",
                "an attribute that somebody changed",
            ),
            (
                "nfplan accept alice:ec2.instance/proxy \
                 --reason 'rebuilt on Monday' --owner ops@example.org --expires 2026-12-24",
                "an object as a whole",
            ),
        ],
        exits: &[Exit::Unreadable, Exit::Refused, Exit::InvalidSpecs, Exit::Denied],
    },
    Page {
        command: "comment",
        examples: &[
            ("nfplan comment plan.md", "in GitHub Actions, on the pull request that runs"),
            ("nfplan comment plan.md --repo commons/specs --pr 7 --dry-run", "from anywhere"),
            (
                "nfplan comment plan.md --status 0123456789abcdef0123456789abcdef01234567",
                "so that `nfplan reviewed` finds the plan",
            ),
            ("nfplan comment drift.md --issue drift.json", "open while something drifted"),
        ],
        exits: &[Exit::Refused, Exit::InvalidSpecs, Exit::Denied],
    },
    Page {
        command: "reviewed",
        examples: &[
            ("nfplan reviewed", "in GitHub Actions, after the merge"),
            (
                "nfplan reviewed 0123456789abcdef0123456789abcdef01234567 --repo commons/specs",
                "of another commit",
            ),
        ],
        exits: &[Exit::Refused, Exit::InvalidSpecs, Exit::Denied],
    },
    Page {
        command: "destroy",
        examples: &[
            ("nfplan destroy --select alice@example.org", "one researcher's workspace"),
            ("nfplan destroy", "everything, platforms last"),
        ],
        exits: APPLYING,
    },
    Page {
        command: "show",
        examples: &[
            ("nfplan show change.plan --full", "a saved plan, nothing left out"),
            ("nfplan show --select alice@example.org", "what her workspace consists of"),
        ],
        exits: READING,
    },
    Page {
        command: "rollback",
        examples: &[
            ("nfplan rollback", "every run that is open"),
            ("nfplan rollback --select alice@example.org", "her run alone"),
        ],
        exits: &[
            Exit::Stuck,
            Exit::Refused,
            Exit::Leased,
            Exit::Leftovers,
            Exit::InvalidSpecs,
            Exit::Denied,
            Exit::Interrupted,
            Exit::Terminated,
        ],
    },
    Page {
        command: "unlock",
        examples: &[
            ("nfplan unlock alice@example.org", "see who holds her workspace, and free it"),
            ("nfplan unlock --select alice,bob --reason runner-lost", "two, for the log"),
        ],
        exits: UPKEEP,
    },
    Page {
        command: "update",
        examples: &[
            ("nfplan update", "for every workspace; then review the diff of nfplan.lock"),
            ("nfplan update --select alice@example.org", "what her workspace depends on"),
        ],
        exits: READING,
    },
    Page {
        command: "state",
        examples: &[
            ("nfplan state list", "all objects of all units"),
            ("nfplan state show batch.job_queue/main", "one object, wherever it is"),
            ("nfplan state verify", "is everything that is kept sound?"),
        ],
        exits: UPKEEP,
    },
    Page {
        command: "state history",
        examples: &[
            ("nfplan state history --select alice", "the states that her workspace had"),
            ("nfplan state history --json", "those of all units"),
        ],
        exits: READING,
    },
    Page {
        command: "state verify",
        examples: &[
            ("nfplan state verify", "all units"),
            ("nfplan state verify --json", "from cron"),
        ],
        exits: READING,
    },
    Page {
        command: "state restore",
        examples: &[(
            "nfplan state restore --serial 7 --select alice",
            "make state 7 of her workspace the current one again",
        )],
        exits: UPKEEP,
    },
    Page {
        command: "state pull",
        examples: &[("nfplan state pull alice > alice.state", "keep a copy, or change it")],
        exits: READING,
    },
    Page {
        command: "state push",
        examples: &[
            ("nfplan state push alice.state", "put a changed copy in place"),
            ("nfplan state push -", "from standard input"),
        ],
        exits: UPKEEP,
    },
    Page {
        command: "state prune",
        examples: &[
            ("nfplan state prune --dry-run", "see what would go"),
            ("nfplan state prune --keep 20", "keep twenty states of each unit"),
        ],
        exits: UPKEEP,
    },
    Page {
        command: "state forget",
        examples: &[
            (
                "nfplan state forget ec2.vpc/main --select bob --reason handed-over",
                "leave his network to others",
            ),
            (
                "nfplan state forget ec2.vpc/main --object vpc-1 --reason gone --select bob",
                "only an old object of the address",
            ),
        ],
        exits: UPKEEP,
    },
    Page {
        command: "state list",
        examples: &[
            ("nfplan state list --select platform:main", "the objects of one platform"),
            ("nfplan state list --json", "everything that is recorded"),
        ],
        exits: READING,
    },
    Page {
        command: "state show",
        examples: &[
            ("nfplan state show batch.job_queue/main", "in every unit that has one"),
            ("nfplan state show ec2.vpc/main --select bob", "in one unit"),
        ],
        exits: READING,
    },
    Page {
        command: "config",
        examples: &[
            ("nfplan config", "where every setting comes from"),
            ("nfplan config --verbose", "and what each is for"),
            ("nfplan -C demo config --json", "for a bug report or a pipeline"),
        ],
        exits: &[],
    },
    Page {
        command: "diff",
        examples: &[
            ("nfplan diff reviewed.plan fresh.plan", "what changed since the review"),
            ("nfplan diff a.plan b.plan --detailed-exitcode", "in a pipeline"),
        ],
        exits: &[Exit::Changes, Exit::InvalidSpecs],
    },
    Page {
        command: "graph",
        examples: &[
            ("nfplan graph | dot -Tsvg > plan.svg", "draw the plan's steps"),
            ("nfplan graph --format mermaid", "for Markdown on GitHub"),
            ("nfplan graph --all --select alice@example.org", "everything one researcher has"),
        ],
        exits: READING,
    },
    Page {
        command: "output",
        examples: &[
            ("nfplan output --select alice@example.org", "what her workspace offers"),
            ("nfplan output queue --select alice@example.org", "one value, for a script"),
        ],
        exits: READING,
    },
    Page {
        command: "suspend",
        examples: &[
            ("nfplan suspend alice && git diff", "what to commit for review"),
            ("nfplan suspend alice bob", "two researchers"),
        ],
        exits: PLANNING,
    },
    Page {
        command: "resume",
        examples: &[("nfplan resume alice", "let her work again, once this is applied")],
        exits: PLANNING,
    },
    Page {
        command: "rotate",
        examples: &[
            ("nfplan rotate alice", "a new key; the old one works for another day"),
            ("nfplan rotate alice --overlap 90m --auto-approve", "from a schedule"),
            ("nfplan rotate alice --finish", "the old key is not needed any more"),
        ],
        exits: APPLYING,
    },
    Page {
        command: "revoke",
        examples: &[
            ("nfplan revoke alice", "a key has leaked"),
            ("nfplan revoke alice --lift", "let her in again, with a new key"),
        ],
        exits: APPLYING,
    },
    Page {
        command: "env",
        examples: &[
            ("nfplan env alice --format dotenv > alice.env", "for a container"),
            ("nfplan env alice --format k8s-secret | kubectl apply -f -", "for a pod"),
            ("nfplan env alice --format sh", "for `eval` in a shell"),
        ],
        exits: READING,
    },
    Page {
        command: "nextflow-config",
        examples: &[
            ("nfplan nextflow-config alice > nextflow.config", "for her next pipeline"),
            ("nfplan nextflow-config alice --json", "the values alone"),
        ],
        exits: READING,
    },
    Page {
        command: "can",
        examples: &[
            ("nfplan can alice s3:GetObject s3://example-data/bob/reads.bam", "bob's data?"),
            ("nfplan can alice s3:PutObject s3://example-data/alice/x --as jobs", "as her jobs"),
            (
                "nfplan can alice batch:RegisterJobDefinition --with batch:Image=quay.io/x:1",
                "with what the request says",
            ),
        ],
        exits: &[Exit::Changes, Exit::Stuck, Exit::Refused, Exit::InvalidSpecs, Exit::Denied],
    },
    Page {
        command: "permissions",
        examples: &[
            ("nfplan permissions", "for all accounts, and the state bucket"),
            ("nfplan permissions main --kind read-only", "for a pipeline that plans"),
            ("nfplan permissions --json | jq .policies[0].policy", "one document alone"),
        ],
        exits: &[Exit::Refused, Exit::InvalidSpecs],
    },
    Page {
        command: "explain",
        examples: &[
            ("nfplan explain E0305", "what a code means"),
            (
                "nfplan explain alice@example.org:batch.job_queue/main",
                "where each value comes from, and what changing it takes",
            ),
        ],
        exits: READING,
    },
    Page {
        command: "schema",
        examples: &[
            ("nfplan schema > .nfplan/project.json", "for an editor, of nfplan.yaml"),
            ("nfplan schema workspaces > .nfplan/workspaces.json", "of workspaces/*.yaml"),
            ("nfplan schema --format markdown", "the reference of every key"),
            ("nfplan schema plan > plan.schema.json", "of what `nfplan plan --json` prints"),
        ],
        exits: &[],
    },
    Page {
        command: "completions",
        examples: &[
            ("source <(nfplan completions bash)", "in ~/.bashrc"),
            ("source <(nfplan completions zsh)", "in ~/.zshrc, after compinit"),
            ("nfplan completions fish | source", "in ~/.config/fish/config.fish"),
        ],
        exits: &[],
    },
    Page {
        command: "man",
        examples: &[
            ("nfplan man | man -l -", "read the page of nfplan"),
            ("nfplan man --out /usr/local/share/man/man1", "install all pages"),
        ],
        exits: &[],
    },
    Page {
        command: "version",
        examples: &[("nfplan version --json", "formats, clouds and stores of this build")],
        exits: &[],
    },
];

/// How commands can end that look at specs and states.
const READING: &[Exit] = &[Exit::Stuck, Exit::Refused, Exit::InvalidSpecs, Exit::Denied];

/// How commands can end that compare with the cloud and change nothing.
const COMPARING: &[Exit] = &[
    Exit::Changes,
    Exit::Unreadable,
    Exit::Stuck,
    Exit::Refused,
    Exit::InvalidSpecs,
    Exit::Denied,
];

/// How commands can end that edit specs and plan.
const PLANNING: &[Exit] =
    &[Exit::Unreadable, Exit::Stuck, Exit::Refused, Exit::InvalidSpecs, Exit::Denied];

/// How commands can end that change states or leases, and never the cloud.
const UPKEEP: &[Exit] =
    &[Exit::Stuck, Exit::Refused, Exit::Leased, Exit::InvalidSpecs, Exit::Denied];

/// How commands can end that change the cloud.
const APPLYING: &[Exit] = &[
    Exit::Unreadable,
    Exit::RolledBack,
    Exit::Stuck,
    Exit::Refused,
    Exit::Leased,
    Exit::Leftovers,
    Exit::InvalidSpecs,
    Exit::Denied,
    Exit::Interrupted,
    Exit::Terminated,
];

impl Page {
    /// How the command can end, in the order of the codes.
    pub fn exits(&self) -> Vec<Exit> {
        let always = |exit: &Exit| matches!(exit, Exit::Fine | Exit::Error | Exit::Usage);
        Exit::ALL.into_iter().filter(|exit| always(exit) || self.exits.contains(exit)).collect()
    }
}
