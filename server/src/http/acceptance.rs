//! Bad input and its answers, row by row, against a toy router built from the parts every real route uses.

use axum::body::Body;

use self::toy::ask;
use crate::credentials::ApiKey;

/// The router asked, and how to ask it.
mod toy;

/// One request line, its headers and body, and the status it must get.
type Row<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a str, u16);

const JSON: (&str, &str) = ("content-type", "application/json");

#[tokio::test]
async fn bodies_are_read_strictly_and_the_answer_points_at_the_place() {
    let deep = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    let too_deep = deep(33);
    let just_deep = deep(32);
    let long = format!(r#"{{"name":"{}"}}"#, "a".repeat(21));
    let rows: &[(&str, u16, &str, &str)] = &[
        (r#"{"name":"Ada"}"#, 201, "-", ""),
        (r#" {"name":"Ada","dailyLimit":null,"kind":"round","parts":[{"label":"x"}]} "#, 201, "-", ""),
        (r#"{"name":"Ada","#, 400, "malformed_json", ""),
        ("", 400, "malformed_json", ""),
        (r#"{"name":"Ada"} x"#, 400, "malformed_json", ""),
        (r#"{"name":"Ada"}{}"#, 400, "malformed_json", ""),
        (r#"{"name":"Ada","name":"Bob"}"#, 400, "malformed_json", ""),
        (r#"{"name":"Ada","parts":[{"label":"x","label":"y"}]}"#, 400, "malformed_json", ""),
        (r#"{"name":"Ada","dailyLimit":NaN}"#, 400, "malformed_json", ""),
        (r#"{"name":"Ada","dailyLimit":1e999}"#, 400, "malformed_json", ""),
        (r#"{"name":"Ada","dailyLimit":9007199254740993}"#, 400, "malformed_json", ""),
        (r#"{"name":"Ada","dailyLimit":-9007199254740993}"#, 400, "malformed_json", ""),
        (r#"{"name":"Ada","dailyLimit":99999999999999999999999}"#, 400, "malformed_json", ""),
        (r#"{"name":"\ud800"}"#, 400, "malformed_json", ""),
        (&too_deep, 400, "malformed_json", ""),
        (&just_deep, 422, "wrong_type", ""),
        (r#"{"name":"Ada","color":1}"#, 400, "unknown_field", "/color"),
        (r#"{"name":"Ada","a`b/c~":1}"#, 400, "unknown_field", "/a`b~1c~0"),
        (r#"{"name":"Ada","parts":[{"label":"x"},{"label":"y","z":1}]}"#, 400, "unknown_field", "/parts/1/z"),
        (r#"{"name":"Ada","daily_limit":1}"#, 400, "unknown_field", "/daily_limit"),
        (r#"{}"#, 422, "required", "/name"),
        (r#"{"name":null}"#, 422, "required", "/name"),
        (r#"{"name":5}"#, 422, "wrong_type", "/name"),
        (r#"{"name":"Ada","dailyLimit":"5"}"#, 422, "wrong_type", "/dailyLimit"),
        (r#"{"name":"Ada","dailyLimit":-5}"#, 422, "invalid", "/dailyLimit"),
        (r#"{"name":"Ada","dailyLimit":1.5}"#, 422, "wrong_type", "/dailyLimit"),
        (r#"{"name":"Ada","kind":"oval"}"#, 422, "unknown_value", "/kind"),
        (r#"{"name":"Ada","parts":[{"label":"x"},{}]}"#, 422, "required", "/parts/1/label"),
        (r#"[]"#, 422, "wrong_type", ""),
        (r#"["Ada",5,"round",[]]"#, 422, "wrong_type", ""),
        (r#""Ada""#, 422, "wrong_type", ""),
        ("null", 422, "required", ""),
        (r#"{"name":"Ada","kind":{"round":null}}"#, 201, "-", ""),
        (r#"{"name":"Ada","kind":7}"#, 422, "unknown_value", "/kind"),
        (r#"{"name":"Ada","parts":[["x"]]}"#, 422, "wrong_type", "/parts/0"),
        (r#"{"name":"a\u0000b"}"#, 422, "forbidden_character", "/name"),
        (r#"{"name":"a\u202eb"}"#, 422, "forbidden_character", "/name"),
        (r#"{"name":"  "}"#, 422, "blank", "/name"),
        (&long, 422, "too_long", "/name"),
    ];
    for (body, status, code, pointer) in rows {
        let answer = ask("POST /api/things", &[JSON], (*body).to_owned()).await;
        assert_eq!((answer.status, answer.code().as_str()), (*status, *code), "{body}: {:?}", answer.json());
        let told = answer.json()["errors"][0]["pointer"].as_str().unwrap_or_default().to_owned();
        assert_eq!(told, *pointer, "{body}: {:?}", answer.json());
    }
    let not_utf8 = ask("POST /api/things", &[JSON], &b"{\"name\":\"\xff\"}"[..]).await;
    assert_eq!((not_utf8.status, not_utf8.code().as_str()), (400, "malformed_json"));
}

#[tokio::test]
async fn values_are_not_repeated_in_answers() {
    for body in
        [r#"{"name":"Ada","dailyLimit":"hunter2"}"#, r#"{"name":"Ada","kind":"hunter2"}"#, r#"{"hunter2"#]
    {
        let answer = ask("POST /api/things", &[JSON], body).await;
        assert!(!String::from_utf8_lossy(&answer.body).contains("hunter2"), "{body}");
    }
}

#[tokio::test]
async fn one_object_and_an_array_are_both_taken_and_pointed_into() {
    assert_eq!(ask("POST /api/bulk", &[JSON], r#"{"name":"a"}"#).await.body, "one");
    assert_eq!(ask("POST /api/bulk", &[JSON], r#"[{"name":"a"},{"name":"b"}]"#).await.body, "2");
    let answer = ask("POST /api/bulk", &[JSON], r#"[{"name":"a"},{"name":null}]"#).await;
    assert_eq!(answer.json()["errors"][0]["pointer"], "/1/name");
}

#[tokio::test]
async fn types_sizes_and_forms_that_are_not_ours_are_refused() {
    let name = r#"{"name":"Ada"}"#;
    let key = format!("GET /api/things?x={}", "a".repeat(8_200));
    let large = "x".repeat(2_000);
    let huge = "x".repeat(33_000);
    let rows: &[Row<'_>] = &[
        ("POST /api/things", &[("content-type", "application/json; charset=UTF-8")], name, 201),
        ("POST /api/things", &[], name, 415),
        ("POST /api/things", &[("content-type", "text/plain")], name, 415),
        ("POST /api/things", &[("content-type", "application/json; charset=latin1")], name, 415),
        ("POST /api/things", &[JSON, ("content-encoding", "gzip")], name, 415),
        ("POST /api/things", &[JSON, ("accept", "text/html, image/*")], name, 406),
        ("POST /api/things", &[JSON, ("accept", "application/json;q=0")], name, 406),
        ("POST /api/things", &[JSON, ("accept", "text/html, application/*;q=0.1")], name, 201),
        ("POST /api/things", &[JSON, ("accept", "*/*")], name, 201),
        ("POST /api/bulk", &[JSON], &large, 413),
        ("POST /api/bulk", &[JSON, ("content-length", "2000")], "", 413),
        (&key, &[], "", 414),
        ("GET /api/things", &[("x-large", &huge)], "", 431),
        ("DELETE /api/things", &[], "", 405),
        ("GET /nowhere", &[], "", 404),
        ("GET /api/private", &[], "", 401),
        ("GET /api/private", &[("authorization", "Bearer pak_wrong")], "", 401),
        ("POST /api/keyed", &[], "", 400),
        ("POST /api/keyed", &[("idempotency-key", "a")], "", 201),
        ("POST /api/keyed", &[("idempotency-key", "")], "", 400),
        ("POST /api/keyed", &[("idempotency-key", &large[..256])], "", 400),
        ("POST /api/keyed", &[("idempotency-key", "a"), ("idempotency-key", "b")], "", 400),
        ("POST /api/maybe", &[], "", 201),
        ("PUT /api/version", &[], "", 428),
        ("PUT /api/version", &[("if-match", "\"v6\"")], "", 412),
        ("PUT /api/version", &[("if-match", "\"v7\"")], "", 204),
        ("PUT /api/version", &[("if-match", "*")], "", 204),
        ("GET /say/forbidden", &[], "", 403),
        ("GET /say/mismatch", &[], "", 422),
        ("GET /say/running", &[], "", 409),
        ("GET /say/busy", &[], "", 429),
        ("GET /say/draining", &[], "", 503),
    ];
    for (line, headers, body, status) in rows {
        let answer = ask(line, headers, (*body).to_owned()).await;
        assert_eq!(answer.status, *status, "{line:.60} {headers:?}: {:?}", answer.json());
        if *status >= 400 {
            assert_eq!(answer.header("content-type"), "application/problem+json", "{line:.60}");
            assert_eq!(answer.json()["status"], *status);
            assert_eq!(answer.json()["instance"], answer.header("x-request-id"));
            assert!(answer.json()["type"].as_str().unwrap().ends_with(&answer.code()));
        }
    }
}

#[tokio::test]
async fn refusals_carry_the_headers_that_belong_to_them() {
    assert_eq!(ask("DELETE /api/things", &[], "").await.header("allow"), "POST,GET,HEAD");
    assert!(ask("GET /api/private", &[], "").await.header("www-authenticate").starts_with("Bearer"));
    for (line, seconds) in [("GET /say/running", "2"), ("GET /say/busy", "9"), ("GET /say/draining", "5")] {
        let answer = ask(line, &[], "").await;
        assert_eq!(answer.header("retry-after"), seconds);
        assert_eq!(answer.json()["retryAfter"].to_string(), seconds);
    }
    let hours = ask("GET /say/hours", &[], "").await.json();
    assert_eq!(hours["nextPossibleAt"], "1970-01-01T00:00:00Z");
    assert_eq!((&hours["reason"], &hours["callId"]), (&"outside_hours".into(), &"call_1".into()));
    assert_eq!(ask("GET /say/blocked", &[], "").await.json()["blockers"][0]["code"], "no_script");
    assert_eq!(ask("GET /say/x", &[], "").await.json()["errors"][0]["pointer"], "/prospects/3/x");
}

#[tokio::test]
async fn every_answer_carries_the_security_headers_and_our_own_request_id() {
    let answer = ask("GET /api/things", &[("x-request-id", "forged")], "").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("x-request-id").len(), 32);
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert_eq!(answer.header("referrer-policy"), "no-referrer");
    assert_eq!(answer.header("cache-control"), "no-store");
    assert!(
        answer.header("content-security-policy").starts_with("default-src 'none'; frame-ancestors 'none'")
    );
    assert!(answer.header("strict-transport-security").starts_with("max-age="));
}

#[tokio::test]
async fn a_panic_tells_nothing_but_the_request_id() {
    let answer = ask("GET /api/panic", &[], "").await;
    assert_eq!((answer.status, answer.code().as_str()), (500, "internal"));
    assert!(!String::from_utf8_lossy(&answer.body).contains("4711"));
    assert_eq!(answer.json()["instance"], answer.header("x-request-id"));
}

#[tokio::test]
async fn a_key_in_the_address_is_refused_and_flagged() {
    use secrecy::ExposeSecret;
    let key = ApiKey::generate([9; 32]);
    for name in ["api_key", "token", "key", "whatever"] {
        let answer = ask(&format!("GET /api/things?{name}={}", key.secret.expose_secret()), &[], "").await;
        assert_eq!((answer.status, answer.code().as_str(), answer.leaked), (400, "credential_in_url", true));
    }
    let mistyped = ask("GET /api/things?key=pak_123", &[], "").await;
    assert_eq!((mistyped.code().as_str(), mistyped.leaked), ("credential_in_url", false));
    assert_eq!(ask("GET /api/things?q=keys", &[], "").await.status, 200);
}

#[tokio::test]
async fn a_cookie_writes_only_from_our_own_pages() {
    let cookie = ("cookie", "a=b; __Host-prospectai=x");
    let rows: &[(&[(&str, &str)], u16)] = &[
        (&[], 200),
        (&[("sec-fetch-site", "cross-site")], 200),
        (&[cookie], 403),
        (&[cookie, ("sec-fetch-site", "cross-site")], 403),
        (&[cookie, ("sec-fetch-site", "same-site")], 403),
        (&[cookie, ("sec-fetch-site", "cross-site"), ("origin", "https://calls.example.net")], 403),
        (&[cookie, ("origin", "https://evil.example")], 403),
        (&[cookie, ("origin", "null")], 403),
        (&[cookie, ("sec-fetch-site", "same-origin")], 200),
        (&[cookie, ("origin", "https://calls.example.net")], 200),
        (&[cookie, ("origin", "http://10.0.0.5:3000"), ("host", "10.0.0.5:3000")], 200),
        (&[cookie, ("authorization", "Bearer pak_x"), ("sec-fetch-site", "cross-site")], 200),
    ];
    for (headers, status) in rows {
        let answer = ask("POST /api/session", headers, "").await;
        assert_eq!(answer.status, *status, "{headers:?}");
        assert!(*status == 200 || answer.code() == "csrf");
    }
    assert_eq!(ask("GET /api/private", &[cookie, ("sec-fetch-site", "cross-site")], "").await.status, 200);
}

#[tokio::test]
async fn a_body_that_trickles_is_given_up() {
    // A first piece, then one without a byte whenever it is asked: alive, but never complete.
    let endless = futures_util::stream::unfold("[", |piece| async move {
        tokio::task::yield_now().await;
        Some((Ok::<_, std::io::Error>(piece), ""))
    });
    let answer = ask("POST /api/things", &[JSON], Body::from_stream(endless)).await;
    assert_eq!((answer.status, answer.code().as_str()), (408, "body_too_slow"));
    assert_eq!(answer.header("connection"), "close");
    let broken = futures_util::stream::iter([Err::<&str, _>(std::io::Error::other("gone"))]);
    let answer = ask("POST /api/things", &[JSON], Body::from_stream(broken)).await;
    assert_eq!((answer.status, answer.code().as_str()), (400, "incomplete_body"));
}

#[tokio::test]
async fn lists_refuse_what_they_do_not_understand() {
    let busy = |times: usize| format!("status={}", vec!["busy"; times].join(","));
    let long_q = format!("q={}", "%C3%A9".repeat(129));
    let rows: &[(&str, u16, &str)] = &[
        ("", 200, "-"),
        ("limit=1&offset=3", 200, "-"),
        ("limit=200", 200, "-"),
        ("limit=0", 400, "invalid_parameter"),
        ("limit=-1", 400, "invalid_parameter"),
        ("limit=201", 400, "invalid_parameter"),
        ("limit=1e3", 400, "invalid_parameter"),
        ("limit=abc", 400, "invalid_parameter"),
        ("limit=%2B5", 400, "invalid_parameter"),
        ("limit=", 400, "invalid_parameter"),
        ("limit=99999999999999999999", 400, "invalid_parameter"),
        ("offset=1000001", 400, "invalid_parameter"),
        ("limit=1&limit=1", 400, "invalid_parameter"),
        ("limits=1", 400, "invalid_parameter"),
        ("cursor=x&offset=1", 400, "invalid_parameter"),
        ("cursor=x", 400, "invalid_cursor"),
        ("cursor=", 400, "invalid_cursor"),
        ("sort=busy", 200, "-"),
        ("sort=name", 400, "invalid_parameter"),
        ("status=busy,busy", 200, "-"),
        ("status=busy,sleepy", 400, "invalid_parameter"),
        ("status=", 400, "invalid_parameter"),
        (&busy(50), 200, "-"),
        (&busy(51), 400, "invalid_parameter"),
        (&long_q, 400, "invalid_parameter"),
        ("q=%25_%25", 200, "-"),
        ("q=%00", 400, "invalid_parameter"),
        ("q=%FF", 400, "invalid_parameter"),
        ("from=2026-03-01T00:00:00Z&to=2026-04-01T00:00:00.5%2B02:00", 200, "-"),
        ("from=2026-03-01T00:00:00", 400, "invalid_parameter"),
        ("from=2026-03-01", 400, "invalid_parameter"),
        ("from=2026-03-01%2000:00:00Z", 400, "invalid_parameter"),
        ("from=2026-02-30T00:00:00Z", 400, "invalid_parameter"),
        ("from=2026-03-01T25:00:00Z", 400, "invalid_parameter"),
        ("from=2026-03-01T00:00:00Z[UTC]", 400, "invalid_parameter"),
        ("from=9999-03-01T00:00:00Z", 400, "invalid_parameter"),
        ("from=1772323200", 400, "invalid_parameter"),
        ("from=2026-03-02T00:00:00Z&to=2026-03-01T00:00:00Z", 422, "out_of_range"),
        ("from=2026-01-01T00:00:00Z&to=2027-01-02T00:00:00Z", 200, "-"),
        ("from=2026-01-01T00:00:00Z&to=2027-01-02T00:00:01Z", 422, "out_of_range"),
    ];
    for (query, status, code) in rows {
        let answer = ask(&format!("GET /api/things?{query}"), &[], "").await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (*status, *code),
            "{query:.80}: {:?}",
            answer.json()
        );
        if *code == "invalid_parameter" {
            let told = answer.json()["errors"][0]["parameter"].as_str().unwrap().to_owned();
            assert_eq!(told, query.split('=').next().unwrap(), "{query:.80}");
        }
    }
    assert_eq!(ask("GET /api/things?q=%25_%25", &[], "").await.json()["q"], "%_%");
}

#[tokio::test]
async fn a_cursor_leads_on_in_its_own_list_only() {
    let first = ask("GET /api/things?limit=5", &[], "").await.json();
    let cursor = first["nextCursor"].as_str().unwrap();
    let second = ask(&format!("GET /api/things?limit=10&cursor={cursor}"), &[], "").await.json();
    assert_eq!(second["begin"], 5);
    let forged = format!("{}A{}", &cursor[..3], &cursor[4..]);
    for wrong in [&cursor[1..], &cursor[..cursor.len() - 1], &cursor[..4], &forged, &"A".repeat(4_000)] {
        assert_eq!(
            ask(&format!("GET /api/things?cursor={wrong}"), &[], "").await.code(),
            "invalid_cursor",
            "{wrong:.80}"
        );
    }
    let other_filter = ask(&format!("GET /api/things?status=busy&cursor={cursor}"), &[], "").await;
    assert_eq!(other_filter.code(), "invalid_cursor");
}

#[tokio::test]
async fn ids_that_cannot_exist_are_not_found() {
    let id = "cmp_0190a6b1c2d37e8f90a1b2c3d4e5f607";
    assert_eq!(ask(&format!("GET /api/things/{id}"), &[], "").await.status, 200);
    let upper = id.to_uppercase();
    let other = id.replace("cmp", "pro");
    let long = "a".repeat(40_000);
    let rows = [
        ("..%2f", 404),
        ("a%2Fb", 404),
        (&upper, 404),
        (&other, 404),
        ("%FF", 404),
        ("%00", 404),
        (&long, 414),
    ];
    for (text, status) in rows {
        assert_eq!(ask(&format!("GET /api/things/{text}"), &[], "").await.status, status, "{text:.60}");
    }
}

#[tokio::test]
async fn the_description_and_its_page_are_served_from_inside() {
    let description = ask("GET /openapi.json", &[], "").await.json();
    assert!(description["paths"]["/api/things"]["post"].is_object());
    assert_eq!(description["components"]["schemas"]["Problem"]["properties"]["code"]["type"], "string");
    assert!(description["components"]["schemas"]["FieldError"].is_object());
    let page = ask("GET /docs/", &[], "").await;
    assert_eq!(page.status, 200);
    assert!(page.header("content-security-policy").contains("style-src 'self' 'unsafe-inline'"));
    let script = ask("GET /docs/swagger-ui-bundle.js", &[], "").await;
    assert!(script.body.len() > 500_000);
}
