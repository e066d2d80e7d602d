//! The memory of all hashes together. It is taken when it is needed, blocks of the usual size are
//! kept for the next hash until none has come for a while, and a hash that needs more waits until
//! there is room for it: whatever hashes are stored, all threads together hold no more than the whole.

use std::fmt;
use std::hint::black_box;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use argon2::Block;

/// What the system needs besides, so that it is not the last byte that is asked for.
const MARGIN: usize = 1024 * 1024;
const KIB: usize = 1024;

/// The system is asked for at least so many blocks at a time. glibc gives what is larger than 32 MiB
/// back when it is freed, whatever came before; a smaller piece it would take for a size that is
/// wanted often, and keep its pages. What is not written to takes no memory.
const FROM_SYSTEM: usize = 33 * 1024;

/// There is no memory for a hash: it needs more than the whole, or the system gives none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NoMemory;

impl fmt::Display for NoMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("there is no memory for a password hash")
    }
}

impl std::error::Error for NoMemory {}

/// Memory that all threads share, in KiB.
pub(super) struct Memory {
    whole: usize,
    usual: usize,
    /// Held by the thread that waits for room: one that needs much is not passed by for ever.
    turn: Mutex<()>,
    state: Mutex<State>,
    given_back: Condvar,
}

struct State {
    left: usize,
    /// Of the usual size; they count as taken.
    spare: Vec<Vec<Block>>,
}

impl Memory {
    /// So much memory, in which there is always room for one block of the usual size.
    pub(super) fn new(whole: usize, usual: usize) -> Self {
        let whole = whole.max(usual);
        Self {
            whole,
            usual,
            turn: Mutex::new(()),
            state: Mutex::new(State { left: whole, spare: Vec::new() }),
            given_back: Condvar::new(),
        }
    }

    /// All of it.
    pub(super) fn whole(&self) -> usize {
        self.whole
    }

    /// Does `work` with `count` blocks, once there is room.
    ///
    /// # Errors
    /// [`NoMemory`].
    pub(super) fn with<T>(
        &self,
        count: usize,
        work: impl FnOnce(&mut [Block]) -> T,
    ) -> Result<T, NoMemory> {
        let mut taken = self.take(count.max(self.usual))?;
        if taken.blocks.is_empty() {
            let asked = taken.size.max(FROM_SYSTEM);
            let got = taken.blocks.try_reserve_exact(asked);
            // A system that counts what is asked for may have no more than is needed.
            got.or_else(|_| taken.blocks.try_reserve_exact(taken.size)).map_err(|_| NoMemory)?;
            taken.blocks.resize(taken.size, Block::new());
        }
        Ok(work(&mut taken.blocks[..count]))
    }

    /// Does `work` that takes so many bytes itself and would end the process where it got none:
    /// they are asked for first.
    ///
    /// # Errors
    /// [`NoMemory`].
    pub(super) fn beside<T>(&self, bytes: usize, work: impl FnOnce() -> T) -> Result<T, NoMemory> {
        let _taken = self.take(bytes.div_ceil(KIB))?;
        let mut asked = Vec::<u8>::new();
        asked.try_reserve_exact(bytes.saturating_add(MARGIN)).map_err(|_| NoMemory)?;
        // Nobody writes to it: it must not be taken for needless.
        drop(black_box(asked));
        Ok(work())
    }

    /// Gives the blocks that are kept for the next hash back to the system.
    pub(super) fn rest(&self) {
        let mut state = self.state();
        let spare = std::mem::take(&mut state.spare);
        state.left += spare.len() * self.usual;
    }

