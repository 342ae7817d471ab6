//! Twilio's REST API: who may use it, what it refuses, how it lists.

use serde_json::{Value, json};

use crate::support::*;

#[tokio::test]
async fn only_the_account_s_secrets_open_it() {
    let mut settings = settings();
    let key = "SK0123456789abcdef0123456789abcdef";
    settings.api_keys = vec![(key.to_owned(), "key secret".to_owned())];
    let world = World::start(settings).await;
    let status = async |user: &str, secret: &str, path: &str| {
        let answer = world.http.get(world.url(path)).basic_auth(user, Some(secret)).send().await.unwrap();
        answer.status().as_u16()
    };
    assert_eq!(status(ACCOUNT, TOKEN, "Calls.json").await, 200);
    assert_eq!(status(key, "key secret", "Calls.json").await, 200);
    assert_eq!(status(ACCOUNT, "wrong", "Calls.json").await, 401);
    assert_eq!(status(key, TOKEN, "Calls.json").await, 401);

    let answer = world.http.get(world.url("Calls.json")).send().await.unwrap();
    assert_eq!(answer.status(), 401);
    let body: Value = answer.json().await.unwrap();
    assert_eq!(
        (&body["code"], &body["status"], &body["message"]),
        (&json!(20003), &json!(401), &json!("Authenticate"))
    );

    let account = format!("{}/2010-04-01/Accounts/{ACCOUNT}.json", world.phones.base_url());
    let of = async |user: &str, secret: &str| {
        world.http.get(&account).basic_auth(user, Some(secret)).send().await.unwrap().status().as_u16()
    };
    assert_eq!((of(ACCOUNT, TOKEN).await, of(key, "key secret").await), (200, 401));
    let other = account.replace("AC01", "AC02").replace(".json", "/Calls.json");
    let foreign = world.http.get(other).basic_auth(ACCOUNT, Some(TOKEN)).send().await.unwrap();
    assert_eq!(foreign.status(), 401);
}

#[tokio::test]
async fn every_wrong_parameter_has_its_code() {
    let world = World::start(settings()).await;
    let long = format!("<Response><Say>{}</Say></Response>", "x".repeat(4_000));
    let cases: Vec<(u32, Vec<(&str, &str)>)> = vec![
        (21201, vec![("To", "")]),
        (21213, vec![("From", "")]),
        (21205, vec![("Twiml", "")]),
        (21205, vec![("Url", "not a url")]),
        (21205, vec![("Url", "ftp://example.com/")]),
        (21205, vec![("Twiml", &long)]),
        (21206, vec![("SendDigits", "12x")]),
        (21206, vec![("SendDigits", "123456789012345678901234567890123")]),
        (21207, vec![("IfMachine", "Maybe")]),
        (21208, vec![("Timeout", "0")]),
        (21208, vec![("Timeout", "601")]),
        (21208, vec![("Timeout", "soon")]),
        (21209, vec![("Url", "http://127.0.0.1/"), ("Method", "PUT")]),
        (21218, vec![("ApplicationSid", "AP0123456789abcdef0123456789abcdef")]),
        (21234, vec![("MachineDetection", "Yes")]),
        (21234, vec![("MachineDetection", "Enable"), ("MachineDetectionTimeout", "60")]),
        (21234, vec![("MachineDetection", "Enable"), ("MachineDetectionSpeechThreshold", "999")]),
        (21609, vec![("StatusCallback", "http://my_host/")]),
        (21626, vec![("StatusCallback", "http://127.0.0.1/"), ("StatusCallbackEvent", "hungup")]),
        (21211, vec![("To", "5551234")]),
        (21217, vec![("To", "+15005550001")]),
        (21214, vec![("To", "+15005550002")]),
        (21215, vec![("To", "+15005550003")]),
        (21216, vec![("To", "+15005550004")]),
        (21212, vec![("From", "+15005550001")]),
        (21212, vec![("From", "client:me")]),
        (21210, vec![("From", "+15005550009")]),
    ];
    for (code, wrong) in cases {
        let mut fields = vec![("To", TO), ("From", FROM), ("Twiml", "<Response/>")];
        fields.retain(|(name, _)| !wrong.iter().any(|(other, _)| other == name));
        fields.extend(&wrong);
        let (status, body) = world.post("Calls.json", &fields).await;
        assert_eq!((status, &body["code"]), (400, &json!(code)), "{wrong:?}");
        assert_eq!(body["status"], 400);
        assert!(body["more_info"].as_str().unwrap().ends_with(&code.to_string()));
    }
    assert!(world.phones.ledger().is_empty());
}

