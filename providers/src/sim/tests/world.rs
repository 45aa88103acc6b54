//! A unit in a simulated cloud, with short words for provider calls.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::pin;
use std::task::Context;
use std::task::Poll;
use std::task::Waker;

use nfplan_engine::address::Address;
use nfplan_engine::address::Place;
use nfplan_engine::address::RemoteId;
use nfplan_engine::address::UnitId;
use nfplan_engine::observed::Live;
use nfplan_engine::observed::Sighting;
use nfplan_engine::provider::CreateRequest;
use nfplan_engine::provider::DeleteRequest;
use nfplan_engine::provider::Depth;
use nfplan_engine::provider::Provider;
use nfplan_engine::provider::ProviderError;
use nfplan_engine::provider::Reader;
use nfplan_engine::provider::Target;
use nfplan_engine::provider::UpdateRequest;
use nfplan_engine::provider::Wanted;
use nfplan_engine::value::Attributes;
use nfplan_engine::value::Value;

use crate::sim::Sim;

/// The answer of a call of the simulated cloud, which is over when it is first polled.
pub(crate) fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => answer,
        Poll::Pending => panic!("calls of the simulated cloud do not wait"),
    }
}

pub(crate) fn attributes(json: &str) -> Attributes {
    serde_json::from_str(json).unwrap()
}

pub(crate) struct World {
    pub(crate) sim: Sim,
    pub(crate) unit: UnitId,
    pub(crate) incarnation: u64,
    /// What was made, by address.
    pub(crate) made: BTreeMap<String, (RemoteId, Attributes)>,
}

impl World {
    pub(crate) fn new(sim: Sim) -> Self {
        Self::of(sim, "workspace/111122223333.us-east-1/alice")
    }

    pub(crate) fn of(sim: Sim, unit: &str) -> Self {
        Self { sim, unit: unit.parse().unwrap(), incarnation: 1, made: BTreeMap::new() }
    }

    pub(crate) fn place(&self) -> &Place {
        self.unit.place()
    }

    /// The inputs with the ownership tags where the type has tags, and `{address#output}` replaced.
    pub(crate) fn inputs(&self, address: &str, json: &str) -> Attributes {
        let mut json = json.to_owned();
        for (made, (id, outputs)) in &self.made {
            json = json.replace(&format!("{{{made}}}"), id.as_str());
            for (name, value) in outputs {
                if let Some(text) = value.as_text() {
                    json = json.replace(&format!("{{{made}#{name}}}"), text);
                }
            }
        }
        assert!(!json.contains("{ec2") && !json.contains("{iam"), "{json}");
        let mut inputs = attributes(&json);
        let address: Address = address.parse().unwrap();
        let schema = self.sim.schemas().find(&address.resource_type).unwrap();
        if schema.attribute("tags").is_some() && !inputs.contains_key("tags") {
            let tags = [
                ("nfplan:unit".into(), self.unit.to_string().into()),
                ("nfplan:address".into(), address.to_string().into()),
            ];
            inputs.insert("tags".into(), Attributes::from(tags).into());
        }
        schema.normalise(&mut inputs);
        inputs
    }

    pub(crate) fn try_create(&mut self, address: &str, json: &str) -> Result<Live, ProviderError> {
        let inputs = self.inputs(address, json);
        let token = format!("{}/{address}/{}", self.unit, self.incarnation);
        let request = CreateRequest {
            unit: &self.unit,
            address: &address.parse().unwrap(),
            incarnation: self.incarnation,
            token: &token,
            inputs: &inputs,
        };
        let live = now(self.sim.create(request))?.live;
        self.made.insert(address.into(), (live.remote_id.clone(), live.attributes.clone()));
        Ok(live)
    }

    pub(crate) fn create(&mut self, address: &str, json: &str) -> Live {
        self.try_create(address, json).unwrap_or_else(|error| panic!("{address}: {error}"))
    }

    pub(crate) fn try_update(
        &mut self,
        address: &str,
        changes: &str,
    ) -> Result<Live, ProviderError> {
        let (remote_id, made) = self.made[address].clone();
        let before = self.live(address).map_or(made, |live| live.attributes);
        let mut after = before.clone();
        after.extend(self.inputs(address, changes));
        let tags = before.get("tags").cloned();
        if let Some(tags) = tags.filter(|_| !changes.contains("tags")) {
            after.insert("tags".into(), tags);
        }
        for name in attributes(changes).keys() {
            if !self.inputs(address, changes).contains_key(name) {
                after.remove(name);
            }
        }
        let names = before.keys().chain(after.keys());
        let differing = names.filter(|name| before.get(*name) != after.get(*name));
        let request = UpdateRequest {
            unit: &self.unit,
            address: &address.parse().unwrap(),
            remote_id: &remote_id,
            token: "update",
            before: &before,
            after: &after,
            changed: &differing.cloned().collect(),
        };
        let live = now(self.sim.update(request))?.live;
        self.made.insert(address.into(), (remote_id, live.attributes.clone()));
        Ok(live)
    }

