//! `[status]`: Token Status Lists.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::units;

/// `[status]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Status {
    /// How long a service that verifies tokens itself may keep a status list, 10 s to 15 min: so
    /// late does it know of a logout.
    #[serde(with = "units::duration")]
    pub ttl: Duration,
}
