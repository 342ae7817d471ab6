//! What people may do to people, and to themselves.

use axum::http::Method;
use futures_util::StreamExt as _;
use prospectai::actions::Actor;
use prospectai::actions::accounts::{UserChange, UserChangeRefused};
use prospectai::actions::users::Role;
use serde_json::{Value, json};

use super::ground::{Ground, Ids, PASSWORD};
use crate::support::api_client::{Client, Database};

fn address(ground: &Ground, role: Role) -> String {
    format!("/api/users/{}", Ids::of_user(ground.person(role)))
}

async fn signs_in(ground: &Ground, role: Role, password: &str) -> u16 {
    ground.open_the_door();
    let who = json!({ "email": ground.person(role).email, "password": password });
    ground.nobody().post("/api/session", who).await.status
}

/// The deeds in the audit trail of a user, oldest first.
async fn deeds(ground: &Ground, role: Role) -> Vec<String> {
    let subject = Ids::of_user(ground.person(role));
    let trail = ground.api.state.actions.store.audit_of(ground.api.workspace(), &subject, 50).await;
    let mut deeds: Vec<String> = trail.expect("the trail").into_iter().map(|entry| entry.action).collect();
    deeds.reverse();
    deeds
}

#[tokio::test]
async fn a_new_role_ends_the_sessions_of_the_old_one_and_holds_from_the_next_sign_in() {
    for database in Database::BOTH {
        let ground = Ground::on(database).await;
        let (admin, operator) = (ground.with(Role::Admin).await, ground.with(Role::Operator).await);
        operator.post("/api/dialing/stop", json!({})).await.expect(200);
        let address = address(&ground, Role::Operator);
        let changed = admin.patch(&address, json!({ "role": "analyst" })).await.expect(200).json;
        assert_eq!(changed["role"], "analyst");
        operator.get("/api/campaigns").await.problem(401, "unauthenticated");
        let analyst = ground.with(Role::Operator).await;
        analyst.get("/api/campaigns").await.expect(200);
        analyst.post("/api/dialing/stop", json!({})).await.problem(403, "forbidden");
        // What stays as it is ends nothing, and is no deed.
        admin.patch(&address, json!({ "role": "analyst", "disabled": false })).await.expect(200);
        analyst.get("/api/campaigns").await.expect(200);
        assert_eq!(deeds(&ground, Role::Operator).await, ["user.create", "user.change_role"]);
    }
}

#[tokio::test]
async fn whoever_is_shut_out_is_out_at_once_and_may_be_let_in_again() {
    for database in Database::BOTH {
        let ground = Ground::on(database).await;
        let (admin, analyst) = (ground.with(Role::Admin).await, ground.with(Role::Analyst).await);
        let address = address(&ground, Role::Analyst);
        let closed = admin.patch(&address, json!({ "disabled": true })).await.expect(200).json;
        assert_ne!(closed["disabledAt"], Value::Null);
        analyst.get("/api/session").await.problem(401, "unauthenticated");
        assert_eq!(signs_in(&ground, Role::Analyst, PASSWORD).await, 401);
        let open = admin.patch(&address, json!({ "disabled": false })).await.expect(200).json;
        assert_eq!(open["disabledAt"], Value::Null);
        analyst.get("/api/session").await.problem(401, "unauthenticated");
        assert_eq!(signs_in(&ground, Role::Analyst, PASSWORD).await, 201);
        let expected = ["user.create", "user.disable", "user.enable", "session.begin"];
        assert_eq!(deeds(&ground, Role::Analyst).await, expected);
    }
}

