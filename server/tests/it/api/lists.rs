//! Lists of calls: pages that fit together, filters, and cursors nobody can misuse.

use prospectai::store::call_list::{Begin, CallFilter, Order};
use serde_json::{Value, json};

use super::figures::happen;
use crate::support::api_client::{Answer, Client, Database, TestApi};

fn ids(list: &Value) -> Vec<String> {
    let calls = list["calls"].as_array().expect("calls").iter();
    calls.map(|call| call["id"].as_str().expect("an id").to_owned()).collect()
}

/// Reads a list to its end, page by page.
async fn all_pages(client: &Client<'_>, query: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = client.get(&format!("/api/calls?limit=2&{query}{cursor}")).await.expect(200).json;
        found.extend(ids(&page));
        match page["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return found,
        }
    }
}

#[tokio::test]
async fn pages_fit_together_in_both_orders() {
    for database in Database::BOTH {
        let api = TestApi::on(database).await;
        let owner = api.as_owner();
        let (campaign, prospects) = api.running_campaign(5).await;
        for prospect in &prospects {
            let place = json!({ "campaignId": campaign, "prospectId": prospect });
            owner.post("/api/calls/place", place).await.expect(201);
        }
        let newest_first = ids(&owner.get("/api/calls").await.expect(200).json);
        assert_eq!(newest_first.len(), 5);
        assert_eq!(all_pages(&owner, "").await, newest_first);
        let mut oldest_first = newest_first.clone();
        oldest_first.reverse();
        assert_eq!(all_pages(&owner, "sort=createdAt").await, oldest_first);
        assert_eq!(all_pages(&owner, &format!("campaignId={campaign}&status=queued")).await, newest_first);
        let skipped = owner.get("/api/calls?limit=2&offset=3").await.expect(200).json;
        assert_eq!(ids(&skipped), newest_first[3..]);
        assert_eq!((&skipped["total"], &skipped["offset"]), (&json!(5), &json!(3)));

        let page = owner.get("/api/calls?limit=2").await.expect(200).json;
        let cursor = page["nextCursor"].as_str().expect("a cursor");
        for elsewhere in [
            format!("/api/calls?status=busy&cursor={cursor}"),
            format!("/api/calls?sort=createdAt&cursor={cursor}"),
            format!("/api/calls?cursor={}", &cursor[1..]),
            format!("/api/campaigns?cursor={cursor}"),
        ] {
            owner.get(&elsewhere).await.problem(400, "invalid_cursor");
        }
        let stranger = api.as_stranger().await;
        stranger.get(&format!("/api/calls?limit=2&cursor={cursor}")).await.problem(400, "invalid_cursor");
    }
}

#[tokio::test]
async fn the_longest_and_the_dearest_calls_of_a_campaign_come_first() {
    for database in Database::BOTH {
        let api = TestApi::on(database).await;
        let owner = api.as_owner();
        let (campaign, _) = api.running_campaign(7).await;
        owner.post(&format!("/api/campaigns/{campaign}/calls"), json!({ "maxCalls": 7 })).await.expect(200);
        happen(&api).await;
        for (word, largest) in
            [("duration", json!([40, 20])), ("cost", json!(["0.0140", "0.0140", "0.0140", "0.0140"]))]
        {
            let query = format!("campaignId={campaign}&sort=-{word}");
            let list = owner.get(&format!("/api/calls?{query}")).await.expect(200).json;
            let calls = list["calls"].as_array().expect("calls").iter();
            let values: Vec<Value> = calls.map(|call| call[word].clone()).collect();
            let first = &values[..largest.as_array().expect("values").len()];
            assert_eq!(json!(first), largest, "{word}");
            let largest_first = ids(&list);
            assert_eq!(all_pages(&owner, &query).await, largest_first, "{word}");
            let mut smallest_first = largest_first;
            smallest_first.reverse();
            let query = format!("campaignId={campaign}&sort={word}");
            assert_eq!(all_pages(&owner, &query).await, smallest_first, "{word}");
            let completed = all_pages(&owner, &format!("{query}&status=completed")).await;
            assert_eq!(completed.len(), 2, "{word}");

            owner.get(&format!("/api/calls?sort={word}")).await.problem(400, "invalid_parameter");
        }
    }
}

