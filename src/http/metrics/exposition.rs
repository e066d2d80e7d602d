//! The text of one scrape. A new number is one line in [`Exposition::gauges`] when it comes from
//! the use cases, else a method of its own.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{
    DescriptorEncoder, EncodeCounterValue, EncodeMetric as _, MetricEncoder, NoLabelSet,
};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;
use warp::http::StatusCode;

use super::process::Process;
use super::traffic::{Row, Tally, Traffic, UP_TO};
use crate::auth::Measures;
use crate::model::{EventKind, Timestamp};

/// A number with its name and what it is.
type Gauge = (&'static str, &'static str, u64);

/// Everything that one scrape shows.
#[derive(Debug)]
pub(super) struct Exposition {
    pub(super) traffic: Arc<Traffic>,
    pub(super) measures: Measures,
    pub(super) process: Process,
}

impl Exposition {
    /// As OpenMetrics.
    pub(super) fn into_text(self) -> String {
        let (mut registry, mut text) = (Registry::default(), String::new());
        registry.register_collector(Box::new(self));
        encode(&mut text, &registry).expect("a string takes all that is written to it");
        text
    }

    /// What the use cases measure.
    fn gauges(&self) -> [Gauge; 5] {
        let measures = &self.measures;
        let size = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        [
            ("doorkey_ready", "Whether /readyz says ready.", measures.ready.into()),
            (
                "doorkey_store_writable",
                "Whether the store takes writes.",
                measures.store_writable.into(),
            ),
            (
                "doorkey_password_hashes_running",
                "Passwords that are being hashed.",
                size(measures.passwords.running),
            ),
            (
                "doorkey_password_hashes_queued",
                "Passwords that wait to be hashed.",
                size(measures.passwords.queued),
            ),
            (
                "doorkey_throttle_entries",
                "Accounts and networks with a count of attempts.",
                size(measures.throttle_entries),
            ),
        ]
    }

    fn requests(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let tallies = self.traffic.tallies();
        let (name, help) = ("doorkey_requests", "Requests by route and status of the answer.");
        let mut metric = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
        for (row, tally) in &tallies {
            for (status, count) in &tally.statuses {
                let status = status.as_ref().map_or("none", StatusCode::as_str);
                let labels = [route_of(row).as_slice(), &[("status", status)]].concat();
                count_of(metric.encode_family(&labels)?, *count)?;
            }
        }
        let (name, help) = (
            "doorkey_request_duration_seconds",
            "Time from the head of a request to the head of its answer.",
        );
        let mut metric = encoder.encode_descriptor(name, help, None, MetricType::Histogram)?;
        for (row, tally) in &tallies {
            durations(metric.encode_family(&route_of(row))?, tally)?;
        }
        Ok(())
    }

    fn problems(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let (name, help) = ("doorkey_problems", "Refusals and failures by their code.");
        let mut metric = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
        for (kind, count) in self.traffic.problems() {
            count_of(metric.encode_family(&[("code", kind.row().code)])?, count)?;
        }
        Ok(())
    }

    fn events(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let (name, help) = ("doorkey_events", "Events of the audit trail by their kind.");
        let mut metric = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
        for (kind, count) in &self.measures.events {
            count_of(metric.encode_family(&[("kind", word(*kind))])?, *count)?;
        }
        Ok(())
    }

    /// Nothing where there is no schedule.
    fn backups(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let backups = &self.measures.backups;
        if !backups.is_scheduled {
            return Ok(());
        }
        // Not left out: an alarm at its age goes off then too.
        let latest = backups.latest.map_or(0, Timestamp::seconds);
        let help = "When the state of the newest backup was; 0 if there is none.";
        gauge(encoder, ("doorkey_backup_latest_timestamp_seconds", help, latest))?;
        let (name, help) = ("doorkey_backup_failures", "Backups by the schedule that failed.");
        let metric = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
        count_of(metric, backups.failures)
    }

    fn process(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        if let Some(bytes) = self.process.resident {
            gauge(encoder, ("process_resident_memory_bytes", "Memory in use.", bytes))?;
        }
        if let Some(cpu) = self.process.cpu {
            let (name, help) = ("process_cpu_seconds", "Time on a processor.");
            let metric = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
            count_of(metric, cpu.as_secs_f64())?;
        }
        Ok(())
    }
}

impl Collector for Exposition {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let encoder = &mut encoder;
        let (name, help) = ("doorkey_build", "What runs here.");
        let mut build = encoder.encode_descriptor(name, help, None, MetricType::Info)?;
        build.encode_info(&[("version", env!("CARGO_PKG_VERSION"))])?;
        for number in self.gauges() {
            gauge(encoder, number)?;
        }
        let (name, help) = ("doorkey_password_hashes_refused", "Passwords there was no room for.");
        let metric = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
        count_of(metric, self.measures.passwords.refused)?;
        self.requests(encoder)?;
        self.problems(encoder)?;
        self.events(encoder)?;
        self.backups(encoder)?;
        self.process(encoder)
    }
}

fn route_of(row: &Row) -> [(&'static str, &str); 2] {
    [("method", &row.method), ("route", row.path)]
}

fn gauge(encoder: &mut DescriptorEncoder<'_>, (name, help, value): Gauge) -> fmt::Result {
    let metric = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
    ConstGauge::new(value).encode(metric)
}

fn count_of<N: EncodeCounterValue>(metric: MetricEncoder<'_>, count: N) -> fmt::Result {
    ConstCounter::new(count).encode(metric)
}

fn durations(mut metric: MetricEncoder<'_>, tally: &Tally) -> fmt::Result {
    let ends = UP_TO.iter().map(Duration::as_secs_f64).chain([f64::INFINITY]);
    let buckets: Vec<(f64, u64)> = ends.zip(tally.classes).collect();
    let count = tally.classes.iter().sum();
    metric.encode_histogram::<NoLabelSet>(tally.took.as_secs_f64(), count, &buckets, None)
}

/// The word for a kind in the audit trail.
fn word(kind: EventKind) -> String {
    let word = serde_json::to_value(kind).ok();
    word.as_ref().and_then(serde_json::Value::as_str).unwrap_or_default().to_owned()
}
