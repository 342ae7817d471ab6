//! The queue of a campaign: who is rung next, and what people do about it.

use prospectai::actions::users::Role;
use serde_json::{Value, json};

use crate::support::api_client::{Answer, Client, Database, TestApi};

async fn queue(client: &Client<'_>, campaign: &str) -> Value {
    client.get(&format!("/api/campaigns/{campaign}/queue")).await.expect(200).json
}

/// Ids in the order of the queue.
fn order(queue: &Value) -> Vec<&str> {
    let items = queue["queue"].as_array().expect("a queue").iter();
    items.map(|item| item["prospectId"].as_str().expect("an id")).collect()
}

async fn ask(client: &Client<'_>, campaign: &str, verb: &str, body: Value) -> Answer {
    client.post(&format!("/api/campaigns/{campaign}/queue/{verb}"), body).await
}

/// The results of a request, one word for each id.
fn words(answer: &Answer) -> Vec<&str> {
    let results = answer.json["results"].as_array().expect("results").iter();
    results.map(|it| it["code"].as_str().or(it["result"].as_str()).expect("a word")).collect()
}

/// Places a call that waits to be sent: nobody sends it here.
async fn place(client: &Client<'_>, campaign: &str, prospect: &str) {
    let wish = json!({ "campaignId": campaign, "prospectId": prospect });
    client.post("/api/calls/place", wish).await.expect(201);
}

#[tokio::test]
async fn the_urgent_come_first_and_the_next_few_by_hand_are_taken_in_that_order() {
    for database in Database::BOTH {
        let api = TestApi::on(database).await;
        let owner = api.as_owner();
        let (campaign, people) = api.running_campaign(5).await;
        assert_eq!(order(&queue(&owner, &campaign).await), people);

        let low = json!({ "prospectIds": [people[0]], "priority": "low" });
        assert_eq!(words(&ask(&owner, &campaign, "priority", low.clone()).await.expect(200)), ["changed"]);
        assert_eq!(words(&ask(&owner, &campaign, "priority", low).await.expect(200)), ["unchanged"]);
        let one = format!("/api/prospects/{}", people[3]);
        let changed = owner.patch(&one, json!({ "priority": "next" })).await.expect(200);
        assert_eq!(changed.json["priority"], "next");
        let high = json!({ "prospectIds": [people[4], people[2]], "priority": "high" });
        ask(&owner, &campaign, "priority", high).await.expect(200);

        let wanted = [&people[3], &people[2], &people[4], &people[1], &people[0]].map(String::as_str);
        let shown = queue(&owner, &campaign).await;
        assert_eq!(order(&shown), wanted);
        let first = &shown["queue"][0];
        assert_eq!(
            (&first["priority"], &first["attempt"], &first["hold"], &first["skipped"]),
            (&json!("next"), &json!(1), &Value::Null, &json!(false))
        );
        assert_eq!(
            shown["counts"],
            json!({ "ready": 5, "waiting": 0, "inCall": 0, "held": 0, "skipped": 0 })
        );
        // Pages are stretches of the same line.
        let mut paged = Vec::new();
        let mut path = format!("/api/campaigns/{campaign}/queue?limit=2");
        loop {
            let page = owner.get(&path).await.expect(200).json;
            paged.extend(order(&page).into_iter().map(str::to_owned));
            let Some(cursor) = page["nextCursor"].as_str() else { break };
            path = format!("/api/campaigns/{campaign}/queue?limit=2&cursor={cursor}");
        }
        assert_eq!(paged, wanted);

        let placed = owner.post(&format!("/api/campaigns/{campaign}/calls"), json!({ "maxCalls": 2 })).await;
        assert_eq!(placed.expect(200).json["scheduled"], 2);
        let shown = queue(&owner, &campaign).await;
        assert_eq!(order(&shown), wanted[2..]);
        assert_eq!(shown["counts"]["inCall"], 2);
        let everybody = json!({ "filter": {}, "priority": "normal" });
        let all = ask(&owner, &campaign, "priority", everybody).await.expect(200);
        assert_eq!((&all.json["changed"], &all.json["results"]), (&json!(4), &json!([])));
    }
}

