//! `prospectai user` and `prospectai key`: who may come in.

use std::io::Read as _;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, Subcommand, ValueEnum};
use reqwest::Method;
use serde_json::{Value, json};

use super::console::Console;
use super::print::{print_json, print_table, word};

/// What a user or a key may do; each includes the ones before it.
#[derive(Clone, Copy, ValueEnum)]
enum RoleWord {
    /// Listens to calls
    Listener,
    /// Reads everything
    Analyst,
    /// Runs campaigns
    Operator,
    /// Changes settings, users and keys
    Admin,
    /// Everything
    Owner,
}

impl RoleWord {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Listener => "listener",
            Self::Analyst => "analyst",
            Self::Operator => "operator",
            Self::Admin => "admin",
            Self::Owner => "owner",
        }
    }
}

/// Users
#[derive(Subcommand)]
pub(super) enum User {
    /// Make a user, who signs in with a password
    #[command(after_help = "Example:\n  \
        printf '%s' \"$PASSWORD\" | prospectai user create --email ada@example.com --role owner --password-stdin")]
    Create(NewUser),
    /// List users
    List(Listing),
}

#[derive(Args)]
pub(super) struct NewUser {
    /// The user signs in with this address
    #[arg(long)]
    email: String,
    /// What the user may do
    #[arg(long, value_enum)]
    role: RoleWord,
    /// Read the password from standard input, up to the end of its first line
    // The only way: what stands on a command line can be read by everybody on the machine.
    #[arg(long, required = true)]
    password_stdin: bool,
    /// Print the user as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub(super) struct Listing {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl User {
    pub(super) async fn run(self, console: &Console) -> anyhow::Result<ExitCode> {
        match self {
            Self::Create(new) => {
                let password = password_from_stdin()?;
                let body = json!({ "email": new.email, "role": new.role.as_str(), "password": password });
                let user: Value = console.post(&["users"], &body).await?;
                if new.json {
                    print_json(&user);
                } else {
                    let (email, role) = (word(&user["email"]), word(&user["role"]));
                    println!("{email} may sign in now, as {role} ({}).", word(&user["id"]));
                }
            }
            Self::List(listing) => {
                let users: Value = console.get(&["users"]).await?;
                if listing.json {
                    print_json(&users);
                } else {
                    print_table(
                        &["id", "email", "role", "createdAt", "disabledAt"],
                        rows_of(&users["users"]),
                    );
                }
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn password_from_stdin() -> anyhow::Result<String> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).context("the password cannot be read from standard input")?;
    let line = text.lines().next().unwrap_or_default();
    anyhow::ensure!(!line.is_empty(), "standard input is empty; write the password into the pipe");
    Ok(line.to_owned())
}

/// API keys
#[derive(Subcommand)]
pub(super) enum Key {
    /// Make a key; its secret is shown this once
    #[command(after_help = "Example:\n  \
        KEY=$(prospectai key create --name reports --role analyst --json | jq -r .key)\n  \
        curl -H \"Authorization: Bearer $KEY\" http://127.0.0.1:3000/api/campaigns")]
    Create(NewKey),
    /// List keys, revoked ones too
    List(Listing),
    /// End a key at once
    Revoke {
        /// key_…
        id: String,
    },
}

#[derive(Args)]
pub(super) struct NewKey {
    /// What it is for
    #[arg(long)]
    name: String,
    /// What may be done with it
    #[arg(long, value_enum)]
    role: RoleWord,
    /// Print {"id", "key"}
    #[arg(long)]
    json: bool,
}

impl Key {
    pub(super) async fn run(self, console: &Console) -> anyhow::Result<ExitCode> {
        match self {
            Self::Create(new) => {
                let body = json!({ "name": new.name, "role": new.role.as_str() });
                let made: Value = console.post(&["keys"], &body).await?;
                if new.json {
                    print_json(&json!({ "id": made["id"], "key": made["key"] }));
                } else {
                    println!("{}", word(&made["key"]));
                    eprintln!(
                        "This is the secret of {}, shown only now. Send it as Authorization: Bearer …",
                        word(&made["id"])
                    );
                }
            }
            Self::List(listing) => {
                let keys: Value = console.get(&["keys"]).await?;
                if listing.json {
                    print_json(&keys);
                } else {
                    let columns = ["id", "name", "role", "lastFour", "createdAt", "revokedAt"];
                    print_table(&columns, rows_of(&keys["keys"]));
                }
            }
            Self::Revoke { id } => {
                console.send(console.request(Method::DELETE, &["keys", &id])).await?;
                println!("{id} opens nothing any more.");
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn rows_of(list: &Value) -> &[Value] {
    list.as_array().map_or(&[], Vec::as_slice)
}
