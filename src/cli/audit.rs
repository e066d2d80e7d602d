//! `doorkey audit …`

use std::path::Path;

use serde_json::{Value, json};

use super::args::{Audit, AuditExport, AuditList};
use super::control::Control;
use super::new_file::NewFile;
use super::user::{self, escaped};
use super::{Error, print};
use crate::auth::Line;
use crate::model::{Timestamp, UserId};

mod verify;

pub(super) async fn run(control: &mut Control, command: Audit) -> Result<(), Error> {
    match command {
        Audit::List(list) => self::list(control, list).await,
        Audit::Export(export) => self::export(control, &export).await,
        Audit::Verify(verify) => verify::run(control, &verify).await,
    }
}

async fn list(control: &mut Control, list: AuditList) -> Result<(), Error> {
    let mut filter = String::new();
    if let Some(name) = &list.user {
        filter = format!("&user={}", escaped(&account(control, name).await?));
    }
    if let Some(kind) = &list.kind {
        filter = format!("{filter}&kind={}", escaped(kind));
    }
    let events = matching(control, &filter, (list.since, list.limit)).await?;
    if list.form.json {
        return print::json(&json!({ "events": events }));
    }
    print(&events)
}

/// Events as a table.
pub(super) fn print(events: &[Value]) -> Result<(), Error> {
    let headings = ["TIME", "EVENT", "OUTCOME", "BY", "ACCOUNT", "FROM", "COUNT", "DETAIL"];
    print::table(headings, events.iter().map(row).collect())
}

/// The id of an account; one that was deleted has no name any more.
async fn account(control: &mut Control, name: &str) -> Result<String, Error> {
    match user::find(control, name).await {
        Ok(user) => Ok(print::text(&user, "id")),
        Err(error) => UserId::try_from(name).map(|id| id.to_string()).map_err(|_| error),
    }
}

async fn matching(
    control: &mut Control,
    filter: &str,
    (since, limit): (Option<Timestamp>, usize),
) -> Result<Vec<Value>, Error> {
    let (mut events, mut cursor) = (Vec::new(), String::new());
    loop {
        let mut page = control.get(&format!("/admin/events?limit=100{filter}{cursor}")).await?;
        let Value::Array(found) = page["events"].take() else { return Ok(events) };
        for event in found {
            let time = Timestamp::try_from(print::text(&event, "time").as_str()).ok();
            if events.len() == limit || time < since {
                return Ok(events);
            }
            events.push(event);
        }
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={}", escaped(next)),
            None => return Ok(events),
        }
    }
}

fn row(event: &Value) -> [String; 8] {
    let actor = &event["actor"];
    let by = if actor["id"].is_string() { "id" } else { "kind" };
    let text = |member: &str| print::text(event, member);
    let [time, kind, outcome, account, from] = ["time", "kind", "outcome", "user", "ip"].map(text);
    [time, kind, outcome, print::text(actor, by), account, from, text("count"), text("detail")]
}

async fn export(control: &mut Control, export: &AuditExport) -> Result<(), Error> {
    if export.file == Path::new("-") {
        return each_line(control, print::line).await.map(|_| ());
    }
    let mut file = NewFile::create(&export.file, export.force)?;
    let count = each_line(control, |line| file.write(line)).await?;
    file.finish()?;
    print::note(&format!("{count} events are in {}", export.file.display()));
    Ok(())
}

/// Hands out the whole trail as text, its end included; how many events there were.
async fn each_line(
    control: &mut Control,
    mut take: impl FnMut(&str) -> Result<(), Error>,
) -> Result<u64, Error> {
    let (mut lines, mut events) = (0, 0);
    let mut write = |line: &Line| {
        let text =
            serde_json::to_string(line).map_err(|error| Error::Refused(error.to_string()))?;
        take(&text)
    };
    let mut walk = Walk::new();
    while let Some(page) = walk.next(control).await? {
        for line in &page {
            write(line)?;
            lines += 1;
            events += u64::from(matches!(line, Line::Event(_) | Line::Unsealed(_)));
        }
        print::progress(&format!("{events} events"));
    }
    write(&Line::End(lines))?;
    print::progress("");
    Ok(events)
}

/// The pages of the trail, one after the other.
struct Walk {
    /// `None` after the last one.
    query: Option<String>,
}

impl Walk {
    fn new() -> Self {
        Self { query: Some(String::new()) }
    }

    async fn next(&mut self, control: &mut Control) -> Result<Option<Vec<Line>>, Error> {
        let Some(query) = self.query.take() else { return Ok(None) };
        let mut page = control.get(&format!("/admin/audit{query}")).await?;
        self.query = page["next_cursor"].as_str().map(|next| format!("?cursor={}", escaped(next)));
        let lines = serde_json::from_value(page["lines"].take());
        lines.map(Some).map_err(|_| Error::Refused("the server is of another version".to_owned()))
    }
}
