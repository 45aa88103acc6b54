//! Names: accounts, regions, units, resource types, addresses, references.
//!
//! The engine keys everything by [`UnitId`] and [`Address`]. What the cloud calls an object is a
//! [`RemoteId`] and never a key. Every name here is checked when it is made, so the rest of the
//! program need not ask again.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;
use serde::Deserializer;
use serde::Serialize;
use serde::Serializer;
use serde::de::Error as _;

/// A text that is no valid name of its kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {expected}")]
pub struct NameError {
    /// What was given.
    pub text: String,
    /// What was expected, with its article: "an account id: 12 digits".
    pub expected: &'static str,
}

/// Defines a newtype over text with a checking constructor, `Display` and serde as a string.
macro_rules! name_type {
    ($(#[$doc:meta])* $name:ident, $expected:literal, $valid:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Box<str>);

        impl $name {
            /// Checks and wraps `text`.
            pub fn new(text: &str) -> Result<Self, NameError> {
                let valid: fn(&str) -> bool = $valid;
                if valid(text) {
                    Ok(Self(text.into()))
                } else {
                    Err(NameError { text: text.into(), expected: $expected })
                }
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = NameError;
            fn from_str(text: &str) -> Result<Self, NameError> {
                Self::new(text)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                Self::new(&text).map_err(D::Error::custom)
            }
        }
    };
}

fn is_word(text: &str, extra: &[u8]) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || extra.contains(&b);
    !text.is_empty() && text.bytes().all(plain)
}

name_type!(
    /// A cloud account: 12 digits, leading zeros kept.
    AccountId,
    "an account id: 12 digits",
    |text| text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
);
name_type!(
    /// A cloud region such as `us-east-1`.
    Region,
    "a region: lower-case letters, digits and hyphens",
    |text| is_word(text, b"-")
);
name_type!(
    /// A researcher's user name after Hatchery's escape rule: lower-case letters, digits, hyphens.
    EscapedUser,
    "an escaped user name: lower-case letters, digits and hyphens",
    |text| is_word(text, b"-")
);
name_type!(
    /// A resource type: service, dot, kind, as in `batch.compute_environment`.
    ResourceType,
    "a resource type: service.kind",
    |text| text.split_once('.').is_some_and(|(s, k)| is_word(s, b"_") && is_word(k, b"_"))
);
name_type!(
    /// A resource's logical name, unique within its type and unit, as in `main` or `compute-0`.
    ResourceName,
    "a resource name: lower-case letters, digits and hyphens",
    |text| is_word(text, b"-")
);
name_type!(
    /// What the cloud calls an object: an id, a name or an ARN, as its type's calls want it.
    RemoteId,
    "an object id: not empty",
    |text| !text.is_empty()
);

/// One account in one region: what bulk reads, quotas and pins are about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The account.
    pub account: AccountId,
    /// The region.
    pub region: Region,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.account, self.region)
    }
}

impl FromStr for Place {
    type Err = NameError;
    fn from_str(text: &str) -> Result<Self, NameError> {
        let expected = "a place: <account id>.<region>";
        let (account, region) =
            text.split_once('.').ok_or_else(|| NameError { text: text.into(), expected })?;
        Ok(Self { account: account.parse()?, region: region.parse()? })
    }
}

/// A unit: a set of resources with one state and one lease, applied all or nothing.
///
/// Written `platform/<account>.<region>` or `workspace/<account>.<region>/<escaped user>`; that
/// text is also the unit's folder in the state store. Platforms sort before workspaces.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum UnitId {
    /// What the workspaces of one place share.
    Platform(Place),
    /// One researcher's own resources.
    Workspace(Place, EscapedUser),
}

impl UnitId {
    /// The place all of the unit's resources are in.
    pub fn place(&self) -> &Place {
        match self {
            Self::Platform(place) | Self::Workspace(place, _) => place,
        }
    }

    /// The researcher, if the unit is a workspace.
    pub fn user(&self) -> Option<&EscapedUser> {
        match self {
            Self::Platform(_) => None,
            Self::Workspace(_, user) => Some(user),
        }
    }