#[tokio::test]
async fn a_created_call_is_all_text_and_null() {
    let world = World::start(settings()).await;
    let call = world.call(&[("NoSuchParameter", "ignored")]).await;
    for (name, value) in call.as_object().unwrap() {
        assert!(value.is_string() || value.is_null() || name == "subresource_uris", "{name}: {value}");
    }
    assert_eq!(call["status"], "queued");
    assert_eq!(call["direction"], "outbound-api");
    assert_eq!(call["start_time"], json!(null));
    assert!(sid(&call).starts_with("CA") && sid(&call).len() == 34);
    assert_eq!(call["uri"], format!("/2010-04-01/Accounts/{ACCOUNT}/Calls/{}.json", sid(&call)));
}

#[tokio::test]
async fn unknown_things_are_20404() {
    let world = World::start(settings()).await;
    let call = world.call(&[]).await;
    let without_suffix = format!("Calls/{}", sid(&call));
    for path in ["Calls/CA00000000000000000000000000000000.json", "Nothing.json", "Calls", &without_suffix] {
        let (status, body) = world.get(path).await;
        assert_eq!((status, &body["code"]), (404, &json!(20404)), "{path}");
    }
}

#[tokio::test]
async fn a_method_that_is_not_taken_is_20004() {
    let world = World::start(settings()).await;
    let answer =
        world.http.put(world.url("Calls.json")).basic_auth(ACCOUNT, Some(TOKEN)).send().await.unwrap();
    assert_eq!(answer.status(), 405);
    assert_eq!(answer.json::<Value>().await.unwrap()["code"], 20004);
}

#[tokio::test]
async fn a_list_is_followed_page_by_page() {
    let world = World::start(settings()).await;
    let mut made = Vec::new();
    for _ in 0..5 {
        made.push(sid(&world.call(&[]).await).to_owned());
    }
    world.phones.quiet().await;
    let (_, first) = world.get("Calls.json?PageSize=2&Status=completed").await;
    // A call made meanwhile must not shift the pages.
    world.call(&[]).await;
    let second = world.get_uri(first["next_page_uri"].as_str().unwrap()).await;
    let third = world.get_uri(second["next_page_uri"].as_str().unwrap()).await;
    assert_eq!(third["next_page_uri"], json!(null));
    assert_eq!((&first["page"], &second["page"], &third["page"]), (&json!(0), &json!(1), &json!(2)));
    assert_eq!(first["page_size"], 2);
    assert!(first["next_page_uri"].as_str().unwrap().starts_with("/2010-04-01/"));

    let pages = [&first, &second, &third];
    let listed =
        pages.iter().flat_map(|page| page["calls"].as_array().unwrap()).map(|call| sid(call).to_owned());
    made.reverse();
    assert_eq!(listed.collect::<Vec<_>>(), made);

    const ENVELOPE: [&str; 8] =
        ["page", "page_size", "start", "end", "uri", "first_page_uri", "next_page_uri", "previous_page_uri"];
    let others: Vec<_> =
        first.as_object().unwrap().keys().filter(|key| !ENVELOPE.contains(&key.as_str())).collect();
    assert_eq!(others, ["calls"]);
}