#[tokio::test]
async fn somebody_who_is_skipped_waits_until_the_next_day_and_it_can_be_undone() {
    for database in Database::BOTH {
        let api = TestApi::on(database).await;
        let owner = api.as_owner();
        let (campaign, people) = api.running_campaign(3).await;
        place(&owner, &campaign, &people[0]).await;
        let wish = json!({ "prospectIds": [people[0], people[1]] });
        let skipped = ask(&owner, &campaign, "skip", wish.clone()).await.expect(200);
        assert_eq!(words(&skipped), ["changed", "changed"]);
        assert_eq!(words(&ask(&owner, &campaign, "skip", wish.clone()).await), ["unchanged", "unchanged"]);
        let calls = owner.get(&format!("/api/calls?campaignId={campaign}")).await.expect(200);
        assert_eq!(calls.json["calls"][0]["status"], "canceled", "the call was given up");

        let shown = queue(&owner, &campaign).await;
        assert_eq!(order(&shown), [&people[2], &people[0], &people[1]].map(String::as_str));
        assert_eq!(shown["counts"]["skipped"], 2);
        assert_eq!(shown["counts"]["ready"], 1);
        let passed_over = &shown["queue"][1];
        assert_eq!(
            (&passed_over["skipped"], &passed_over["dueAt"], &passed_over["hold"]["reason"]),
            (&json!(true), &json!("2026-03-03T14:00:00Z"), &json!("not_due"))
        );
        assert_eq!(words(&ask(&owner, &campaign, "unskip", wish.clone()).await), ["changed", "changed"]);
        assert_eq!(words(&ask(&owner, &campaign, "unskip", wish.clone()).await), ["unchanged", "unchanged"]);
        let shown = queue(&owner, &campaign).await;
        assert_eq!((order(&shown).len(), &shown["counts"]["ready"]), (3, &json!(3)));

        let until = json!({ "prospectIds": [people[1]], "until": "2026-03-02T16:00:00Z" });
        ask(&owner, &campaign, "skip", until).await.expect(200);
        api.set_clock("2026-03-02T16:00:00Z");
        let shown = queue(&owner, &campaign).await;
        assert_eq!(shown["counts"]["skipped"], 0, "its time has come");
        for until in ["2026-03-02T16:00:00Z", "2028-03-02T16:00:00Z"] {
            let wish = json!({ "prospectIds": [people[1]], "until": until });
            let refused = ask(&owner, &campaign, "skip", wish).await.problem(422, "out_of_range");
            assert_eq!(refused.pointer(), "/until");
        }
    }
}

#[tokio::test]
async fn those_who_are_finished_come_back_in_line_and_those_who_must_not_be_rung_do_not() {
    for database in Database::BOTH {
        let api = TestApi::on(database).await;
        let owner = api.as_owner();
        let (campaign, people) = api.running_campaign(5).await;
        let (_, elsewhere) = api.running_campaign(1).await;
        owner.delete(&format!("/api/prospects/{}", people[0])).await.expect(204);
        let phone_of =
            async |id: &str| owner.get(&format!("/api/prospects/{id}")).await.json["phone"].clone();
        owner.post("/api/do-not-call", json!({ "phone": phone_of(&people[1]).await })).await.expect(201);
        place(&owner, &campaign, &people[2]).await;
        // Removed first, opted out later: a removed prospect keeps its standing.
        owner.delete(&format!("/api/prospects/{}", people[3])).await.expect(204);
        owner.post("/api/do-not-call", json!({ "phone": phone_of(&people[3]).await })).await.expect(201);

        let nobody = format!("pro_{}", "0".repeat(32));
        let named = json!([people[0], people[1], people[2], people[3], people[4], nobody, elsewhere[0]]);
        let wish = json!({ "prospectIds": named });
        api.set_clock("2026-03-02T15:01:00Z");
        let answer = ask(&owner, &campaign, "requeue", wish.clone()).await.expect(200);
        let wanted = [
            "changed",
            "do_not_call",
            "already_in_call",
            "do_not_call",
            "unchanged",
            "not_found",
            "not_found",
        ];
        assert_eq!(words(&answer), wanted);
        assert_eq!((&answer.json["changed"], &answer.json["refused"]), (&json!(1), &json!(5)));
        assert!(answer.json["results"][1]["reason"].as_str().is_some_and(|why| why.contains("do-not-call")));
        let again = ask(&owner, &campaign, "requeue", wish.clone()).await.expect(200);
        assert_eq!(words(&again)[0], "unchanged");
        assert_eq!(order(&queue(&owner, &campaign).await), [people[4].as_str(), people[0].as_str()]);

        let skip = ask(&owner, &campaign, "skip", json!({ "prospectIds": [people[1], people[3]] })).await;
        assert_eq!(words(&skip), ["do_not_call", "prospect_finished"]);
        let trail = owner.get(&format!("/api/campaigns/{campaign}/activity")).await.expect(200).json;
        assert!(trail.to_string().contains("queue.requeue"), "{trail}");
    }
}

