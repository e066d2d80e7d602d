//! `doorkey export`

use std::path::Path;

use super::args::Export;
use super::control::Control;
use super::new_file::NewFile;
use super::user::escaped;
use super::{Error, print};

pub(super) async fn run(control: &mut Control, export: &Export) -> Result<(), Error> {
    if export.file == Path::new("-") {
        return each_line(control, print::line).await.map(|_| ());
    }
    let mut file = NewFile::create(&export.file, export.force)?;
    let count = each_line(control, |line| file.write(line)).await?;
    file.finish()?;
    print::note(&format!("{count} accounts are in {}", export.file.display()));
    Ok(())
}

/// Hands out every account as a line; how many there were.
async fn each_line(
    control: &mut Control,
    mut take: impl FnMut(&str) -> Result<(), Error>,
) -> Result<u64, Error> {
    let (mut count, mut cursor) = (0, String::new());
    loop {
        let page = control.get(&format!("/admin/export?limit=100{cursor}")).await?;
        for user in page["users"].as_array().into_iter().flatten() {
            take(&user.to_string())?;
            count += 1;
        }
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={}", escaped(next)),
            None => break,
        }
        print::progress(&format!("{count} accounts"));
    }
    print::progress("");
    Ok(count)
}
