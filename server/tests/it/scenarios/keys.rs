//! People press keys, from the launch to the statistics.

use domain::call_flow::{Means, Menu, MenuKey, Words};
use domain::disposition::Disposition;
use domain::phone_number::PhoneNumber;
use prospectai::actions::campaigns::CampaignDraft;
use simulator::{AnswerModel, Outcome};

use crate::support::campaigns::{draft, number};
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
        let words = Words { text: "This is a test.".to_owned(), menu, ..Words::default() };
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
        app.stop().await;
    });
}
