//! Values of any shape, as nfplan itself writes them.

use nfplan_engine::value::Attributes;
use nfplan_engine::value::Value;

use super::Decoder;
use super::Field;
use crate::tree::Entry;
use crate::tree::Reading;
use crate::tree::Yaml;

impl Decoder<'_> {
    /// Reads a value of any shape: what an attribute may be.
    pub(crate) fn value(&mut self, field: Field<'_>) -> Option<Value> {
        match &field.node.value {
            Yaml::Refused => None,
            Yaml::List(items) => {
                let read = |node| self.value(Field { node, ..field });
                let values: Vec<Option<Value>> = items.iter().map(read).collect();
                values.into_iter().collect::<Option<Vec<Value>>>().map(Value::List)
            }
            Yaml::Map(entries) => {
                let read = |entry: &Entry| {
                    let (name, key) = (&*entry.key.text, entry.span);
                    let value = self.value(Field { name, key, node: &entry.node, ..field })?;
                    Some((entry.key.text.clone(), value))
                };
                let values: Vec<_> = entries.iter().map(read).collect();
                values.into_iter().collect::<Option<Attributes>>().map(Value::Map)
            }
            Yaml::Scalar(scalar) => match scalar.reading() {
                Reading::Bool(value) => Some(Value::Bool(value)),
                Reading::Integer(_) | Reading::Number => {
                    self.whole_number(field).and_then(Value::integer)
                }
                Reading::Text => Some(Value::text(&scalar.text)),
                Reading::Null => self.wrong_type(field, "a value"),
            },
        }
    }
}
