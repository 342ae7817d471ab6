//! Any shuffle of a call's news, with repeats, leaves the same call, prospect and statistics as the true order.

use domain::carrier_event::{AnsweredBy, CarrierStatus};
use domain::facts::{Evidence, Source};
use domain::ids::{CallId, CampaignId};
use domain::money::Usd;
use domain::statistics::Tally;
use jiff::Timestamp;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use prospectai::actions::Actions;
use prospectai::actions::calls::Outcome;
use prospectai::actions::carrier_events::News;
use prospectai::store::calls::CallRecord;
use prospectai::store::prospects::ProspectRecord;

use crate::support::bare::{Bare, active_campaign, dial_once};

/// How one call really went, and how its news arrives.
#[derive(Debug, Clone)]
struct Story {
    ending: CarrierStatus,
    rang: bool,
    answered_by: Option<AnsweredBy>,
    talked: u32,
    priced: bool,
    /// The create request got no answer.
    answer_lost: bool,
    order: Vec<Index>,
    repeats: Vec<Index>,
    dropped: Vec<bool>,
    all_at_once: bool,
}

fn story() -> impl Strategy<Value = Story> {
    use CarrierStatus::{Busy, Canceled, Completed, Failed, NoAnswer};
    let ending = select(vec![Completed, Completed, Completed, Busy, NoAnswer, Failed, Canceled]);
    let how = (ending, any::<bool>(), prop::option::of(select(AnsweredBy::ALL.to_vec())), 0..300_u32);
    let around = (any::<bool>(), any::<bool>(), any::<bool>());
    let indexes = || prop::collection::vec(any::<Index>(), 16);
    (
        how,
        around,
        indexes(),
        prop::collection::vec(any::<Index>(), 0..8),
        prop::collection::vec(any::<bool>(), 8),
    )
        .prop_map(
            |(
                (ending, rang, answered_by, talked),
                (priced, answer_lost, all_at_once),
                order,
                repeats,
                dropped,
            )| Story {
                ending,
                rang,
                answered_by: answered_by.filter(|_| ending == Completed),
                talked,
                priced,
                answer_lost,
                order,
                repeats,
                dropped,
                all_at_once,
            },
        )
}

fn at(second: u32) -> Timestamp {
    let noon: Timestamp = "2027-06-15T16:00:00Z".parse().expect("a time");
    noon.checked_add(jiff::SignedDuration::from_secs(second.into())).expect("a time")
}

impl Story {
    /// The news in its true order, without the final look at the carrier's record.
    fn callbacks(&self) -> Vec<(&'static str, Evidence)> {
        let status = |status, second| {
            (
                "status",
                Evidence { status: Some(status), at: Some(at(second)), ..Evidence::from(Source::Callback) },
            )
        };
        let mut news = vec![status(CarrierStatus::Initiated, 1)];
        if self.rang || self.ending == CarrierStatus::Completed {
            news.push(status(CarrierStatus::Ringing, 3));
        }
        if self.ending == CarrierStatus::Completed {
            news.push(status(CarrierStatus::InProgress, 9));
            let voice = Evidence {
                status: Some(CarrierStatus::InProgress),
                ..Evidence::from(Source::InstructionsRequest)
            };
            news.push(("voice", Evidence { answered_by: self.answered_by, ..voice }));
            if self.answered_by.is_some() {
                let verdict =
                    Evidence { answered_by: self.answered_by, ..Evidence::from(Source::DetectionCallback) };
                news.push(("amd", verdict));
            }
        }
        let (kind, ending) = status(self.ending, 10 + self.talked);
        let connected = if self.ending == CarrierStatus::Completed { self.talked } else { 0 };
        news.push((kind, Evidence { duration_seconds: Some(connected), sip_code: Some(200), ..ending }));
        news
    }

    fn final_look(&self) -> (&'static str, Evidence) {
        let connected = if self.ending == CarrierStatus::Completed { self.talked } else { 0 };
        let record = Evidence {
            status: Some(self.ending),
            at: Some(at(10 + self.talked)),
            duration_seconds: Some(connected),
            price: self.priced.then(|| Usd::from_micros(14_000)),
            answered_by: self.answered_by,
            ..Evidence::from(Source::Rest)
        };
        ("rest", record)
    }

