//! `compute`: where jobs run.

use super::overlay::Layer;
use super::shape::Choice;
use super::shape::Key;
use super::shape::Rule;
use super::shape::Section;
use super::shape::Shape;
use super::shape::Variants;
use super::shape::words;
use crate::code;
use crate::decode::Decoder;
use crate::decode::Field;
use crate::decode::Set;
use crate::settings::Ami;
use crate::settings::ComputeKind;
use crate::syntax;

/// The most vCPUs that a compute environment may be let grow to: beyond any account's quota.
const MAX_VCPUS: u32 = 1_000_000;
/// `min_vcpus` where none is given.
pub(crate) const DEFAULT_MIN_VCPUS: u32 = 0;
/// `max_vcpus` where none is given.
pub(crate) const DEFAULT_MAX_VCPUS: u32 = 64;

/// The fields of `compute`, each set or not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ComputeOverlay {
    /// The key `compute` itself: where its defaults come from.
    pub section: Option<Set<()>>,
    pub kind: Option<Set<ComputeKind>>,
    pub instance_types: Option<Set<Vec<Box<str>>>>,
    pub min_vcpus: Option<Set<u32>>,
    pub max_vcpus: Option<Set<u32>>,
    pub strategy: Option<Set<Strategy>>,
    pub bid_percentage: Option<Set<u32>>,
    pub ami: Option<Set<Ami>>,
    pub cli_path: Option<Set<Box<str>>>,
}

/// How Batch chooses instances.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Strategy {
    SpotPriceCapacityOptimized,
    SpotCapacityOptimized,
    BestFit,
    BestFitProgressive,
}

/// The section.
pub(super) static COMPUTE: Section = Section {
    keys: &[&[
        Key::optional("type", Shape::Word(&words(&KINDS)), "What kind of capacity jobs run on.")
            .or("spot"),
        Key::optional(
            "instance_types",
            Shape::List(&Shape::Text(&syntax::INSTANCE_TYPE), 1),
            "What AWS Batch chooses instances from: `optimal`, families and types.",
        )
        .or("[optimal]"),
        Key::optional(
            "min_vcpus",
            Shape::Integer(0, MAX_VCPUS),
            "vCPUs that run, and cost, even without jobs.",
        )
        .or("0"),
        Key::optional(
            "max_vcpus",
            Shape::Integer(1, MAX_VCPUS),
            "The most vCPUs that run at once: the ceiling of what the workspace can cost.",
        )
        .or("64"),
        Key::optional(
            "strategy",
            Shape::Word(&words(&STRATEGIES)),
            "How AWS Batch chooses instances. Absent: `spot_price_capacity_optimized` with \
             `type: spot`, `best_fit_progressive` with `type: ec2`.",
        ),
        Key::optional(
            "bid_percentage",
            Shape::Integer(1, 100),
            "The most that is paid for spot capacity, in percent of the on-demand price. Absent: \
             no limit below the on-demand price.",
        ),
        Key::optional(
            "ami",
            Shape::WordOrSection(&words(&AMIS), &AMI),
            "The machine image of compute instances. Its id is pinned in nfplan.lock.",
        )
        .or("ecs_optimized"),
        Key::optional(
            "cli_path",
            Shape::Text(&syntax::CLI_PATH),
            "Where the machine image has the AWS CLI, for jobs to stage data with; its folder's \
             folder is mounted into containers. Absent: container images have to have it.",
        ),
    ]],
    rules: &[Rule::Variants(&Variants {
        key: "type",
        default: "spot",
        keys: &[("spot", &["bid_percentage"]), ("ec2", &[])],
    })],
};

static AMI: Section = Section {
    keys: &[&[
        Key::optional(
            "pipeline",
            Shape::Text(&syntax::PIPELINE_ARN),
            "The EC2 Image Builder pipeline whose newest image is taken.",
        ),
        Key::optional("id", Shape::Text(&syntax::AMI), "The id of an image."),
    ]],
    rules: &[Rule::ExactlyOne(&["pipeline", "id"])],
};

const KINDS: [Choice<ComputeKind>; 2] = [
    Choice::new("spot", ComputeKind::Spot, "Spot instances: cheap, and taken away at any time."),
    Choice::new("ec2", ComputeKind::Ec2, "On-demand instances."),
];

const STRATEGIES: [Choice<Strategy>; 4] = [
    Choice::new(
        "spot_price_capacity_optimized",
        Strategy::SpotPriceCapacityOptimized,
        "Spot pools with the best of price and capacity; with `type: spot` only.",
    ),
    Choice::new(
        "spot_capacity_optimized",
        Strategy::SpotCapacityOptimized,
        "Spot pools that are least likely to be interrupted; with `type: spot` only.",
    ),
    Choice::new(
        "best_fit",
        Strategy::BestFit,
        "The cheapest type that fits, waiting until there is some. Most changes then replace the \
         compute environment.",
    ),
    Choice::new(
        "best_fit_progressive",
        Strategy::BestFitProgressive,
        "The cheapest types that fit, others where these run out.",
    ),
];

const AMIS: [Choice<()>; 1] =
    [Choice::new("ecs_optimized", (), "AWS's newest ECS-optimised Amazon Linux 2023 image.")];

