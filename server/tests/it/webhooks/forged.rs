//! Whoever does not know the token changes nothing: not by one letter, not by cutting the same letters elsewhere.

use prospectai::carrier::twilio::Purpose;
use reqwest::header::CONTENT_TYPE;

use super::post::{Desk, FORM, Fields, encoded, signature};
use crate::support::world::{Database, on_both};

#[test]
fn one_changed_letter_anywhere_is_refused_and_changes_nothing() {
    on_both(async |database| {
        let desk = Desk::on(database).await;
        let before = desk.seen().await;
        let (url, fields) = (desk.url(Purpose::Status), desk.form(&[]));
        let right = signature(&url, &fields);
        // Behind the first slash, without which the rest would be part of the port.
        let path_begins = desk.app.url("/").len();
        let query_begins = url.find('?').expect("a query") + 1;

        for at in path_begins..url.len() {
            let status = desk.post_signed(&with_other_letter(&url, at), &fields, &right).await;
            // Another path is no address of ours at all.
            let refused = status == 403 || status == 404 && at < query_begins;
            assert!(refused, "byte {at} of the address: {status}");
        }
        for field in 0..fields.len() {
            for changed in variants_of_field(&fields, field) {
                let status = desk.post_signed(&url, &changed, &right).await;
                assert_eq!(status, 403, "{:?} instead of {:?}", changed.get(field), fields[field]);
            }
        }
        for at in 0..right.len() {
            let status = desk.post_signed(&url, &fields, &with_other_letter(&right, at)).await;
            assert_eq!(status, 403, "byte {at} of the signature");
        }
        assert_eq!(desk.seen().await, before);
        // And what was changed all the time is right by itself.
        assert_eq!(desk.post_signed(&url, &fields, &right).await, 204);
        assert_ne!(desk.seen().await, before);
        desk.app.abandon().await;
    });
}

#[tokio::test]
async fn letters_moved_between_address_names_and_values_establish_nothing() {
    let desk = Desk::on(Database::Sqlite).await;
    let (url, fields) = (desk.url(Purpose::Status), desk.form(&[]));
    let right = signature(&url, &fields);
    assert_eq!(desk.post_signed(&url, &fields, &right).await, 204);
    let before = desk.now().await;

    // What is signed is the address and the fields in a row: these say the same letters with other borders.
    let (first, rest) = fields.split_first().expect("fields");
    let swallowed = format!("{url}{}{}", first.0, first.1);
    assert_eq!(desk.post_signed(&swallowed, &rest.to_vec(), &right).await, 403, "a field in the address");
    for letters in 1..12 {
        let (shorter, taken) = url.split_at(url.len() - letters);
        let mut longer = fields.clone();
        longer[0].0 = format!("{taken}{}", first.0);
        assert_eq!(desk.post_signed(shorter, &longer, &right).await, 403, "the address in a field");
    }
    for changed in with_other_borders(&fields) {
        let status = desk.post_signed(&url, &changed, &right).await;
        assert!(matches!(status, 204 | 403), "{status} for {changed:?}");
        assert_eq!(desk.now().await, before, "{changed:?}");
    }
    desk.app.abandon().await;
}

#[tokio::test]
async fn what_is_not_a_signed_form_of_bounded_size_is_refused() {
    let desk = Desk::on(Database::Sqlite).await;
    let before = desk.seen().await;
    for purpose in Purpose::ALL {
        let url = desk.url(purpose);
        let fields = desk.form(&[]);
        let posted = |kind: &str, body: String| desk.http().post(&url).header(CONTENT_TYPE, kind).body(body);
        let status = async |request: reqwest::RequestBuilder| {
            request.send().await.expect("an answer").status().as_u16()
        };
        let signed = |request: reqwest::RequestBuilder, fields: &Fields| {
            request.header("X-Twilio-Signature", signature(&url, fields))
        };

        assert_eq!(status(desk.http().get(&url)).await, 405);
        assert_eq!(status(posted(FORM, encoded(&fields))).await, 403, "without a signature");
        assert_eq!(status(signed(posted("application/json", "{}".to_owned()), &fields)).await, 415);
        let large = desk.form(&[("Large", &"x".repeat(64 * 1024))]);
        assert_eq!(status(signed(posted(FORM, encoded(&large)), &large)).await, 413);
        let mut many = fields.clone();
        many.extend((0..200).map(|nth| (format!("Field{nth}"), String::new())));
        assert_eq!(status(signed(posted(FORM, encoded(&many)), &many)).await, 413);
        for wrong in [format!("{url}&more=1"), format!("{url}&call=x"), url.replace("call=", "more=1&call=")]
        {
            assert_eq!(desk.post(&wrong, &fields).await, 403, "signed, but not an address of ours: {wrong}");
        }
    }
    assert_eq!(desk.seen().await, before);
    desk.app.abandon().await;
}

