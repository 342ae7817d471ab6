//! Who asks for a text when several want it, and how long it is kept.

use std::time::Duration;

use domain::ids::WorkspaceId;
use domain::voice::ServiceVoice;
use prospectai::actions::Actions;
use prospectai::actions::sounds::SoundFile;
use prospectai::actions::spoken_texts::{InVain, Spoken};
use prospectai::speech::{Narrator, Sentence};
use prospectai::store::spoken_texts::{SpokenText, TextState};

use crate::support::bare::{Bare, console};
use crate::support::world::{Database, on_both};

async fn bare(database: Database) -> Bare {
    match database {
        Database::Sqlite => Bare::on_sqlite().await,
        Database::Postgres => Bare::on_postgres().await,
    }
}

fn sentence(said: &str) -> Sentence {
    let voice = ServiceVoice::parse("abc").expect("a voice");
    Narrator::of_model("m").sentences(&voice, said).swap_remove(0)
}

fn file(actions: &Actions, of: WorkspaceId) -> (domain::ids::SoundId, Spoken) {
    let actor = prospectai::actions::Actor::server(of);
    let (id, object) = actions.new_sound(&actor);
    let file = SoundFile {
        object,
        content_type: "audio/wav".to_owned(),
        bytes: 48,
        sha256: [1; 32],
        duration_ms: 1,
        peaks: vec![0],
    };
    (id, Spoken { file, characters: Some(6) })
}

async fn text(actions: &Actions, of: WorkspaceId, wanted: &Sentence) -> SpokenText {
    let found = actions.store.spoken_texts(of, &[wanted.fingerprint]).await.expect("read");
    found.into_iter().next().expect("the text is known")
}

fn pass(bare: &Bare, actions: &Actions, span: Duration) {
    bare.set_time(actions.clock.now().checked_add(span).expect("a time"));
}

#[test]
fn a_text_that_several_want_is_asked_for_by_one_of_them() {
    on_both(async |database| {
        let bare = bare(database).await;
        let (one, other) = (bare.server().await, bare.server().await);
        let of = console(&one).await.workspace;
        let wanted = sentence("Hello.");
        for actions in [&one, &other, &one] {
            actions.want_spoken(of, vec![wanted.clone(), wanted.clone()]).await.expect("wanted");
        }
        let (first, second) = tokio::join!(one.take_texts(5), other.take_texts(5));
        let mut taken = first.expect("taken");
        taken.extend(second.expect("taken"));
        assert_eq!(taken.len(), 1, "one request");
        let taken = taken.remove(0);
        let owner = if taken.claimed_by == Some(one.installation.run) { &one } else { &other };
        let (id, spoken) = file(owner, of);
        assert_eq!(owner.keep_spoken(taken.clone(), id, spoken.clone()).await.expect("kept"), Some(id));
        let text = text(&one, of, &wanted).await;
        assert_eq!((text.state, text.sound, text.characters), (TextState::Spoken, Some(id), Some(6)));
        one.want_spoken(of, vec![wanted.clone()]).await.expect("wanted");
        assert!(one.take_texts(5).await.expect("taken").is_empty(), "what is spoken is not asked for again");
        // An answer that came late, from a server that was taken for gone.
        let (late, spoken) = file(owner, of);
        assert_eq!(owner.keep_spoken(taken, late, spoken).await.expect("kept"), None);
    });
}

#[test]
fn nobody_pays_for_what_nobody_waits_for_any_more() {
    on_both(async |database| {
        let bare = bare(database).await;
        let actions = bare.server().await;
        let of = console(&actions).await.workspace;
        let wanted = sentence("Hello.");
        actions.want_spoken(of, vec![wanted.clone()]).await.expect("wanted");
        pass(&bare, &actions, Duration::from_secs(6 * 60));
        assert!(actions.take_texts(5).await.expect("taken").is_empty());
        actions.want_spoken(of, vec![wanted.clone()]).await.expect("wanted");
        assert_eq!(actions.take_texts(5).await.expect("taken").len(), 1);
    });
}

#[test]
fn a_text_that_may_have_been_paid_for_three_times_rests_for_an_hour() {
    on_both(async |database| {
        let bare = bare(database).await;
        let actions = bare.server().await;
        let of = console(&actions).await.workspace;
        let wanted = sentence("Hello.");
        let lost = || InVain::Refused { may_have_cost: true };
        let away = InVain::Service { kind: domain::voice::Trouble::Away, may_have_cost: true, wait: None };
        for _ in 0..3 {
            actions.want_spoken(of, vec![wanted.clone()]).await.expect("wanted");
            let taken = actions.take_texts(5).await.expect("taken").remove(0);
            actions.not_spoken(taken, away.clone(), "it broke off".to_owned()).await.expect("noted");
            pass(&bare, &actions, Duration::from_secs(2 * 60));
        }
        let rests = text(&actions, of, &wanted).await;
        assert_eq!((rests.state, rests.attempts), (TextState::Refused, 3));
        actions.want_spoken(of, vec![wanted.clone()]).await.expect("wanted");
        assert!(actions.take_texts(5).await.expect("taken").is_empty());
        pass(&bare, &actions, Duration::from_secs(61 * 60));
        actions.want_spoken(of, vec![wanted.clone()]).await.expect("wanted");
        let taken = actions.take_texts(5).await.expect("taken").remove(0);
        assert_eq!(taken.attempts, 1, "it is wanted anew");
        actions.not_spoken(taken, lost(), "no sound".to_owned()).await.expect("noted");
        assert_eq!(text(&actions, of, &wanted).await.state, TextState::Refused);
    });
}

#[test]
fn spoken_texts_are_kept_as_long_as_they_are_used_and_ninety_days_longer() {
    on_both(async |database| {
        let bare = bare(database).await;
        let actions = bare.server().await;
        let of = console(&actions).await.workspace;
        let (used, unused) = (sentence("Used."), sentence("Unused."));
        actions.want_spoken(of, vec![used.clone(), unused.clone()]).await.expect("wanted");
        let mut sounds = Vec::new();
        for taken in actions.take_texts(5).await.expect("taken") {
            let (id, spoken) = file(&actions, of);
            actions.keep_spoken(taken, id, spoken).await.expect("kept");
            sounds.push(id);
        }
        assert_eq!(sounds.len(), 2);
        pass(&bare, &actions, Duration::from_secs(60 * 24 * 3_600));
        let texts = actions.store.spoken_texts(of, &[used.fingerprint]).await.expect("read");
        actions.note_use(of, &texts).await.expect("noted");
        pass(&bare, &actions, Duration::from_secs(31 * 24 * 3_600));
        assert_eq!(actions.forget_unused_texts().await.expect("forgotten"), 1);
        let left =
            actions.store.spoken_texts(of, &[used.fingerprint, unused.fingerprint]).await.expect("read");
        assert_eq!(left.len(), 1);
        assert_eq!(left[0].sentence, used);
        let mut there = 0;
        for sound in sounds {
            there += usize::from(actions.store.sound(of, sound).await.expect("read").is_some());
        }
        assert_eq!(there, 1, "the sound goes with its text");
    });
}