#[tokio::test]
async fn nobody_reaches_above_themselves_and_nobody_shuts_themselves_out() {
    for database in Database::BOTH {
        let ground = Ground::on(database).await;
        let admin = ground.with(Role::Admin).await;
        let (owner, own) = (address(&ground, Role::Owner), address(&ground, Role::Admin));
        for change in [json!({ "role": "listener" }), json!({ "disabled": true }), json!({})] {
            admin.patch(&owner, change).await.problem(403, "forbidden");
        }
        let analyst = address(&ground, Role::Analyst);
        admin.patch(&analyst, json!({ "role": "owner" })).await.problem(403, "forbidden");
        admin.patch(&analyst, json!({ "role": "admin" })).await.expect(200);
        admin.patch(&own, json!({ "disabled": true })).await.problem(409, "own_account");
        admin.patch(&own, json!({ "role": "owner" })).await.problem(403, "forbidden");
        admin.patch(&analyst, json!({ "role": "king" })).await.expect(422);
        admin.patch(&analyst, json!({ "email": "x@example.com" })).await.problem(400, "unknown_field");
        admin
            .patch(&format!("/api/users/{}", ground.missing.user), json!({}))
            .await
            .problem(404, "not_found");
        ground
            .stranger()
            .await
            .patch(&analyst, json!({ "role": "listener" }))
            .await
            .problem(404, "not_found");
    }
}

#[tokio::test]
async fn the_last_owner_stays_one() {
    for database in Database::BOTH {
        let ground = Ground::on(database).await;
        let (console, owner) = (ground.api.as_owner(), address(&ground, Role::Owner));
        console.patch(&owner, json!({ "role": "admin" })).await.problem(409, "last_owner");
        console.patch(&owner, json!({ "disabled": true })).await.problem(409, "last_owner");
        console
            .patch(&address(&ground, Role::Admin), json!({ "role": "owner", "disabled": true }))
            .await
            .expect(200);
        // An owner who cannot sign in is none.
        console.patch(&owner, json!({ "role": "admin" })).await.problem(409, "last_owner");
        console.patch(&address(&ground, Role::Admin), json!({ "disabled": false })).await.expect(200);
        console.patch(&owner, json!({ "role": "admin" })).await.expect(200);
    }
}

#[tokio::test]
async fn of_two_owners_who_lower_each_other_one_stays() {
    for database in Database::BOTH {
        let ground = Ground::on(database).await;
        ground
            .api
            .as_owner()
            .patch(&address(&ground, Role::Admin), json!({ "role": "owner" }))
            .await
            .expect(200);
        let actions = &ground.api.state.actions;
        let lowers = |who: Role, whom: Role| {
            let actor = Actor { workspace: ground.api.workspace(), name: Ids::of_user(ground.person(who)) };
            let id = Ids::of_user(ground.person(whom)).parse().expect("an id");
            let change = UserChange { role: Some(Role::Analyst), ..UserChange::default() };
            actions.change_user(actor, Role::Owner, id, change)
        };
        let both = tokio::join!(lowers(Role::Owner, Role::Admin), lowers(Role::Admin, Role::Owner));
        let refused = [both.0.err(), both.1.err()].into_iter().flatten().collect::<Vec<_>>();
        assert!(matches!(refused.as_slice(), [UserChangeRefused::LastOwner]), "{refused:?}");
    }
}

#[tokio::test]
async fn what_somebody_has_open_ends_within_seconds_when_they_are_shut_out_or_lowered() {
    let ground = Ground::on(Database::Sqlite).await;
    let (operator, analyst) = (ground.with(Role::Operator).await, ground.with(Role::Analyst).await);
    let mut open = Vec::new();
    for who in [&operator, &analyst] {
        open.push(who.begin(Method::GET, "/api/events", None).await);
        open.push(who.begin(Method::GET, "/changes?page=/live", None).await);
    }
    assert!(open.iter().all(|stream| stream.status() == 200), "{open:?}");
    let admin = ground.with(Role::Admin).await;
    admin.patch(&address(&ground, Role::Operator), json!({ "disabled": true })).await.expect(200);
    admin.patch(&address(&ground, Role::Analyst), json!({ "role": "listener" })).await.expect(200);
    for stream in open {
        let to_its_end = stream.into_body().into_data_stream().for_each(|_| async {});
        let ended = tokio::time::timeout(std::time::Duration::from_secs(5), to_its_end).await;
        ended.expect("the stream ends within five seconds");
    }
}