#[tokio::test]
async fn a_form_as_large_as_one_may_be_is_taken_in() {
    const LARGEST: usize = 64 * 1024;
    const MOST_FIELDS: usize = 200;
    let desk = Desk::on(Database::Sqlite).await;
    let url = desk.url(Purpose::Status);
    let padded_to = |size: usize| {
        let bare = encoded(&desk.form(&[("Large", "")])).len();
        desk.form(&[("Large", &"x".repeat(size - bare))])
    };
    assert_eq!(encoded(&padded_to(LARGEST)).len(), LARGEST);
    assert_eq!(desk.post(&url, &padded_to(LARGEST)).await, 204);
    assert_eq!(desk.post(&url, &padded_to(LARGEST + 1)).await, 413);

    let mut fields = desk.form(&[]);
    let more = fields.len()..MOST_FIELDS;
    fields.extend(more.map(|nth| (format!("Field{nth}"), String::new())));
    assert_eq!(desk.post(&url, &fields).await, 204);
    fields.push(("OneMore".to_owned(), String::new()));
    assert_eq!(desk.post(&url, &fields).await, 413);
    desk.app.abandon().await;
}

#[tokio::test]
async fn the_address_of_one_purpose_does_not_open_another() {
    let desk = Desk::on(Database::Sqlite).await;
    let before = desk.seen().await;
    for given in Purpose::ALL {
        for asked in Purpose::ALL.into_iter().filter(|asked| *asked != given) {
            let url = desk.url(given).replace(&format!("{}?", given.path()), &format!("{}?", asked.path()));
            assert_eq!(desk.post(&url, &desk.form(&[])).await, 403, "{given:?} for {asked:?}");
        }
    }
    assert_eq!(desk.seen().await, before);
    desk.app.abandon().await;
}

fn with_other_letter(text: &str, at: usize) -> String {
    let other = if &text[at..=at] == "a" { "b" } else { "a" };
    format!("{}{other}{}", &text[..at], &text[at + 1..])
}

/// One field with one other letter, with one letter more, and left away.
fn variants_of_field(fields: &Fields, field: usize) -> Vec<Fields> {
    let (name, value) = &fields[field];
    let mut variants = Vec::new();
    let mut add = |name: String, value: String| {
        let mut changed = fields.clone();
        changed[field] = (name, value);
        variants.push(changed);
    };
    (0..name.len()).for_each(|at| add(with_other_letter(name, at), value.clone()));
    (0..value.len()).for_each(|at| add(name.clone(), with_other_letter(value, at)));
    add(name.clone(), format!("{value}0"));
    let mut without = fields.clone();
    without.remove(field);
    // A field without a value can be left away: its name stays in what is signed.
    variants.push(without);
    variants
}

/// The same letters in the same order, with each border between a name and its value, and between a value and the next
/// name, moved by one to three letters in both directions.
fn with_other_borders(fields: &Fields) -> Vec<Fields> {
    let mut all = Vec::new();
    for at in 0..fields.len() {
        for letters in 1..=3 {
            let (name, value) = &fields[at];
            if name.len() > letters {
                let (kept, moved) = name.split_at(name.len() - letters);
                all.push(replaced(fields, at, kept.to_owned(), format!("{moved}{value}")));
            }
            if value.len() >= letters {
                let (moved, kept) = value.split_at(letters);
                all.push(replaced(fields, at, format!("{name}{moved}"), kept.to_owned()));
            }
            let Some((next, next_value)) = fields.get(at + 1) else { continue };
            if value.len() >= letters {
                let (kept, moved) = value.split_at(value.len() - letters);
                let shorter = replaced(fields, at, name.clone(), kept.to_owned());
                all.push(replaced(&shorter, at + 1, format!("{moved}{next}"), next_value.clone()));
            }
            let mut swallowed = replaced(fields, at, name.clone(), format!("{value}{next}{next_value}"));
            swallowed.remove(at + 1);
            all.push(swallowed);
        }
    }
    all
}

fn replaced(fields: &Fields, at: usize, name: String, value: String) -> Fields {
    let mut changed = fields.clone();
    changed[at] = (name, value);
    changed
}
