//! `compute`: where jobs run.

use super::overlay::Layer;
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
}

/// How Batch chooses instances.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Strategy {
    SpotPriceCapacityOptimized,
    SpotCapacityOptimized,
    BestFit,
    BestFitProgressive,
}

impl Strategy {
    const WORDS: [(&'static str, Self); 4] = [
        ("spot_price_capacity_optimized", Self::SpotPriceCapacityOptimized),
        ("spot_capacity_optimized", Self::SpotCapacityOptimized),
        ("best_fit", Self::BestFit),
        ("best_fit_progressive", Self::BestFitProgressive),
    ];

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
    let Some(mut fields) = decoder.fields(field) else { return ComputeOverlay::default() };
    let kinds = [("spot", ComputeKind::Spot), ("ec2", ComputeKind::Ec2)];
    let own = ComputeOverlay {
        section: Some(Set { value: (), file: decoder.number, span: field.key }),
        kind: decoder.optional(&mut fields, "type", |decoder, field| decoder.word(field, &kinds)),
        instance_types: decoder.optional(&mut fields, "instance_types", |decoder, field| {
            decoder.some(field, |decoder, item| decoder.checked(item, syntax::instance_type))
        }),
        min_vcpus: decoder.optional(&mut fields, "min_vcpus", |decoder, field| {
            decoder.integer(field, 0..=MAX_VCPUS)
        }),
        max_vcpus: decoder.optional(&mut fields, "max_vcpus", |decoder, field| {
            decoder.integer(field, 1..=MAX_VCPUS)
        }),
        strategy: decoder.optional(&mut fields, "strategy", |decoder, field| {
            decoder.word(field, &Strategy::WORDS)
        }),
        bid_percentage: decoder.optional(&mut fields, "bid_percentage", |decoder, field| {
            decoder.integer(field, 1..=100)
        }),
        ami: decoder.optional(&mut fields, "ami", ami),
    };
    decoder.finish(fields);
    own
}

fn ami(decoder: &mut Decoder<'_>, field: Field<'_>) -> Option<Ami> {
    if !field.node.is_map() {
        return decoder.word(field, &[("ecs_optimized", Ami::EcsOptimized)]);
    }
    let mut fields = decoder.fields(field)?;
    let pipeline = fields.take("pipeline");
    let id = fields.take("id");
    decoder.finish(fields);
    match (pipeline, id) {
        (Some(arn), None) => decoder.checked(arn, syntax::pipeline_arn).map(Ami::Pipeline),
        (None, Some(id)) => decoder.checked(id, |text| syntax::ec2_id(text, "ami")).map(Ami::Id),
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
    let message = format!("`min_vcpus` is {min}, more than `max_vcpus`, which is {max}");
    decoder.report_conflict(code::VCPUS, message, [least.map(Set::place), most.map(Set::place)]);
}

fn check_strategy(decoder: &mut Decoder<'_>, own: &ComputeOverlay, below: &ComputeOverlay) {
    let Some(strategy) = own.strategy.as_ref().or(below.strategy.as_ref()) else { return };
    let kind = own.kind.as_ref().or(below.kind.as_ref());
    let word = Strategy::WORDS.iter().find(|(_, known)| *known == strategy.value);
    let word = word.map_or("", |(word, _)| word);
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
