//! Signatures from the test suites of Twilio's own libraries and manual, accepted and refused as they accept and refuse.

use proptest::prelude::*;
use prospectai::carrier::twilio::signature::{sign, verify, verify_json};
use secrecy::SecretString;
use serde::Deserialize;

#[derive(Deserialize)]
struct Vectors {
    token: String,
    signed: Vec<Signed>,
    accepted_forms: Vec<AcceptedForm>,
    refused: Vec<Refused>,
}

#[derive(Deserialize, Clone)]
struct Signed {
    name: String,
    url: String,
    fields: Vec<(String, String)>,
    body: Option<String>,
    signature: String,
}

/// The signature of another vector, which must hold for this address too.
#[derive(Deserialize)]
struct AcceptedForm {
    name: String,
    url: String,
    signed_as: String,
}

/// Another vector with one thing wrong.
#[derive(Deserialize)]
struct Refused {
    name: String,
    signed_as: String,
    url: Option<String>,
    signature: Option<String>,
}

impl Vectors {
    fn load() -> Self {
        serde_json::from_str(include_str!("signature_vectors.json")).expect("our own file")
    }

    fn tokens(&self) -> [SecretString; 1] {
        [self.token.as_str().into()]
    }

    fn named(&self, name: &str) -> Signed {
        self.signed.iter().find(|vector| vector.name == name).expect(name).clone()
    }
}

impl Signed {
    fn verifies(&self, tokens: &[SecretString]) -> bool {
        match &self.body {
            Some(body) => verify_json(tokens, &self.url, body.as_bytes(), &self.signature),
            None => verify(tokens, &self.url, &self.fields, &self.signature),
        }
    }
}

#[test]
fn every_published_signature_is_computed_and_accepted() {
    let vectors = Vectors::load();
    let tokens = vectors.tokens();
    for vector in &vectors.signed {
        assert_eq!(sign(&tokens[0], &vector.url, &vector.fields), vector.signature, "{}", vector.name);
        assert!(vector.verifies(&tokens), "{}", vector.name);
    }
}

#[test]
fn the_ports_that_twilio_leaves_out_or_puts_in_are_accepted() {
    let vectors = Vectors::load();
    for form in &vectors.accepted_forms {
        let vector = Signed { url: form.url.clone(), ..vectors.named(&form.signed_as) };
        assert!(vector.verifies(&vectors.tokens()), "{}", form.name);
    }
}

#[test]
fn what_twilios_libraries_refuse_is_refused() {
    let vectors = Vectors::load();
    for refused in &vectors.refused {
        let good = vectors.named(&refused.signed_as);
        let wrong = Signed {
            url: refused.url.clone().unwrap_or(good.url),
            signature: refused.signature.clone().unwrap_or(good.signature),
            ..good
        };
        assert!(!wrong.verifies(&vectors.tokens()), "{}", refused.name);
    }
}

#[test]
fn while_a_token_is_rotated_both_are_accepted_and_no_others() {
    let vector = Vectors::load().named("basic");
    let (old, new, other): (SecretString, _, _) = ("12345".into(), "67890".into(), "other".into());
    assert!(vector.verifies(&[new, old]));
    assert!(!vector.verifies(&[other]));
    assert!(!vector.verifies(&[]));
}

#[test]
fn a_json_body_must_have_the_hash_in_the_address() {
    let vectors = Vectors::load();
    let vector = vectors.named("json body");
    let changed = Signed { body: Some("{}".to_owned()), ..vector.clone() };
    assert!(!changed.verifies(&vectors.tokens()));
    let twice = format!("{}&bodySHA256=00", vector.url);
    let signature = sign(&vectors.tokens()[0], &twice, &[]);
    assert!(!verify_json(&vectors.tokens(), &twice, vector.body.expect("a body").as_bytes(), &signature));
}

fn fields() -> impl Strategy<Value = Vec<(String, String)>> {
    prop::collection::vec(("[A-Za-z]{1,8}", ".{0,12}"), 1..6)
}

/// `text` with another letter in place of one of its characters.
fn with_one_change(text: &str, at: prop::sample::Index, letter: char) -> String {
    let at = at.index(text.chars().count());
    text.chars().enumerate().map(|(place, c)| if place == at { letter } else { c }).collect()
}

proptest! {
    #[test]
    fn the_order_of_the_fields_does_not_matter(fields in fields().prop_shuffle()) {
        let token = SecretString::from("12345");
        let url = "https://calls.example.com/api/webhooks/twilio?call=1";
        let mut sorted = fields.clone();
        sorted.sort();
        prop_assert_eq!(sign(&token, url, &fields), sign(&token, url, &sorted));
    }

    #[test]
    fn any_character_changed_is_refused(
        fields in fields(), which: prop::sample::Index, at: prop::sample::Index, letter in "[A-Za-z0-9]",
    ) {
        let tokens = [SecretString::from("12345")];
        let url = "https://calls.example.com/api/webhooks/twilio?call=1";
        let letter = letter.chars().next().expect("one letter");
        let signature = sign(&tokens[0], url, &fields);
        prop_assert!(verify(&tokens, url, &fields, &signature));

        let changed = with_one_change(url, at, letter);
        prop_assert!(changed == url || !verify(&tokens, &changed, &fields, &signature), "{}", changed);

        let changed = with_one_change(&signature, at, letter);
        prop_assert!(changed == signature || !verify(&tokens, url, &fields, &changed), "{}", changed);

        let mut changed = fields.clone();
        let (name, value) = &mut changed[which.index(fields.len())];
        let target = if value.is_empty() { name } else { value };
        *target = with_one_change(target, at, letter);
        let joined = |fields: &[(String, String)]| {
            let mut fields = fields.to_vec();
            fields.sort();
            fields.dedup();
            fields.into_iter().map(|(name, value)| name + &value).collect::<String>()
        };
        // The scheme puts nothing between names and values, so some changes leave the signed text as it was.
        prop_assume!(joined(&changed) != joined(&fields));
        prop_assert!(!verify(&tokens, url, &changed, &signature));
    }
}