    fn take(&self, size: usize) -> Result<Taken<'_>, NoMemory> {
        if size > self.whole {
            return Err(NoMemory);
        }
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let mut state = self.state();
        loop {
            if size == self.usual
                && let Some(blocks) = state.spare.pop()
            {
                return Ok(Taken { memory: self, size, blocks });
            }
            while state.left < size && state.spare.pop().is_some() {
                state.left += self.usual;
            }
            if state.left >= size {
                state.left -= size;
                return Ok(Taken { memory: self, size, blocks: Vec::new() });
            }
            state = self.given_back.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// How many blocks of the usual size are kept.
    #[cfg(test)]
    pub(super) fn kept(&self) -> usize {
        self.state().spare.len()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Memory that a thread holds; given back when it is dropped, after a panic too.
struct Taken<'a> {
    memory: &'a Memory,
    size: usize,
    blocks: Vec<Block>,
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        let blocks = std::mem::take(&mut self.blocks);
        let is_spare = blocks.len() == self.memory.usual;
        let mut state = self.memory.state();
        if is_spare {
            state.spare.push(blocks);
        } else {
            // Before it counts as free.
            drop(blocks);
            state.left += self.size;
        }
        self.memory.given_back.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    fn address(memory: &Memory, count: usize) -> usize {
        memory.with(count, |blocks| blocks.as_ptr().addr()).unwrap()
    }

    #[test]
    fn blocks_of_the_usual_size_are_used_again_and_others_come_and_go() {
        let memory = Memory::new(16, 8);
        let first = address(&memory, 8);
        assert_eq!((address(&memory, 8), address(&memory, 3)), (first, first));
        assert_eq!(memory.with(16, |blocks| blocks.len()), Ok(16));
        assert_eq!(memory.state().left, 16);
    }

    #[test]
    fn what_is_kept_is_given_back_when_nobody_comes() {
        let memory = Memory::new(16, 8);
        memory.with(8, |_| memory.with(8, |_| ()).unwrap()).unwrap();
        assert_eq!((memory.kept(), memory.state().left), (2, 0));
        memory.with(8, |_| memory.rest()).unwrap();
        assert_eq!((memory.kept(), memory.state().left), (1, 8), "what is in use stays");
        memory.rest();
        assert_eq!((memory.kept(), memory.state().left), (0, 16));
        assert_eq!(memory.with(8, |blocks| blocks.len()), Ok(8));
    }

    #[test]
    fn what_needs_more_than_the_whole_gets_nothing_and_costs_nothing() {
        let memory = Memory::new(16, 8);
        assert_eq!(memory.with(17, |_| ()), Err(NoMemory));
        assert_eq!(memory.beside(16 * KIB + 1, || ()), Err(NoMemory));
        assert_eq!(memory.beside(16 * KIB, || 7), Ok(7));
        assert_eq!(memory.state().left, 16);
        assert_eq!(Memory::new(0, 8).with(8, |_| ()), Ok(()), "one of the usual size always fits");
    }

    /// More than any machine has: the system refuses, and the process goes on.
    #[test]
    fn what_the_system_does_not_give_is_an_error_and_is_given_back() {
        let memory = Memory::new(usize::MAX, 8);
        assert_eq!(memory.with(usize::MAX / 4096, |_| ()), Err(NoMemory));
        assert_eq!(memory.beside(usize::MAX / 4, || ()), Err(NoMemory));
        assert_eq!(memory.state().left, usize::MAX);
    }

    #[test]
    fn a_panic_gives_its_memory_back() {
        let memory = Memory::new(16, 8);
        for count in [8, 16] {
            let work = AssertUnwindSafe(|| memory.with(count, |_| panic!("on purpose")));
            catch_unwind::<_, Result<(), NoMemory>>(work).unwrap_err();
        }
        assert_eq!(memory.with(16, |_| 1), Ok(1));
    }

    /// PW-08.
    #[test]
    fn many_threads_together_never_hold_more_than_the_whole() {
        let memory = Memory::new(100, 20);
        let (now, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let hold = |size: usize| {
            let together = now.fetch_add(size, Ordering::SeqCst) + size;
            most.fetch_max(together, Ordering::SeqCst);
            std::thread::yield_now();
            now.fetch_sub(size, Ordering::SeqCst);
        };
        std::thread::scope(|scope| {
            for thread in 0..6 {
                let (memory, hold) = (&memory, &hold);
                scope.spawn(move || {
                    for round in 0..300 {
                        match (thread + round) % 4 {
                            0 => memory.with(20, |blocks| hold(blocks.len())),
                            1 => memory.with(70, |blocks| hold(blocks.len())),
                            2 => memory.with(100, |blocks| hold(blocks.len())),
                            _ => memory.beside(90 * KIB, || hold(90)),
                        }
                        .unwrap();
                    }
                });
            }
        });
        assert!((90..=100).contains(&most.load(Ordering::SeqCst)));
        let state = memory.state();
        assert_eq!(state.left + state.spare.len() * 20, 100);
    }
}
