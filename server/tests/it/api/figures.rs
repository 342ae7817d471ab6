//! Statistics and the schedule of a campaign.

use domain::call::Placement;
use domain::carrier_event::{AnsweredBy, CarrierStatus};
use domain::facts::{Evidence, Source};
use domain::ids::{CallId, CampaignId};
use domain::money::Usd;
use domain::statistics::Tally;
use prospectai::actions::calls::Outcome;
use prospectai::actions::carrier_events::News;
use prospectai::store::call_list::{Begin, CallFilter, Order};
use serde_json::{Value, json};

use crate::support::api_client::{Database, TestApi};

/// Sends everything that is reserved, and says how each call ended.
pub(super) async fn happen(api: &TestApi) {
    let actions = &api.state.actions;
    let now = api.clock.now();
    let ids = actions.store.calls_to_send(now, 100).await.expect("calls to send");
    let sent = actions.arm(ids).await.expect("armed").to_send;
    let endings = [
        (CarrierStatus::Completed, Some(AnsweredBy::Human), 40),
        (CarrierStatus::Completed, Some(AnsweredBy::MachineStart), 20),
        (CarrierStatus::Busy, None, 0),
        (CarrierStatus::NoAnswer, None, 0),
    ];
    for (index, sending) in sent.into_iter().enumerate() {
        let Some((status, answered_by, seconds)) = endings.get(index).copied() else {
            actions.record_outcome(sending.call.id, 0, Outcome::Unknown).await.expect("recorded");
            continue;
        };
        let evidence = Evidence {
            status: Some(status),
            at: Some(now),
            answered_by,
            duration_seconds: Some(seconds),
            price: Some(Usd::from_micros(14_000)),
            ..Evidence::from(Source::Rest)
        };
        let news = news(sending.call.id, index, evidence);
        actions.take_in(news).await.expect("taken in");
    }
}

fn news(call: CallId, index: usize, evidence: Evidence) -> News {
    News {
        call: Some(call),
        carrier_sid: Some(format!("CA{index:032x}")),
        to: None,
        kind: "rest",
        evidence: Some(evidence),
        recording: None,
        content_key: [index as u8; 32],
        payload: String::new(),
    }
}

#[tokio::test]
async fn the_statistics_equal_a_recount_of_the_calls() {
    for database in Database::BOTH {
        let api = TestApi::on(database).await;
        let owner = api.as_owner();
        let (campaign, _) = api.running_campaign(7).await;
        owner.post(&format!("/api/campaigns/{campaign}/calls"), json!({ "maxCalls": 5 })).await.expect(200);
        happen(&api).await;
        owner.post(&format!("/api/campaigns/{campaign}/calls"), json!({ "maxCalls": 2 })).await.expect(200);

        let stats = owner.get(&format!("/api/campaigns/{campaign}/stats")).await.expect(200).json;
        for (field, value) in [
            ("total", json!(7)),
            ("queued", json!(2)),
            ("completed", json!(2)),
            ("busy", json!(1)),
            ("noAnswer", json!(1)),
            ("unknown", json!(1)),
            ("answeredByHuman", json!(1)),
            ("answeredByMachine", json!(1)),
            ("humanRate", json!(0.5)),
            ("machineRate", json!(0.5)),
            ("averageDuration", json!(30.0)),
            ("totalDuration", json!(60)),
            ("totalCost", json!("0.0560")),
        ] {
            assert_eq!(stats[field], value, "{field}");
        }
        assert_eq!(
            (&stats["byDay"][0]["day"], &stats["byDay"][0]["total"]),
            (&json!("2026-03-02"), &json!(7))
        );

        let store = &api.state.actions.store;
        let id: CampaignId = campaign.parse().expect("an id");
        let (workspace, _) = api.state.actions.first_workspace().await.expect("the workspace");
        let mut all = CallFilter::of(workspace);
        all.campaign = Some(id);
        let calls = store.calls(&all, Order::NEWEST_FIRST, Begin::Skip(0), 100).await.expect("calls");
        let recount: Tally = calls.iter().map(|call| Tally::of(&call.call)).sum();
        assert_eq!(store.tally(id).await.expect("the counters"), recount);

        for (status, total) in [("busy", 1), ("busy,no-answer,completed", 4), ("busy,busy", 1), ("queued", 2)]
        {
            for scope in [format!("campaignId={campaign}&"), String::new()] {
                let list = owner.get(&format!("/api/calls?{scope}status={status}")).await.expect(200);
                assert_eq!(list.json["total"], total, "{scope}{status}");
                assert_eq!(list.json["calls"].as_array().map(Vec::len), Some(total), "{scope}{status}");
            }
        }
        let machines = owner.get("/api/calls?answeredBy=machine").await.expect(200);
        assert_eq!(
            (&machines.json["total"], &machines.json["calls"][0]["duration"]),
            (&json!(1), &json!(20))
        );
        assert_eq!(machines.json["calls"][0]["cost"], "0.0140");
        let unknown = owner.get("/api/calls?status=unknown").await.expect(200).json["calls"][0].clone();
        assert!(unknown["errorMessage"].as_str().is_some_and(|why| why.contains("lost")));
        let prospect = json!({ "campaignId": campaign, "prospectId": unknown["prospectId"] });
        let refused = owner.post("/api/calls/place", prospect).await.problem(409, "outcome_unknown");
        assert_eq!(refused.json["callId"], unknown["id"]);
    }
}

