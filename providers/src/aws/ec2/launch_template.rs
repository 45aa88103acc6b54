//! Launch templates. Versions never change: a change is a new version, made the default one.

use aws_sdk_ec2::types::Filter;
use aws_sdk_ec2::types::LaunchTemplate;
use aws_sdk_ec2::types::LaunchTemplateHttpTokensState;
use aws_sdk_ec2::types::LaunchTemplateInstanceMetadataOptionsRequest;
use aws_sdk_ec2::types::LaunchTemplateVersion;
use aws_sdk_ec2::types::RequestLaunchTemplateData;
use aws_sdk_ec2::types::ResourceType;
use nfplan_engine::address::RemoteId;
use nfplan_engine::observed::Live;
use nfplan_engine::observed::Sighting;
use nfplan_engine::provider::CreateRequest;
use nfplan_engine::provider::DeleteRequest;
use nfplan_engine::provider::ErrorKind;
use nfplan_engine::provider::ProviderError;
use nfplan_engine::provider::Target;
use nfplan_engine::provider::UpdateRequest;
use nfplan_engine::provider::Wanted;
use nfplan_engine::value::Attributes;

use crate::aws::ec2;
use crate::aws::error;
use crate::aws::inputs::number;
use crate::aws::inputs::owned_text;
use crate::aws::reading::Reading;
use crate::aws::reading::input;
use crate::aws::selection::sightings;
use crate::aws::session::Session;
use crate::aws::session::remote_id;
use crate::aws::sketch::Sketch;
use crate::aws::tags;

const CREATE: &str = "ec2:CreateLaunchTemplate";
const VERSIONS: &str = "ec2:DescribeLaunchTemplateVersions";
/// What a version consists of.
const CONTENT: [&str; 3] = ["user_data", "metadata_tokens", "metadata_hop_limit"];
/// From so many templates on, the default versions of all are asked for at once.
const ALL_FROM: usize = 4;

/// Finds templates.
pub(crate) async fn read(reading: &Reading<'_>, wanted: &[&Wanted<'_>]) -> Vec<Sighting> {
    let session = reading.session;
    let found = async {
        let mut templates = Vec::new();
        for filter in filters(wanted) {
            templates.extend(list(session, filter).await?);
        }
        let versions = default_versions(session, &templates).await?;
        let pairs = templates.iter().filter_map(|template| {
            let version =
                versions.iter().find(|v| v.launch_template_id() == template.launch_template_id());
            live(session, template, version?)
        });
        Ok(pairs.collect())
    };
    sightings(session.schema("ec2.launch_template"), wanted, found.await)
}

