//! People press keys, from the launch to the statistics.

use domain::call_flow::{Means, Menu, MenuKey, Words};
use domain::disposition::Disposition;
use domain::phone_number::PhoneNumber;
use domain::prospect::ProspectStatus;
use prospectai::actions::campaigns::CampaignDraft;
use prospectai::actions::prospects::Person;
use simulator::{AnswerModel, Outcome};

use crate::support::campaigns::{draft, number, person};
use crate::support::test_app::TestApp;
use crate::support::world::on_both;

/// Long enough for everything that can follow a key.
const PATIENT: Outcome = Outcome::Human { talk_seconds: 110 };

#[test]
fn what_each_person_does_is_how_their_call_ends_and_counts_in_the_statistics() {
    on_both(async |database| {
        let pressed = ["1", "2", "3", "9", "*1", ""];
        let answers = pressed
            .iter()
            .enumerate()
            .fold(AnswerModel::always(PATIENT), |answers, (nth, keys)| answers.pressing(&number(nth), keys));
        let app = TestApp::on(database).speed(200.0).answers(answers).start().await;
        let keys = Means::ALL.into_iter().zip("1*239".chars());
        let menu = Menu {
            keys: keys.map(|(means, key)| MenuKey { key, means, offer: None, reply: None }).collect(),
        };
        let whisper = Some("Somebody is on the line.".to_owned());
        let words = Words { text: "This is a test.".to_owned(), menu, whisper, ..Words::default() };
        let script = app.actions.create_script(app.actor.clone(), "Keys".to_owned(), words).await;
        let transfer_to = PhoneNumber::parse(&number(499), None).ok();
        let draft = CampaignDraft { script: script.ok().map(|script| script.id), transfer_to, ..draft() };
        let campaign = app.campaign(pressed.len(), draft).await;
        app.launch(campaign).await;
        app.until_completed(campaign).await;

        use Disposition::{Confirmed, HumanAnswered, LeftMessage, OptedOut, Transferred};
        let ended: Vec<_> = app.prospects(campaign).await.iter().map(|it| it.disposition).collect();
        let expected = [Confirmed, Transferred, LeftMessage, OptedOut, Confirmed, HumanAnswered];
        assert_eq!(ended, expected.map(Some));
        let tally = app.actions.store.tally(campaign).await.expect("read");
        assert_eq!(
            (tally.confirmed, tally.transferred, tally.left_message, tally.opted_out, tally.abandoned),
            (2, 1, 1, 1, 0)
        );
        assert_eq!(tally.answered_by_human, 6);
        let listed = PhoneNumber::parse(&number(3), None).expect("a number");
        assert!(app.actions.store.is_do_not_call(app.actor.workspace, &listed).await.expect("read"));
        let whispers: u32 = app.stop().await.ledger.iter().map(|ring| ring.whispers).sum();
        assert_eq!(whispers, 1, "to whom the one who asked for a person was put through");
    });
}

#[test]
fn whose_own_values_make_the_message_longer_than_twilio_takes_is_not_rung_and_told_of() {
    on_both(async |database| {
        let app = TestApp::on(database).start().await;
        let text = "{{ story | default(\"Hello.\") }} ".repeat(20);
        let script =
            app.actions.create_script(app.actor.clone(), "Story".to_owned(), Words::of_text(text)).await;
        let draft = CampaignDraft { script: script.ok().map(|script| script.id), ..draft() };
        let campaign = app.campaign(1, draft).await;
        let story =
            Person { metadata: serde_json::json!({ "story": "&".repeat(1_000) }).to_string(), ..person(1) };
        app.actions.add_prospects(app.actor.clone(), campaign, vec![story]).await.expect("a prospect");
        app.launch(campaign).await;
        app.until_completed(campaign).await;

        let people = app.prospects(campaign).await;
        assert_eq!(people[0].disposition, Some(Disposition::HumanAnswered));
        assert_eq!(
            (people[1].status, people[1].disposition),
            (ProspectStatus::Exhausted, Some(Disposition::Refused))
        );
        let call = app.until_call(campaign, "refused", |call| call.call.refusal.is_some()).await;
        let why = call.refusal_message.unwrap_or_default();
        assert!(why.contains("said in one go") && why.contains("Nobody was called"), "{why}");
        assert_eq!(app.stop().await.ledger.len(), 1);
    });
}