#[tokio::test]
async fn lists_are_filtered_by_number_state_and_day() {
    let world = World::start(settings()).await;
    world.call(&[("To", "+14155550001")]).await;
    world.call(&[("To", "+14155550002")]).await;
    world.phones.quiet().await;
    let count = async |query: &str| {
        let (status, list) = world.get(&format!("Calls.json?{query}")).await;
        assert_eq!(status, 200, "{list}");
        list["calls"].as_array().unwrap().len()
    };
    assert_eq!(count("To=%2B14155550001").await, 1);
    assert_eq!(count("From=%2B15005550006").await, 2);
    assert_eq!(count("Status=completed").await, 2);
    assert_eq!(count("Status=busy").await, 0);
    assert_eq!(count("StartTime=2026-03-02").await, 2);
    assert_eq!(count("StartTime%3E=2026-03-02").await, 2);
    assert_eq!(count("StartTime%3C=2026-03-02").await, 0);
    assert_eq!(count("StartTime%3E=2026-03-03").await, 0);
    assert_eq!(count("EndTime%3C=2026-03-03").await, 2);
    assert_eq!(count("StartTime%3E=2026-03-02T15:00:00Z").await, 2);
    assert_eq!(count("ParentCallSid=CA00000000000000000000000000000000").await, 0);
    assert_eq!(world.get("Calls.json?Status=initiated").await.0, 400);
    assert_eq!(world.get("Calls.json?PageSize=1001").await.0, 400);
}

#[tokio::test]
async fn the_events_of_a_call_show_what_was_asked_with_fragment_and_all() {
    let world = World::start(settings()).await;
    let status = world.web.url("/status?attempt=9#rc=3&rp=all");
    let mut fields = ALL_EVENTS.to_vec();
    fields.push(("StatusCallback", &status));
    let call = world.call(&fields).await;
    let (_, list) = world.get(&format!("Calls/{}/Events.json", sid(&call))).await;
    let event = &list["events"][0];
    assert_eq!(event["request"]["method"], "POST");
    assert_eq!(event["request"]["parameters"]["status_callback"], status);
    assert_eq!(event["request"]["parameters"]["to"], TO);
    assert_eq!(event["request"]["parameters"]["status_callback_event"].as_array().unwrap().len(), 4);
    assert_eq!(event["response"]["response_code"], 201);
}

#[tokio::test]
async fn a_call_that_is_over_can_be_deleted() {
    let world = World::start(settings()).await;
    let call = world.call(&[]).await;
    world.phones.quiet().await;
    let url = world.url(&format!("Calls/{}.json", sid(&call)));
    let answer = world.http.delete(&url).basic_auth(ACCOUNT, Some(TOKEN)).send().await.unwrap();
    assert_eq!(answer.status(), 204);
    assert_eq!(world.fetch(&call).await["code"], 20404);
    assert_eq!(world.get("Calls.json").await.1["calls"], json!([]));
    assert_eq!(world.phones.ledger().len(), 1, "the ledger forgets nothing");
}

#[tokio::test]
async fn the_account_and_its_numbers_can_be_asked_for() {
    let mut settings = settings();
    settings.numbers = vec!["+14155559999".to_owned()];
    settings.verified_numbers = vec!["+14155558888".to_owned(), "+14155557777".to_owned()];
    let world = World::start(settings).await;
    let account = world.get_uri(&format!("/2010-04-01/Accounts/{ACCOUNT}.json")).await;
    assert_eq!((&account["sid"], &account["status"]), (&json!(ACCOUNT), &json!("active")));
    let (_, list) = world.get("IncomingPhoneNumbers.json").await;
    let numbers = list["incoming_phone_numbers"].as_array().unwrap().iter();
    let numbers: Vec<_> = numbers.map(|number| number["phone_number"].as_str().unwrap()).collect();
    assert_eq!(numbers, [FROM, "+14155559999"]);
    let verified = async |query: &str| {
        let (_, list) = world.get(&format!("OutgoingCallerIds.json{query}")).await;
        let numbers = list["outgoing_caller_ids"].as_array().unwrap().iter();
        numbers.map(|number| number["phone_number"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(verified("").await.len(), 2);
    assert_eq!(verified("?PhoneNumber=%2B14155558888").await, ["+14155558888"]);
    assert!(verified("?PhoneNumber=%2B1415555").await.is_empty());
    let health = world.http.get(format!("{}/_health", world.phones.base_url())).send().await.unwrap();
    assert_eq!(health.status(), 200);
}
