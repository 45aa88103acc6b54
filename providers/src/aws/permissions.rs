//! Whether whoever makes the requests may do something: IAM simulates its own policies.
//!
//! First everything is asked at once, on any resource: what is allowed there is allowed wherever it is
//! asked about, and an administrator needs no second request. The rest is asked question by question.
//! IAM refuses to simulate some actions side by side, which is nowhere written down; those are asked
//! about in ever smaller parts.
//!
//! What this does not see: policies of resources, of sessions, and denials of single objects of what is
//! allowed as a whole.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use aws_sdk_iam::types::ContextEntry;
use aws_sdk_iam::types::ContextKeyTypeEnum;
use aws_sdk_iam::types::EvaluationResult;
use aws_sdk_iam::types::OrganizationsDecisionDetail;
use aws_sdk_iam::types::PermissionsBoundaryDecisionDetail;
use aws_sdk_iam::types::PolicyEvaluationDecisionType as Decision;
use futures_util::StreamExt;
use futures_util::TryStreamExt;
use futures_util::stream;
use nfplan_engine::provider::Clearance;
use nfplan_engine::provider::Denial;
use nfplan_engine::provider::ErrorKind;
use nfplan_engine::provider::ProviderError;
use nfplan_engine::provider::Question;
use nfplan_engine::provider::Verdict;

use crate::aws::error;
use crate::aws::session::Session;

const OPERATION: &str = "iam:SimulatePrincipalPolicy";

/// As many results as one answer takes.
const PAGE: i32 = 1_000;

/// How many questions are asked at a time.
const SIDE_BY_SIDE: usize = 4;

type Verdicts = BTreeMap<Box<str>, Verdict>;
type Actions = BTreeSet<Box<str>>;

/// Answers all questions, or says why they could not be asked.
pub(crate) async fn may(
    session: &Session<'_>,
    questions: &[Question],
) -> Result<Clearance, ProviderError> {
    let simulator = Simulator { session, principal: principal(session).await? };
    let everywhere = simulator.everywhere(questions).await?;
    let answered = questions.iter().map(async |question| {
        let is_open = |action: &str| !everywhere.get(action).is_some_and(is_settled);
        let open = question.actions.iter().filter(|action| is_open(action));
        let open: Actions = open.cloned().collect();
        let answers = simulator.on(question, open).await?;
        let unsaid = || Verdict::Unknown("IAM gave no answer".into());
        let verdict = |action: &str| {
            let told = answers.get(action).or(everywhere.get(action));
            told.cloned().unwrap_or_else(unsaid)
        };
        Ok(question.actions.iter().map(|action| verdict(action)).collect())
    });
    let verdicts = stream::iter(answered).buffered(SIDE_BY_SIDE).try_collect().await?;
    Ok(Clearance { principal: simulator.principal, verdicts })
}

/// Whether an answer about any resource holds for each.
fn is_settled(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Allowed | Verdict::Denied(Denial::Forbidden))
}

/// Whose policies are asked about. A session of a role has those of its role.
async fn principal(session: &Session<'_>) -> Result<String, ProviderError> {
    let caller = session.clients.caller.as_str();
    let parts: Vec<&str> = caller.splitn(6, ':').collect();
    let unfit = || {
        let message = format!("IAM simulates users and roles, and {caller} is none");
        error::own(ErrorKind::Invalid, OPERATION, "NoPrincipal", message)
    };
    let [_, partition, service, _, account, resource] = parts[..] else { return Err(unfit()) };
    if service == "iam" && resource.starts_with("user/") {
        return Ok(caller.to_owned());
    }
    let role = resource.strip_prefix("assumed-role/").and_then(|rest| rest.split('/').next());
    let name = role.filter(|_| service == "sts").ok_or_else(unfit)?;
    let entered = session.inner.access.role(&session.place.account);
    if let Some(known) = entered.filter(|role| role.ends_with(&format!("/{name}"))) {
        return Ok(known.to_owned());
    }
    // The session does not say which path the role has.
    let call = session.clients.iam.get_role().role_name(name).send();
    match session.look("iam:GetRole", call).await {
        Ok(answer) => answer.role.map(|role| role.arn).ok_or_else(unfit),
        Err(error) if error.kind == ErrorKind::Denied => {
            Ok(format!("arn:{partition}:iam::{account}:role/{name}"))
        }
        Err(error) => Err(error),
    }
}

/// Asks IAM about one principal.
struct Simulator<'s> {
    session: &'s Session<'s>,
    principal: String,
}

