//! `nfplan.lock`: answers of the cloud that specs depend on, pinned for each place, so that a new
//! image is a reviewed change of a committed file.
//!
//! ```json
//! {
//!   "format": "nfplan.lock/1",
//!   "pins": { "111122223333.us-east-1": { "image:ecs-al2023-x86_64": "ami-0123456789abcdef0" } }
//! }
//! ```
//!
//! Keys are sorted, so that a merge of two branches touches only the lines that differ. A key that
//! stands twice, which such a merge can leave, is refused.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::fs::File;
use std::io;
use std::io::Write as _;
use std::marker::PhantomData;
use std::path::Path;
use std::path::PathBuf;

use nfplan_engine::address::Place;
use nfplan_engine::provider::LookUp;
use nfplan_engine::value::Value;
use serde::Deserialize;
use serde::Deserializer;
use serde::Serialize;
use serde::de;
use serde::de::MapAccess;

/// The file's name in the project.
pub const LOCK_FILE: &str = "nfplan.lock";

const FORMAT: &str = "nfplan.lock/1";
const FAMILY: &str = "nfplan.lock/";

/// The pins of one place by look-up key.
pub type Pins = BTreeMap<Box<str>, Value>;

/// All pins of a project.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lock {
    pins: BTreeMap<Place, Pins>,
}

/// Why the lock file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// The file cannot be read or written.
    #[error("{path} cannot be {action}")]
    Io {
        /// The file.
        path: PathBuf,
        /// "read" or "written".
        action: &'static str,
        /// Why.
        source: io::Error,
    },
    /// The file is of a newer format.
    #[error(
        "{path} has the format {found}, and this nfplan knows {FORMAT}: use a newer nfplan, or \
         delete the file, so that `nfplan plan` looks everything up again"
    )]
    NewerFormat {
        /// The file.
        path: PathBuf,
        /// What it says.
        found: String,
    },
    /// The file is broken.
    #[error(
        "{path} is broken: {source}. Restore it from version control, or delete it, so that \
         `nfplan plan` looks everything up again"
    )]
    Broken {
        /// The file.
        path: PathBuf,
        /// What is wrong, with line and column.
        source: serde_json::Error,
    },
}

#[derive(Deserialize)]
struct Header {
    format: String,
}

#[derive(Serialize)]
struct Document<'a> {
    format: &'static str,
    pins: &'a BTreeMap<Place, Pins>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Read {
    #[serde(rename = "format")]
    _format: String,
    #[serde(deserialize_with = "places")]
    pins: BTreeMap<Place, Pins>,
}

impl Lock {
    /// Reads the lock file of the project in the folder `root`; without one, nothing is pinned.
    pub fn load(root: &Path) -> Result<Self, LockError> {
        let path = root.join(LOCK_FILE);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(source) => return Err(LockError::Io { path, action: "read", source }),
        };
        let header = serde_json::from_slice(&bytes);
        match header.map(|Header { format }| format) {
            Ok(found) if found != FORMAT && found.starts_with(FAMILY) => {
                return Err(LockError::NewerFormat { path, found });
            }
            Ok(found) if found != FORMAT => {
                let source = de::Error::custom(format!("its format is `{found}`, not {FORMAT}"));
                return Err(LockError::Broken { path, source });
            }
            Err(source) => return Err(LockError::Broken { path, source }),
            Ok(_) => {}
        }
        match serde_json::from_slice(&bytes) {
            Ok(Read { pins, .. }) => Ok(Self { pins }),
            Err(source) => Err(LockError::Broken { path, source }),
        }
    }

    /// Writes the lock file. After a crash there is either the old file or the new one.
    pub fn save(&self, root: &Path) -> Result<(), LockError> {
        let path = root.join(LOCK_FILE);
        self.replace(root, &path).map_err(|source| LockError::Io {
            path,
            action: "written",
            source,
        })
    }

    fn replace(&self, root: &Path, path: &Path) -> io::Result<()> {
        let mut text = serde_json::to_vec_pretty(&Document { format: FORMAT, pins: &self.pins })?;
        text.push(b'\n');
        let temporary = root.join(format!(".{LOCK_FILE}.{}", std::process::id()));
        let mut file = File::create(&temporary)?;
        file.write_all(&text)?;
        file.sync_all()?;
        fs::rename(&temporary, path)?;
        File::open(root)?.sync_all()
    }

    /// A pinned answer.
    pub fn get(&self, place: &Place, look_up: &LookUp) -> Option<&Value> {
        self.pins.get(place)?.get(look_up.key().as_str())
    }

    /// Pins an answer in the place of any earlier one.
    pub fn insert(&mut self, place: Place, look_up: &LookUp, answer: Value) {
        self.pins.entry(place).or_default().insert(look_up.key().into(), answer);
    }

    /// The places that have pins.
    pub fn places(&self) -> impl Iterator<Item = &Place> {
        self.pins.keys()
    }

    /// All pins of a place.
    pub fn pins(&self, place: &Place) -> Pins {
        self.pins.get(place).cloned().unwrap_or_default()
    }

    /// Those of some look-ups that have no pinned answer.
    pub fn missing<'l>(&self, place: &Place, look_ups: &'l [LookUp]) -> Vec<&'l LookUp> {
        look_ups.iter().filter(|look_up| self.get(place, look_up).is_none()).collect()
    }

    /// Drops every pin that none of these look-ups needs.
    pub fn retain(&mut self, used: &BTreeMap<Place, BTreeSet<LookUp>>) {
        self.pins.retain(|place, pins| {
            let look_ups = used.get(place);
            let keys: BTreeSet<String> = look_ups.into_iter().flatten().map(LookUp::key).collect();
            pins.retain(|key, _| keys.contains(&**key));
            !pins.is_empty()
        });
    }
}

fn places<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<Place, Pins>, D::Error> {
    let places = deserializer.deserialize_map(Unique::<Place, Unwrapped>(PhantomData))?;
    Ok(places.into_iter().map(|(place, pins)| (place, pins.0)).collect())
}

/// The pins of a place, read without repeated keys.
struct Unwrapped(Pins);

impl<'de> Deserialize<'de> for Unwrapped {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Unique::<Box<str>, Value>(PhantomData)).map(Self)
    }
}

/// Reads a map that has no key twice.
struct Unique<K, V>(PhantomData<(K, V)>);

impl<'de, K, V> de::Visitor<'de> for Unique<K, V>
where
    K: Deserialize<'de> + Ord + fmt::Display,
    V: Deserialize<'de>,
{
    type Value = BTreeMap<K, V>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map without repeated keys")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
        let mut map = BTreeMap::new();
        while let Some(key) = access.next_key()? {
            if map.contains_key(&key) {
                return Err(de::Error::custom(format!("the key `{key}` stands twice")));
            }
            map.insert(key, access.next_value()?);
        }
        Ok(map)
    }
}
