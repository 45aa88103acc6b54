//! The codes of diagnostics. A code keeps its meaning for ever; a retired one is not used again.

/// Defines the codes and the table of their titles.
macro_rules! codes {
    ($($name:ident = $code:literal, $title:literal;)+) => {
        $(#[doc = $title] pub const $name: &str = $code;)+

        /// Every code with what it is about, sorted.
        pub const ALL: &[(&str, &str)] = &[$(($code, $title)),+];
    };
}

codes! {
    SYNTAX = "E0101", "The file is no YAML.";
    NOT_UTF8 = "E0102", "The file is not UTF-8 text.";
    TOO_LARGE = "E0103", "The file is larger than nfplan reads.";
    TOO_DEEP = "E0104", "Lists and maps are nested too deeply.";
    TOO_MANY_VALUES = "E0105", "The file has too many values, aliases written out.";
    SECOND_DOCUMENT = "E0106", "The file holds more than one YAML document.";
    DUPLICATE_KEY = "E0107", "A key stands twice in one map.";
    TAB = "E0108", "A tab stands where YAML takes spaces only.";
    YAML_TAG = "E0109", "A YAML tag such as !!str is used.";
    KEY_NOT_TEXT = "E0110", "A key is a list, a map or an alias.";
    MERGE_KEY = "E0111", "A merge key (<<) is used.";
    RECURSIVE_ALIAS = "E0112", "An alias stands inside what it stands for.";
    UNKNOWN_KEY = "E0201", "A key means nothing here.";
    MISSING_KEY = "E0202", "A key is missing.";
    WRONG_TYPE = "E0203", "A value has the wrong type.";
    NO_VALUE = "E0204", "A key has no value.";
    OUT_OF_RANGE = "E0205", "A number is outside its range.";
    UNKNOWN_WORD = "E0206", "A value is none of those that can be chosen.";
    NEEDS_QUOTES = "E0207", "A text needs quotes, else YAML reads it as a number, a truth value or nothing.";
    NEEDS_NO_QUOTES = "E0208", "A number or truth value must not have quotes.";
    NOT_WHOLE = "E0209", "A number is not written as a plain whole number.";
    TOO_BIG = "E0210", "A whole number is larger than JSON readers keep exactly.";
    NEWER_FORMAT = "E0211", "The file is of a newer format or asks for a newer blueprint.";
    WRONG_FORM = "E0301", "A text does not have the form that is needed here.";
    TEMPLATE = "E0302", "Something else than {{username}} stands in double braces.";
    USER_NAME = "E0303", "A user name cannot be part of AWS names.";
    DUPLICATE_USER = "E0304", "A researcher is given twice, or two share an escaped name.";
    UNKNOWN_ACCOUNT = "E0305", "A workspace names an account that does not exist.";
    UNKNOWN_PROFILE = "E0306", "A workspace names a profile that does not exist.";
    DUPLICATE_ACCOUNT = "E0307", "Two accounts have the same id.";
    NAME_TOO_LONG = "E0308", "A name in AWS would be too long.";
    STRATEGY = "E0309", "The allocation strategy does not fit the type of compute.";
    VCPUS = "E0310", "The least number of vCPUs is greater than the most.";
    WRONG_VARIANT = "E0311", "A key does not belong to the mode or kind that was chosen.";
    CIDR = "E0312", "An address block cannot hold the workspace's network.";
    TAG = "E0313", "A tag breaks AWS's or nfplan's rules.";
    REPEATED = "E0314", "A value stands twice in a list.";
    ROLE_OF_OTHER_ACCOUNT = "E0315", "The role to assume belongs to another account.";
    ACCEPTED_TOO_LONG = "E0316", "Drift is accepted for too long, or until before it begins.";
    EXPANSION = "E0401", "A workspace expands to something that AWS would refuse.";
    BEST_FIT = "W0501", "The `best_fit` strategy makes changes of the compute environment into replacements.";
    FOLDER = "W0502", "A folder stands where only files are read.";
    COVERED_DOMAIN = "W0503", "A domain is let through by another one of the list already.";
    DOCKER_BRIDGE = "W0504", "An address block overlaps the one that Docker takes.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_code_is_used_twice() {
        assert!(ALL.is_sorted_by(|one, next| one.0[1..] < next.0[1..]));
    }
}
