//! Recordings of calls and of messages.

use serde_json::json;
use simulator::{Faults, RecordingFaults, Status};

use crate::support::*;

#[tokio::test]
async fn a_recorded_call_is_told_of_listed_played_and_deleted() {
    let world = World::start(settings()).await;
    let (recorded, status) = (world.web.url("/recorded"), world.web.url("/status"));
    let call = world
        .call(&[
            ("Record", "true"),
            ("RecordingChannels", "dual"),
            ("RecordingStatusCallback", &recorded),
            ("RecordingStatusCallbackEvent", "in-progress completed"),
            ("StatusCallback", &status),
        ])
        .await;
    world.phones.quiet().await;

    let heard = world.web.heard_at("/recorded");
    let statuses: Vec<_> = heard.iter().map(|h| h.field("RecordingStatus")).collect();
    assert_eq!(statuses, ["in-progress", "completed"]);
    let done = &heard[1];
    assert_eq!((done.field("RecordingDuration"), done.field("RecordingChannels")), ("4", "2"));
    assert_eq!((done.field("RecordingSource"), done.field("CallSid")), ("OutboundAPI", sid(&call)));
    let ended = &world.web.heard_at("/status")[0];
    assert_eq!(ended.field("RecordingSid"), done.field("RecordingSid"));
    assert_eq!(ended.field("RecordingUrl"), done.field("RecordingUrl"));

    let (_, list) = world.get(&format!("Calls/{}/Recordings.json", sid(&call))).await;
    assert_eq!(list["recordings"][0]["sid"], done.field("RecordingSid"));
    let path = format!("Recordings/{}", done.field("RecordingSid"));
    let (_, one) = world.get(&format!("{path}.json")).await;
    assert_eq!(
        (&one["status"], &one["channels"], &one["duration"]),
        (&json!("completed"), &json!(2), &json!("4"))
    );

    // Media needs no login by default.
    let media = world.http.get(done.field("RecordingUrl")).send().await.unwrap();
    let wav = media.bytes().await.unwrap();
    assert_eq!((&wav[..4], &wav[8..16]), (&b"RIFF"[..], &b"WAVEfmt "[..]));
    assert_eq!(u32::from_le_bytes(wav[4..8].try_into().unwrap()) as usize + 8, wav.len());
    let stereo = world.http.get(world.url(&format!("{path}.wav?RequestedChannels=2"))).send().await.unwrap();
    let stereo = stereo.bytes().await.unwrap();
    assert_eq!(stereo[22], 2);
    assert_eq!(stereo.len(), 44 + 4 * 8_000 * 4, "as long as the recording");
    // One hums first, then the other.
    let loud = |channel: usize, second: usize| {
        let frames = stereo[44 + second * 32_000..][..32_000].chunks(4);
        frames.into_iter().any(|frame| frame[channel * 2 + 1] != 0)
    };
    assert_eq!([loud(0, 1), loud(1, 1), loud(0, 3), loud(1, 3)], [true, false, false, true]);

    let told = &world.phones.recorded()[0];
    assert_eq!((told.sid.as_str(), told.call_sid.as_str()), (done.field("RecordingSid"), sid(&call)));
    assert_eq!((told.seconds, told.is_message), (4, false));

    let mp3 = world.http.get(world.url(&format!("{path}.mp3"))).send().await.unwrap();
    assert_eq!(mp3.headers()["content-type"], "audio/mpeg");
    assert_eq!(&mp3.bytes().await.unwrap()[..2], &[0xFF, 0xE3]);
    for (query, count) in [("DateCreated=2026-03-02", 1), ("DateCreated%3C=2026-03-02", 0)] {
        let (_, list) = world.get(&format!("Recordings.json?{query}")).await;
        assert_eq!(list["recordings"].as_array().unwrap().len(), count, "{query}");
    }

    let deleted = world.http.delete(world.url(&format!("{path}.json"))).basic_auth(ACCOUNT, Some(TOKEN));
    assert_eq!(deleted.send().await.unwrap().status(), 204);
    assert_eq!(world.get(&format!("{path}.json")).await.0, 404);
    assert!(world.phones.recorded().is_empty());
}

#[tokio::test]
async fn two_channels_of_a_mono_recording_are_refused() {
    let world = World::start(settings()).await;
    let call = world.call(&[("Record", "true")]).await;
    world.phones.quiet().await;
    let (_, list) = world.get(&format!("Recordings.json?CallSid={}", sid(&call))).await;
    let recording = list["recordings"][0]["sid"].as_str().unwrap();
    assert_eq!(world.get(&format!("Recordings/{recording}.mp3?RequestedChannels=2")).await.0, 400);
}

#[tokio::test]
async fn a_message_left_after_the_tone_goes_to_the_action() {
    let world = World::start(settings()).await;
    world.web.says("/start", "<Response><Record action=\"/left\" maxLength=\"6\" timeout=\"2\"/></Response>");
    world.web.says("/left", "<Response/>");
    world.call(&[("Url", &world.web.url("/start"))]).await;
    world.phones.quiet().await;
    let left = &world.web.heard_at("/left")[0];
    assert_eq!(left.field("RecordingDuration"), "6");
    let media = world.http.get(left.field("RecordingUrl")).send().await.unwrap();
    assert_eq!(media.status(), 200);
    assert_eq!(world.phones.ledger()[0].status, Status::Completed);
}

#[tokio::test]
async fn a_fault_script_makes_recordings_late_short_lost_and_doubled() {
    let world = World::start(settings()).await;
    let recorded = world.web.url("/recorded");
    let call = async |faults: RecordingFaults| {
        world.phones.set_faults(Faults { recordings: faults, ..Faults::none() });
        let events = "in-progress completed";
        world
            .call(&[
                ("Record", "true"),
                ("RecordingStatusCallback", &recorded),
                ("RecordingStatusCallbackEvent", events),
            ])
            .await;
        world.phones.quiet().await;
        let (_, list) = world.get("Recordings.json").await;
        list["recordings"][0]["sid"].as_str().unwrap().to_owned()
    };
    let ask =
        async |sid: &str| world.http.get(world.url(&format!("Recordings/{sid}.wav"))).send().await.unwrap();

    let twice =
        RecordingFaults { doubled_callbacks: 1.0, not_ready: 1.0, not_ready_times: 1, ..Default::default() };
    let late = call(twice).await;
    assert_eq!(world.web.heard_at("/recorded").len(), 4, "each of the two twice");
    assert_eq!(ask(&late).await.status(), 404);
    assert_eq!(ask(&late).await.bytes().await.unwrap().len(), 44 + 4 * 16_000);

    let short = RecordingFaults { lost_callbacks: 1.0, cut_short: 1.0, ..Default::default() };
    let short = call(short).await;
    assert_eq!(world.web.heard_at("/recorded").len(), 4, "none of the two");
    assert_eq!(ask(&short).await.bytes().await.unwrap().len(), 22 + 4 * 8_000);

    let broken = call(RecordingFaults { broken_off: 1.0, ..Default::default() }).await;
    assert!(ask(&broken).await.bytes().await.is_err(), "the connection closes in the middle");
}
