//! The pictures of the README, of the demo as everybody can start it. They are taken whenever the tests run, so that they
//! can always be taken; `scripts/screenshots` says where to keep them.

use std::env;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tempfile::TempDir;

use crate::support::browser::{Browser, Scheme};
use crate::support::process::{Process, prospectai};

/// Where to keep the pictures; nowhere when it is not set.
const KEEP_IN: &str = "SCREENSHOTS_TO";
/// Calls that are over before the first picture: figures and charts have something to say.
const CALLS: u32 = 100;
/// Bytes of a picture, at most.
const LARGEST: usize = 150_000;

const WINDOWS: [(&str, u32, u32); 2] = [("desktop", 1280, 900), ("phone", 390, 844)];

#[tokio::test]
async fn pictures_of_the_demo_are_small_and_show_what_is_on() {
    let folder = TempDir::new().expect("a temporary folder");
    let arguments = ["demo", "--prospects", "1000", "--speed", "60", "--listen", "127.0.0.1:0"];
    let mut demo = Process::start(prospectai(folder.path(), &arguments));
    let says = demo.line_with("Watch it live at ").await;
    let (home, email, password) = told(&says);
    let browser = Browser::at(home).await;
    browser.sign_in(email, password).await;

    browser.open("/campaigns").await;
    browser
        .until("the campaign is there", "document.querySelector('main a[href^=\"/campaigns/cmp_\"]')")
        .await;
    let campaign = browser
        .text("document.querySelector('main a[href^=\"/campaigns/cmp_\"]').getAttribute('href')")
        .await;
    browser.open(&campaign).await;
    let over = "document.querySelector('#figures').innerText.match(/Calls\\s+([\\d,]+)/)[1].replace(',', '')";
    browser.until("there is something to show", &format!("{over} > {CALLS}")).await;
    let card =
        "document.querySelector('#calls tr:has(.tone-completed) a[href^=\"/calls/\"]').getAttribute('href')";
    let card = browser.text(card).await;

    let pages = [
        ("live", "/live".to_owned()),
        ("calls", campaign.clone()),
        ("prospects", format!("{campaign}/prospects")),
        ("call", card),
        ("schedule", format!("{campaign}/schedule")),
    ];
    for (name, address) in &pages {
        browser.open(address).await;
        for (window, width, height) in WINDOWS {
            browser.metrics(width, height, 2).await;
            for scheme in [Scheme::Light, Scheme::Dark] {
                browser.scheme(scheme).await;
                let picture = STANDARD.decode(browser.picture(80).await).expect("a picture");
                let name = format!("{name}-{window}-{}.webp", scheme.word());
                assert!(picture.len() <= LARGEST, "{name} has {} bytes", picture.len());
                if let Some(folder) = env::var_os(KEEP_IN) {
                    tokio::fs::write(Path::new(&folder).join(name), picture).await.expect("keep the picture");
                }
            }
        }
    }
    browser.close().await;
    demo.kill().await;
}

/// `Watch it live at ADDRESS: sign in as EMAIL with the password PASSWORD`
fn told(line: &str) -> (&str, &str, &str) {
    let after = |what: &str| {
        let (_, rest) = line.split_once(what).unwrap_or_else(|| panic!("no {what:?} in {line}"));
        rest.split(' ').next().expect("a word").trim_end_matches(':')
    };
    (after("live at "), after("sign in as "), after("the password "))
}
