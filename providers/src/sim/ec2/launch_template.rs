//! Launch templates and their versions, which never change.

use nfplan_engine::preflight::Deed;
use nfplan_engine::provider::ProviderError;
use nfplan_engine::provider::UpdateRequest;
use nfplan_engine::value::Attributes;
use nfplan_engine::value::Value;

use crate::sim::ec2;
use crate::sim::kind::Calls;
use crate::sim::kind::Codes;
use crate::sim::kind::Guard;
use crate::sim::kind::Kind;
use crate::sim::kind::NameRule;
use crate::sim::kind::Reads;
use crate::sim::kind::Rules;
use crate::sim::record::Key;
use crate::sim::record::Record;
use crate::sim::scene::Scene;
use crate::sim::session::Session;
use crate::sim::standard;

/// What a version consists of.
const CONTENT: &[&str] = &["user_data", "metadata_tokens", "metadata_hop_limit"];

/// The type.
pub(crate) static KIND: Kind = Kind {
    resource_type: "ec2.launch_template",
    global: false,
    create: "ec2:CreateLaunchTemplate",
    delete: "ec2:DeleteLaunchTemplate",
    codes: &Codes {
        exists: "InvalidLaunchTemplateName.AlreadyExistsException",
        ..ec2::codes("InvalidLaunchTemplateId.NotFound", "LaunchTemplateLimitExceeded")
    },
    guard: Guard::Token,
    identify: |mint, _, _| ec2::minted(mint, "lt"),
    references: &[],
    changes: &[],
    tagging: ec2::TAGGING,
    name: Some(NameRule { attribute: "name", least: 3, most: 128, extra: "()./_-" }),
    work: None,
    rules: Rules { complete, ..Rules::NONE },
    calls: Calls { update, more, ..Calls::STANDARD },
    reads: Reads::listing(&[
        ("ec2:DescribeLaunchTemplates", 200),
        ("ec2:DescribeLaunchTemplateVersions", 200),
    ]),
};

/// A change of the content makes a version, and makes it the one that counts.
fn more(deed: &Deed<'_>) -> Vec<&'static str> {
    match deed {
        Deed::Update { changed, .. } if CONTENT.iter().any(|name| changed.contains(*name)) => {
            vec!["ec2:CreateLaunchTemplateVersion", "ec2:ModifyLaunchTemplate"]
        }
        Deed::Create { .. } | Deed::Update { .. } | Deed::Disable { .. } | Deed::Delete { .. } => {
            Vec::new()
        }
    }
}

fn content(attributes: &Attributes) -> Value {
    let parts = CONTENT
        .iter()
        .filter_map(|name| attributes.get(*name).map(|value| (Box::from(*name), value.clone())));
    Value::Map(parts.collect())
}

/// The versions in order, the first one being number 1.
fn versions(template: &Record) -> &[Value] {
    template.hidden_list("versions")
}

/// Whether a template has this version.
pub(crate) fn has_version(template: &Record, version: &str) -> bool {
    let numbers = 1..=versions(template).len();
    version.parse().is_ok_and(|version| numbers.contains(&version))
}

fn complete(_: &Scene<'_>, template: &mut Record) {
    let first = content(&template.attributes);
    template.hidden.insert("versions".into(), Value::List(vec![first]));
    template.attributes.insert("version".into(), "1".into());
}

fn update(
    session: &mut Session<'_>,
    record: &Record,
    request: &UpdateRequest<'_>,
) -> Result<(), ProviderError> {
    let mut wanted = request.after.clone();
    session.settings().schema(KIND.resource_type).normalise(&mut wanted);
    if content(&record.attributes) != content(&wanted) {
        let version = version_of(session, &record.key, &content(&wanted))?;
        standard::change(session, &record.key, "ec2:ModifyLaunchTemplate", |_, template| {
            let Value::Map(parts) = content(&wanted) else { return Ok(()) };
            template.attributes.retain(|name, _| !CONTENT.contains(&&**name));
            template.attributes.extend(parts);
            template.attributes.insert("version".into(), version.to_string().into());
            Ok(())
        })?;
    }
    standard::update_tags(session, &record.key, &wanted)
}

/// The number of the version with this content, which is made if there is none.
fn version_of(
    session: &mut Session<'_>,
    key: &Key,
    content: &Value,
) -> Result<usize, ProviderError> {
    session.look("ec2:DescribeLaunchTemplateVersions")?;
    let existing = |session: &Session<'_>| {
        let template = session.record(key)?;
        versions(template).iter().position(|version| version == content).map(|index| index + 1)
    };
    if let Some(number) = existing(session) {
        return Ok(number);
    }
    standard::change(session, key, "ec2:CreateLaunchTemplateVersion", |_, template| {
        if let Some(Value::List(versions)) = template.hidden.get_mut("versions") {
            versions.push(content.clone());
        }
        Ok(())
    })?;
    Ok(existing(session).expect("the version was made just now"))
}
