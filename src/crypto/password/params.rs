//! What a hash may cost.

/// The most a stored hash may cost: an imported or planted one must not hold up the pool. The
/// parameters in use are always within it.
pub(super) const COSTLIEST: Argon2Params =
    Argon2Params { memory_kib: 1024 * 1024, iterations: 16, parallelism: 4 };

/// The most that an imported argon2 hash may cost, unless new ones cost more.
pub(super) const COSTLIEST_IMPORT: Argon2Params =
    Argon2Params { memory_kib: 256 * 1024, iterations: 10, parallelism: 4 };

/// What one hash costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Argon2Params {
    /// Memory, in KiB.
    pub memory_kib: u32,
    /// Passes over it.
    pub iterations: u32,
    /// Lanes; they are worked off one after the other.
    pub parallelism: u32,
}

impl Default for Argon2Params {
    /// 19 MiB, two passes, one lane: the first choice of the OWASP Password Storage Cheat Sheet.
    fn default() -> Self {
        Self { memory_kib: 19_456, iterations: 2, parallelism: 1 }
    }
}

impl Argon2Params {
    /// These, raised to what argon2 can work with at all (RFC 9106, 3.1).
    pub(super) fn workable(self) -> Self {
        let parallelism = self.parallelism.clamp(1, COSTLIEST.parallelism);
        let memory_kib = self.memory_kib.max(8 * parallelism);
        Self { memory_kib, iterations: self.iterations.max(1), parallelism }
    }

    /// Whether one of these costs at most `most`, or what new ones cost.
    pub(super) fn within(self, most: Self, new: Self) -> bool {
        self.memory_kib <= most.memory_kib.max(new.memory_kib)
            && self.iterations <= most.iterations.max(new.iterations)
            && self.parallelism <= most.parallelism
    }

    pub(super) fn blocks(self) -> usize {
        usize::try_from(self.memory_kib).expect("an address has at least 32 bits")
    }
}