#[tokio::test]
async fn a_cleared_queue_is_empty_and_can_be_filled_again_without_whoever_opted_out() {
    for database in Database::BOTH {
        let api = TestApi::on(database).await;
        let owner = api.as_owner();
        let (campaign, people) = api.running_campaign(1_100).await;
        place(&owner, &campaign, &people[0]).await;
        ask(&owner, &campaign, "skip", json!({ "prospectIds": [people[1]] })).await.expect(200);
        owner.delete(&format!("/api/prospects/{}", people[2])).await.expect(204);

        let cleared = ask(&owner, &campaign, "clear", json!({})).await.expect(200);
        assert_eq!(
            (&cleared.json["removed"], &cleared.json["callsGivenUp"]),
            (&json!(1_099), &json!(1)),
            "apart from the one who was removed before"
        );
        let nobody = json!({ "ready": 0, "waiting": 0, "inCall": 0, "held": 0, "skipped": 0 });
        assert_eq!(queue(&owner, &campaign).await["counts"], nobody);
        let again = ask(&owner, &campaign, "clear", json!({})).await.expect(200);
        assert_eq!(again.json["removed"], 0);

        let phone = owner.get(&format!("/api/prospects/{}", people[3])).await.json["phone"].clone();
        owner.post("/api/do-not-call", json!({ "phone": phone })).await.expect(201);
        let other = json!({ "clearing": again.json["clearing"] });
        let none = ask(&owner, &campaign, "restore", other).await.expect(200);
        assert_eq!(none.json["changed"], 0, "that one took nobody out");
        let wish = json!({ "clearing": cleared.json["clearing"] });
        let restored = ask(&owner, &campaign, "restore", wish.clone()).await.expect(200);
        assert_eq!(restored.json["changed"], 1_099);
        assert_eq!(ask(&owner, &campaign, "restore", wish).await.expect(200).json["changed"], 0);
        let stands = async |id: &str| owner.get(&format!("/api/prospects/{id}")).await.json["status"].clone();
        assert_eq!(stands(&people[0]).await, "ready");
        assert_eq!(stands(&people[2]).await, "removed");
        assert_eq!(stands(&people[3]).await, "do_not_call");
        let counts = &queue(&owner, &campaign).await["counts"];
        assert_eq!((&counts["ready"], &counts["skipped"]), (&json!(1_097), &json!(1)));
        let actions = &api.state.actions;
        assert_eq!(actions.store.recount().await.expect("recount").shown, Vec::<String>::new());
        // Removed by hand afterwards, an undoing does not bring them back.
        ask(&owner, &campaign, "clear", json!({})).await.expect(200);
        owner.delete(&format!("/api/prospects/{}", people[4])).await.expect(204);
        ask(&owner, &campaign, "restore", json!({})).await.expect(200);
        assert_eq!(stands(&people[4]).await, "removed");
    }
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_with_its_place() {
    let api = TestApi::on(Database::Sqlite).await;
    let owner = api.as_owner();
    let (campaign, people) = api.running_campaign(1).await;
    let too_many: Vec<String> = (0..1_001).map(|nth| format!("pro_{nth:032x}")).collect();
    for (verb, body, status, code, pointer) in [
        ("priority", json!({ "priority": "high" }), 422, "required", "/prospectIds"),
        ("priority", json!({ "prospectIds": [people[0]] }), 422, "required", "/priority"),
        (
            "priority",
            json!({ "prospectIds": [people[0]], "filter": {}, "priority": "high" }),
            422,
            "conflict",
            "/filter",
        ),
        (
            "priority",
            json!({ "filter": { "status": ["x"] }, "priority": "low" }),
            422,
            "unknown_value",
            "/filter/status/0",
        ),
        ("skip", json!({ "prospectIds": [] }), 422, "required", "/prospectIds"),
        ("skip", json!({ "prospectIds": [people[0], "x"] }), 422, "invalid_id", "/prospectIds/1"),
        ("requeue", json!({}), 422, "required", "/prospectIds"),
        ("requeue", json!({ "dispositions": ["nope"] }), 422, "unknown_value", "/dispositions/0"),
        ("requeue", json!({ "dispositions": [] }), 422, "required", "/dispositions"),
        ("requeue", json!({ "prospectIds": too_many }), 413, "too_many_items", "-"),
        ("clear", json!({ "all": true }), 400, "unknown_field", "/all"),
        ("restore", json!({ "clearing": "clr_1" }), 422, "invalid_id", "/clearing"),
    ] {
        let refused = ask(&owner, &campaign, verb, body).await.problem(status, code);
        assert_eq!(refused.pointer(), pointer, "{verb}");
    }
    let wrong = json!({ "prospectIds": [people[0]], "priority": "urgent" });
    assert_eq!(ask(&owner, &campaign, "priority", wrong).await.status, 422);
    let path = format!("/api/campaigns/{campaign}");
    assert_eq!(owner.get(&path).await.json["dialOrder"], "due");
    let changed = owner.patch(&path, json!({ "dialOrder": "retries_first" })).await.expect(200);
    assert_eq!(changed.json["dialOrder"], "retries_first");
    assert_eq!(owner.patch(&path, json!({ "dialOrder": "random" })).await.status, 422);
    owner.get(&format!("{path}/queue?cursor=x")).await.problem(400, "invalid_cursor");
}

#[tokio::test]
async fn a_repeated_request_acts_once() {
    for database in Database::BOTH {
        let api = TestApi::on(database).await;
        let (campaign, people) = api.running_campaign(2).await;
        let owner = api.as_owner().with("idempotency-key", "clear-1");
        let first = ask(&owner, &campaign, "clear", json!({})).await.expect(200);
        ask(&api.as_owner(), &campaign, "requeue", json!({ "prospectIds": people })).await.expect(200);
        let again = ask(&owner, &campaign, "clear", json!({})).await.expect(200);
        assert_eq!(again.json, first.json);
        assert_eq!(queue(&api.as_owner(), &campaign).await["counts"]["ready"], 2);
    }
}

#[tokio::test]
async fn readers_see_the_queue_operators_change_it_and_strangers_do_neither() {
    for database in Database::BOTH {
        let api = TestApi::on(database).await;
        let (campaign, people) = api.running_campaign(1).await;
        let path = format!("/api/campaigns/{campaign}/queue");
        let wishes = [
            ("priority", json!({ "prospectIds": people, "priority": "high" })),
            ("skip", json!({ "prospectIds": people })),
            ("unskip", json!({ "prospectIds": people })),
            ("requeue", json!({ "prospectIds": people })),
            ("clear", json!({})),
            ("restore", json!({})),
        ];
        api.with_role(Role::Listener).await.get(&path).await.problem(403, "forbidden");
        let analyst = api.with_role(Role::Analyst).await;
        analyst.get(&path).await.expect(200);
        let stranger = api.as_stranger().await;
        stranger.get(&path).await.problem(404, "not_found");
        let operator = api.with_role(Role::Operator).await;
        for (verb, body) in wishes {
            ask(&analyst, &campaign, verb, body.clone()).await.problem(403, "forbidden");
            ask(&stranger, &campaign, verb, body.clone()).await.problem(404, "not_found");
            ask(&operator, &campaign, verb, body).await.expect(200);
        }
    }
}
