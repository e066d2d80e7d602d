//! The executable; everything is in the library.

fn main() -> std::process::ExitCode {
    doorkey::cli::main()
}
