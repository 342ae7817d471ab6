//! `prospectai check` holds the store against the table, on both databases.

use domain::recording::RecordingState;
use prospectai::store::Location;

use super::ground::{files, rung, until_all};
use crate::support::process::{prospectai, run};
use crate::support::test_app::TestApp;
use crate::support::world::on_both;

#[test]
fn check_finds_files_that_are_missing_changed_or_nobodys() {
    on_both(async |database| {
        let app = TestApp::on(database).start().await;
        rung(&app, 3).await;
        until_all(&app, 3, RecordingState::Stored).await;
        let app = app
            .restart(async |folder, location| {
                let check = async || {
                    let mut command = prospectai(folder, &["check", "--data-dir", "."]);
                    if let Location::Postgres(url) = location {
                        command.env("DATABASE_URL", url);
                    }
                    run(command).await
                };
                let (code, said) = check().await;
                assert_eq!(code, 0, "{said}");
                assert!(said.contains("Read 3 files in the store of sound files."), "{said}");

                let mut stored = files(&folder.join("media"));
                stored.sort();
                let original = std::fs::read(&stored[0]).expect("read");
                let mut changed = original.clone();
                changed[100] ^= 1;
                std::fs::write(&stored[0], changed).expect("changed");
                std::fs::rename(&stored[1], stored[1].with_extension("moved")).expect("moved");
                let (code, said) = check().await;
                assert_eq!(code, 1, "{said}");
                for wrong in
                    ["3 differences:", "another content", "is missing", ".moved: no recording has it"]
                {
                    assert!(said.contains(wrong), "{wrong}: {said}");
                }
                std::fs::write(&stored[0], original).expect("as it was");
                std::fs::rename(stored[1].with_extension("moved"), &stored[1]).expect("moved back");
            })
            .await;
        app.stop().await;
    });
}