    /// The platform of this unit's place.
    pub fn platform(&self) -> Self {
        Self::Platform(self.place().clone())
    }
}

impl fmt::Display for UnitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Platform(place) => write!(f, "platform/{place}"),
            Self::Workspace(place, user) => write!(f, "workspace/{place}/{user}"),
        }
    }
}

impl FromStr for UnitId {
    type Err = NameError;
    fn from_str(text: &str) -> Result<Self, NameError> {
        let mut parts = text.split('/');
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some("platform"), Some(place), None, None) => Ok(Self::Platform(place.parse()?)),
            (Some("workspace"), Some(place), Some(user), None) => {
                Ok(Self::Workspace(place.parse()?, user.parse()?))
            }
            _ => Err(NameError { text: text.into(), expected: "a unit id" }),
        }
    }
}

/// A resource's identity within its unit: `<type>/<name>`, e.g. `batch.compute_environment/main`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    /// What kind of resource.
    pub resource_type: ResourceType,
    /// Which one of its kind.
    pub name: ResourceName,
}

impl Address {
    /// Checks both parts.
    pub fn new(resource_type: &str, name: &str) -> Result<Self, NameError> {
        Ok(Self { resource_type: resource_type.parse()?, name: name.parse()? })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.resource_type, self.name)
    }
}

impl FromStr for Address {
    type Err = NameError;
    fn from_str(text: &str) -> Result<Self, NameError> {
        let expected = "an address: <type>/<name>";
        let (kind, name) =
            text.split_once('/').ok_or_else(|| NameError { text: text.into(), expected })?;
        Self::new(kind, name)
    }
}

/// An output of a resource in the same unit: `<address>#<output>`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reference {
    /// The resource referred to.
    pub address: Address,
    /// Its output or input attribute.
    pub output: Box<str>,
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.address, self.output)
    }
}

impl FromStr for Reference {
    type Err = NameError;
    fn from_str(text: &str) -> Result<Self, NameError> {
        let expected = "a reference: <address>#<output>";
        let (address, output) =
            text.split_once('#').ok_or_else(|| NameError { text: text.into(), expected })?;
        Ok(Self { address: address.parse()?, output: output.into() })
    }
}

/// An output of another unit's resource: `<unit>:<address>#<output>`. Only workspaces have these,
/// and only to the platform of their own place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct External {
    /// The other unit.
    pub unit: UnitId,
    /// What is referred to in it.
    pub reference: Reference,
}

impl fmt::Display for External {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.unit, self.reference)
    }
}

impl FromStr for External {
    type Err = NameError;
    fn from_str(text: &str) -> Result<Self, NameError> {
        let expected = "an external reference: <unit>:<address>#<output>";
        let (unit, reference) =
            text.split_once(':').ok_or_else(|| NameError { text: text.into(), expected })?;
        Ok(Self { unit: unit.parse()?, reference: reference.parse()? })
    }
}

/// Serde as the text form, for types that have `Display` and `FromStr`.
macro_rules! serde_as_text {
    ($($name:ident),+) => {$(
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(D::Error::custom)
            }
        }
    )+};
}

serde_as_text!(Place, UnitId, Address, Reference, External);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_survives_its_text_form() {
        for text in
            ["platform/111122223333.us-east-1", "workspace/111122223333.us-east-1/alice-40x"]
        {
            assert_eq!(text.parse::<UnitId>().unwrap().to_string(), text);
            let external = format!("{text}:kms.key/work#arn");
            assert_eq!(external.parse::<External>().unwrap().to_string(), external);
        }
        let address = "batch.compute_environment/main";
        assert_eq!(address.parse::<Address>().unwrap().to_string(), address);
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for text in
            ["", "platform", "workspace/111122223333.us-east-1", "platform/1.us-east-1", "x/y"]
        {
            assert!(text.parse::<UnitId>().is_err(), "{text}");
        }
        for text in ["", "vpc", "ec2/main", "ec2.vpc/", "ec2.vpc/Main", "ec2.vpc/a/b"] {
            assert!(text.parse::<Address>().is_err(), "{text}");
        }
    }
}
