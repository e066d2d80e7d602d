//! `doorkey::guard`: other people's warp programs behind doorkey's tokens.

mod api_tokens;
mod fake;
mod keys;
mod lists;
mod program;
mod socket;
mod tls;
mod tokens;
mod walk;
