//! Whole campaigns against the phone network, with what goes wrong between the two.

use super::support::test_app::TestApp;
use super::support::world::on_both;

#[test]
fn a_small_campaign_ends_with_ledger_database_and_recount_telling_the_same() {
    on_both(async |database| {
        let app = TestApp::on(database).start().await;
        let campaign = app.campaign_of(10).await;
        app.launch(campaign).await;
        app.until_completed(campaign).await;
        let rest = app.stop().await;
        assert_eq!(rest.ledger.len(), 10);
    });
}
