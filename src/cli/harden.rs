//! Memory with keys and passwords in it must not end up in a file.

use rustix::process::{Resource, Rlimit, setrlimit};

/// No core dumps, and no look into this process by others of the same user. A system that
/// refuses is no reason not to run.
pub(super) fn process() {
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    if let Err(error) = setrlimit(Resource::Core, none) {
        tracing::debug!(%error, "core dumps could not be limited");
    }
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        if let Err(error) = set_dumpable_behavior(DumpableBehavior::NotDumpable) {
            tracing::debug!(%error, "the process could not be made undumpable");
        }
    }
}
