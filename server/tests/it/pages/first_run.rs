//! From the printed address to the first call, with nothing but a keyboard.

use secrecy::ExposeSecret as _;

use super::visit::PASSWORD;
use crate::support::browser::{Browser, ENTER, TAB};
use crate::support::test_app::TestApp;
use crate::support::world::Database;

/// Nobody goes on pressing the key for ever.
const MOST_STEPS: usize = 80;

#[tokio::test]
async fn whoever_started_the_server_launches_a_campaign_of_their_own_with_a_keyboard_alone() {
    let app = TestApp::on(Database::Sqlite).speed(60.0).start().await;
    let browser = Browser::at(&app.url("")).await;
    let keyboard = Keyboard(&browser);
    browser.open(&format!("/welcome?code={}", app.setup_code().expose_secret())).await;
    keyboard.write("#email", "owner@example.com").await;
    keyboard.write("#password", PASSWORD).await;
    keyboard.write("#again", PASSWORD).await;
    browser.press(ENTER).await;
    keyboard.arrive("/welcome/next").await;
    keyboard.follow("a[href='/campaigns/new']").await;

    keyboard.arrive("/campaigns/new").await;
    keyboard.write("#name", "Spring offer").await;
    browser.press(ENTER).await;
    browser.until("there is a draft", "location.pathname.endsWith('/import')").await;
    let campaign = browser.text("location.pathname.replace('/import', '')").await;

    keyboard.follow(&format!("a[href='{campaign}/prospects']")).await;
    keyboard.arrive(&format!("{campaign}/prospects")).await;
    keyboard.follow(&format!("a[href='{campaign}/prospects/new']")).await;
    keyboard.arrive(&format!("{campaign}/prospects/new")).await;
    keyboard.write("[name=phone]", "+1 212 555 0142").await;
    keyboard.write("[name=firstName]", "Ada").await;
    browser.press(ENTER).await;
    browser
        .until("Ada is on the list", "document.querySelector('#prospects').innerText.includes('Ada')")
        .await;

    keyboard.follow(&format!("a[href='{campaign}/message']")).await;
    keyboard.arrive(&format!("{campaign}/message")).await;
    keyboard.write("#body", "Hello {{ firstName | default(\"there\") }}, spring is here.").await;
    keyboard.follow("main form[method=post] button[type=submit]").await;
    browser
        .until("the preview says it", "document.body.innerText.includes('Hello Ada, spring is here.')")
        .await;

    keyboard.follow(&format!("a[href='{campaign}/launch']")).await;
    keyboard.arrive(&format!("{campaign}/launch")).await;
    browser.until("the consequence is said in numbers", "document.body.innerText.includes('1 person')").await;
    keyboard.follow(&format!("form[action='{campaign}/launch'] button")).await;
    keyboard.arrive(&campaign).await;
    browser.until("Ada is rung", "document.querySelector('#calls tbody').innerText.includes('Ada')").await;
    browser.close().await;
    app.stop().await;
}

/// Somebody without a mouse.
struct Keyboard<'a>(&'a Browser);

impl Keyboard<'_> {
    /// Goes from stop to stop until this one has the focus, and looks whether that can be seen.
    async fn go_to(&self, css: &str) {
        let there = "document.activeElement.matches(arguments[0])";
        let there = format!("return document.activeElement !== null && {there}");
        for _ in 0..MOST_STEPS {
            if self.0.run(&there, serde_json::json!([css])).await == true {
                let seen = "getComputedStyle(document.activeElement).outlineStyle !== 'none'";
                assert_eq!(self.0.read(seen).await, true, "nobody sees that {css} has the focus");
                return;
            }
            self.0.press(TAB).await;
        }
        panic!("no way to {css} by keyboard at {}\n{}", self.0.address().await, self.0.seen().await);
    }

    async fn write(&self, css: &str, text: &str) {
        self.go_to(css).await;
        self.0.press(text).await;
    }

    async fn follow(&self, css: &str) {
        self.go_to(css).await;
        self.0.press(ENTER).await;
    }

    async fn arrive(&self, path: &str) {
        let there = format!("location.pathname === '{path}' && document.readyState === 'complete'");
        self.0.until(&format!("{path} is there"), &there).await;
    }
}
