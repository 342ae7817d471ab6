//! `prospectai import`: a file of prospects into a campaign.

use std::fs::File;
use std::io::{self, Seek as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use reqwest::{Body, Method};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio_util::io::ReaderStream;

use super::console::Console;
use super::print::{print_json, word};

/// How often the import is asked how far it is.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// How often a pipe is told.
const TELL_EVERY: Duration = Duration::from_secs(2);
/// Refused rows shown to people; machines get all of them.
const REJECTS_SHOWN: usize = 10;

/// Import a CSV file of prospects. Sending the same file again adds nobody twice
#[derive(Args)]
#[command(
    after_help = "The first row names the columns; one of them is the phone number. UTF-8, with commas, semicolons or \
    tabs.\n\nExamples:\n  prospectai import --campaign cmp_… prospects.csv\n  \
    unzip -p list.zip | prospectai import --campaign cmp_… - --json | jq .rejected"
)]
pub(super) struct Import {
    /// cmp_…
    #[arg(long, value_name = "ID")]
    campaign: String,
    /// The file, CSV or an Excel workbook (.xlsx); - reads standard input
    #[arg(value_name = "FILE.csv")]
    file: PathBuf,
    /// Print {"rows", "added", "merged", "rejected", "rejects": [{"line", "reason"}]}
    #[arg(long)]
    json: bool,
}

/// How far an import is.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Progress {
    id: String,
    status: String,
    problem: Option<String>,
    bytes: u64,
    bytes_read: u64,
    rows: u64,
    added: u64,
    merged: u64,
    rejected: u64,
}

impl Import {
    pub(super) async fn run(self, console: &Console) -> anyhow::Result<ExitCode> {
        let (file, bytes) = open(self.file.clone()).await?;
        let request = console
            .request(Method::POST, &["campaigns", &self.campaign, "imports"])
            .header("content-type", "text/csv")
            .header("content-length", bytes)
            .body(Body::wrap_stream(ReaderStream::new(tokio::fs::File::from_std(file))));
        let begun: Progress = console.read(request).await?;
        let import = follow(console, begun).await?;
        let rejects = console.list(&["imports", &import.id, "rejects"], "rejects").await?;
        if self.json {
            print_json(&totals(&import, &rejects));
        } else {
            tell(&import, &rejects);
        }
        if import.status == "completed" {
            return Ok(ExitCode::SUCCESS);
        }
        let problem =
            import.problem.as_deref().unwrap_or("The import did not come to its end; send the file again.");
        eprintln!("prospectai: {problem}");
        Ok(ExitCode::FAILURE)
    }
}

/// The file and its length. Standard input is kept in a file first: its length is known only at its end.
async fn open(path: PathBuf) -> anyhow::Result<(File, u64)> {
    let from_pipe = path == Path::new("-");
    let name = if from_pipe { "standard input".to_owned() } else { path.display().to_string() };
    let opening = tokio::task::spawn_blocking(move || {
        let file = if from_pipe {
            let mut kept = tempfile::tempfile()?;
            io::copy(&mut io::stdin().lock(), &mut kept)?;
            kept.rewind()?;
            kept
        } else {
            File::open(path)?
        };
        let length = file.metadata()?.len();
        Ok::<_, io::Error>((file, length))
    });
    opening.await?.with_context(|| format!("{name} cannot be read"))
}

/// Waits for the end. Without a server the import runs in this very process, which therefore must not end before it.
async fn follow(console: &Console, mut import: Progress) -> anyhow::Result<Progress> {
    let bar = ProgressBar::new(import.bytes);
    bar.set_style(ProgressStyle::with_template("{bar:30} {percent} %; {msg}")?);
    let mut told = Instant::now();
    while import.status == "running" {
        tokio::time::sleep(LOOK_EVERY).await;
        import = console.get(&["imports", &import.id]).await?;
        let Progress { rows, added, merged, rejected, .. } = import;
        let says = format!("{rows} rows: {added} added, {merged} merged, {rejected} refused");
        if bar.is_hidden() && told.elapsed() >= TELL_EVERY {
            eprintln!("{says}");
            told = Instant::now();
        }
        bar.set_position(import.bytes_read);
        bar.set_message(says);
    }
    bar.finish_and_clear();
    Ok(import)
}

fn totals(import: &Progress, rejects: &[Value]) -> Value {
    let rejects: Vec<Value> =
        rejects.iter().map(|reject| json!({ "line": reject["line"], "reason": reject["reason"] })).collect();
    json!({
        "rows": import.rows,
        "added": import.added,
        "merged": import.merged,
        "rejected": import.rejected,
        "rejects": rejects,
    })
}

fn tell(import: &Progress, rejects: &[Value]) {
    println!("{:>8} rows", import.rows);
    println!("{:>8} added", import.added);
    println!("{:>8} merged with a prospect of the same number", import.merged);
    println!("{:>8} refused", import.rejected);
    for reject in rejects.iter().take(REJECTS_SHOWN) {
        println!("  line {}: {}", word(&reject["line"]), word(&reject["reason"]));
    }
    if rejects.len() > REJECTS_SHOWN {
        let more = rejects.len() - REJECTS_SHOWN;
        println!(
            "  and {more} more; all of them as a file to correct: GET /api/imports/{}/rejects",
            import.id
        );
    }
}
