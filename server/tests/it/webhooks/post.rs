//! A call that stands still, and a hand that posts whatever a test wants to where Twilio posts.

use domain::call::Placement;
use domain::call_flow::Words;
use domain::ids::{CallId, CampaignId, ProspectId};
use prospectai::actions::campaigns::CampaignDraft;
use prospectai::carrier::twilio::{CallbackUrls, Purpose, TurnAt};
use prospectai::store::calls::CallRecord;
use prospectai::store::integrity::Recount;
use reqwest::header::CONTENT_TYPE;
use secrecy::SecretBox;
use simulator::{AnswerModel, CallbackFaults, Faults, Outcome};

use crate::support::test_app::TestApp;
use crate::support::world::{ACCOUNT, CALLER_ID, Database, TOKEN, World};

/// Names and values in the order in which they are sent.
pub type Fields = Vec<(String, String)>;

pub const FORM: &str = "application/x-www-form-urlencoded; charset=UTF-8";

/// A server with one call that was placed and of which no news comes but what the test posts.
pub struct Desk {
    pub app: TestApp,
    pub call: CallId,
    pub sid: String,
    pub to: String,
    urls: CallbackUrls,
    http: reqwest::Client,
}

/// Everything that a post could have changed.
#[derive(Debug, PartialEq)]
pub struct Seen {
    call: CallRecord,
    news: usize,
    recount: Recount,
}

impl Desk {
    pub async fn on(database: Database) -> Self {
        Self::of(TestApp::on(database)).await
    }

    /// The same where the server differs from the usual one.
    pub async fn of(world: World) -> Self {
        let app = Self::start(world).await;
        let campaign = app.campaign_of(1).await;
        Self::at(app, campaign).await
    }

    /// The same where the campaign differs from the usual one, and says this.
    pub async fn saying(database: Database, words: Words, draft: CampaignDraft) -> Self {
        let app = Self::start(TestApp::on(database)).await;
        let script = app.actions.create_script(app.actor.clone(), "Test".to_owned(), words);
        let script = Some(script.await.expect("a script").id);
        let campaign = app.campaign(1, CampaignDraft { script, ..draft }).await;
        Self::at(app, campaign).await
    }

    /// The same where something is done to the campaign before its launch.
    pub async fn prepared(
        database: Database,
        draft: CampaignDraft,
        prepare: impl AsyncFnOnce(&TestApp, CampaignId),
    ) -> Self {
        let app = Self::start(TestApp::on(database)).await;
        let campaign = app.campaign(1, draft).await;
        prepare(&app, campaign).await;
        Self::at(app, campaign).await
    }

    async fn start(world: World) -> TestApp {
        let callbacks = CallbackFaults { lost: 1.0, ..CallbackFaults::default() };
        world
            .speed(1.0)
            .answers(AnswerModel::always(Outcome::Human { talk_seconds: 100 }))
            .faults(Faults { callbacks, ..Faults::none() })
            .start()
            .await
    }

    async fn at(app: TestApp, campaign: CampaignId) -> Self {
        app.launch(campaign).await;
        let placed = |call: &CallRecord| call.call.placement == Placement::Placed;
        let call = app.until_call(campaign, "the call is placed", placed).await;
        let key = app.actions.installation_secret("callback_key").await.expect("the key of callbacks");
        let urls = CallbackUrls::new(&app.url("/"), SecretBox::new(Box::new(key))).expect("an address");
        let http = reqwest::Client::builder().no_proxy().build().expect("a client");
        let (sid, to) = (call.carrier_sid.expect("placed"), call.to.as_str().to_owned());
        Self { app, call: call.id, sid, to, urls, http }
    }

    /// The address that Twilio was given for a call, as it asks it.
    pub fn url_of(&self, purpose: Purpose, call: CallId) -> String {
        let url = self.urls.url(purpose, call, ProspectId::from_uuid(call.uuid()));
        url.split('#').next().expect("an address").to_owned()
    }

    /// The address that Twilio was given for what follows a turn.
    pub async fn url_of_turn(&self, step: &str, tried: u8) -> String {
        let at = TurnAt { step: step.to_owned(), tried };
        let url = self.urls.url_of_turn(self.call, self.now().await.prospect, &at);
        url.split('#').next().expect("an address").to_owned()
    }

    pub fn url(&self, purpose: Purpose) -> String {
        self.url_of(purpose, self.call)
    }

    /// A status callback as Twilio sends it, with changes.
    pub fn form(&self, changes: &[(&str, &str)]) -> Fields {
        let usual = [
            ("AccountSid", ACCOUNT),
            ("ApiVersion", "2010-04-01"),
            ("CallDuration", "20"),
            ("CallSid", &self.sid),
            ("CallStatus", "completed"),
            ("CallbackSource", "call-progress-events"),
            ("Called", &self.to),
            ("CalledCity", ""),
            ("Direction", "outbound-api"),
            ("Duration", "1"),
            ("From", CALLER_ID),
            ("FromCity", "BOSTON"),
            ("SequenceNumber", "3"),
            ("Timestamp", "Mon, 11 Jan 2027 15:00:30 +0000"),
            ("To", &self.to),
            ("ToZip", ""),
        ];
        let kept = usual.iter().filter(|(name, _)| !changes.iter().any(|(changed, _)| changed == name));
        let mut fields: Fields =
            kept.chain(changes).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        // Sorted, so that tests can move letters from one field to its neighbour in what is signed.
        fields.sort_unstable();
        fields
    }

    /// Posts a form with its right signature; the status of the answer.
    pub async fn post(&self, url: &str, fields: &Fields) -> u16 {
        self.post_signed(url, fields, &signature(url, fields)).await
    }

    /// Posts a form with this signature.
    pub async fn post_signed(&self, url: &str, fields: &Fields, signature: &str) -> u16 {
        self.send(url, fields, signature).await.status().as_u16()
    }

    pub async fn send(&self, url: &str, fields: &Fields, signature: &str) -> reqwest::Response {
        let request = self.http.post(url).header(CONTENT_TYPE, FORM).header("X-Twilio-Signature", signature);
        request.body(encoded(fields)).send().await.expect("an answer")
    }

    pub fn http(&self) -> &reqwest::Client {
        &self.http
    }

    /// What the call says, how much news there is, and what a recount finds.
    pub async fn seen(&self) -> Seen {
        let news = self.app.kept_news().await.len();
        Seen { call: self.now().await, news, recount: self.app.recount().await }
    }

    pub async fn now(&self) -> CallRecord {
        self.app.call(self.call).await
    }

    /// The kinds of news that were kept, oldest first, without the carrier's answer to our own request.
    pub async fn kinds(&self) -> Vec<String> {
        self.app.kept_news().await.into_iter().map(|(kind, _)| kind).filter(|kind| kind != "rest").collect()
    }
}

pub fn signature(url: &str, fields: &Fields) -> String {
    simulator::sign(TOKEN, url, fields.iter().map(|(name, value)| (name.as_str(), value.as_str())))
}

pub fn encoded(fields: &Fields) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}
