//! Recordings are written down and summed up, once each, through accidents and restarts; and what was said is found again.

mod pages;

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use domain::ids::{CallId, CampaignId, RecordingId, WorkspaceId, time_ordered_uuid};
use domain::money::Usd;
use domain::recording::RecordingState;
use domain::transcript::{ListeningPrices, TranscriptState};
use jiff::Timestamp;
use prospectai::actions::transcripts::WrittenDown;
use prospectai::actions::users::Role;
use prospectai::engine::transcriber::{self, Listening};
use prospectai::live::Subject;
use prospectai::speech_services::ServiceAddress;
use prospectai::speech_services::openai::OpenAiSettings;
use prospectai::store::transcripts::{Piece, TranscriptRecord};
use serde_json::{Value, json};
use simulator::{SpeechFault, SpeechServices, SpeechSettings};
use tokio_util::sync::CancellationToken;

use crate::recordings::ground::recorded;
use crate::support::api_client::{Database, TestApi};
use crate::support::test_app::TestApp;
use crate::support::world::{self, on_both};

/// A call with a recording, and the service that listens to it.
struct Ground {
    api: TestApi,
    services: SpeechServices,
    call: CallId,
    audio: Option<Vec<u8>>,
    sums_up: bool,
}

impl Ground {
    async fn on(database: Database) -> Self {
        let api = TestApi::on(database).await;
        let (campaign, prospects) = api.running_campaign(1).await;
        let wish = json!({ "campaignId": campaign, "prospectId": prospects[0] });
        let call = api.as_owner().post("/api/calls/place", wish).await.expect(201).id();
        let services = SpeechServices::start(SpeechSettings::new("key", "key")).await.expect("start");
        let call = call.parse().expect("a call");
        Self { api, services, call, audio: Some(wav(1, 2)), sums_up: true }
    }

    fn saying(self, text: &str) -> Self {
        self.services.remember(self.audio.as_deref().expect("a recording"), text);
        self
    }

    async fn want(&self, nth: u8) -> RecordingId {
        let recording = RecordingId::from_uuid(time_ordered_uuid(1_800_000_000_000, [nth; 10]));
        let actions = &self.api.state.actions;
        actions.want_transcript(self.api.workspace(), self.call, recording).await.expect("wanted");
        recording
    }

    fn listening(&self) -> Listening {
        let address = ServiceAddress::parse(&format!("{}/v1", self.services.base_url())).expect("an address");
        let mut settings = OpenAiSettings::new(address, "key".into());
        settings.transcription_model = Some("whisper-1".to_owned());
        settings.summary_model = self.sums_up.then(|| "a-model".to_owned());
        settings.prices = ListeningPrices {
            per_minute: Usd::from_micros(6_000),
            per_million_read: Usd::from_micros(150_000),
            per_million_written: Usd::from_micros(600_000),
        };
        let audio = self.audio.clone();
        let audio_of = move |_| -> Pin<Box<dyn Future<Output = _> + Send>> {
            let audio = audio.clone();
            Box::pin(async move { Ok(audio) })
        };
        Listening::through(&settings, Arc::new(audio_of)).expect("a client")
    }

    /// One step of the task; when it wants to look again.
    async fn turn(&self) -> Option<Timestamp> {
        transcriber::turn(&self.api.state.actions, &self.listening()).await.expect("a turn")
    }

    /// Both steps of one recording.
    async fn turns(&self) {
        self.turn().await;
        self.turn().await;
    }

    fn pass(&self, span: Duration) {
        let clock = &self.api.state.actions.clock;
        clock.set(clock.now().checked_add(span).expect("a time"));
    }

    async fn transcript(&self) -> TranscriptRecord {
        let found = self.api.state.actions.store.transcripts_of_call(self.call).await.expect("read");
        found.into_iter().next().expect("a transcript")
    }

    async fn read(&self) -> Value {
        let path = format!("/api/calls/{}/transcripts", self.call);
        self.api.as_owner().get(&path).await.expect(200).json["transcripts"][0].clone()
    }

    async fn search(&self, query: &str) -> Vec<Value> {
        let found = self.api.as_owner().get(&format!("/api/transcripts?{query}")).await.expect(200).json;
        found["transcripts"].as_array().expect("a list").clone()
    }
}

