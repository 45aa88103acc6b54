//! Amazon EC2 and VPC: a workspace's network, its proxy and the template of its compute instances.

pub mod instance;
pub mod internet_gateway;
pub mod launch_template;
pub mod route;
pub mod route_table;
pub mod route_table_association;
pub mod security_group;
pub mod subnet;
pub mod vpc;
pub mod vpc_endpoint;
