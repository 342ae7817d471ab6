//! A team in the middle of its work: every page has something to show.

use domain::ids::{CallId, CampaignId, ProspectId};
use domain::phone_number::PhoneNumber;
use domain::prospect::ProspectStatus;
use domain::recording::RecordingState;
use prospectai::actions::campaigns::CampaignDraft;
use prospectai::actions::prospects::Person;
use prospectai::store::calls::CallRecord;
use prospectai::store::incidents::{IncidentKind, IncidentRecord};
use simulator::{AnswerModel, SpeechServices};

use crate::sounds::played::sent;
use crate::support::campaigns::{draft, number, person};
use crate::support::test_app::TestApp;
use crate::support::world::Database;
use crate::voices::ground::{services, speaking};

/// Calls go on all the while that a browser looks.
const PEOPLE: usize = 300;

pub struct Sample {
    pub app: TestApp,
    /// Rings people.
    pub running: CampaignId,
    /// Has nobody on its list and nothing to say.
    pub empty: CampaignId,
    /// A person who was rung.
    pub prospect: ProspectId,
    /// A call that was answered.
    pub call: CallId,
    /// Voices to show.
    _services: SpeechServices,
}

impl Sample {
    pub async fn start() -> Self {
        let services = services().await;
        let app = speaking(TestApp::on(Database::Sqlite).speed(5.0).calls_per_second(1.0), &services);
        let app = app.answers(AnswerModel::default()).start().await;
        let (actions, actor) = (app.actions.clone(), app.actor.clone());
        let empty = CampaignDraft { name: "Autumn reminder".to_owned(), ..draft() };
        let empty = actions.create_campaign(actor.clone(), empty).await.expect("a campaign").id;
        let running =
            CampaignDraft { name: "Spring offer".to_owned(), recording: "dual".to_owned(), ..draft() };
        let running = app.campaign(PEOPLE, running).await;
        let known = Person {
            email: "ada@example.com".to_owned(),
            title: "Engineer".to_owned(),
            metadata: r#"{"plan":"gold","renews":"2027-03-01"}"#.to_owned(),
            ..person(PEOPLE)
        };
        actions.add_prospects(actor.clone(), running, vec![known]).await.expect("a person");
        for (nth, reason) in [(PEOPLE + 1, "Asked in writing"), (PEOPLE + 2, "")] {
            let number = PhoneNumber::parse(&number(nth), None).expect("a number");
            let listed = actions.add_do_not_call(actor.clone(), number, "dashboard", reason.to_owned());
            listed.await.expect("listed");
        }
        sent(&app, 3).await;
        app.launch(running).await;
        let answered =
            |call: &CallRecord| call.call.facts.answered_at.is_some() && call.call.ended_at().is_some();
        let call = app.until_call(running, "a call was answered", answered).await;
        app.until("its recording is stored", async || {
            let found = actions.store.recordings_of_call(call.id).await.expect("read");
            found.iter().any(|recording| recording.state == RecordingState::Stored)
        })
        .await;
        let odd = IncidentRecord::new(
            actor.workspace,
            IncidentKind::StrayCall,
            call.id.to_string(),
            "The carrier rang somebody whom nobody here asked it to ring.".to_owned(),
            app.now(),
        );
        actions.note_incidents(vec![odd]).await.expect("noted");
        app.until("somebody waits for another attempt", async || {
            app.prospects(running).await.iter().any(|it| it.status == ProspectStatus::Waiting)
        })
        .await;
        Self { running, empty, prospect: call.prospect, call: call.id, _services: services, app }
    }
}
