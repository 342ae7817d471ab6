//! Answering machines, from the launch to their message.

use domain::call_flow::Words;
use domain::disposition::Disposition;
use prospectai::actions::campaigns::CampaignDraft;
use simulator::{AnswerModel, Outcome};

use crate::support::campaigns::{draft, number};
use crate::support::test_app::TestApp;
use crate::support::world::on_both;

#[test]
fn a_machine_is_sent_to_its_message_once_when_its_tone_is_heard_while_the_call_is_under_way() {
    on_both(async |database| {
        let answers =
            AnswerModel::always(Outcome::Voicemail).scripted(&number(1), Outcome::Human { talk_seconds: 60 });
        let app = TestApp::on(database).speed(30.0).answers(answers).start().await;
        let words = Words {
            // Longer than any greeting: the machine is still being spoken to when its tone is heard.
            text: "This is a test of a long text. ".repeat(40),
            voicemail: Some("Please call us back.".to_owned()),
            ..Words::default()
        };
        let script = app.actions.create_script(app.actor.clone(), "Machines".to_owned(), words).await;
        let script = script.ok().map(|script| script.id);
        let draft = CampaignDraft { script, machine_detection: "async".to_owned(), ..draft() };
        let campaign = app.campaign(2, draft).await;
        app.launch(campaign).await;
        app.until_call(campaign, "the machine heard its message", |call| {
            call.call.disposition() == Some(Disposition::MachineAnswered)
        })
        .await;
        app.until_call(campaign, "the person heard the text", |call| {
            call.call.disposition() == Some(Disposition::HumanAnswered)
        })
        .await;

        let told = app.kept_news().await;
        for call in app.calls(campaign).await.into_iter().filter(|call| call.attempt == 1) {
            let sid = call.carrier_sid.clone().expect("placed");
            let asked =
                told.iter().filter(|(kind, payload)| kind == "voice" && payload.contains(&sid)).count();
            let machine = call.call.disposition() == Some(Disposition::MachineAnswered);
            assert_eq!(asked, if machine { 2 } else { 1 }, "requests for what to say: {call:?}");
        }
        assert!(app.actions.store.voicemail_orders(9).await.expect("read").is_empty());
        app.abandon().await;
    });
}
