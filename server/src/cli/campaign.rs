//! `prospectai campaign`: make campaigns, start and stop them, see how they are.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::{Map, Value, json};

use super::console::Console;
use super::print::{print_json, print_table, word};

/// Campaigns
#[derive(Subcommand)]
pub(super) enum Campaign {
    /// List campaigns, newest first
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Make a draft, which rings nobody
    #[command(after_help = "Examples:\n  \
        prospectai campaign create --name Renewals --script 'Hello {{firstName | default(\"there\")}}!'\n  \
        prospectai campaign create --name Survey --audio-url https://cdn.example.com/hello.mp3 \\\n    \
        --timezone Europe/London --window 10:00-18:00 --daily-limit 200")]
    Create(Box<NewCampaign>),
    /// Show everything that was set
    Show(Named),
    /// Begin to ring
    #[command(after_help = "Example:\n  prospectai campaign launch cmp_…")]
    Launch(Named),
    /// Stop ringing; calls that ring or talk go on to their end
    Pause(Named),
    /// Go on after a pause
    Resume(Named),
    /// How many prospects and calls stand where
    Status(Named),
    /// Who is rung next, in order, and why not now
    Queue(Queue),
}

#[derive(Args)]
pub(super) struct Named {
    /// cmp_…
    id: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub(super) struct Queue {
    #[command(flatten)]
    campaign: Named,
    /// How many, from the front of the queue
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=200))]
    limit: u16,
}

#[derive(Args)]
pub(super) struct NewCampaign {
    /// For people
    #[arg(long)]
    name: String,
    /// What people hear, with variables such as {{firstName | default("there")}}
    #[arg(long, value_name = "TEXT", required_unless_present = "audio_url", conflicts_with = "audio_url")]
    script: Option<String>,
    /// An audio file to play instead, at a public https address
    #[arg(long, value_name = "URL")]
    audio_url: Option<String>,
    /// The voice that reads the script, such as Polly.Joanna-Neural
    #[arg(long)]
    voice: Option<String>,
    /// Where the campaign is at home [default: America/New_York]
    #[arg(long, value_name = "ZONE")]
    timezone: Option<String>,
    /// When calling begins and ends on every day [default: 09:00-17:00]
    #[arg(long, value_name = "HH:MM-HH:MM", value_parser = window)]
    window: Option<Window>,
    /// Calls on one day, at most [default: 50]
    #[arg(long, value_name = "N")]
    daily_limit: Option<u32>,
    /// The number shown; the installation's own when left out
    #[arg(long, value_name = "NUMBER")]
    caller_id: Option<String>,
    /// The country of numbers written without a country code [default: US]
    #[arg(long, value_name = "CC")]
    region: Option<String>,
    /// Print the campaign as JSON
    #[arg(long)]
    json: bool,
}

/// Start and end on the wall clock, as they were written.
#[derive(Clone)]
struct Window {
    start: String,
    end: String,
}

fn window(text: &str) -> Result<Window, String> {
    let (start, end) = text.split_once('-').ok_or("write start and end, such as 09:00-17:00")?;
    Ok(Window { start: start.trim().to_owned(), end: end.trim().to_owned() })
}

