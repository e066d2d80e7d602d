//! The one test binary: everything from outside, each folder a part of the whole.

mod config;
mod harness;
mod layers;
mod main_job;
mod outside;