/// A name is enough to find a template of which the id is not known. An id that does not exist is
/// an error where it is asked for by id, but there is no filter for ids: tags find those too.
fn filters(wanted: &[&Wanted<'_>]) -> Vec<Filter> {
    let names = wanted.iter().filter_map(|wanted| match &wanted.target {
        Target::Others(_) => None,
        _ => input(wanted, "name").map(str::to_owned),
    });
    let units = wanted.iter().filter(|wanted| matches!(wanted.target, Target::Others(_)));
    let units = units.map(|wanted| wanted.unit.to_string());
    let mut filters = ec2::filter_chunks("launch-template-name", names.collect());
    filters.extend(ec2::filter_chunks(&format!("tag:{}", tags::UNIT), units.collect()));
    filters
}

async fn list(session: &Session<'_>, filter: Filter) -> Result<Vec<LaunchTemplate>, ProviderError> {
    let templates = session.pages("ec2:DescribeLaunchTemplates", async |token| {
        let page = session.clients.ec2.describe_launch_templates().filters(filter.clone());
        let page = page.max_results(200).set_next_token(token).send().await?;
        Ok((page.launch_templates.unwrap_or_default(), page.next_token))
    });
    templates.await
}

async fn default_versions(
    session: &Session<'_>,
    templates: &[LaunchTemplate],
) -> Result<Vec<LaunchTemplateVersion>, ProviderError> {
    let ids: Vec<&str> = templates.iter().filter_map(LaunchTemplate::launch_template_id).collect();
    if ids.len() >= ALL_FROM {
        return versions(session, None).await;
    }
    let mut found = Vec::new();
    for id in ids {
        found.extend(versions(session, Some(id)).await?);
    }
    Ok(found)
}

/// The default version of one template, or of all.
async fn versions(
    session: &Session<'_>,
    id: Option<&str>,
) -> Result<Vec<LaunchTemplateVersion>, ProviderError> {
    let versions = session.pages(VERSIONS, async |token| {
        let page = session.clients.ec2.describe_launch_template_versions().versions("$Default");
        let page = page.set_launch_template_id(id.map(str::to_owned)).max_results(200);
        let page = page.set_next_token(token).send().await?;
        Ok((page.launch_template_versions.unwrap_or_default(), page.next_token))
    });
    versions.await
}

fn live(
    session: &Session<'_>,
    template: &LaunchTemplate,
    version: &LaunchTemplateVersion,
) -> Option<Live> {
    let id = template.launch_template_id()?;
    let data = version.launch_template_data()?;
    let options = data.metadata_options();
    let tokens = options.and_then(|options| options.http_tokens());
    Sketch::new(session.schema("ec2.launch_template"), id)
        .set("id", id)
        .set_if("name", template.launch_template_name())
        .set_if("version", version.version_number().map(|number| number.to_string()))
        .set_if("user_data", ec2::decoded(data.user_data()))
        .set_if("metadata_tokens", tokens.map(LaunchTemplateHttpTokensState::as_str))
        .number("metadata_hop_limit", options.and_then(aws_sdk_ec2::types::LaunchTemplateInstanceMetadataOptions::http_put_response_hop_limit))
        .tagged(&tags::listed!(template.tags()))
        .live(session.place)
}

fn data(inputs: &Attributes) -> RequestLaunchTemplateData {
    let tokens = owned_text(inputs, "metadata_tokens");
    let options = LaunchTemplateInstanceMetadataOptionsRequest::builder()
        .set_http_tokens(tokens.map(|text| text.as_str().into()))
        .set_http_put_response_hop_limit(number(inputs, "metadata_hop_limit"))
        .build();
    RequestLaunchTemplateData::builder()
        .set_user_data(owned_text(inputs, "user_data").as_deref().map(ec2::encoded))
        .metadata_options(options)
        .build()
}

/// Creates a template with its first version.
pub(crate) async fn create(
    session: &Session<'_>,
    request: &CreateRequest<'_>,
) -> Result<RemoteId, ProviderError> {
    let call = session.clients.ec2.create_launch_template().client_token(request.token);
    let call = call.set_launch_template_name(owned_text(request.inputs, "name"));
    let call = call.launch_template_data(data(request.inputs));
    let call = call.tag_specifications(ec2::tagging(request, ResourceType::LaunchTemplate)).send();
    match session.change(CREATE, call).await {
        Ok(made) => {
            let made = made.launch_template;
            remote_id(CREATE, made.as_ref().and_then(LaunchTemplate::launch_template_id))
        }
        Err(error) if error.kind == ErrorKind::Exists => ours(session, request, error).await,
        Err(error) => Err(error),
    }
}

/// A template of this name is there: the one of this very attempt, or somebody's.
async fn ours(
    session: &Session<'_>,
    request: &CreateRequest<'_>,
    error: ProviderError,
) -> Result<RemoteId, ProviderError> {
    let name = owned_text(request.inputs, "name").unwrap_or_default();
    let filter = Filter::builder().name("launch-template-name").values(&name).build();
    let found = list(session, filter).await?;
    let found = found.first();
    let tags = found.map(|template| tags::listed!(template.tags())).unwrap_or_default();
    error::unless_of_attempt(request, &tags, &format!("launch template `{name}`"), error)?;
    remote_id(CREATE, found.and_then(LaunchTemplate::launch_template_id))
}

/// Makes the wanted version the default one, and changes tags.
pub(crate) async fn update(
    session: &Session<'_>,
    request: &UpdateRequest<'_>,
) -> Result<(), ProviderError> {
    let id = request.remote_id.as_str();
    if CONTENT.iter().any(|name| request.changed.contains(*name)) {
        let version = version_of(session, request).await?;
        let call = session.clients.ec2.modify_launch_template().launch_template_id(id);
        let call = call.default_version(version).send();
        session.change("ec2:ModifyLaunchTemplate", call).await?;
    }
    ec2::retag(session, request).await
}

/// The number of the version with the wanted content, which is made if there is none.
async fn version_of(
    session: &Session<'_>,
    request: &UpdateRequest<'_>,
) -> Result<String, ProviderError> {
    let (id, ec2) = (request.remote_id.as_str(), &session.clients.ec2);
    let versions = session.pages(VERSIONS, async |token| {
        let page = ec2.describe_launch_template_versions().launch_template_id(id).max_results(200);
        let page = page.set_next_token(token).send().await?;
        Ok((page.launch_template_versions.unwrap_or_default(), page.next_token))
    });
    let found = versions.await?.iter().find_map(|version| {
        let data = version.launch_template_data()?;
        let options = data.metadata_options()?;
        let tokens = options.http_tokens().map(|tokens| tokens.as_str().to_owned());
        let same = ec2::decoded(data.user_data()) == owned_text(request.after, "user_data")
            && tokens == owned_text(request.after, "metadata_tokens")
            && options.http_put_response_hop_limit() == number(request.after, "metadata_hop_limit");
        same.then(|| version.version_number()).flatten()
    });
    if let Some(number) = found {
        return Ok(number.to_string());
    }
    let call = ec2.create_launch_template_version().launch_template_id(id);
    let call = call.client_token(request.token).launch_template_data(data(request.after)).send();
    let made = session.change("ec2:CreateLaunchTemplateVersion", call).await?;
    let number = made.launch_template_version().and_then(LaunchTemplateVersion::version_number);
    Ok(number.unwrap_or_default().to_string())
}

/// Deletes a template with all its versions.
pub(crate) async fn delete(
    session: &Session<'_>,
    request: &DeleteRequest<'_>,
) -> Result<(), ProviderError> {
    let call = session.clients.ec2.delete_launch_template();
    let call = call.launch_template_id(request.remote_id.as_str()).send();
    session.change("ec2:DeleteLaunchTemplate", call).await?;
    Ok(())
}
