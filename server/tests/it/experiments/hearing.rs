//! What people of each arm hear, and in whose voice.

use domain::call_flow::{Means, Menu, MenuKey, Words};
use prospectai::actions::campaigns::CampaignRefused;
use prospectai::carrier::twilio::Purpose;

use super::ground::{against, asking};
use crate::support::campaigns::draft;
use crate::support::world::on_both;
use crate::webhooks::post::Desk;
use crate::webhooks::voice::{ask, talking};

#[test]
fn a_call_says_the_words_of_its_arm_in_the_voice_of_its_arm_to_its_end() {
    on_both(async |database| {
        // The one person is drawn for A here and for B there, but for once in a thousand times.
        for weights in [[1_000, 1], [1, 1_000]] {
            let prepare = async |app: &crate::support::test_app::TestApp, campaign| {
                against(&app.actions, &app.actor, campaign, asking("The other one.", '1'), weights).await;
            };
            let desk = Desk::prepared(database, draft(), prepare).await;
            let is_b = desk.now().await.drawn.expect("drawn").arm.letter() == 'B';
            let said = async || {
                let xml = ask(&desk, &desk.url(Purpose::Voice), &talking(&desk)).await;
                let (words, voice) =
                    (xml.contains("The other one."), xml.contains("voice=\"Polly.Amy-Neural\""));
                assert_eq!((words, voice), (is_b, is_b), "{xml}");
                assert_eq!(xml.contains("nobody real was called"), !is_b, "{xml}");
            };
            said().await;
            let campaign = desk.now().await.campaign;
            desk.app.actions.end_experiment(desk.app.actor.clone(), campaign, None).await.expect("ended");
            said().await;
            desk.app.abandon().await;
        }
    });
}

#[test]
fn a_launch_looks_at_what_every_arm_says() {
    on_both(async |database| {
        let app = crate::support::test_app::TestApp::on(database).start().await;
        let (actions, actor) = (&app.actions, &app.actor);
        let transfers = MenuKey { key: '2', means: Means::Transfer, offer: None, reply: None };
        let words =
            Words { text: "Press 2.".to_owned(), menu: Menu { keys: vec![transfers] }, ..Words::default() };
        let number = domain::phone_number::PhoneNumber::parse("+12125550199", None).ok();
        let with_somebody = prospectai::actions::campaigns::CampaignDraft { transfer_to: number, ..draft() };
        let campaign = app.campaign(1, with_somebody.clone()).await;
        against(actions, actor, campaign, words, [1, 1]).await;
        let change = move |campaign: &prospectai::store::campaigns::CampaignRecord| {
            let script = campaign.script;
            Ok::<_, CampaignRefused>(prospectai::actions::campaigns::CampaignDraft {
                transfer_to: None,
                script,
                ..with_somebody
            })
        };
        actions.change_campaign(actor.clone(), campaign, change).await.expect("changed");
        let blockers = actions.blockers(actor.workspace, campaign).await.expect("read");
        assert_eq!(blockers, [domain::campaign::LaunchBlocker::NobodyToTransferTo]);
        assert!(actions.launch(actor.clone(), campaign).await.is_err());
        app.stop().await;
    });
}
