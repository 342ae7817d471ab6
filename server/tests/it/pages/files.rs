//! People who come as a file, as somebody sends one: columns with names of their own, rows that are broken or come twice.

use std::path::Path;

use prospectai::actions::users::Role;

use super::visit::signed_in;
use crate::support::browser::Browser;
use crate::support::test_app::TestApp;
use crate::support::world::Database;

/// Six rows, of which one comes twice, one has no number that can be rung and one was spoilt by a spreadsheet.
pub const MESSY: &str = "\u{feff}Given name,Surname,Reach them at,Mail,Plan\r\n\
    Ada,Lovelace,(202) 555-0110,ada@example.com,gold\r\n\
    ,,202-555-0111,,\r\n\
    Ada,Again,+1 202 555 0110,,silver\r\n\
    Nobody,Here,12,,\r\n\
    Spoilt,,2.03E+09,,\r\n\
    \"Quoted, with a comma\",Smith,202.555.0112,,\r\n";

#[tokio::test]
async fn a_messy_file_is_sent_its_columns_are_said_every_row_is_accounted_for_and_it_is_undone() {
    let app = TestApp::on(Database::Sqlite).speed(1.0).start().await;
    let campaign = app.campaign_of(0).await;
    let browser = signed_in(&app, Role::Operator).await;
    send(&browser, &format!("/campaigns/{campaign}"), app.folder(), MESSY).await;
    browser
        .until(
            "it asks for the number's column",
            "document.body.innerText.includes('No column is the phone number yet.')",
        )
        .await;
    browser.choose("#field-2", "phone").await;
    browser.click("button[value=look]").await;
    import(&browser).await;
    let seen = browser.seen().await;
    assert!(seen.contains("Not a phone number that can be rung"), "{seen}");
    assert!(seen.contains("The spreadsheet has spoilt the number"), "{seen}");
    for (bucket, rows) in [("Rows", 6), ("Added", 3), ("Merged", 1), ("Refused", 2)] {
        let says =
            format!("document.querySelector('main').innerText.match(/{bucket}\\s+(\\d+)/)[1] === '{rows}'");
        browser.until(&format!("{bucket} is {rows}"), &says).await;
    }
    browser.click("a[href$='/undo']").await;
    browser.click("form[action$='/undo'] button").await;
    browser
        .until(
            "it is undone",
            "document.body.innerText.includes('The import was undone: 3 people were taken out.')",
        )
        .await;
    // Chromium writes on the console that columns without a number were answered with 422.
    browser.leave().await;
    app.stop().await;
}

/// Sends a file to a campaign; leads to what its columns are.
pub async fn send(browser: &Browser, campaign: &str, folder: &Path, text: &str) {
    let file = folder.join("people.csv");
    tokio::fs::write(&file, text).await.expect("a file");
    browser.open(&format!("{campaign}/import")).await;
    browser.attach("#file", &file).await;
    browser.click("form[enctype] button[type=submit]").await;
    browser.until("the file is read", "location.pathname.endsWith('/import/columns')").await;
}

/// Imports what was sent; leads to what became of it.
pub async fn import(browser: &Browser) {
    browser.click("button[value=import]").await;
    browser.until("it is being imported", "location.pathname.startsWith('/imports/')").await;
    browser.until("it is imported", "document.querySelector('main').innerText.includes('Done')").await;
}