/// Silence of so many seconds at 8 kHz and 16 bit.
fn wav(channels: u16, seconds: u32) -> Vec<u8> {
    let frame = channels * 2;
    let size = seconds * 8_000 * u32::from(frame);
    let mut file = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0".to_vec();
    file.extend(channels.to_le_bytes());
    file.extend(8_000_u32.to_le_bytes());
    file.extend((8_000 * u32::from(frame)).to_le_bytes());
    file.extend(frame.to_le_bytes());
    file.extend(b"\x10\0data");
    file.extend(size.to_le_bytes());
    file.resize(file.len() + size as usize, 0);
    file
}

#[tokio::test]
async fn a_recording_is_written_down_summed_up_paid_and_read() {
    for database in Database::BOTH {
        let ground = Ground::on(database).await.saying("Hello there. Send me an offer, please.");
        ground.want(1).await;
        ground.want(1).await;
        assert_eq!(ground.read().await["state"], "wanted");
        ground.services.say_next(json!({ "summary": "They want an offer.", "score": 0.5 }).to_string());
        ground.turns().await;

        let read = ground.read().await;
        for (field, value) in [
            ("state", json!("done")),
            ("callId", json!(ground.call.to_string())),
            ("language", json!("english")),
            ("durationMs", json!(2_000)),
            ("summary", json!("They want an offer.")),
            ("tone", json!("positive")),
            ("score", json!(0.5)),
            ("judgedBy", json!("model")),
            ("trouble", Value::Null),
        ] {
            assert_eq!(read[field], value, "{field}");
        }
        let said: Vec<&Value> =
            read["pieces"].as_array().expect("pieces").iter().map(|p| &p["text"]).collect();
        assert_eq!(said, ["Hello there.", "Send me an offer, please."]);
        // Two seconds at 0.6 cents a minute, and the tokens of the summary.
        let cost = ground.transcript().await.cost.micros();
        assert!((201..400).contains(&cost), "{cost}");
        ground.turns().await;
        assert_eq!(ground.services.requests().len(), 2, "nothing is left to do");
    }
}

#[tokio::test]
async fn the_task_works_by_itself_and_stops_when_it_is_told() {
    let ground = Ground::on(Database::Sqlite).await.saying("Hello.");
    ground.want(1).await;
    let actions = ground.api.state.actions.as_ref().clone();
    let mut changes = actions.live.subscribe(None).changes;
    let stop = CancellationToken::new();
    let task = tokio::spawn(transcriber::run(actions, ground.listening(), stop.clone()));
    while !matches!(changes.recv().await.expect("a change").subject, Subject::Call { .. }) {}
    assert_eq!(ground.transcript().await.state, TranscriptState::Done);
    stop.cancel();
    task.await.expect("it ended");
}

#[tokio::test]
async fn on_two_tracks_the_person_is_told_from_us() {
    let mut ground = Ground::on(Database::Sqlite).await;
    let mut stereo = wav(2, 1);
    // The tracks differ in their first samples, so they are told apart.
    stereo[44..48].copy_from_slice(&[1, 0, 2, 0]);
    ground.audio = Some(stereo);
    ground.want(1).await;
    ground.turns().await;
    let read = ground.read().await;
    let pieces = read["pieces"].as_array().expect("pieces");
    for speaker in ["person", "us"] {
        assert!(pieces.iter().any(|piece| piece["speaker"] == speaker), "{read}");
    }
    assert!(pieces.is_sorted_by_key(|piece| piece["startMs"].as_u64()));
    assert_eq!(ground.services.requests().len(), 3, "two tracks and a summary");
}

#[tokio::test]
async fn without_a_summary_model_the_list_of_words_says_how_the_person_sounds() {
    for database in Database::BOTH {
        let mut ground = Ground::on(database).await.saying("Stop calling me. I am not interested.");
        ground.sums_up = false;
        ground.want(1).await;
        ground.turns().await;
        let read = ground.read().await;
        assert_eq!((&read["state"], &read["tone"]), (&json!("done"), &json!("negative")));
        assert_eq!((&read["judgedBy"], &read["summary"]), (&json!("words"), &Value::Null));
    }
}