impl Simulator<'_> {
    /// All actions at once on any resource: those of IAM apart, because its requests go to another
    /// region.
    async fn everywhere(&self, questions: &[Question]) -> Result<Verdicts, ProviderError> {
        let mut all = Verdicts::new();
        for of_iam in [true, false] {
            let (mut actions, mut context) = (Actions::new(), BTreeMap::new());
            for question in questions {
                let own = question.actions.iter().filter(|one| one.starts_with("iam:") == of_iam);
                let before = actions.len();
                actions.extend(own.cloned());
                if actions.len() > before {
                    context.extend(question.context.clone());
                }
            }
            if actions.is_empty() {
                continue;
            }
            match self.simulate(&actions, &BTreeSet::new(), &context).await {
                Ok(verdicts) => all.extend(verdicts),
                // They are asked about one question after the other.
                Err(error) if error.kind == ErrorKind::Invalid => {}
                Err(error) => return Err(error),
            }
        }
        Ok(all)
    }

    /// Some actions of one question, on what it is about.
    async fn on(&self, question: &Question, actions: Actions) -> Result<Verdicts, ProviderError> {
        let (mut all, mut parts) = (Verdicts::new(), vec![actions]);
        while let Some(actions) = parts.pop() {
            if actions.is_empty() {
                continue;
            }
            match self.simulate(&actions, &question.resources, &question.context).await {
                Ok(verdicts) => all.extend(verdicts),
                Err(error) if error.kind == ErrorKind::Invalid => {
                    let half = actions.len() / 2;
                    if half == 0 {
                        let unknown = Verdict::Unknown(error.message);
                        all.extend(actions.into_iter().map(|action| (action, unknown.clone())));
                        continue;
                    }
                    parts.push(actions.iter().take(half).cloned().collect());
                    parts.push(actions.into_iter().skip(half).collect());
                }
                Err(error) => return Err(error),
            }
        }
        Ok(all)
    }

    async fn simulate(
        &self,
        actions: &Actions,
        resources: &BTreeSet<String>,
        context: &BTreeMap<Box<str>, String>,
    ) -> Result<Verdicts, ProviderError> {
        let entries = self.entries(actions, context);
        let names: Vec<String> = actions.iter().map(ToString::to_string).collect();
        let resources: Vec<String> = resources.iter().cloned().collect();
        let results = self.session.pages(OPERATION, async |marker| {
            let call = self.session.clients.iam.simulate_principal_policy().max_items(PAGE);
            let call = call.policy_source_arn(&self.principal).set_marker(marker);
            let call = call.set_action_names(Some(names.clone()));
            let call =
                call.set_resource_arns(Some(resources.clone()).filter(|all| !all.is_empty()));
            let page = call.set_context_entries(Some(entries.clone())).send().await?;
            let next = page.marker.filter(|_| page.is_truncated);
            Ok((page.evaluation_results.unwrap_or_default(), next))
        });
        Ok(verdicts(&results.await?))
    }

    /// What the requests say, and what is known of whoever makes them.
    fn entries(
        &self,
        actions: &Actions,
        context: &BTreeMap<Box<str>, String>,
    ) -> Vec<ContextEntry> {
        let place = self.session.place;
        let text = ContextKeyTypeEnum::String;
        let (account, region) = (place.account.to_string(), place.region.to_string());
        let mut all = vec![
            ("PrincipalAccount", text.clone(), account.clone()),
            ("PrincipalArn", text.clone(), self.principal.clone()),
            ("ResourceAccount", text.clone(), account),
            ("SecureTransport", ContextKeyTypeEnum::Boolean, "true".to_owned()),
            ("ViaAWSService", ContextKeyTypeEnum::Boolean, "false".to_owned()),
        ];
        // IAM is in one region, wherever its callers are.
        if !actions.iter().any(|action| action.starts_with("iam:")) {
            all.push(("RequestedRegion", text.clone(), region));
        }
        let global = all.into_iter().map(|(key, kind, value)| (format!("aws:{key}"), kind, value));
        let own = context.iter();
        let own = own.map(|(key, value)| (key.to_string(), text.clone(), value.clone()));
        let entry = |(key, kind, value): (String, ContextKeyTypeEnum, String)| {
            let entry = ContextEntry::builder().context_key_name(key).context_key_type(kind);
            entry.context_key_values(value).build()
        };
        global.chain(own).map(entry).collect()
    }
}

/// One verdict for each action: what is allowed on one resource is allowed.
fn verdicts(results: &[EvaluationResult]) -> Verdicts {
    let mut all = Verdicts::new();
    for result in results {
        for verdict in each(result) {
            let action = Box::from(result.eval_action_name());
            all.entry(action)
                .and_modify(|known| {
                    if rank(&verdict) > rank(known) {
                        *known = verdict.clone();
                    }
                })
                .or_insert(verdict);
        }
    }
    all
}

