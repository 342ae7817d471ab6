//! Every route × every role, with ids of ours and with a stranger who knows them.

use std::fmt::Write as _;

use axum::http::{Method, Response};
use prospectai::actions::users::Role;
use prospectai::http::router::router_of_a_dialer;

use super::ground::{Ground, Ids, addresses};
use crate::support::api_client::{Client, Database, TestApi};

/// How the table is read: an empty cell never occurs.
const LEGEND: &str = "\
door: led to the sign-in page. no: 403, the role does not permit it. Other numbers: let in, and answered so.
Reads name what exists here; writes name what does not, with which whoever may write gets a 404 and nothing changes.
The stranger is an owner of another workspace, and names what exists here.
";

#[tokio::test]
async fn every_route_opens_only_for_whom_it_should() {
    let ground = Ground::on(Database::Sqlite).await;
    let columns: Vec<&str> =
        ["nobody"].into_iter().chain(Role::ALL.map(Role::as_str)).chain(["stranger"]).collect();
    let mut table = String::from(LEGEND);
    let _ = write!(table, "\n{:6} {:46}", "", "");
    for column in columns {
        let _ = write!(table, " {column:>8}");
    }
    for (method, path) in ground.routes().await {
        let _ = write!(table, "\n{:6} {path:46}", method.as_str());
        let ids = if method == Method::GET { &ground.ours } else { &ground.missing };
        let _ = write!(table, " {:>8}", asked(&ground, ground.nobody(), &method, &path, ids).await);
        for role in Role::ALL {
            let _ =
                write!(table, " {:>8}", asked(&ground, ground.with(role).await, &method, &path, ids).await);
        }
        let foreign = asked(&ground, ground.stranger().await, &method, &path, &ground.ours).await;
        let _ = write!(table, " {foreign:>8}");
        let names_something = path.contains("{id}") && !path.starts_with("/docs");
        assert!(!names_something || foreign == "404", "{method} {path}: a stranger gets {foreign}");
    }
    assert!(!table.contains(" 500") && !table.contains(" 503"), "{table}");
    insta::assert_snapshot!(table);
}

async fn asked(ground: &Ground, who: Client<'_>, method: &Method, path: &str, ids: &Ids) -> String {
    ground.open_the_door();
    let answer = who.send(method.clone(), &ids.fill(path), ids.body(method, path)).await;
    in_a_word(&answer)
}

fn in_a_word<B>(answer: &Response<B>) -> String {
    let to = answer.headers().get("location").and_then(|to| to.to_str().ok()).unwrap_or_default();
    match answer.status().as_u16() {
        303 if to.starts_with("/sign-in?")
            || to == "/sign-in" && !answer.headers().contains_key("set-cookie") =>
        {
            "door".to_owned()
        }
        403 => "no".to_owned(),
        status => status.to_string(),
    }
}

#[tokio::test]
async fn a_stream_of_a_page_is_as_closed_as_the_page() {
    let ground = Ground::on(Database::Sqlite).await;
    let page = format!("/changes?page=/campaigns/{}", ground.ours.campaign);
    let status = async |who: Client<'_>| who.begin(Method::GET, &page, None).await.status().as_u16();
    assert_eq!(status(ground.nobody()).await, 401);
    assert_eq!(status(ground.stranger().await).await, 404);
    assert_eq!(status(ground.with(Role::Listener).await).await, 404);
    assert_eq!(status(ground.with(Role::Analyst).await).await, 200);
}

#[tokio::test]
async fn a_server_that_only_dials_answers_the_carrier_and_says_how_it_is() {
    let api = TestApi::on(Database::Sqlite).await;
    let printed = format!("{:?}", router_of_a_dialer(api.state.clone()));
    let paths = addresses(&printed);
    assert!(paths.len() > 3, "{paths:?}");
    assert!(
        paths.iter().all(|path| *path == "/health"
            || path.starts_with("/api/webhooks/")
            || *path == "/media/{token}"),
        "{paths:?}"
    );
}
