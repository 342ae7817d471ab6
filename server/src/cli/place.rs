//! `prospectai place`: one call, now or at a given time.

use std::process::ExitCode;

use clap::Args;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::console::Console;
use super::print::{print_json, word};

/// Place one call. It passes every check again right before it is sent
#[derive(Args)]
#[command(after_help = "Examples:\n  \
    prospectai place --campaign cmp_… --prospect pro_…\n  \
    prospectai place --campaign cmp_… --prospect pro_… --at 2027-03-02T15:00:00-05:00")]
pub(super) struct Place {
    /// cmp_…
    #[arg(long, value_name = "ID")]
    campaign: String,
    /// pro_… of that campaign
    #[arg(long, value_name = "ID")]
    prospect: String,
    /// When, with its distance from UTC; now when left out
    #[arg(long, value_name = "RFC3339")]
    at: Option<Timestamp>,
    /// Print the call as JSON
    #[arg(long)]
    json: bool,
}

impl Place {
    pub(super) async fn run(self, console: &Console) -> anyhow::Result<ExitCode> {
        let mut body = json!({ "campaignId": self.campaign, "prospectId": self.prospect });
        if let Some(at) = self.at {
            body["scheduledFor"] = at.to_string().into();
        }
        let call: Value = console.post(&["calls", "place"], &body).await?;
        if self.json {
            print_json(&call);
        } else {
            let when = match &call["scheduledFor"] {
                Value::Null => "now".to_owned(),
                at => format!("at {}", word(at)),
            };
            println!("Call {} rings {} {when}.", word(&call["id"]), word(&call["toNumber"]));
        }
        console.say_if_nobody_dials();
        Ok(ExitCode::SUCCESS)
    }
}
