//! The audit trail that shows tampering. A commit writes its event and lets it wait; the sealer
//! covers what waits with seals, each over some events and the seal before, and is the only one
//! that knows where the chain ends. Retention takes the oldest seals with their events.
//!
//! The order of the chain is that of sealing and not of the events' times, so neither a clock
//! that steps back nor commits that overtake each other look like tampering.

mod keep;
mod line;
mod report;
mod seal;
mod verify;
mod walk;

pub use self::line::{EventLine, Line};
pub use self::report::{TrailFinding, TrailFlaw, TrailReport};
pub(super) use self::seal::Sealer;
pub use self::verify::{Expected, Verifier};
pub use self::walk::TrailPage;