#[tokio::test]
async fn ones_own_password_takes_the_current_one_and_signs_out_everywhere_else() {
    for database in Database::BOTH {
        let ground = Ground::on(database).await;
        let (here, there) = (ground.with(Role::Listener).await, ground.with(Role::Listener).await);
        let change = async |who: &Client<'_>, current: &str, new: &str| {
            who.put("/api/session/password", json!({ "current": current, "new": new })).await
        };
        let wrong = change(&here, "wrong", "nine yellow lanterns").await.problem(422, "wrong_password");
        assert_eq!(wrong.pointer(), "/current");
        assert_eq!(change(&here, PASSWORD, "short").await.problem(422, "too_short").pointer(), "/new");
        let done = change(&here, PASSWORD, "nine yellow lanterns").await.expect(204);
        let pair = done.header("set-cookie").split(';').next().expect("a cookie").to_owned();
        for old in [here, there] {
            old.get("/api/session").await.problem(401, "unauthenticated");
        }
        let renewed = ground.nobody().with("cookie", &pair);
        let sessions = renewed.get("/api/sessions").await.expect(200).json;
        assert_eq!(sessions["sessions"].as_array().map(Vec::len), Some(1), "{sessions}");
        assert_eq!(signs_in(&ground, Role::Listener, PASSWORD).await, 401);
        assert_eq!(signs_in(&ground, Role::Listener, "nine yellow lanterns").await, 201);
        let expected = ["user.create", "user.change_password", "session.begin"];
        assert_eq!(deeds(&ground, Role::Listener).await, expected);
        let key = ground.api.with_role(Role::Admin).await;
        change(&key, PASSWORD, "nine yellow lanterns").await.problem(409, "no_account");
    }
}

#[tokio::test]
async fn whoever_forgot_their_password_gets_a_new_one_from_an_administrator() {
    for database in Database::BOTH {
        let ground = Ground::on(database).await;
        let (admin, analyst) = (ground.with(Role::Admin).await, ground.with(Role::Analyst).await);
        let new = json!({ "password": "nine yellow lanterns" });
        let weak = admin.patch(&address(&ground, Role::Analyst), json!({ "password": "short" })).await;
        assert_eq!(weak.problem(422, "too_short").pointer(), "/password");
        admin.patch(&address(&ground, Role::Owner), new.clone()).await.problem(403, "forbidden");
        admin.patch(&address(&ground, Role::Admin), new.clone()).await.problem(409, "own_account");
        let stranger = ground.stranger().await;
        stranger.patch(&address(&ground, Role::Analyst), new.clone()).await.problem(404, "not_found");
        admin.patch(&address(&ground, Role::Analyst), new).await.expect(200);
        analyst.get("/api/session").await.problem(401, "unauthenticated");
        assert_eq!(signs_in(&ground, Role::Analyst, PASSWORD).await, 401);
        assert_eq!(signs_in(&ground, Role::Analyst, "nine yellow lanterns").await, 201);
        let expected = ["user.create", "user.reset_password", "session.begin"];
        assert_eq!(deeds(&ground, Role::Analyst).await, expected);
    }
}

#[tokio::test]
async fn guessing_the_current_password_is_throttled_like_signing_in() {
    let ground = Ground::on(Database::Sqlite).await;
    let who = ground.with(Role::Analyst).await;
    let guess = json!({ "current": "wrong", "new": "nine yellow lanterns" });
    for _ in 0..3 {
        who.put("/api/session/password", guess.clone()).await.problem(422, "wrong_password");
    }
    let right = json!({ "current": PASSWORD, "new": "nine yellow lanterns" });
    let closed = who.put("/api/session/password", right).await.problem(429, "too_many_requests");
    assert_eq!(closed.header("retry-after"), "301");
    let sign_in = json!({ "email": ground.person(Role::Analyst).email, "password": PASSWORD });
    ground.nobody().post("/api/session", sign_in).await.problem(429, "too_many_requests");
}

