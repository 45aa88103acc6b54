//! What a simulated cloud looks like, without what two histories with the same end do not share.
//!
//! [`Picture::of`] leaves out or replaces exactly this:
//!
//! | what | why |
//! |---|---|
//! | ids that the cloud makes (`vpc-0…`, `AROA…`, key ids, the end of a secret's ARN) | made anew with every object; replaced by the object's unit and address |
//! | the suffix `-gN` of names | counts how often the object was replaced |
//! | launch template versions | count the updates |
//! | incarnations and creation times | tell of attempts, not of what is there |
//! | volatile attributes | the cloud changes them by itself |
//! | objects that state has parked | a rollback keeps them to be used again |
//! | what a secret gives out once the key is gone | AWS takes the label of a current version off no more |

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fmt;
use std::fs;

use nfplan_engine::address::UnitId;
use nfplan_engine::schema::Kind;
use nfplan_engine::schema::Schema;
use nfplan_engine::schema::Schemas;
use nfplan_engine::value::Value;
use nfplan_providers::registry::schemas;
use nfplan_providers::sim::SimObject;

use crate::site::Site;

/// What is in a cloud: attributes as canonical JSON, by unit and by object.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Picture(pub BTreeMap<String, Objects>);

/// The objects of one unit by their addresses.
pub type Objects = BTreeMap<String, BTreeMap<String, String>>;

/// The unit of objects that no unit owns.
const NOBODY: &str = "nobody";

impl Picture {
    /// What is there now.
    pub fn of(site: &Site) -> Self {
        let parked = parked(site);
        let objects: Vec<SimObject> = site
            .project()
            .fleet
            .accounts()
            .flat_map(|account| site.cloud.objects(&account.place).unwrap())
            .filter(|object| !parked.contains(object.remote_id.as_str()))
            .collect();
        let schemas = schemas();
        let words = Words::of(&objects, &schemas);
        let mut picture = Self::default();
        for object in objects.iter().filter(|object| !words.is_of_a_dead_key(object)) {
            let schema = schemas.find(&object.resource_type.parse().unwrap()).unwrap();
            picture.add(words.unit(object), &words.name(object), words.attributes(object, schema));
        }
        picture.add_files(site, &words);
        picture
    }

    /// Only what belongs to a unit.
    pub fn unit(&self, unit: &UnitId) -> Objects {
        self.0.get(&unit.to_string()).cloned().unwrap_or_default()
    }

    /// Without the attributes of these objects.
    pub fn without(mut self, unit: &UnitId, masked: &[(String, String)]) -> Self {
        for (address, attribute) in masked {
            let objects = self.0.entry(unit.to_string()).or_default();
            if let Some(attributes) = objects.get_mut(address) {
                attributes.remove(attribute);
            }
        }
        self
    }

    /// The units that have something, platforms and other people apart.
    pub fn workspaces(&self) -> BTreeSet<&str> {
        self.0.keys().map(String::as_str).filter(|unit| unit.starts_with("workspace/")).collect()
    }

    fn add(&mut self, unit: String, name: &str, attributes: BTreeMap<String, String>) {
        let objects = self.0.entry(unit).or_default();
        let mut free = name.to_owned();
        for number in 2.. {
            if !objects.contains_key(&free) {
                break;
            }
            free = format!("{name} #{number}");
        }
        objects.insert(free, attributes);
    }

    fn add_files(&mut self, site: &Site, words: &Words) {
        let Ok(folder) = fs::read_dir(site.root().join(".nfplan/credentials")) else { return };
        for entry in folder {
            let entry = entry.unwrap();
            let text = fs::read_to_string(entry.path()).unwrap();
            let key = text.lines().find_map(|line| line.strip_prefix("aws_access_key_id = "));
            let unit = key.and_then(|key| words.owners.get(key)).cloned();
            let name = format!("file {}", entry.file_name().to_string_lossy());
            let key = words.replace(key.unwrap_or("no key"));
            let attributes = BTreeMap::from([("access_key_id".to_owned(), key)]);
            self.add(unit.unwrap_or_else(|| NOBODY.into()), &name, attributes);
        }
    }
}

/// The ids of all objects that a state has parked.
fn parked(site: &Site) -> BTreeSet<String> {
    let states = site.units().into_iter().filter_map(|unit| site.state(&unit));
    let entries = states.flat_map(|state| state.entries.into_values());
    entries.filter_map(|entry| Some(entry.parked?.remote_id.to_string())).collect()
}

/// What stands for what.
struct Words {
    /// What stands for an id that the cloud made.
    ids: BTreeMap<String, String>,
    /// Whose an object is, by all that it is called.
    owners: BTreeMap<String, String>,
}

