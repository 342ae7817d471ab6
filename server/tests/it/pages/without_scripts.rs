//! Forms and links do everything by themselves; scripts only make it quick.

use prospectai::actions::users::Role;

use super::visit::signed_in;
use crate::support::test_app::TestApp;
use crate::support::world::Database;

#[tokio::test]
async fn without_scripts_a_campaign_is_made_launched_and_paused() {
    let app = TestApp::on(Database::Sqlite).speed(1.0).start().await;
    let browser = signed_in(&app, Role::Operator).await;
    browser.without_scripts().await;
    browser.open("/campaigns/new").await;
    assert_eq!(browser.read("document.querySelector('time[title]')").await, serde_json::Value::Null);
    browser.fill("#name", "By hand").await;
    browser.click("main form button[type=submit]").await;
    browser.until("there is a draft", "location.pathname.endsWith('/import')").await;
    let campaign = browser.text("location.pathname.replace('/import', '')").await;

    browser.open(&format!("{campaign}/prospects/new")).await;
    browser.fill("[name=phone]", "12").await;
    browser.fill("[name=firstName]", "Ada").await;
    browser.click("main form[method=post] button[type=submit]").await;
    browser.until("the mistake is said", "document.querySelector('[name=phone][aria-invalid=true]')").await;
    assert_eq!(
        browser.text("document.querySelector('[name=firstName]').value").await,
        "Ada",
        "what was typed stays"
    );
    browser.fill("[name=phone]", "+1 212 555 0142").await;
    browser.click("main form[method=post] button[type=submit]").await;
    browser
        .until("Ada is on the list", "document.querySelector('#prospects').innerText.includes('Ada')")
        .await;

    browser.open(&format!("{campaign}/message")).await;
    browser.fill("#body", "Hello {{ firstName | default(\"there\") }}.").await;
    browser.click("main form[method=post] button[type=submit]").await;
    browser.until("it is kept", "document.body.innerText.includes('Saved.')").await;

    browser.click(&format!("a[href='{campaign}/launch']")).await;
    browser.click(&format!("form[action='{campaign}/launch'] button")).await;
    browser.until("it is launched", "document.body.innerText.includes('Launched.')").await;
    browser.click(&format!("form[action='{campaign}/pause'] button")).await;
    browser.until("it is paused", "document.body.innerText.includes('Paused.')").await;
    // The refused form answered 422, which Chromium writes on the console.
    browser.leave().await;
    app.abandon().await;
}