/// What counts of several resources; greater is better.
fn rank(verdict: &Verdict) -> u8 {
    match verdict {
        Verdict::Denied(_) => 0,
        Verdict::Unknown(_) => 1,
        Verdict::Allowed => 2,
    }
}

fn each(result: &EvaluationResult) -> Vec<Verdict> {
    let organization = result.organizations_decision_detail();
    let lets = organization.is_none_or(OrganizationsDecisionDetail::allowed_by_organizations);
    let boundary = result.permissions_boundary_decision_detail();
    let within =
        boundary.is_none_or(PermissionsBoundaryDecisionDetail::allowed_by_permissions_boundary);
    let verdict = |decision: &Decision, missing: &[String], within: bool| match decision {
        Decision::Allowed => Verdict::Allowed,
        _ if !missing.is_empty() => {
            Verdict::Unknown(format!("policies ask for {}, which is not known", missing.join(", ")))
        }
        Decision::ExplicitDeny => Verdict::Denied(Denial::Forbidden),
        Decision::ImplicitDeny if !lets => Verdict::Denied(Denial::Organization),
        Decision::ImplicitDeny if !within => Verdict::Denied(Denial::Bounded),
        Decision::ImplicitDeny => Verdict::Denied(Denial::NotAllowed),
        other => Verdict::Unknown(format!("IAM says {}", other.as_str())),
    };
    let each = result.resource_specific_results();
    if each.is_empty() {
        return vec![verdict(result.eval_decision(), result.missing_context_values(), within)];
    }
    let one = |result: &aws_sdk_iam::types::ResourceSpecificResult| {
        let boundary = result.permissions_boundary_decision_detail();
        let within = boundary
            .map_or(within, PermissionsBoundaryDecisionDetail::allowed_by_permissions_boundary);
        verdict(result.eval_resource_decision(), result.missing_context_values(), within)
    };
    each.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use aws_sdk_iam::types::OrganizationsDecisionDetail;
    use aws_sdk_iam::types::PermissionsBoundaryDecisionDetail;
    use aws_sdk_iam::types::ResourceSpecificResult;
    use aws_sdk_iam::types::builders::EvaluationResultBuilder;

    use super::*;

    fn result(decision: Decision) -> EvaluationResultBuilder {
        EvaluationResult::builder().eval_action_name("iam:CreateRole").eval_decision(decision)
    }

    fn verdict(result: EvaluationResultBuilder) -> Verdict {
        verdicts(&[result.build().unwrap()]).remove("iam:CreateRole").unwrap()
    }

    #[test]
    fn a_denial_says_how_and_counts_only_where_nothing_was_missing() {
        let no = || result(Decision::ImplicitDeny);
        let organization =
            OrganizationsDecisionDetail::builder().allowed_by_organizations(false).build();
        let boundary = PermissionsBoundaryDecisionDetail::builder();
        let boundary = boundary.allowed_by_permissions_boundary(false).build();
        let table = [
            (no(), Verdict::Denied(Denial::NotAllowed)),
            (result(Decision::ExplicitDeny), Verdict::Denied(Denial::Forbidden)),
            (
                no().organizations_decision_detail(organization),
                Verdict::Denied(Denial::Organization),
            ),
            (no().permissions_boundary_decision_detail(boundary), Verdict::Denied(Denial::Bounded)),
            (result(Decision::Allowed).missing_context_values("aws:username"), Verdict::Allowed),
        ];
        for (answer, expected) in table {
            assert_eq!(verdict(answer), expected);
        }
        for decision in [Decision::ImplicitDeny, Decision::ExplicitDeny] {
            let open = verdict(result(decision).missing_context_values("aws:username"));
            assert!(
                matches!(&open, Verdict::Unknown(why) if why.contains("aws:username")),
                "{open:?}"
            );
        }
    }

    #[test]
    fn what_is_allowed_on_one_of_several_resources_is_allowed() {
        let on = |decision| {
            let one = ResourceSpecificResult::builder().eval_resource_name("arn:aws:iam::1:role/a");
            one.eval_resource_decision(decision).build().unwrap()
        };
        let mixed = result(Decision::ImplicitDeny)
            .resource_specific_results(on(Decision::ImplicitDeny))
            .resource_specific_results(on(Decision::Allowed));
        assert_eq!(verdict(mixed), Verdict::Allowed);
        let none = result(Decision::ImplicitDeny)
            .resource_specific_results(on(Decision::ImplicitDeny))
            .resource_specific_results(on(Decision::ImplicitDeny));
        assert_eq!(verdict(none), Verdict::Denied(Denial::NotAllowed));
    }
}