impl Words {
    fn of(objects: &[SimObject], schemas: &Schemas) -> Self {
        let mut words = Self { ids: BTreeMap::new(), owners: BTreeMap::new() };
        for object in objects {
            let schema = schemas.find(&object.resource_type.parse().unwrap()).unwrap();
            words.name_ids(object, schema);
        }
        // Keys belong to users, and what holds a key belongs to the key.
        for _ in 0..2 {
            for object in objects {
                let unit = words.unit(object);
                if unit != NOBODY {
                    words.owners.extend(handles(object).map(|handle| (handle, unit.clone())));
                }
            }
        }
        words
    }

    /// Enters the ids that cannot be known before the object is there.
    fn name_ids(&mut self, object: &SimObject, schema: &Schema) {
        let name = match &object.owner {
            Some(owner) => format!("<{}:{}>", owner.unit, owner.address),
            None if object.resource_type == "iam.access_key" => "<key>".into(),
            None => return,
        };
        for attribute in schema.attributes {
            let made = matches!(attribute.kind, Kind::Computed(computed) if !computed.predictable);
            let value = object.attributes.get(attribute.name).and_then(Value::as_text);
            if let (true, Some(value)) = (made && attribute.name != "version", value) {
                self.ids.insert(value.to_owned(), name.clone());
                let last = value.rsplit(['/', ':']).next().unwrap_or(value);
                self.ids.insert(last.to_owned(), name.clone());
            }
        }
    }

    fn unit(&self, object: &SimObject) -> String {
        if let Some(owner) = &object.owner {
            return owner.unit.to_string();
        }
        let mut texts = object.attributes.values().filter_map(Value::as_text);
        texts.find_map(|text| self.owners.get(text)).cloned().unwrap_or_else(|| NOBODY.into())
    }

    fn is_of_a_dead_key(&self, object: &SimObject) -> bool {
        let key = object.attributes.get("access_key_id").and_then(Value::as_text);
        key.is_some_and(|key| !self.ids.contains_key(key))
    }

    fn name(&self, object: &SimObject) -> String {
        match &object.owner {
            Some(owner) => owner.address.to_string(),
            None => format!("{} {}", object.resource_type, self.replace(object.remote_id.as_str())),
        }
    }

    fn attributes(&self, object: &SimObject, schema: &Schema) -> BTreeMap<String, String> {
        let shown = object.attributes.iter().filter(|(name, _)| {
            !matches!(schema.attribute(name).map(|a| &a.kind), Some(Kind::Volatile { .. }) | None)
        });
        let canonical = |(name, value): (&str, &Value)| {
            let text = match name {
                "version" | "launch_template_version" => "<version>".into(),
                _ => {
                    let text = self.replace(&serde_json::to_string(value).unwrap());
                    let mut value = serde_json::from_str(&text).unwrap();
                    // The order of a set follows from the ids that stood in it.
                    schema.attribute(name).unwrap().shape.normalise(&mut value);
                    serde_json::to_string(&value).unwrap()
                }
            };
            (name.to_owned(), text)
        };
        shown.map(|(name, value)| canonical((&**name, value))).collect()
    }

    /// Replaces ids and generations in a text, word by word.
    fn replace(&self, text: &str) -> String {
        if let Some(name) = self.ids.get(text) {
            return name.clone();
        }
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '-';
        let mut replaced = String::with_capacity(text.len());
        let mut rest = text;
        while !rest.is_empty() {
            let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
            let (word, after) = rest.split_at(end);
            match self.ids.get(word) {
                Some(name) => replaced.push_str(name),
                None => replaced.push_str(without_generation(word)),
            }
            let next = after.find(is_word).unwrap_or(after.len());
            replaced.push_str(&after[..next]);
            rest = &after[next..];
        }
        replaced
    }
}

fn handles(object: &SimObject) -> impl Iterator<Item = String> {
    let named = ["id", "arn", "name"].into_iter();
    let named = named.filter_map(|name| object.attributes.get(name)?.as_text());
    named.chain([object.remote_id.as_str()]).map(str::to_owned)
}

fn without_generation(word: &str) -> &str {
    match word.rsplit_once("-g") {
        Some((name, number))
            if !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()) =>
        {
            name
        }
        _ => word,
    }
}

/// Lines, so that two pictures that differ can be compared by eye.
impl fmt::Debug for Picture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (unit, objects) in &self.0 {
            for (object, attributes) in objects {
                for (name, value) in attributes {
                    writeln!(f, "{unit}:{object} {name} = {value}")?;
                }
            }
        }
        Ok(())
    }
}

/// Expects two pictures to be the same, and shows the lines that differ.
pub fn assert_same(found: &Picture, expected: &Picture, context: &str) {
    if found == expected {
        return;
    }
    let (found, expected) = (format!("{found:?}"), format!("{expected:?}"));
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<BTreeSet<_>>();
    let (found, expected) = (lines(&found), lines(&expected));
    let more = found.difference(&expected).map(|line| format!("  found    {line}\n"));
    let less = expected.difference(&found).map(|line| format!("  expected {line}\n"));
    panic!("{context}: the clouds differ\n{}", more.chain(less).collect::<String>());
}