#[tokio::test]
async fn everybody_sees_where_they_are_signed_in_and_ends_what_they_want() {
    for database in Database::BOTH {
        let ground = Ground::on(database).await;
        let (here, there) = (ground.with(Role::Analyst).await, ground.with(Role::Analyst).await);
        let elsewhere = ground.with(Role::Operator).await;
        let listed = here.get("/api/sessions").await.expect(200).json;
        let sessions = listed["sessions"].as_array().expect("sessions");
        let current = |wanted: bool| {
            let found = sessions.iter().find(|session| session["current"] == json!(wanted));
            format!("/api/sessions/{}", found.expect("a session")["id"].as_str().expect("an id"))
        };
        assert_eq!(sessions.len(), 2);
        elsewhere.delete(&current(false)).await.problem(404, "not_found");
        here.delete(&current(false)).await.expect(204);
        here.delete(&current(false)).await.problem(404, "not_found");
        there.get("/api/session").await.problem(401, "unauthenticated");
        let more = [ground.with(Role::Analyst).await, ground.with(Role::Analyst).await];
        assert_eq!(here.delete("/api/sessions").await.expect(200).json, json!({ "ended": 2 }));
        for ended in more {
            ended.get("/api/session").await.problem(401, "unauthenticated");
        }
        here.delete(&current(true)).await.expect(204);
        here.get("/api/session").await.problem(401, "unauthenticated");
        elsewhere.get("/api/session").await.expect(200);
        let expected = ["user.create", "session.end", "session.end_others", "session.end"];
        assert_eq!(deeds(&ground, Role::Analyst).await, expected);
        let key = ground.api.with_role(Role::Owner).await;
        assert_eq!(key.get("/api/sessions").await.expect(200).json, json!({ "sessions": [] }));
    }
}

#[tokio::test]
async fn sessions_that_nobody_used_for_an_hour_are_not_listed() {
    let ground = Ground::on(Database::Sqlite).await;
    let _old = ground.with(Role::Analyst).await;
    ground.api.set_clock("2026-03-02T15:59:30Z");
    let here = ground.with(Role::Analyst).await;
    ground.api.set_clock("2026-03-02T16:00:30Z");
    let listed = here.get("/api/sessions").await.expect(200).json;
    assert_eq!(listed["sessions"].as_array().map(Vec::len), Some(1), "{listed}");
}

#[tokio::test]
async fn administrators_see_when_somebody_was_last_here() {
    for database in Database::BOTH {
        let ground = Ground::on(database).await;
        let seen = async || {
            let users = ground.api.as_owner().get("/api/users").await.expect(200).json;
            let mut users = users["users"].as_array().expect("users").clone().into_iter();
            users.find(|user| user["role"] == "analyst").expect("the analyst")["lastSeenAt"].clone()
        };
        assert_eq!(seen().await, Value::Null);
        let email = &ground.person(Role::Analyst).email;
        let entered =
            ground.nobody().post("/api/session", json!({ "email": email, "password": PASSWORD })).await;
        let cookie = entered.expect(201).header("set-cookie").split(';').next().expect("a cookie").to_owned();
        assert_eq!(seen().await, "2026-03-02T15:00:00Z");
        ground.api.set_clock("2026-03-02T15:20:00Z");
        ground.nobody().with("cookie", &cookie).get("/api/session").await.expect(200);
        assert_eq!(seen().await, "2026-03-02T15:20:00Z");
    }
}

#[tokio::test]
async fn listeners_are_told_no_whole_number() {
    let ground = Ground::on(Database::Sqlite).await;
    let listener = ground.with(Role::Listener).await;
    let call = format!("/api/calls/{}", ground.ours.call);
    let whole = ground.with(Role::Analyst).await.get(&call).await.expect(200).json;
    let number = whole["toNumber"].as_str().expect("a number").to_owned();
    for path in [call.as_str(), "/api/calls", "/calls", &format!("/calls/{}", ground.ours.call)] {
        listener.get(path).await.expect(200).hides(&number).hides(&number[5..]).hides("/prospects/");
    }
    let shown = listener.get(&call).await.json;
    assert_eq!(shown["toNumber"], format!("{}•••{}", &number[..5], &number[8..]));
    listener.get("/api/calls?q=7365").await.problem(403, "forbidden");
}