#[tokio::test]
async fn a_service_in_trouble_is_tried_again_when_it_is_time_and_not_before() {
    for database in Database::BOTH {
        let ground = Ground::on(database).await.saying("Hello.");
        ground.want(1).await;
        ground.services.meet([SpeechFault::Failure, SpeechFault::TooManyRequests(Some(120))]);
        ground.turn().await;
        let troubled = ground.transcript().await;
        assert_eq!((troubled.state, troubled.attempts), (TranscriptState::Wanted, 1));
        assert!(troubled.trouble.as_ref().is_some_and(|why| why.contains("bill")), "{troubled:?}");
        let again = ground.turn().await.expect("it is tried again");
        assert_eq!(ground.services.requests().len(), 1, "not before its time");
        assert_eq!(troubled.next_try_at, Some(again));

        ground.pass(Duration::from_secs(10));
        ground.turn().await;
        let waits = ground.turn().await.expect("it is tried again");
        let asked = waits.duration_since(ground.api.state.actions.clock.now());
        assert_eq!(asked.as_secs(), 120, "as long as the service asks for");

        ground.pass(Duration::from_secs(120));
        ground.turns().await;
        let done = ground.transcript().await;
        assert_eq!((done.state, done.trouble), (TranscriptState::Done, None));
    }
}

#[tokio::test]
async fn what_will_never_work_is_given_up_and_says_why() {
    let mut ground = Ground::on(Database::Sqlite).await;
    ground.audio = Some(b"no audio".to_vec());
    ground.want(1).await;
    ground.turn().await;
    let failed = ground.read().await;
    assert_eq!(failed["state"], "failed");
    assert!(failed["trouble"].as_str().is_some_and(|why| why.contains("format")), "{failed}");

    let mut ground = Ground::on(Database::Postgres).await;
    ground.audio = None;
    ground.want(1).await;
    ground.turn().await;
    assert_eq!(ground.read().await["trouble"], "the recording is gone");
    assert!(ground.services.requests().is_empty());
}

#[tokio::test]
async fn a_service_that_stays_away_is_given_up_after_about_a_day() {
    let ground = Ground::on(Database::Sqlite).await;
    ground.want(1).await;
    ground.services.meet(vec![SpeechFault::Failure; 20]);
    let began = ground.api.state.actions.clock.now();
    while ground.transcript().await.state == TranscriptState::Wanted {
        ground.turn().await;
        ground.pass(Duration::from_secs(60));
    }
    let failed = ground.transcript().await;
    let after = failed.done_at.expect("it is over").duration_since(began).as_secs();
    assert_eq!((failed.state, failed.attempts), (TranscriptState::Failed, 9));
    assert!((20 * 3_600..26 * 3_600).contains(&after), "{after}");
}

#[tokio::test]
async fn what_was_written_down_stays_when_it_cannot_be_summed_up() {
    for database in Database::BOTH {
        let ground = Ground::on(database).await.saying("That sounds great.");
        ground.want(1).await;
        ground.services.say_next("I'd rather not.");
        ground.turns().await;
        let read = ground.read().await;
        assert_eq!((&read["state"], &read["judgedBy"]), (&json!("done"), &json!("words")));
        assert_eq!(
            (&read["tone"], &read["pieces"][0]["text"]),
            (&json!("positive"), &json!("That sounds great."))
        );
        assert!(read["trouble"].as_str().is_some_and(|why| why.contains("form")), "{read}");
    }
}

#[tokio::test]
async fn a_server_that_died_over_a_recording_is_followed_by_another_one_later() {
    for database in Database::BOTH {
        let ground = Ground::on(database).await.saying("Hello.");
        ground.want(1).await;
        let actions = &ground.api.state.actions;
        let taken = actions.take_transcript().await.expect("read").expect("it is due");
        assert_eq!(actions.take_transcript().await.expect("read"), None, "somebody is at it");
        ground.pass(Duration::from_secs(46 * 60));
        ground.turns().await;
        assert_eq!(ground.transcript().await.state, TranscriptState::Done);

        // The first one was only slow: what it brings now is too late.
        let late =
            WrittenDown { pieces: vec![], language: None, duration_ms: None, cost: Usd::from_micros(9) };
        let before = ground.transcript().await;
        actions.write_down(taken, late).await.expect("asked");
        assert_eq!(ground.transcript().await, before);
        assert_eq!(ground.read().await["pieces"][0]["text"], "Hello.");
    }
}

