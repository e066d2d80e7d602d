//! What `packaging` ships, as far as a machine without systemd and without containers can tell.

use std::fs;
use std::process::Command;

use crate::cli::harness::Place;

const UNIT: &str = "packaging/doorkey.service";

#[test]
fn systemd_finds_nothing_wrong_with_the_unit() {
    let text = fs::read_to_string(UNIT).unwrap();
    let shipped = "ExecStart=/usr/local/bin/doorkey serve ";
    assert!(text.contains(shipped));
    let place = Place::new();
    let unit = place.path("doorkey.service");
    let here = format!("ExecStart={} serve ", env!("CARGO_BIN_EXE_doorkey"));
    fs::write(&unit, text.replace(shipped, &here)).unwrap();
    let Ok(said) = Command::new("systemd-analyze").arg("verify").arg(&unit).output() else {
        eprintln!("SKIPPED: systemd-analyze is not here");
        return;
    };
    let complaints = String::from_utf8_lossy(&said.stderr).into_owned();
    assert!(said.status.success() && !complaints.contains("doorkey.service"), "{complaints}");
    let mut score = Command::new("systemd-analyze");
    let score = score.args(["security", "--offline=true"]).arg(&unit).output().unwrap();
    let score = String::from_utf8(score.stdout).unwrap();
    let level = score.lines().find(|line| line.contains("Overall exposure level")).unwrap();
    // "→ Overall exposure level for doorkey.service: 0.9 SAFE"; 10 is the worst.
    let exposure = level.rsplit(": ").next().and_then(|rest| rest.split(' ').next()).unwrap();
    assert!(exposure.parse::<f32>().unwrap() <= 1.0, "{level}");
}

/// The arguments and the variables that the unit and the image start the server with.
#[test]
fn unit_and_image_start_the_server_with_settings_that_it_knows() {
    let unit = fs::read_to_string(UNIT).unwrap();
    let start = unit.lines().find_map(|line| line.strip_prefix("ExecStart=")).unwrap();
    let words: Vec<&str> = start.split(' ').collect();
    let known = ["/usr/local/bin/doorkey", "serve", "--config", "/etc/doorkey/auth.toml", "--data"];
    assert_eq!(words[..5], known);
    let image = fs::read_to_string("packaging/Containerfile").unwrap();
    let words = image.split_whitespace().map(|word| word.trim_end_matches('\\'));
    let set: Vec<(&str, &str)> = words
        .filter(|word| word.starts_with("DOORKEY_"))
        .filter_map(|w| w.split_once('='))
        .collect();
    // The comment names http.public_url, without which such an address is refused.
    assert_eq!(set.len(), 4, "{set:?}");
    let place = set.iter().fold(Place::new(), |place, (name, value)| place.env(name, value));
    place.run(&["config", "check"]).done();
    assert!(image.contains("USER 65532:65532") && image.contains("FROM scratch"));
    assert!(image.contains("HEALTHCHECK") && image.contains(r#"CMD ["/doorkey", "healthcheck"]"#));
}
