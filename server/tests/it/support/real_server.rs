//! A server in a process of its own, the campaign that it is about to dial, and the phones that it rings in real time.

use std::net::TcpListener;
use std::path::Path;
use std::time::{Duration, Instant};

use domain::ids::CampaignId;
use domain::phone_number::PhoneNumber;
use prospectai::actions::campaigns::CampaignDraft;
use prospectai::actions::{Actions, Actor, Installation};
use prospectai::clock::Clock;
use prospectai::live::Live;
use prospectai::store::Location;
use prospectai::wake::Wake;
use simulator::{AnswerModel, Outcome, Simulator, Timeline};
use tokio::process::Command;

use super::bare::random_node;
use super::campaigns::prepare;
use super::process::prospectai;
use super::test_app::open_again;
use super::world::{ACCOUNT, CALLER_ID, TOKEN};

/// Normally seconds. A callback that fell into the gap is made up for by asking, a minute and a half later.
const PATIENCE: Duration = Duration::from_secs(150);

/// A launched campaign in the database of a server that has yet to start.
pub async fn launched_campaign(location: &Location, people: usize, draft: CampaignDraft) -> CampaignId {
    let actions = visitor(location).await;
    let (workspace, _) = actions.first_workspace().await.expect("a workspace");
    let actor = Actor { workspace, name: "console".to_owned() };
    let campaign = prepare(&actions, &actor, people, draft).await;
    actions.launch(actor, campaign).await.expect("launch");
    leave(actions, location).await;
    campaign
}

/// Actions on the database of a server that does not run, by the machine's clock.
pub async fn visitor(location: &Location) -> Actions {
    let installation = Installation {
        caller_id: Some(PhoneNumber::from_e164_unchecked(CALLER_ID.to_owned())),
        ..Installation::of(random_node())
    };
    let store = open_again(location).await;
    Actions::new(store, Clock::System, Wake::default(), Live::new("a visitor"), installation)
}

/// The next process can have the data only when this one has let go of it.
pub async fn leave(visitor: Actions, location: &Location) {
    visitor.store.close().await.expect("close");
    drop(visitor);
    open_again(location).await.close().await.expect("close");
}

/// People who pick up at once and talk for two seconds, in real time: the server's clock is the machine's.
pub async fn quick_people() -> Simulator {
    let answers = AnswerModel {
        connect_seconds: (0.1, 0.3),
        ring_seconds: (0.2, 0.5),
        verdict_seconds: (0.1, 0.3),
        ..AnswerModel::always(Outcome::Human { talk_seconds: 2 })
    };
    let mut settings = simulator::Settings::new(ACCOUNT, TOKEN);
    settings.numbers = vec![CALLER_ID.to_owned()];
    settings.answers = answers;
    settings.calls_per_second = 200.0;
    settings.timeline = Timeline::new(Clock::System.now(), Instant::now(), 1.0);
    Simulator::start(settings).await.expect("start the phone network")
}

/// `prospectai serve` on this database, dialing through these phones.
pub fn serve(folder: &Path, location: &Location, port: u16, phones: &Simulator) -> Command {
    let mut command = prospectai(folder, &["serve", "--data-dir", "."]);
    command.envs([
        ("LISTEN", format!("127.0.0.1:{port}")),
        ("PUBLIC_URL", format!("http://127.0.0.1:{port}")),
        ("TWILIO_ACCOUNT_SID", ACCOUNT.to_owned()),
        ("TWILIO_AUTH_TOKEN", TOKEN.to_owned()),
        ("TWILIO_PHONE_NUMBER", CALLER_ID.to_owned()),
        ("TWILIO_API_BASE", phones.base_url()),
        ("LOG_LEVEL", "error".to_owned()),
    ]);
    if let Location::Postgres(url) = location {
        command.env("DATABASE_URL", url);
    }
    command
}

/// A port that nobody listens on at this moment.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("its address").port()
}

/// Another process gives no signal: this looks fifty times per second.
pub async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let looking = async {
        let mut looks = tokio::time::interval(Duration::from_millis(20));
        while !holds().await {
            looks.tick().await;
        }
    };
    tokio::time::timeout(PATIENCE, looking).await.unwrap_or_else(|_| panic!("waited in vain until {what}"));
}