#[tokio::test]
async fn of_servers_that_look_at_the_same_time_one_takes_a_recording() {
    for database in Database::BOTH {
        let ground = Ground::on(database).await;
        ground.want(1).await;
        let actions = &ground.api.state.actions;
        let looks = futures_util::future::join_all((0..6).map(|_| actions.take_transcript())).await;
        let taken = looks.into_iter().filter(|look| look.as_ref().expect("read").is_some()).count();
        assert_eq!(taken, 1);
    }
}

#[tokio::test]
async fn what_was_said_is_found_whatever_its_case_and_only_by_those_who_may_read() {
    for database in Database::BOTH {
        let ground = Ground::on(database).await.saying("Über 100% sure. It is a C:\\ thing. Sure!");
        for nth in 1..=3 {
            ground.want(nth).await;
            ground.turns().await;
        }
        let found = ground.search("q=%C3%BCBER").await;
        assert_eq!(found.len(), 3);
        assert_eq!(found[0]["pieces"][0]["text"], "Über 100% sure.");
        assert_eq!(ground.search("q=SURE").await[0]["pieces"].as_array().expect("pieces").len(), 2);
        for (query, count) in
            [("q=100%25", 3), ("q=1%25sure", 0), ("q=s_re", 0), ("q=c:%5C", 3), ("q=offer", 0), ("", 3)]
        {
            assert_eq!(ground.search(query).await.len(), count, "{query}");
        }

        let owner = ground.api.as_owner();
        let page = owner.get("/api/transcripts?q=sure&limit=2").await.expect(200).json;
        let cursor = page["nextCursor"].as_str().expect("there is more");
        assert_eq!(ground.search(&format!("q=sure&limit=2&cursor={cursor}")).await.len(), 1);
        owner.get(&format!("/api/transcripts?q=other&cursor={cursor}")).await.problem(400, "invalid_cursor");

        let path = format!("/api/calls/{}/transcripts", ground.call);
        let listener = ground.api.with_role(Role::Listener).await;
        listener.get(&path).await.problem(403, "forbidden");
        listener.get("/api/transcripts?q=sure").await.problem(403, "forbidden");
        let stranger = ground.api.as_stranger().await;
        stranger.get(&path).await.problem(404, "not_found");
        assert_eq!(stranger.get("/api/transcripts").await.expect(200).json["transcripts"], json!([]));
    }
}

/// A server that records, with the services that write down and sum up.
async fn server_that_listens(database: world::Database) -> (TestApp, SpeechServices) {
    let services = SpeechServices::start(SpeechSettings::new("key", "key")).await.expect("start");
    let address = ServiceAddress::parse(&format!("{}/v1", services.base_url())).expect("an address");
    let mut listens = OpenAiSettings::new(address, "key".into());
    listens.transcription_model = Some("whisper-1".to_owned());
    let world = TestApp::on(database).speed(120.0);
    let app = world.with(move |settings| settings.openai = Some(listens.clone())).start().await;
    (app, services)
}

/// Waits until the only call of a campaign is written down.
async fn until_written_down(app: &TestApp, campaign: CampaignId) -> (TranscriptRecord, Vec<Piece>) {
    app.until_completed(campaign).await;
    let call = app.calls(campaign).await.remove(0);
    app.until("the transcript is done", async || {
        let found = app.actions.store.transcripts_of_call(call.id).await.expect("read");
        found.iter().any(|transcript| transcript.state == TranscriptState::Done)
    })
    .await;
    let found = app.actions.store.transcripts_of_call(call.id).await.expect("read").remove(0);
    let pieces = app.actions.store.transcript_pieces(found.recording).await.expect("read");
    (found, pieces)
}

#[test]
fn what_was_said_on_a_recorded_call_is_written_down_by_itself() {
    on_both(async |database| {
        let (app, _services) = server_that_listens(database).await;
        let campaign = app.campaign(1, recorded()).await;
        app.launch(campaign).await;
        let (found, pieces) = until_written_down(&app, campaign).await;
        assert!(!pieces.is_empty() && found.judgement.is_some(), "{found:?}");
        let store = &app.actions.store;
        let standing = store.recordings_by_state(app.actor.workspace).await.expect("read");
        assert_eq!(standing, [(RecordingState::Stored, Some(TranscriptState::Done), 1)]);
        let nobody = WorkspaceId::from_uuid(time_ordered_uuid(1, [0; 10]));
        assert_eq!(store.recordings_by_state(nobody).await.expect("read"), []);
        app.stop().await;
    });
}
