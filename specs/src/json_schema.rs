//! The format of spec files as JSON Schema (draft 7, which editors know), made from the tables that
//! the reader goes by.
//!
//! It accepts exactly what loading accepts as far as one file and its structure go: keys, types,
//! ranges, words, forms, and keys that exclude each other. What lies between values or between files
//! is loading's alone: names that must exist, ids that must differ, `min_vcpus` above `max_vcpus`, a
//! strategy that does not fit, names that get too long, keys that must stand here or in the profile.
//!
//! One thing differs by nature: JSON has no notation of numbers, so that a validator takes `64.0` for
//! the whole number 64.

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::agreement::ACCEPTED_FILE;
use crate::agreement::APPROVALS_FILE;
use crate::format::agreement::ACCEPTED;
use crate::format::agreement::PLAN_APPROVALS;
use crate::format::project::PROJECT;
use crate::format::researcher::RESEARCHERS;
use crate::format::shape::Key;
use crate::format::shape::Names;
use crate::format::shape::Rule;
use crate::format::shape::Section;
use crate::format::shape::Shape;
use crate::format::shape::Variants;
use crate::format::shape::Word;
use crate::syntax::Form;

/// A kind of spec file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpecFile {
    /// `nfplan.yaml`.
    Project,
    /// `workspaces/*.yaml`.
    Workspaces,
    /// `accepted.yaml`.
    Accepted,
    /// `approvals.yaml`.
    Approvals,
}

/// The schema of a kind of spec file.
pub fn json_schema(file: SpecFile) -> Value {
    let (title, shape, inherits) = match file {
        SpecFile::Project => ("nfplan.yaml", &PROJECT, false),
        // What a workspace does not say, its profile may.
        SpecFile::Workspaces => ("workspaces/*.yaml of nfplan", &RESEARCHERS, true),
        SpecFile::Accepted => (ACCEPTED_FILE, &ACCEPTED, false),
        SpecFile::Approvals => (APPROVALS_FILE, &PLAN_APPROVALS, false),
    };
    let mut schema = Maker { inherits }.shape(shape);
    schema.insert("$schema".into(), json!("http://json-schema.org/draft-07/schema#"));
    schema.insert("title".into(), json!(title));
    Value::Object(schema)
}

type Schema = Map<String, Value>;

fn schema(value: Value) -> Schema {
    match value {
        Value::Object(schema) => schema,
        _ => unreachable!("a schema is written as an object"),
    }
}

struct Maker {
    /// A word that is absent may stand in a layer below.
    inherits: bool,
}

impl Maker {
    fn shape(&self, shape: &Shape) -> Schema {
        schema(match shape {
            Shape::Boolean => json!({ "type": "boolean" }),
            Shape::Integer(least, most) => {
                json!({ "type": "integer", "minimum": least, "maximum": most })
            }
            Shape::Value => json!({ "not": { "type": "null" } }),
            Shape::Text(form) => Value::Object(text(form)),
            Shape::Word(words) => Value::Object(one_of(words)),
            Shape::List(item, least) => json!({
                "type": "array",
                "items": self.shape(item),
                "minItems": least,
                "uniqueItems": true,
            }),
            Shape::Map(names) => Value::Object(self.names(names)),
            Shape::Section(section) => Value::Object(self.section(section)),
            Shape::WordOrSection(words, section) => {
                json!({ "anyOf": [one_of(words), self.section(section)] })
            }
            Shape::TextOrSection(form, section) => {
                json!({ "anyOf": [text(form), self.section(section)] })
            }
        })
    }

    fn names(&self, names: &Names) -> Schema {
        let Names { key, most, value, .. } = names;
        let mut map = schema(json!({
            "type": "object",
            "propertyNames": { "pattern": key.pattern },
            "additionalProperties": self.shape(value),
        }));
        map.extend(most.map(|most| ("maxProperties".to_owned(), json!(most))));
        map
    }

    fn section(&self, section: &Section) -> Schema {
        let properties: Schema =
            section.keys().map(|key| (key.name.to_owned(), Value::Object(self.key(key)))).collect();
        let required: Vec<&str> =
            section.keys().filter(|key| key.required).map(|key| key.name).collect();
        let mut map = schema(json!({
            "type": "object",
            "properties": properties,
            "required": required,
            "additionalProperties": false,
        }));
        let rules: Vec<Value> = section.rules.iter().flat_map(|rule| self.rule(rule)).collect();
        if !rules.is_empty() {
            map.insert("allOf".into(), rules.into());
        }
        map
    }

    fn key(&self, key: &Key) -> Schema {
        let mut map = self.shape(&key.shape);
        let default =
            key.default.map(|default| format!(" Default: `{default}`.")).unwrap_or_default();
        map.insert("description".into(), json!(format!("{}{default}", key.meaning)));
        map
    }

    fn rule(&self, rule: &Rule) -> Vec<Value> {
        match rule {
            Rule::Variants(variants) => self.variants(variants),
            Rule::Needs(key, needed) => vec![json!({ "dependencies": { *key: [needed] } })],
            Rule::ExactlyOne(keys) => {
                let one = keys.iter().map(|key| json!({ "required": [key] }));
                vec![json!({ "oneOf": one.collect::<Vec<_>>() })]
            }
        }
    }

    fn variants(&self, variants: &Variants) -> Vec<Value> {
        let Variants { key, default, keys } = variants;
        let without = |word: &str| {
            let excluded = variants.excluded(word).map(|(key, _)| (key.to_owned(), json!(false)));
            json!({ "properties": excluded.collect::<Schema>() })
        };
        let mut rules: Vec<Value> = keys
            .iter()
            .filter(|(word, _)| variants.excluded(word).next().is_some())
            .map(|(word, _)| {
                let mut chosen = json!({ "properties": { *key: { "const": word } } });
                if self.inherits || word != default {
                    chosen["required"] = json!([key]);
                }
                json!({ "if": chosen, "then": without(word) })
            })
            .collect();
        if self.inherits {
            let any = keys.iter().map(|(word, _)| without(word));
            let absent = json!({ "not": { "required": [key] } });
            rules.push(json!({ "if": absent, "then": { "anyOf": any.collect::<Vec<_>>() } }));
        }
        rules
    }
}

fn text(form: &Form) -> Schema {
    schema(json!({
        "type": "string",
        "pattern": form.pattern,
        "patternErrorMessage": format!("must be {}", form.expected),
    }))
}

fn one_of(words: &[Word]) -> Schema {
    let names: Vec<&str> = words.iter().map(|word| word.name).collect();
    let meanings: Vec<&str> = words.iter().map(|word| word.meaning).collect();
    schema(json!({ "enum": names, "enumDescriptions": meanings }))
}