impl Strategy {
    /// As the AWS API writes it.
    pub(crate) fn api_word(self) -> &'static str {
        match self {
            Self::SpotPriceCapacityOptimized => "SPOT_PRICE_CAPACITY_OPTIMIZED",
            Self::SpotCapacityOptimized => "SPOT_CAPACITY_OPTIMIZED",
            Self::BestFit => "BEST_FIT",
            Self::BestFitProgressive => "BEST_FIT_PROGRESSIVE",
        }
    }

    /// What is best for a kind of compute.
    pub(crate) fn default_for(kind: ComputeKind) -> Self {
        match kind {
            ComputeKind::Spot => Self::SpotPriceCapacityOptimized,
            ComputeKind::Ec2 => Self::BestFitProgressive,
        }
    }

    /// Whether AWS takes it for a kind of compute.
    fn fits(self, kind: ComputeKind) -> bool {
        match self {
            Self::SpotPriceCapacityOptimized | Self::SpotCapacityOptimized => {
                kind == ComputeKind::Spot
            }
            Self::BestFit | Self::BestFitProgressive => true,
        }
    }
}

/// Reads `compute` and checks it together with what lies below.
pub(crate) fn compute(
    decoder: &mut Decoder<'_>,
    field: Field<'_>,
    below: Layer<'_>,
) -> ComputeOverlay {
    let before = decoder.errors();
    let own = read(decoder, field);
    if decoder.errors() == before {
        match below {
            Layer::Defaults => check(decoder, &own, &ComputeOverlay::default()),
            Layer::Profile(profile) => check(decoder, &own, &profile.compute),
            Layer::Unknown => {}
        }
    }
    own
}

fn read(decoder: &mut Decoder<'_>, field: Field<'_>) -> ComputeOverlay {
    let Some(fields) = decoder.fields(field) else { return ComputeOverlay::default() };
    ComputeOverlay {
        section: Some(Set { value: (), file: decoder.number, span: field.key }),
        kind: decoder.read(fields, "type", |decoder, field| decoder.word(field, &KINDS)),
        instance_types: decoder.read(fields, "instance_types", |decoder, field| {
            decoder.list(field, |decoder, item| decoder.text(item).map(Box::from))
        }),
        min_vcpus: decoder.read(fields, "min_vcpus", Decoder::integer),
        max_vcpus: decoder.read(fields, "max_vcpus", Decoder::integer),
        strategy: decoder
            .read(fields, "strategy", |decoder, field| decoder.word(field, &STRATEGIES)),
        bid_percentage: decoder.read(fields, "bid_percentage", Decoder::integer),
        ami: decoder.read(fields, "ami", ami),
        cli_path: decoder
            .read(fields, "cli_path", |decoder, field| decoder.text(field).map(Box::from)),
    }
}

fn ami(decoder: &mut Decoder<'_>, field: Field<'_>) -> Option<Ami> {
    if !field.node.is_map() {
        return decoder.word(field, &AMIS).map(|()| Ami::EcsOptimized);
    }
    let fields = decoder.fields(field)?;
    match (fields.get("pipeline"), fields.get("id")) {
        (Some(arn), None) => decoder.text(arn).map(|arn| Ami::Pipeline(arn.into())),
        (None, Some(id)) => decoder.text(id).map(|id| Ami::Id(id.into())),
        (Some(_), Some(_)) | (None, None) => {
            decoder.wrong_form(field, "ecs_optimized, { pipeline: ARN } or { id: ami-… }")
        }
    }
}

/// Checks what only holds between fields.
fn check(decoder: &mut Decoder<'_>, own: &ComputeOverlay, below: &ComputeOverlay) {
    check_vcpus(decoder, own, below);
    check_strategy(decoder, own, below);
    let kind = effective(own.kind.as_ref(), below.kind.as_ref(), ComputeKind::Spot);
    if let Some(bid) = own.bid_percentage.as_ref().filter(|_| kind == ComputeKind::Ec2) {
        let message = "`bid_percentage` belongs to `type: spot`";
        decoder.report(decoder.error(code::WRONG_VARIANT, bid.span, message));
    }
}

fn effective<T: Copy>(own: Option<&Set<T>>, below: Option<&Set<T>>, default: T) -> T {
    own.or(below).map_or(default, |set| set.value)
}

fn check_vcpus(decoder: &mut Decoder<'_>, own: &ComputeOverlay, below: &ComputeOverlay) {
    let least = own.min_vcpus.as_ref().or(below.min_vcpus.as_ref());
    let most = own.max_vcpus.as_ref().or(below.max_vcpus.as_ref());
    let min = least.map_or(DEFAULT_MIN_VCPUS, |set| set.value);
    let max = most.map_or(DEFAULT_MAX_VCPUS, |set| set.value);
    if min <= max {
        return;
    }
    let default = |set: Option<&Set<u32>>| if set.is_none() { " by default" } else { "" };
    let (min, max) = (format!("{min}{}", default(least)), format!("{max}{}", default(most)));
    let message = format!("`min_vcpus` is {min}, more than `max_vcpus`, which is {max}");
    decoder.report_conflict(code::VCPUS, message, [least.map(Set::place), most.map(Set::place)]);
}

fn check_strategy(decoder: &mut Decoder<'_>, own: &ComputeOverlay, below: &ComputeOverlay) {
    let Some(strategy) = own.strategy.as_ref().or(below.strategy.as_ref()) else { return };
    let kind = own.kind.as_ref().or(below.kind.as_ref());
    let word = STRATEGIES.iter().find(|choice| choice.value == strategy.value);
    let word = word.map_or("", |choice| choice.word.name);
    if !strategy.value.fits(kind.map_or(ComputeKind::Spot, |set| set.value)) {
        let message = format!("`strategy: {word}` does not fit `type: ec2`");
        let places = [Some(strategy.place()), kind.map(Set::place)];
        decoder.report_conflict(code::STRATEGY, message, places);
    } else if own.strategy.as_ref().is_some_and(|set| set.value == Strategy::BestFit) {
        let message = "with `best_fit`, most changes of the compute environment replace it";
        let problem = decoder.warning(code::BEST_FIT, strategy.span, message);
        decoder.report(problem.help("`best_fit_progressive` can be updated in place"));
    }
}
