//! A phone network in a box: it speaks Twilio's REST API (2010-04-01) over HTTP, walks every call through its life,
//! sends signed callbacks and keeps a ledger of every ring. It knows nothing of the program that calls it.
//! Beside it stand [`SpeechServices`]: voices, transcription and a language model in the wire formats of their services.
//!
//! ```no_run
//! # async fn example() -> Result<(), simulator::StartError> {
//! use simulator::{AnswerModel, Outcome, Settings, Simulator};
//!
//! let account = "AC00000000000000000000000000000000";
//! let mut settings = Settings::new(account, "a token");
//! settings.answers = AnswerModel::always(Outcome::Human { talk_seconds: 30 });
//! let phones = Simulator::start(settings).await?;
//! println!("point a Twilio client at {}", phones.base_url());
//! phones.quiet().await;
//! println!("{} rings", phones.ledger().len());
//! phones.stop().await;
//! # Ok(())
//! # }
//! ```

mod answer_model;
mod callbacks;
mod callee;
mod dice;
mod faults;
mod network;
mod rest;
mod ring_ledger;
mod settings;
mod speech_services;
mod start;
mod timeline;

pub use answer_model::{Answer, AnswerModel, HourlyOdds, Outcome};
pub use callbacks::reach::Reach;
pub use callbacks::signature::sign;
pub use faults::{CallbackFaults, CreateFaults, Faults, FaultsError, RecordingFaults};
pub use network::status::Status;
pub use ring_ledger::{PlayedSound, Ring};
pub use settings::Settings;
pub use speech_services::{SpeechFault, SpeechServices, SpeechSettings, SpeechStartError};
pub use start::{Simulator, StartError};
pub use timeline::Timeline;