#[tokio::test]
async fn calls_are_found_by_number_name_and_time() {
    for database in Database::BOTH {
        let api = TestApi::on(database).await;
        let owner = api.as_owner();
        let (campaign, _) = api.running_campaign(1).await;
        let people = format!("/api/campaigns/{campaign}/prospects");
        let ada = json!({ "phone": "+12127368888", "firstName": "Ada", "lastName": "100%_Lovelace" });
        let ada = owner.post(&people, ada).await.expect(201).id();
        owner.post(&format!("/api/campaigns/{campaign}/calls"), json!({ "maxCalls": 1 })).await.expect(200);
        api.set_clock("2026-03-02T16:00:00Z");
        owner
            .post("/api/calls/place", json!({ "campaignId": campaign, "prospectId": ada }))
            .await
            .expect(201);
        for (query, total) in [
            ("q=ada%20100", 1),
            ("q=LOVELACE", 1),
            ("q=%25_", 1),
            ("q=%25%25", 0),
            ("q=368888", 1),
            ("q=%2B1415", 2),
            ("q=", 2),
            ("from=2026-03-02T15:30:00Z", 1),
            ("to=2026-03-02T15:30:00Z", 1),
            ("from=2026-03-02T15:00:00Z&to=2026-03-02T16:00:00Z", 1),
            ("from=2026-03-02T15:00:00Z&to=2026-03-02T16:00:00.001Z", 2),
            ("from=2026-03-02T11:30:00-05:00", 0),
        ] {
            let list = owner.get(&format!("/api/calls?{query}")).await.expect(200).json;
            assert_eq!((&list["total"], ids(&list).len()), (&json!(total), total), "{query}");
        }
        let of_ada = owner.get(&format!("/api/calls?prospectId={ada}")).await.expect(200).json;
        assert_eq!((&of_ada["total"], &of_ada["calls"][0]["toNumber"]), (&json!(1), &json!("+12127368888")));
    }
}

#[tokio::test]
async fn a_call_is_the_same_in_a_list_as_by_itself() {
    for database in Database::BOTH {
        let api = TestApi::on(database).await;
        let owner = api.as_owner();
        let (campaign, prospects) = api.running_campaign(3).await;
        let own =
            [json!({}), json!({ "a \"b\" \\c": ["{d}", null, 1.5] }), json!({ "größe": "\u{1F4DE}\n\t'" })];
        for (prospect, metadata) in prospects.iter().zip(own) {
            let place = json!({ "campaignId": campaign, "prospectId": prospect, "metadata": metadata });
            owner.post("/api/calls/place", place).await.expect(201);
        }
        let actions = &api.state.actions;
        let queued = actions.store.calls_to_send(api.clock.now(), 2).await.expect("calls to send");
        actions.arm(queued).await.expect("armed");

        let listed = owner.get(&format!("/api/calls?campaignId={campaign}")).await.expect(200).json;
        for call in listed["calls"].as_array().expect("calls") {
            let id = call["id"].as_str().expect("an id");
            assert_eq!(&owner.get(&format!("/api/calls/{id}")).await.expect(200).json, call);
        }
        let everything = CallFilter::of(actions.first_workspace().await.expect("the workspace").0);
        let records =
            actions.store.calls(&everything, Order::NEWEST_FIRST, Begin::Skip(0), 9).await.expect("read");
        assert_eq!(records.len(), 3);
        for record in records {
            assert_eq!(actions.store.any_call(record.id).await.expect("read"), Some(record));
        }
    }
}

#[tokio::test]
async fn a_campaign_of_nobody_or_of_others_has_no_list() {
    for database in Database::BOTH {
        let api = TestApi::on(database).await;
        let (campaign, _) = api.running_campaign(1).await;
        let none = owner_list(&api, &campaign, "").await.expect(200).json;
        assert_eq!((&none["total"], ids(&none).len()), (&json!(0), 0));
        let stranger = api.as_stranger().await;
        for query in ["", "&status=busy", "&q=ada"] {
            let list = format!("/api/calls?campaignId={campaign}{query}");
            stranger.get(&list).await.problem(404, "not_found");
            owner_list(&api, &format!("cmp_{:032x}", 7), query).await.problem(404, "not_found");
        }
    }
}

async fn owner_list(api: &TestApi, campaign: &str, query: &str) -> Answer {
    api.as_owner().get(&format!("/api/calls?campaignId={campaign}{query}")).await
}