#[tokio::test]
async fn the_statistics_by_day_have_the_days_on_which_calls_were_made() {
    for database in Database::BOTH {
        let api = TestApi::on(database).await;
        let owner = api.as_owner();
        let (campaign, _) = api.running_campaign(9).await;
        let any_hour = json!({ "callWindowStart": "00:00", "callWindowEnd": "24:00" });
        owner.patch(&format!("/api/campaigns/{campaign}"), any_hour).await.expect(200);
        let stats = format!("/api/campaigns/{campaign}/stats");
        assert_eq!(owner.get(&stats).await.expect(200).json["byDay"], Value::Null, "no call, no day");
        // Monday late and early on Tuesday in New York, the same day in UTC; and Friday.
        for (at, calls) in [
            ("2026-03-02T15:00:00Z", 1),
            ("2026-03-03T04:30:00Z", 2),
            ("2026-03-03T05:00:00Z", 3),
            ("2026-03-06T15:00:00Z", 1),
        ] {
            api.set_clock(at);
            let next = json!({ "maxCalls": calls });
            owner.post(&format!("/api/campaigns/{campaign}/calls"), next).await.expect(200);
        }
        let stats = owner.get(&stats).await.expect(200).json;
        let days = stats["byDay"].as_array().expect("days").iter();
        let days: Vec<_> =
            days.map(|day| (day["day"].clone(), day["total"].clone(), day["queued"].clone())).collect();
        let day = |day: &str, calls: i64| (json!(day), json!(calls), json!(calls));
        assert_eq!(days, [day("2026-03-02", 3), day("2026-03-03", 3), day("2026-03-06", 1)]);
        assert_eq!(stats["total"], 7);
    }
}

#[tokio::test]
async fn a_quiet_live_call_is_asked_about_before_it_is_shown() {
    let api = TestApi::on(Database::Sqlite).await;
    let owner = api.as_owner();
    let (campaign, prospects) = api.running_campaign(1).await;
    let place = json!({ "campaignId": campaign, "prospectId": prospects[0] });
    let call: CallId = owner.post("/api/calls/place", place).await.expect(201).id().parse().expect("an id");
    let actions = api.state.actions.clone();
    actions.arm(vec![call]).await.expect("armed");
    let ringing = Evidence { status: Some(CarrierStatus::Ringing), ..Evidence::from(Source::Callback) };
    actions.take_in(news(call, 1, ringing)).await.expect("taken in");
    assert_eq!(owner.get(&format!("/api/calls/{call}")).await.expect(200).json["status"], "ringing");

    api.set_clock("2026-03-02T15:00:31Z");
    // Answers as the reconciler does: when its bell rings, with what the carrier says.
    let reconciler = tokio::spawn(async move {
        loop {
            actions.wake.reconciler_rung().await;
            let record = actions.store.any_call(call).await.expect("read").expect("the call");
            if record.next_poll_at == Some(actions.clock.now()) {
                assert_eq!(record.call.placement, Placement::Placed);
                let over = Evidence {
                    status: Some(CarrierStatus::NoAnswer),
                    at: Some(actions.clock.now()),
                    ..Evidence::from(Source::Rest)
                };
                actions.take_in(news(call, 1, over).with_content([2; 32])).await.expect("taken in");
                return;
            }
        }
    });
    let shown = owner.get(&format!("/api/calls/{call}")).await.expect(200);
    assert_eq!(shown.json["status"], "no-answer");
    reconciler.await.expect("the reconciler answered");
}

trait WithContent {
    fn with_content(self, key: [u8; 32]) -> Self;
}

impl WithContent for News {
    fn with_content(mut self, key: [u8; 32]) -> Self {
        self.content_key = key;
        self
    }
}

#[tokio::test]
async fn the_schedule_says_when_a_call_is_possible_next() {
    for database in Database::BOTH {
        let api = TestApi::on(database).await;
        let owner = api.as_owner();
        let (campaign, _) = api.running_campaign(3).await;
        let path = format!("/api/campaigns/{campaign}");
        let schedule = |answer: Value| {
            let fields = ["callsToday", "remaining", "openNow", "nextAvailableTime", "resetsAt"];
            fields.map(|field| answer[field].clone())
        };
        let now = owner.get(&format!("{path}/schedule")).await.expect(200).json;
        assert_eq!(now["window"], json!({ "start": "09:00", "end": "17:00" }));
        assert_eq!(
            (&now["timezone"], &now["openUntil"]),
            (&json!("America/New_York"), &json!("2026-03-02T22:00:00Z"))
        );
        let midnight = json!("2026-03-03T05:00:00Z");
        assert_eq!(
            schedule(now),
            [json!(0), json!(50), json!(true), json!("2026-03-02T15:00:00Z"), midnight.clone()]
        );

        owner.patch(&path, json!({ "dailyCallLimit": 2 })).await.expect(200);
        owner.post(&format!("{path}/calls"), json!({ "maxCalls": 2 })).await.expect(200);
        happen(&api).await;
        let full = owner.get(&format!("{path}/schedule")).await.expect(200).json;
        assert_eq!(
            schedule(full),
            [json!(2), json!(0), json!(true), json!("2026-03-03T14:00:00Z"), midnight]
        );

        // On the last working day's evening only the Monday after is left.
        let weekdays = json!({ "monday": [{ "start": "09:00", "end": "17:00" }] });
        owner.patch(&path, json!({ "callingWindows": weekdays })).await.expect(200);
        api.set_clock("2026-03-02T22:30:00Z");
        let next = owner.get(&format!("{path}/schedule")).await.expect(200).json;
        assert_eq!(
            (&next["openNow"], &next["nextAvailableTime"]),
            (&json!(false), &json!("2026-03-09T13:00:00Z"))
        );
        owner.patch(&path, json!({ "dailyCallLimit": 0 })).await.expect(200);
        let never = owner.get(&format!("{path}/schedule")).await.expect(200).json;
        assert_eq!(never["nextAvailableTime"], Value::Null);
    }
}
