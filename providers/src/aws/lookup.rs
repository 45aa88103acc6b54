//! Look-ups: images and availability zones.

use std::collections::BTreeSet;

use aws_sdk_ec2::types::Filter;
use aws_sdk_ec2::types::LocationType;
use aws_sdk_imagebuilder::types::ImageStatus;
use aws_sdk_imagebuilder::types::ImageSummary;
use nfplan_engine::provider::ErrorKind;
use nfplan_engine::provider::LookUp;
use nfplan_engine::provider::ProviderError;
use nfplan_engine::value::Value;

use crate::aws::error;
use crate::aws::session::Session;

/// Where AWS publishes the newest ECS-optimised image of Amazon Linux 2023 (ECS developer guide,
/// "Retrieving Amazon ECS-optimized Linux AMI metadata").
const ECS_IMAGE: &str = "/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended/image_id";

/// The families that Batch chooses from for `optimal` (Batch API reference, `ComputeResource`).
const OPTIMAL: [&str; 6] = ["c4.*", "m4.*", "r4.*", "c5.*", "m5.*", "r5.*"];

/// Answers a look-up.
pub(crate) async fn look_up(
    session: &Session<'_>,
    look_up: &LookUp,
) -> Result<Value, ProviderError> {
    match look_up {
        LookUp::EcsImage => ecs_image(session).await,
        LookUp::PipelineImage(arn) => pipeline_image(session, arn).await,
        LookUp::Zones(types) => zones(session, types).await,
    }
}

async fn ecs_image(session: &Session<'_>) -> Result<Value, ProviderError> {
    let call = session.clients.parameters.get_parameter().name(ECS_IMAGE).send();
    let answer = session.look("ssm:GetParameter", call).await?;
    let image = answer.parameter().and_then(|parameter| parameter.value());
    image.map(Value::text).ok_or_else(|| nothing("ssm:GetParameter", "it names no image".into()))
}

/// The newest image that the pipeline has finished, in this region.
async fn pipeline_image(session: &Session<'_>, arn: &str) -> Result<Value, ProviderError> {
    const OPERATION: &str = "imagebuilder:ListImagePipelineImages";
    let images = session.pages(OPERATION, async |token| {
        let page = session.clients.images.list_image_pipeline_images().image_pipeline_arn(arn);
        let page = page.set_next_token(token).send().await?;
        Ok((page.image_summary_list.unwrap_or_default(), page.next_token))
    });
    let images = images.await?;
    let region = session.place.region.as_str();
    newest(&images, region).map(Value::text).ok_or_else(|| {
        let message = format!("the pipeline `{arn}` has no finished image for {region}");
        nothing(OPERATION, message)
    })
}

/// Dates are ISO 8601 in UTC, which sorts as text.
fn newest<'a>(images: &'a [ImageSummary], region: &str) -> Option<&'a str> {
    let finished = images.iter().filter(|image| {
        let status = image.state().and_then(|state| state.status());
        status == Some(&ImageStatus::Available)
    });
    let built = finished.filter_map(|image| {
        let amis = image.output_resources()?.amis();
        let here = amis.iter().find(|ami| ami.region() == Some(region))?;
        Some((image.date_created().unwrap_or_default(), here.image()?))
    });
    built.max().map(|(_, image)| image)
}

/// The zones that offer at least one of the types.
async fn zones(session: &Session<'_>, types: &[Box<str>]) -> Result<Value, ProviderError> {
    const OPERATION: &str = "ec2:DescribeInstanceTypeOfferings";
    let filter = Filter::builder().name("instance-type").set_values(Some(patterns(types))).build();
    let offerings = session.pages(OPERATION, async |token| {
        let page = session.clients.ec2.describe_instance_type_offerings();
        let page = page.location_type(LocationType::AvailabilityZoneId).filters(filter.clone());
        let page = page.max_results(1_000).set_next_token(token).send().await?;
        Ok((page.instance_type_offerings.unwrap_or_default(), page.next_token))
    });
    let offerings = offerings.await?;
    let zones: BTreeSet<&str> =
        offerings.iter().filter_map(|offering| offering.location()).collect();
    if zones.is_empty() {
        let message =
            format!("no availability zone of {} offers {}", session.place, types.join(", "));
        return Err(nothing(OPERATION, message));
    }
    Ok(Value::list(zones))
}

/// A whole family is asked for by a pattern.
fn patterns(types: &[Box<str>]) -> Vec<String> {
    let patterns = types.iter().flat_map(|name| match &**name {
        "optimal" => OPTIMAL.map(str::to_owned).to_vec(),
        name if name.contains('.') => vec![name.to_owned()],
        family => vec![format!("{family}.*")],
    });
    patterns.collect()
}

fn nothing(operation: &str, message: String) -> ProviderError {
    error::own(ErrorKind::Invalid, operation, "NothingFound", message)
}

#[cfg(test)]
mod tests {
    use aws_sdk_imagebuilder::types::Ami;
    use aws_sdk_imagebuilder::types::ImageState;
    use aws_sdk_imagebuilder::types::OutputResources;

    use super::*;

    fn image(date: &str, status: ImageStatus, region: &str, id: &str) -> ImageSummary {
        let ami = Ami::builder().region(region).image(id).build();
        ImageSummary::builder()
            .date_created(date)
            .state(ImageState::builder().status(status).build())
            .output_resources(OutputResources::builder().amis(ami).build())
            .build()
    }

    #[test]
    fn only_finished_images_of_the_region_count() {
        let images = [
            image("2026-01-01T00:00:00Z", ImageStatus::Available, "us-east-1", "ami-old"),
            image("2026-02-01T00:00:00Z", ImageStatus::Available, "us-east-1", "ami-new"),
            image("2026-03-01T00:00:00Z", ImageStatus::Failed, "us-east-1", "ami-failed"),
            image("2026-04-01T00:00:00Z", ImageStatus::Available, "us-west-2", "ami-elsewhere"),
        ];
        assert_eq!(newest(&images, "us-east-1"), Some("ami-new"));
        assert_eq!(newest(&images, "eu-west-1"), None);
    }

    #[test]
    fn families_are_patterns_and_optimal_is_many() {
        let types = ["m5.large".into(), "c6i".into()];
        assert_eq!(patterns(&types), ["m5.large", "c6i.*"]);
        assert_eq!(patterns(&["optimal".into()]).len(), OPTIMAL.len());
    }
}
