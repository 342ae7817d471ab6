//! What was said is searched, read and heard in a browser, and without scripts.

use prospectai::actions::users::Role;
use prospectai::store::transcripts::Piece;

use super::{server_that_listens, until_written_down};
use crate::pages::visit::signed_in;
use crate::recordings::ground::recorded;
use crate::support::api_client::{Database, TestApi};
use crate::support::browser::{Browser, Rules, Scheme};
use crate::support::world::on_both;

#[test]
fn somebody_launches_a_campaign_that_records_and_finds_reads_and_hears_what_was_said() {
    on_both(async |database| {
        let (app, _services) = server_that_listens(database).await;
        let campaign = app.campaign(1, recorded()).await;
        let browser = signed_in(&app, Role::Operator).await;
        browser.open(&format!("/campaigns/{campaign}/launch")).await;
        browser.click("main form[action$='/launch'] button").await;
        browser.until("it is launched", "document.body.innerText.includes('Launched.')").await;
        let (transcript, pieces) = until_written_down(&app, campaign).await;
        let late: &Piece = pieces.iter().max_by_key(|piece| piece.start_ms).expect("a piece");
        let start = late.start_ms as f64 / 1_000.0;
        assert!(start > 0.5, "{pieces:?}");

        // From the campaign's calls to the search, in other letters than it was said in.
        browser.open(&format!("/campaigns/{campaign}")).await;
        browser.click("main a[href='/calls']").await;
        let words = late.said.trim_end_matches(['.', '?', '!']).to_uppercase();
        browser.fill("#words", &words).await;
        browser.click("main form[role=search] button").await;
        browser.until("it is found", "document.querySelector('main a.said mark')").await;
        let found = browser.text("document.querySelector('main a.said').textContent").await;
        assert!(pieces.iter().any(|piece| piece.said == found), "{found}");
        expect_usable(&browser).await;

        // To the card, whose player begins where it was said.
        let place = format!("a.said[href$='startMs={}#{}']", late.start_ms, transcript.recording);
        browser.click(&place).await;
        browser.until("its card is shown", "document.querySelector('li[aria-current] a.said')").await;
        assert!(browser.address().await.starts_with(&format!("/calls/{}?", transcript.call)));
        let sound = browser.text("document.querySelector('audio').getAttribute('src')").await;
        assert!(sound.ends_with(&format!("#t={start:.3}")), "{sound}");
        expect_usable(&browser).await;

        // With scripts a sentence plays from its place without leaving the page.
        browser.open(&format!("/calls/{}", transcript.call)).await;
        browser.click(&place).await;
        let plays = format!("document.querySelector('audio').currentTime >= {start} && !location.search");
        browser.until("it plays from there", &plays).await;

        // Without them it leads to a player that begins there.
        browser.without_scripts().await;
        browser.open(&format!("/calls/{}", transcript.call)).await;
        browser.click(&place).await;
        browser.until("the page came anew", "document.querySelector('audio[src*=\"#t=\"]')").await;
        browser.leave().await;
        app.stop().await;
    });
}

async fn expect_usable(browser: &Browser) {
    for width in [390, 1280] {
        browser.width(width).await;
        for (scheme, rules) in [(Scheme::Light, Rules::All), (Scheme::Dark, Rules::OfColours)] {
            browser.scheme(scheme).await;
            assert_eq!(browser.violations(rules).await, Vec::<String>::new(), "{}", browser.address().await);
        }
        assert_eq!(browser.overflow().await, None);
    }
}

#[tokio::test]
async fn whoever_only_listens_does_not_search_what_was_said() {
    let api = TestApi::on(Database::Sqlite).await;
    let listener = api.with_role(Role::Listener).await;
    listener.get("/calls").await.expect(200).hides("Words that were said");
    listener.get("/calls?words=hello").await.expect(403).shows("Your role here is listener");
    let analyst = api.with_role(Role::Analyst).await;
    analyst.get("/calls").await.expect(200).shows("Words that were said");
    analyst.get("/calls?words=hello").await.expect(200).shows("Nothing found");
    analyst.get("/calls?words=hello&cursor=forged").await.expect(400);
}