    /// Some dropped, some repeated, all shuffled.
    fn shuffled(&self) -> Vec<(&'static str, Evidence)> {
        let mut news = self.callbacks();
        let mut nth = 0;
        news.retain(|_| {
            nth += 1;
            !self.dropped[nth - 1]
        });
        if !news.is_empty() {
            let repeated: Vec<_> = self.repeats.iter().map(|index| index.get(&news).clone()).collect();
            news.extend(repeated);
        }
        for last in (1..news.len()).rev() {
            let other = self.order[last % self.order.len()].index(last + 1);
            news.swap(last, other);
        }
        news
    }
}

fn news(call: CallId, (kind, evidence): (&'static str, Evidence)) -> News {
    let content = vec![("evidence".to_owned(), format!("{evidence:?}"))];
    News {
        call: Some(call),
        carrier_sid: Some(format!("CA{}", call.uuid().simple())),
        to: None,
        kind,
        evidence: Some(evidence),
        recording: None,
        content_key: News::content_key(kind, Some(call), &content),
        payload: String::new(),
    }
}

async fn armed_call(actions: &Actions, nth: usize) -> (CampaignId, CallId) {
    let campaign = active_campaign(actions, 1, 10, nth % 900).await;
    let armed = dial_once(actions, campaign, 1).await;
    (campaign, armed[0])
}

/// What must be equal: everything but the identifiers and the number of questions asked.
async fn outcome(
    actions: &Actions,
    campaign: CampaignId,
    call: CallId,
) -> (CallRecord, ProspectRecord, Tally) {
    let mut record = actions.store.any_call(call).await.expect("read").expect("there");
    let prospect = actions.store.prospect(record.workspace, record.prospect).await.expect("read");
    let mut prospect = prospect.expect("there");
    let nobody = uuid::Uuid::nil();
    record.id = CallId::from_uuid(nobody);
    record.campaign = CampaignId::from_uuid(nobody);
    record.prospect = domain::ids::ProspectId::from_uuid(nobody);
    record.to = domain::phone_number::PhoneNumber::from_e164_unchecked(String::new());
    record.carrier_sid = None;
    record.script = None;
    prospect.id = record.prospect;
    prospect.campaign = record.campaign;
    prospect.phone = record.to.clone();
    prospect.last_call = None;
    prospect.first_name = String::new();
    (record, prospect, actions.store.tally(campaign).await.expect("tally"))
}

async fn any_order_converges(database: Bare, cases: usize) {
    let actions = database.server().await;
    let mut runner = TestRunner::default();
    let stories = (0..cases).map(|_| story().new_tree(&mut runner).expect("a story").current());
    for (nth, story) in stories.enumerate() {
        let (told_campaign, told) = armed_call(&actions, 2 * nth).await;
        let (mixed_campaign, mixed) = armed_call(&actions, 2 * nth + 1).await;
        for item in story.callbacks().into_iter().chain([story.final_look()]) {
            actions.take_in(news(told, item)).await.expect("taken in");
        }
        if story.answer_lost {
            actions.record_outcome(mixed, 0, Outcome::Unknown).await.expect("record");
        }
        if story.all_at_once {
            let together = story.shuffled().into_iter().map(|item| actions.take_in(news(mixed, item)));
            for taken in futures_util::future::join_all(together).await {
                taken.expect("taken in");
            }
        } else {
            for item in story.shuffled() {
                actions.take_in(news(mixed, item)).await.expect("taken in");
            }
        }
        actions.take_in(news(mixed, story.final_look())).await.expect("taken in");
        // Callbacks that never came leave their own times empty; everything else is the same.
        let (mut one, told_prospect, told_tally) = outcome(&actions, told_campaign, told).await;
        let (mut other, mixed_prospect, mixed_tally) = outcome(&actions, mixed_campaign, mixed).await;
        for record in [&mut one, &mut other] {
            if story.dropped.contains(&true) {
                let facts = &mut record.call.facts;
                (facts.initiated_at, facts.ringing_at, facts.answered_at) = (None, None, None);
                (facts.progress, facts.sip_code) = (None, None);
                facts.answer =
                    facts.answer.map(|answer| domain::facts::Answer { source: Source::Rest, ..answer });
            }
        }
        assert_eq!(one, other, "{story:?}");
        assert_eq!(told_prospect, mixed_prospect, "{story:?}");
        assert_eq!(told_tally, mixed_tally, "{story:?}");
    }
    assert_eq!(actions.store.recount().await.expect("recount").shown, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn news_in_any_order_with_repeats_converges_on_sqlite() {
    any_order_converges(Bare::on_sqlite().await, 100).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn news_in_any_order_with_repeats_converges_on_postgres() {
    any_order_converges(Bare::on_postgres().await, 60).await;
}