impl Campaign {
    pub(super) async fn run(self, console: &Console) -> anyhow::Result<ExitCode> {
        match self {
            Self::List { json } => list(console, json).await?,
            Self::Create(new) => {
                let json = new.json;
                let campaign = new.create(console).await?;
                let id = word(&campaign["id"]);
                show(&campaign, json, || {
                    println!("{id}");
                    eprintln!(
                        "A draft; it rings nobody yet. Next: prospectai import --campaign {id} FILE.csv"
                    );
                });
            }
            Self::Show(named) => {
                let campaign: Value = console.get(&["campaigns", &named.id]).await?;
                show(&campaign, named.json, || print_fields(&campaign));
            }
            Self::Launch(named) => {
                named.tell(console, "launch", "rings its prospects within its hours and limits").await?;
                console.say_if_nobody_dials();
            }
            Self::Pause(named) => {
                named
                    .tell(console, "pause", "makes no new calls; calls that ring or talk go on to their end")
                    .await?;
            }
            Self::Resume(named) => {
                named.tell(console, "resume", "goes on").await?;
                console.say_if_nobody_dials();
            }
            Self::Status(named) => status(console, named).await?,
            Self::Queue(queue) => queue.show(console).await?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

async fn list(console: &Console, json: bool) -> anyhow::Result<()> {
    let campaigns = console.list(&["campaigns"], "campaigns").await?;
    if json {
        print_json(&json!({ "campaigns": campaigns }));
    } else {
        print_table(&["id", "status", "name", "createdAt"], &campaigns);
    }
    Ok(())
}

impl NewCampaign {
    /// First the campaign, which may be refused for many reasons, then what it says: nothing is left behind half.
    async fn create(self, console: &Console) -> anyhow::Result<Value> {
        let campaign: Value = console.post(&["campaigns"], &self.fields()).await?;
        let Some(text) = &self.script else { return Ok(campaign) };
        let id = word(&campaign["id"]);
        match self.give_script(console, &id, text).await {
            Ok(campaign) => Ok(campaign),
            Err(error) => {
                // Where this fails, too, a draft without a script is left, which rings nobody.
                let _ = console.send(console.request(Method::DELETE, &["campaigns", &id])).await;
                Err(error)
            }
        }
    }

    async fn give_script(&self, console: &Console, id: &str, text: &str) -> anyhow::Result<Value> {
        let script: Value = console.post(&["scripts"], &json!({ "name": self.name, "body": text })).await?;
        let change = json!({ "scriptId": script["id"] });
        console.read(console.request(Method::PATCH, &["campaigns", id]).json(&change)).await
    }

    /// What was said; the API knows what holds for the rest.
    fn fields(&self) -> Map<String, Value> {
        let said = [
            ("name", Some(self.name.as_str().into())),
            ("audioUrl", self.audio_url.as_deref().map(Value::from)),
            ("voiceId", self.voice.as_deref().map(Value::from)),
            ("timezone", self.timezone.as_deref().map(Value::from)),
            ("callWindowStart", self.window.as_ref().map(|window| window.start.as_str().into())),
            ("callWindowEnd", self.window.as_ref().map(|window| window.end.as_str().into())),
            ("dailyCallLimit", self.daily_limit.map(Value::from)),
            ("callerId", self.caller_id.as_deref().map(Value::from)),
            ("defaultRegion", self.region.as_deref().map(Value::from)),
        ];
        said.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
    }
}

impl Named {
    async fn tell(&self, console: &Console, verb: &str, then: &str) -> anyhow::Result<()> {
        let request = console.request(Method::POST, &["campaigns", &self.id, verb]);
        let campaign: Value = console.read(request).await?;
        show(&campaign, self.json, || {
            println!("{} is {} and {then}.", word(&campaign["name"]), word(&campaign["status"]))
        });
        Ok(())
    }
}

impl Queue {
    async fn show(self, console: &Console) -> anyhow::Result<()> {
        let request = console.request(Method::GET, &["campaigns", &self.campaign.id, "queue"]);
        let mut queue: Value = console.read(request.query(&[("limit", self.limit)])).await?;
        if self.campaign.json {
            print_json(&queue);
            return Ok(());
        }
        if let Value::Array(rows) = queue["queue"].take() {
            let rows: Vec<Value> = rows.into_iter().map(with_hold_as_a_word).collect();
            print_table(&["prospectId", "phone", "priority", "status", "attempt", "dueAt", "hold"], &rows);
        }
        println!("In the queue:");
        print_fields(&queue["counts"]);
        Ok(())
    }
}

fn with_hold_as_a_word(mut row: Value) -> Value {
    row["hold"] = row["hold"]["reason"].take();
    row
}

async fn status(console: &Console, named: Named) -> anyhow::Result<()> {
    let campaign: Value = console.get(&["campaigns", &named.id]).await?;
    let statistics: Value = console.get(&["campaigns", &named.id, "stats"]).await?;
    let both = json!({ "campaign": campaign, "statistics": statistics });
    show(&both, named.json, || {
        println!("{} is {}.", word(&campaign["name"]), word(&campaign["status"]));
        if let Some(reason) = campaign["pauseReason"].as_str() {
            println!("It was paused because: {reason}");
        }
        println!("Prospects:");
        print_fields(&campaign["prospects"]);
        println!("Calls:");
        print_fields(&statistics);
    });
    Ok(())
}

fn show(value: &Value, json: bool, for_people: impl FnOnce()) {
    if json { print_json(value) } else { for_people() }
}

/// A line per field that says something; lists are for machines.
fn print_fields(value: &Value) {
    let Value::Object(fields) = value else { return };
    for (name, value) in fields.iter().filter(|(_, value)| !value.is_null() && !value.is_array()) {
        println!("  {name:<22} {}", word(value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_two_times_with_a_dash() {
        let read = window("09:00 - 17:30").expect("a window");
        assert_eq!((read.start.as_str(), read.end.as_str()), ("09:00", "17:30"));
        assert!(window("09:00").is_err());
    }
}
