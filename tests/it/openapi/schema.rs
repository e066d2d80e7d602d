//! JSON Schema (2020-12) as far as the document uses it, read strictly: a keyword that is not
//! known here fails, and so does a member that no schema declares.

use std::collections::BTreeSet;

use doorkey::model::Timestamp;
use serde_json::Value;

/// The named schemas that a `$ref` leads to: the whole document.
#[derive(Clone, Copy)]
pub struct Schemas<'a>(pub &'a Value);

/// What is said for people.
const SILENT: &[&str] = &["description", "title", "default", "additionalProperties", "required"];

impl<'a> Schemas<'a> {
    /// What a `$ref` leads to; the value itself when it is none.
    pub fn resolve(self, value: &'a Value) -> &'a Value {
        let Some(reference) = value["$ref"].as_str() else { return value };
        let target = self.0.pointer(reference.strip_prefix('#').unwrap());
        target.unwrap_or_else(|| panic!("{reference} leads nowhere"))
    }

    /// Panics where `value` is not what `schema` says.
    #[track_caller]
    pub fn check(self, schema: &'a Value, value: &Value, at: &str) {
        if let Err(wrong) = self.validate(schema, value) {
            panic!("{at}: {wrong} (by /openapi.json)\n{value:#}");
        }
    }

    /// Whether `value` is what `schema` says, and nothing more.
    pub fn validate(self, schema: &'a Value, value: &Value) -> Result<(), String> {
        self.keywords(schema, value)?;
        let Some(members) = value.as_object() else { return Ok(()) };
        let mut declared = BTreeSet::new();
        self.declare(schema, &mut declared);
        match members.keys().find(|name| !declared.contains(name.as_str())) {
            Some(name) if !declared.is_empty() => Err(format!("{name} is not declared")),
            Some(_) | None => Ok(()),
        }
    }

    /// The members that a schema and those it is made of declare.
    fn declare(self, schema: &'a Value, into: &mut BTreeSet<&'a str>) {
        let schema = self.resolve(schema);
        if let Some(properties) = schema["properties"].as_object() {
            into.extend(properties.keys().map(String::as_str));
        }
        for part in ["allOf", "oneOf"].iter().filter_map(|word| schema[*word].as_array()).flatten()
        {
            self.declare(part, into);
        }
    }

    fn keywords(self, schema: &'a Value, value: &Value) -> Result<(), String> {
        let schema = schema.as_object().ok_or("a schema is an object")?;
        for (keyword, rule) in schema {
            self.keyword(keyword, rule, value)?;
        }
        for name in schema.get("required").and_then(Value::as_array).into_iter().flatten() {
            if value.is_object() && value.get(name.as_str().unwrap()).is_none() {
                return Err(format!("{name} is missing"));
            }
        }
        Ok(())
    }

    fn keyword(self, keyword: &str, rule: &'a Value, value: &Value) -> Result<(), String> {
        let good = match keyword {
            "$ref" => {
                let target = self.0.pointer(rule.as_str().unwrap().strip_prefix('#').unwrap());
                return self.keywords(target.ok_or("a reference leads nowhere")?, value);
            }
            "type" => is_of_type(rule, value),
            "properties" => return self.properties(rule, value),
            "items" => {
                let mut items = value.as_array().into_iter().flatten();
                return items.try_for_each(|item| self.validate(rule, item));
            }
            "allOf" => {
                let mut parts = rule.as_array().unwrap().iter();
                return parts.try_for_each(|part| self.keywords(part, value));
            }
            "oneOf" => {
                let parts = rule.as_array().unwrap().iter();
                parts.filter(|part| self.validate(part, value).is_ok()).count() == 1
            }
            "enum" => rule.as_array().unwrap().contains(value),
            "const" => rule == value,
            "minimum" => value.as_f64() >= rule.as_f64(),
            "maximum" => value.as_f64() <= rule.as_f64(),
            "minLength" => length(value).is_none_or(|n| n >= rule.as_u64().unwrap()),
            "maxLength" => length(value).is_none_or(|n| n <= rule.as_u64().unwrap()),
            "pattern" => value.as_str().is_none_or(|text| matches(rule.as_str().unwrap(), text)),
            "format" => is_of_format(rule.as_str().unwrap(), value),
            silent if SILENT.contains(&silent) => true,
            unknown => return Err(format!("the keyword {unknown} is not known to this test")),
        };
        if good { Ok(()) } else { Err(format!("{value} against {keyword} {rule}")) }
    }

    fn properties(self, rules: &'a Value, value: &Value) -> Result<(), String> {
        for (name, rule) in rules.as_object().unwrap() {
            let Some(member) = value.get(name) else { continue };
            self.validate(rule, member).map_err(|wrong| format!("{name}: {wrong}"))?;
        }
        Ok(())
    }
}

fn length(value: &Value) -> Option<u64> {
    value.as_str().map(|text| text.chars().count() as u64)
}

fn is_of_type(types: &Value, value: &Value) -> bool {
    let is = |name: &Value| match name.as_str().unwrap() {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_u64() || value.is_i64(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("the type {other} is not known to this test"),
    };
    types.as_array().map_or_else(|| is(types), |types| types.iter().any(is))
}

/// A format is a rule for texts, and for numbers a hint.
fn is_of_format(format: &str, value: &Value) -> bool {
    let Some(text) = value.as_str() else { return true };
    match format {
        "date-time" => text.len() == 20 && Timestamp::try_from(text).is_ok(),
        "email" => text.contains('@'),
        "password" => true,
        other => panic!("the format {other} is not known to this test"),
    }
}

/// Whether a pattern of ours, which is a row of `[class]` and of plain characters, each with nothing,
/// `+` or `{a,b}` behind it, fits the text. Each class takes as much as it can.
fn matches(pattern: &str, text: &str) -> bool {
    let mut rest = pattern.strip_prefix('^').and_then(|p| p.strip_suffix('$')).unwrap();
    let mut left = text.chars().peekable();
    while let Some((class, after)) = class(rest) {
        let (least, most, after) = times(after);
        let mut taken = 0;
        while taken < most && left.peek().is_some_and(|c| is_in(class, *c)) {
            left.next();
            taken += 1;
        }
        if taken < least {
            return false;
        }
        rest = after;
    }
    assert!(rest.is_empty(), "{pattern} is more than this test knows");
    left.next().is_none()
}

fn class(rest: &str) -> Option<(&str, &str)> {
    let plain = |c: char| c.is_ascii_alphabetic() || " ,=-".contains(c);
    match rest.strip_prefix('[') {
        Some(rest) => rest.split_once(']'),
        None if rest.starts_with(plain) => Some(rest.split_at(1)),
        None => None,
    }
}

fn times(rest: &str) -> (usize, usize, &str) {
    if let Some(after) = rest.strip_prefix('+') {
        return (1, usize::MAX, after);
    }
    let Some((range, after)) = rest.strip_prefix('{').and_then(|r| r.split_once('}')) else {
        return (1, 1, rest);
    };
    let (least, most) = range.split_once(',').unwrap();
    (least.parse().unwrap(), most.parse().unwrap(), after)
}

fn is_in(class: &str, c: char) -> bool {
    let all: Vec<char> = class.chars().collect();
    let ranges = all.windows(3).filter(|w| w[1] == '-').any(|w| (w[0]..=w[2]).contains(&c));
    ranges || (all.contains(&c) && (c != '-' || class.ends_with('-')))
}

#[test]
fn the_patterns_of_the_document_are_read_as_they_are_meant() {
    let id = "^[A-Za-z0-9_-]{1,64}$";
    for good in ["a", "-", "_9", &"x".repeat(64)] {
        assert!(matches(id, good), "{good}");
    }
    for bad in ["", "a b", "a.", &"x".repeat(65), "ä"] {
        assert!(!matches(id, bad), "{bad}");
    }
    let token = "^[A-Za-z0-9_-]+[.][A-Za-z0-9_-]+[.][A-Za-z0-9_-]+$";
    assert!(matches(token, "a.b-.c_") && !matches(token, "a.b") && !matches(token, "a..c"));
}

#[test]
fn a_value_that_is_not_what_the_schema_says_is_found() {
    use serde_json::json;
    let document = json!({"components": {"schemas": {
        "Id": {"type": "string", "pattern": "^[a-z]{1,3}$"},
        "Thing": {"type": "object", "required": ["id"], "properties": {
            "id": {"$ref": "#/components/schemas/Id"},
            "end": {"oneOf": [{"type": "string", "format": "date-time"}, {"type": "null"}]},
            "names": {"type": "array", "items": {"enum": ["a", "b"]}},
        }},
    }}});
    let thing = json!({"allOf": [
        {"$ref": "#/components/schemas/Thing"}, {"properties": {"id": {"const": "x"}}},
    ]});
    let schemas = Schemas(&document);
    for good in [
        json!({"id": "x"}),
        json!({"id": "x", "end": null, "names": []}),
        json!({"id": "x", "end": "2026-01-31T12:00:00Z", "names": ["a", "b"]}),
    ] {
        assert_eq!(schemas.validate(&thing, &good), Ok(()));
    }
    for bad in [
        json!({}),
        json!([]),
        json!({"id": 1}),
        json!({"id": "y"}),
        json!({"id": "x", "more": 1}),
        json!({"id": "x", "end": 7}),
        json!({"id": "x", "end": "2026-01-31"}),
        json!({"id": "x", "names": ["c"]}),
        json!({"id": "x", "names": "a"}),
    ] {
        assert!(schemas.validate(&thing, &bad).is_err(), "{bad}");
    }
}
