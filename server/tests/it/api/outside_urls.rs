//! Every address that a user may give is held against the same table, wherever it is given.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::api_client::{Database, TestApi};

/// One of each class; every spelling of each is tried where the rule is.
const INSIDE: [&str; 16] = [
    "https://127.0.0.1/a.mp3",
    "https://2130706433/a.mp3",
    "https://0x7f.1/a.mp3",
    "https://localhost/a.mp3",
    "https://169.254.169.254/latest/meta-data",
    "https://metadata.google.internal/",
    "https://10.0.0.8/a.mp3",
    "https://[::1]/a.mp3",
    "https://[::ffff:10.0.0.8]/a.mp3",
    "https://[64:ff9b::a00:8]/a.mp3",
    "https://[2002:a00:8::1]/a.mp3",
    "http://example.com/a.mp3",
    "https://user:word@example.com/a.mp3",
    "https://example.com:22/a.mp3",
    "https://example.com/a.mp3#x",
    "file:///etc/passwd",
];

/// What a request may name an address in: schema and field, the route, and a body with it.
fn places(url: &str) -> Vec<(&'static str, &'static str, Value)> {
    let step = json!({ "do": "play", "name": "a", "url": url });
    vec![
        ("CampaignFields.audioUrl", "/api/campaigns", json!({ "name": "x", "audioUrl": url })),
        ("Step.url", "/api/scripts", json!({ "name": "x", "steps": [step] })),
    ]
}

#[tokio::test]
async fn no_address_inside_is_taken_at_any_place_and_the_answer_tells_nothing_about_it() {
    let api = TestApi::on(Database::Sqlite).await;
    let owner = api.as_owner();
    for url in INSIDE {
        for (place, route, body) in places(url) {
            let refused = owner.post(route, body).await.expect(422).json;
            let codes: Vec<&str> = refused["errors"]
                .as_array()
                .expect("errors")
                .iter()
                .filter_map(|it| it["code"].as_str())
                .collect();
            assert_eq!(codes, ["url_not_allowed"], "{place}: {url}");
            assert!(!refused.to_string().contains("/a.mp3"), "{refused}");
        }
    }
    for (place, route, body) in places("https://cdn.example.com/a.mp3") {
        let answer = owner.post(route, body).await;
        assert_eq!(answer.status, 201, "{place}");
    }
}

#[tokio::test]
async fn there_is_no_other_place_where_an_address_can_be_given() {
    let api = TestApi::on(Database::Sqlite).await;
    let described = api.anonymous().get("/openapi.json").await.expect(200).json;
    let mut found = BTreeSet::new();
    for schema in schemas_of_requests(&described) {
        collect(&schema, &described["components"]["schemas"][&schema], &mut found);
    }
    let tried: BTreeSet<String> = places("").into_iter().map(|(place, ..)| place.to_owned()).collect();
    assert_eq!(found, tried, "each place is in the table above");
}

/// The schemas of everything that can be sent, and of what they are made of.
fn schemas_of_requests(described: &Value) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let paths = described["paths"].as_object().expect("paths").values();
    let mut open: Vec<String> = paths
        .flat_map(|path| path.as_object().expect("operations").values())
        .flat_map(|operation| references(&operation["requestBody"]))
        .collect();
    while let Some(name) = open.pop() {
        if names.insert(name.clone()) {
            open.extend(references(&described["components"]["schemas"][&name]));
        }
    }
    names
}

fn references(value: &Value) -> Vec<String> {
    match value {
        Value::Object(object) => object
            .iter()
            .flat_map(|(key, value)| match (key.as_str(), value) {
                ("$ref", Value::String(path)) => {
                    path.rsplit('/').next().map(str::to_owned).into_iter().collect()
                }
                _ => references(value),
            })
            .collect(),
        Value::Array(values) => values.iter().flat_map(references).collect(),
        _ => Vec::new(),
    }
}

/// Every property below a schema whose name says that it holds an address.
fn collect(schema: &str, value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => {
            let properties = object.get("properties").and_then(Value::as_object);
            let names = properties.into_iter().flat_map(|properties| properties.keys());
            let addresses = names.filter(|name| {
                let name = name.to_lowercase();
                ["url", "uri", "address", "endpoint", "href"].iter().any(|word| name.contains(word))
            });
            found.extend(addresses.map(|name| format!("{schema}.{name}")));
            object.values().for_each(|value| collect(schema, value, found));
        }
        Value::Array(values) => values.iter().for_each(|value| collect(schema, value, found)),
        _ => {}
    }
}
