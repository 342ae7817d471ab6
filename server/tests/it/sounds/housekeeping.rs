//! Rows and files of sounds agree, and what is nobody's goes.

use domain::ids::{SoundId, time_ordered_uuid};
use prospectai::store::Location;

use super::played::sent;
use crate::recordings::ground::files;
use crate::support::process::{prospectai, run};
use crate::support::test_app::TestApp;
use crate::support::world::on_both;

#[test]
fn check_reads_every_sound_and_files_that_nobody_has_are_deleted() {
    on_both(async |database| {
        let app = TestApp::on(database).start().await;
        let (kept, deleted) = (sent(&app, 1).await, sent(&app, 1).await);
        app.actions.delete_sound(app.actor.clone(), deleted).await.expect("deleted");
        let workspace = app.actor.workspace;
        let app = app
            .restart(async |folder, location| {
                // As a server leaves it that ends between the file and the row, long ago and a moment ago.
                let below = folder.join("media/sounds").join(workspace.to_string());
                let named = |millis: u64| SoundId::from_uuid(time_ordered_uuid(millis, [7; 10]));
                for millis in [1_000_000_000_000, 7_000_000_000_000] {
                    std::fs::write(below.join(format!("{}.wav", named(millis))), b"RIFF").expect("a file");
                }
                let mut command = prospectai(folder, &["check", "--data-dir", "."]);
                if let Location::Postgres(url) = location {
                    command.env("DATABASE_URL", url);
                }
                let (code, said) = run(command).await;
                assert_eq!(code, 1, "{said}");
                for line in ["Read 1 files", "2 differences:", ".wav: no sound has it"] {
                    assert!(said.contains(line), "{line}: {said}");
                }
            })
            .await;
        let media = app.folder().join("media");
        // Of the four the kept one stays, and the one that somebody may just be writing.
        app.until("the others are gone", async || files(&media).len() == 2).await;
        assert!(files(&media).iter().any(|file| file.ends_with(format!("{kept}.wav"))));
        app.stop().await;
    });
}
