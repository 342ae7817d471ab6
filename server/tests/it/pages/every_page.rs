//! Every page, as it looks with something to show: it renders, at every width and in both schemes; axe finds nothing wrong
//! with it; the browser complains of nothing and asks no other host.
//!
//! No page is compared with a picture of itself. Letters are drawn differently by each version of Chromium and each set of
//! installed fonts, and times and figures move while a page is looked at: such a test is red for reasons that are nobody's
//! mistake, and is then renewed without being looked at. What a picture would show is asked here instead: that nothing
//! sticks out of the page, that text stands out from its ground, that everything has a name and a place. The pictures of
//! the README are made by `pictures` and looked at by people.

use prospectai::actions::users::Role;
use secrecy::ExposeSecret as _;

use super::files::{MESSY, import, send};
use super::sample::Sample;
use super::visit::{PASSWORD, add_user};
use crate::support::browser::{Browser, Rules, Scheme};

/// Every address that answers a GET with a page, as the router writes it.
const PAGES: &[&str] = &[
    "/welcome/next",
    "/live",
    "/campaigns",
    "/campaigns/new",
    "/campaigns/{id}",
    "/campaigns/{id}/launch",
    "/campaigns/{id}/prospects",
    "/campaigns/{id}/prospects/new",
    "/campaigns/{id}/queue",
    "/campaigns/{id}/import",
    "/campaigns/{id}/import/columns",
    "/imports/{id}",
    "/imports/{id}/undo",
    "/campaigns/{id}/schedule",
    "/campaigns/{id}/message",
    "/campaigns/{id}/settings",
    "/campaigns/{id}/activity",
    "/prospects/{id}",
    "/prospects/{id}/edit",
    "/calls",
    "/calls/{id}",
    "/do-not-call",
    "/do-not-call/import",
    "/reports",
    "/settings",
    "/settings/voices",
    "/settings/users",
    "/settings/keys",
    "/settings/servers",
    "/settings/account",
];

/// Pages for people who were not let in yet.
const DOORS: &[&str] = &["/sign-in", "/welcome"];

/// What answers a GET and is no page.
const NO_PAGES: &[(&str, &str)] = &[
    ("/", "leads to where the visitor begins"),
    ("/changes", "the stream of an open page"),
    ("/campaigns/{id}/calls.csv", "a file"),
    ("/do-not-call.csv", "a file"),
    ("/assets/{name}", "what pages are dressed in"),
    ("/favicon.ico", "a picture"),
];

/// What pages look like when there is nothing to show, when something is missing, or when it is not there.
const OTHER_FACES: &[(&str, u16)] = &[
    ("/campaigns/{id}?from=2020-01-01&to=2020-01-01", 200),
    ("/campaigns/{id}/prospects?q=nobody", 200),
    ("/campaigns/{empty}", 200),
    ("/campaigns/{empty}/prospects", 200),
    ("/campaigns/{empty}/queue", 200),
    ("/campaigns/{empty}/launch", 200),
    ("/calls?words=nobody+said+this", 200),
    ("/do-not-call?q=999", 200),
    ("/prospects/pro_00000000000070008000000000000000", 404),
    ("/nowhere", 404),
];

/// A phone, a tablet, a small and a large screen.
const WIDTHS: [u32; 4] = [390, 768, 1280, 1920];

#[test]
fn no_page_of_the_router_is_missing_here() {
    let router = include_str!("../../../src/http/router.rs");
    let routes = router.lines().filter_map(|line| line.trim().strip_prefix(".route(\""));
    let routes = routes.filter_map(|route| route.split_once("\", "));
    let shown = routes.filter(|(_, methods)| methods.starts_with("get(")).map(|(path, _)| path);
    let no_pages = NO_PAGES.iter().map(|(path, _)| *path);
    let known: Vec<&str> = PAGES.iter().chain(DOORS).copied().chain(no_pages).collect();
    let mut found = 0;
    for path in shown {
        found += 1;
        assert!(known.contains(&path), "{path} belongs into one of the lists of this file");
    }
    assert_eq!(found, known.len(), "a page stands in the lists of this file and not in the router");
}

#[tokio::test]
async fn every_page_fits_is_usable_by_everybody_and_asks_no_other_host() {
    let sample = Sample::start().await;
    let browser = Browser::at(&sample.app.url("")).await;
    let mut wrong = Vec::new();
    let welcome = format!("/welcome?code={}", sample.app.setup_code().expose_secret());
    for address in [welcome.as_str(), "/sign-in"] {
        look_at(&browser, address, 200, &mut wrong).await;
    }
    let owner = add_user(&sample.app, Role::Owner).await;
    browser.sign_in(&owner, PASSWORD).await;
    let campaign = format!("/campaigns/{}", sample.running);
    let text = MESSY.replace("Reach them at", "Phone");
    send(&browser, &campaign, sample.app.folder(), &text).await;
    import(&browser).await;
    let imported = browser.address().await;
    send(&browser, &campaign, sample.app.folder(), &text).await;
    let columns = browser.address().await;
    let usual = PAGES.iter().map(|pattern| (*pattern, 200));
    for (pattern, status) in usual.chain(OTHER_FACES.iter().copied()) {
        let address = match pattern.strip_prefix("/imports/{id}") {
            Some(end) => format!("{imported}{end}"),
            None if pattern.ends_with("/import/columns") => columns.clone(),
            None => address(pattern, &sample),
        };
        look_at(&browser, &address, status, &mut wrong).await;
    }
    sample.app.actions.switch_dialing(sample.app.actor.clone(), true).await.expect("switched off");
    look_at(&browser, "/live", 200, &mut wrong).await;
    browser.close().await;
    sample.app.abandon().await;
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

async fn look_at(browser: &Browser, address: &str, status: u16, wrong: &mut Vec<String>) {
    browser.open(address).await;
    let answered = browser.read("performance.getEntriesByType('navigation')[0].responseStatus").await;
    if answered != status {
        wrong.push(format!("{address}: answers {answered}"));
    }
    for width in [390, 1280] {
        browser.width(width).await;
        for (scheme, rules) in [(Scheme::Light, Rules::All), (Scheme::Dark, Rules::OfColours)] {
            browser.scheme(scheme).await;
            for violation in browser.violations(rules).await {
                wrong.push(format!("{address}, {}, {width} wide: {violation}", scheme.word()));
            }
        }
    }
    for width in WIDTHS {
        browser.width(width).await;
        if let Some(culprit) = browser.overflow().await {
            wrong.push(format!("{address}, {width} wide: {culprit} sticks out"));
        }
    }
    let noticed = browser.noticed().await;
    // A page that is refused is written on the console by Chromium itself.
    let own = |line: &String| !(status != 200 && line.contains(&format!("status of {status}")));
    for complaint in noticed.complaints.into_iter().filter(own).chain(noticed.strayed) {
        wrong.push(format!("{address}: {complaint}"));
    }
}

fn address(pattern: &str, sample: &Sample) -> String {
    let id = match pattern.split('/').nth(1) {
        Some("prospects") => sample.prospect.to_string(),
        Some("calls") => sample.call.to_string(),
        _ => sample.running.to_string(),
    };
    pattern.replace("{id}", &id).replace("{empty}", &sample.empty.to_string())
}
