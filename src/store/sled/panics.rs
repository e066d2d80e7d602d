//! sled reports some damage by a panic; here it becomes a text.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs `work`.
///
/// # Errors
/// What it said when it panicked. What `work` changed may then be half done: use none of it to
/// write again.
pub(super) fn caught<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| text(panic.as_ref()))
}

fn text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("sled panicked").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_its_text() {
        assert_eq!(caught(|| 1), Ok(1));
        assert_eq!(caught::<()>(|| panic!("plain")), Err("plain".to_owned()));
        assert_eq!(caught::<()>(|| panic!("page {}", 7)), Err("page 7".to_owned()));
    }
}