    pub(crate) fn update(&mut self, address: &str, changes: &str) -> Live {
        self.try_update(address, changes).unwrap_or_else(|error| panic!("{address}: {error}"))
    }

    pub(crate) fn delete(&self, address: &str) -> Result<(), ProviderError> {
        let (remote_id, inputs) = &self.made[address];
        let address = address.parse().unwrap();
        let request = DeleteRequest { unit: &self.unit, address: &address, remote_id, inputs };
        now(self.sim.delete(request))
    }

    pub(crate) fn read(&self, address: &str, target: Target, depth: Depth) -> Sighting {
        let address: Address = address.parse().unwrap();
        let wanted = [Wanted { unit: &self.unit, address: &address, target }];
        now(self.sim.read(self.place(), depth, &wanted)).unwrap().pop().unwrap()
    }

    /// The object as a deep read by its id shows it.
    pub(crate) fn live(&self, address: &str) -> Option<Live> {
        let (id, inputs) = self.made[address].clone();
        match self.read(address, Target::Id(id, inputs), Depth::Deep) {
            Sighting::Present(live) => Some(live),
            Sighting::Missing => None,
            Sighting::Unreadable { reason } => panic!("{reason}"),
        }
    }

    pub(crate) fn text(&self, address: &str, attribute: &str) -> String {
        let live = self.live(address).unwrap();
        live.attributes.get(attribute).and_then(Value::as_text).unwrap_or_default().to_owned()
    }

    /// What the last requests were, changes only.
    pub(crate) fn writes(&self) -> Vec<&'static str> {
        let calls = self.sim.call_log();
        calls.into_iter().filter(|call| call.mutating).map(|call| call.operation).collect()
    }

    /// A network with one compute subnet and a security group.
    pub(crate) fn network(&mut self) {
        self.try_all(&WORKSPACE[..3]).unwrap();
    }

    /// Everything that a compute environment needs, with the role and its profile.
    pub(crate) fn base(&mut self) {
        self.try_all(&WORKSPACE[..6]).unwrap();
    }

    /// A compute environment and a queue for it.
    pub(crate) fn compute(&mut self) {
        self.try_all(WORKSPACE).unwrap();
    }

    pub(crate) fn try_all(&mut self, resources: &[(&str, &str)]) -> Result<(), ProviderError> {
        resources.iter().try_for_each(|(address, json)| self.try_create(address, json).map(|_| ()))
    }
}

pub(crate) const WORKSPACE: &[(&str, &str)] = &[
    ("ec2.vpc/main", VPC),
    ("ec2.subnet/compute-0", SUBNET),
    ("ec2.security_group/compute", GROUP),
    ("iam.role/instance", ROLE),
    ("iam.instance_profile/instance", PROFILE),
    ("ec2.launch_template/compute", TEMPLATE),
    ("batch.compute_environment/main", ENVIRONMENT),
    ("batch.job_queue/main", QUEUE),
];

const SUBNET: &str = r#"{"vpc_id":"{ec2.vpc/main}","cidr":"192.168.0.0/20","zone_id":"use1-az2",
    "map_public_ip":false}"#;

const PROFILE: &str =
    r#"{"name":"x-nf-ecsInstanceRole-alice","path":"/","role":"{iam.role/instance}"}"#;

const TEMPLATE: &str =
    r#"{"name":"x-nf-alice","metadata_tokens":"required","metadata_hop_limit":1}"#;

pub(crate) const VPC: &str = r#"{"cidr":"192.168.0.0/16","dns_support":true,"dns_hostnames":true}"#;

pub(crate) const GROUP: &str = r#"{"name":"x-nf-sg-alice","description":"compute","vpc_id":"{ec2.vpc/main}",
    "ingress":[],"egress":[{"protocol":"tcp","from_port":443,"to_port":443,"cidr":"0.0.0.0/0"}]}"#;

pub(crate) const ROLE: &str = r#"{"name":"x-nf-ecsInstanceRole-alice","path":"/","max_session_seconds":3600,
    "trust":{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["sts:AssumeRole"],"Principal":{"Service":["ec2.amazonaws.com"]}}]},
    "policy_arns":["arn:aws:iam::aws:policy/service-role/AmazonEC2ContainerServiceforEC2Role"]}"#;

pub(crate) const ENVIRONMENT: &str = r#"{"name":"x-nf-compute-env-alice","state":"ENABLED","type":"SPOT",
    "allocation_strategy":"SPOT_PRICE_CAPACITY_OPTIMIZED","min_vcpus":0,"max_vcpus":64,"instance_types":["optimal"],
    "image_type":"ECS_AL2023","launch_template_id":"{ec2.launch_template/compute}","launch_template_version":"1",
    "instance_profile":"{iam.instance_profile/instance#arn}","subnet_ids":["{ec2.subnet/compute-0}"],
    "security_group_ids":["{ec2.security_group/compute}"],"instance_tags":{}}"#;

pub(crate) const QUEUE: &str = r#"{"name":"x-nf-job-queue-alice","state":"ENABLED","priority":0,
    "compute_environments":["{batch.compute_environment/main#arn}"],"time_limits":[]}"#;
