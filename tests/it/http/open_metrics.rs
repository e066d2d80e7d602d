//! A strict reader of the OpenMetrics text format, as far as it is used here (OpenMetrics 1.0.0).

#![expect(clippy::float_cmp, reason = "what is counted is a whole number")]

use std::collections::{BTreeMap, BTreeSet};

/// Samples by name and labels, as written: `requests_total{method="GET"}`.
pub type Samples = BTreeMap<String, f64>;

/// The families of a text, in order: name and type.
type Families = Vec<(String, String)>;

/// Reads a whole text.
///
/// # Panics
/// When it is not well formed: another end than `# EOF`, a family that comes in two parts or
/// without a type, a sample that is there twice, of no family or of a suffix that its type has
/// not, a histogram that does not add up.
#[track_caller]
pub fn parse(text: &str) -> Samples {
    let lines = text.strip_suffix("# EOF\n").expect("the end is said");
    let (mut families, mut samples) = (Families::new(), Samples::new());
    for line in lines.lines() {
        if let Some(about) = line.strip_prefix("# ") {
            describe(about, &mut families);
        } else {
            let (name, value) = sample(line, families.last().expect("a family comes first"));
            assert!(samples.insert(name, value).is_none(), "twice: {line}");
        }
    }
    let names: BTreeSet<&String> = families.iter().map(|(name, _)| name).collect();
    assert_eq!(names.len(), families.len(), "a family in two parts: {families:?}");
    families.iter().filter(|(_, kind)| kind == "histogram").for_each(|(n, _)| adds_up(n, &samples));
    samples
}

/// `HELP name words` opens a family, `TYPE name word` follows.
fn describe(about: &str, families: &mut Families) {
    let (what, rest) = about.split_once(' ').unwrap();
    let (name, said) = rest.split_once(' ').unwrap();
    assert!(name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{name}");
    match what {
        "HELP" => {
            assert!(said.ends_with('.'), "{about}");
            families.push((name.to_owned(), String::new()));
        }
        "TYPE" => {
            let last = families.last_mut().unwrap();
            assert!(last.0 == name && last.1.is_empty(), "{about}");
            said.clone_into(&mut last.1);
        }
        _ => panic!("{about}"),
    }
}

fn sample(line: &str, (family, kind): &(String, String)) -> (String, f64) {
    let (name, value) = line.rsplit_once(' ').unwrap();
    let bare = name.split('{').next().unwrap();
    let suffix = bare.strip_prefix(family.as_str()).unwrap_or_else(|| panic!("{line}: {family}"));
    let fine = match kind.as_str() {
        "counter" => suffix == "_total",
        "gauge" => suffix.is_empty(),
        "info" => suffix == "_info" && value == "1",
        "histogram" => ["_bucket", "_count", "_sum"].contains(&suffix),
        _ => false,
    };
    assert!(fine, "{line} is no {kind}");
    let labels = name[bare.len()..].strip_prefix('{').map_or("", |l| l.strip_suffix('}').unwrap());
    for label in labels.split("\",").filter(|label| !label.is_empty()) {
        let (key, text) = label.trim_end_matches('"').split_once("=\"").expect(line);
        assert!(key.bytes().all(|b| b.is_ascii_lowercase()), "{line}");
        assert!(!text.contains(['"', '\\', '\n']), "{line}");
    }
    let value: f64 = value.parse().unwrap();
    assert!(value.is_finite() && value >= 0.0, "{line}");
    (name.to_owned(), value)
}

/// Buckets only grow, and the last one holds all.
fn adds_up(name: &str, samples: &Samples) {
    let counts = samples.iter().filter(|(n, _)| n.starts_with(&format!("{name}_count{{")));
    for (count, all) in counts {
        let labels = count.split_once('{').unwrap().1;
        let of_it = |n: &str| n.starts_with(&format!("{name}_bucket{{le=")) && n.ends_with(labels);
        let mut buckets: Vec<(f64, f64)> = samples
            .iter()
            .filter(|(n, _)| of_it(n))
            .map(|(n, held)| {
                (n.split('"').nth(1).unwrap().replace('+', "").parse().unwrap(), *held)
            })
            .collect();
        buckets.sort_by(|a, b| a.0.total_cmp(&b.0));
        assert!(buckets.is_sorted_by(|a, b| a.1 <= b.1), "{count}");
        assert_eq!(buckets.last(), Some(&(f64::INFINITY, *all)), "{count}");
        assert!(samples.contains_key(&count.replace("_count{", "_sum{")), "{count}");
    }
}

#[test]
fn a_text_that_is_not_well_formed_is_refused() {
    let good = "# HELP a A.\n# TYPE a counter\na_total{b=\"c\"} 1\n";
    assert_eq!(parse(&format!("{good}# EOF\n"))["a_total{b=\"c\"}"], 1.0);
    for bad in [
        "",
        good,
        "a_total 1\n# EOF\n",
        "# HELP a A.\n# TYPE a counter\na 1\n# EOF\n",
        "# HELP a A.\n# TYPE a gauge\na 1\na 1\n# EOF\n",
        "# HELP a A.\n# TYPE a gauge\na 1\n# HELP b B.\n# TYPE b gauge\na 1\n# EOF\n",
        "# HELP a A.\n# TYPE a gauge\n# HELP a A.\n# TYPE a gauge\n# EOF\n",
        "# HELP a A.\n# TYPE a histogram\na_bucket{le=\"+Inf\",b=\"c\"} 1\na_count{b=\"c\"} 2\n# EOF\n",
    ] {
        assert!(std::panic::catch_unwind(|| parse(bad)).is_err(), "{bad}");
    }
}
