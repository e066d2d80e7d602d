//! How the executable is linked. Where the C library can start it so (glibc from 2.36 on), the table
//! of what a start has to adjust is packed: 0.3 MB of it become some kilobytes. An older glibc says at a
//! start that it cannot (`GLIBC_ABI_DT_RELR`), so a build on a system with an older one leaves it.

use std::env;
use std::process::Command;

/// The first glibc that knows packed tables.
const KNOWN_SINCE: (u32, u32) = (2, 36);

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if links_here_with_glibc() && glibc().is_some_and(|version| version >= KNOWN_SINCE) {
        println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
}

/// Whether the executable is for systems like this one.
#[expect(clippy::disallowed_methods, reason = "cargo tells its build scripts by variables")]
fn links_here_with_glibc() -> bool {
    let asked = |name| env::var(name).unwrap_or_default();
    asked("CARGO_CFG_TARGET_ENV") == "gnu"
        && asked("TARGET") == asked("HOST")
        && asked("PROFILE") == "release"
}

/// The version of this system's glibc; `None` where it does not say.
fn glibc() -> Option<(u32, u32)> {
    let said = Command::new("getconf").arg("GNU_LIBC_VERSION").output().ok()?;
    let said = String::from_utf8(said.stdout).ok()?;
    let (major, minor) = said.trim().strip_prefix("glibc ")?.split_once('.')?;
    Some((major.parse().ok()?, minor.split('.').next()?.parse().ok()?))
}
