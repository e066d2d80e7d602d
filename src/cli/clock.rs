//! `doorkey clock …`

use super::args::{Clock, Form};
use super::control::Control;
use super::{Error, print};

pub(super) async fn run(control: &mut Control, command: Clock) -> Result<(), Error> {
    match command {
        Clock::Show { form } => show(control, form).await,
        Clock::Accept => accept(control).await,
    }
}

async fn show(control: &mut Control, form: Form) -> Result<(), Error> {
    let answer = control.get("/admin/clock").await?;
    if form.json {
        return print::json(&answer);
    }
    let row = ["wall", "effective", "mark", "state", "issuing"]
        .map(|member| print::text(&answer, member));
    print::table(["WALL", "EFFECTIVE", "MARK", "STATE", "TOKENS ISSUED"], vec![row])
}

async fn accept(control: &mut Control) -> Result<(), Error> {
    control.announce();
    let answer = control.post("/admin/clock/accept", None).await?;
    let [before, mark, accounts] =
        ["mark_before", "mark", "accounts"].map(|member| print::text(&answer, member));
    print::line(&format!(
        "the mark went from {before} to {mark}; the sessions of {accounts} accounts ended"
    ))
}
