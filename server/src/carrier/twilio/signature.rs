//! `X-Twilio-Signature`: proves that a request comes from Twilio and was not changed.
//!
//! Base64 of HMAC-SHA1, keyed with the account's primary auth token, over the address as we gave it to Twilio and, for a
//! form, every field sorted by name. There is no time and no nonce in it: replays verify, so the news must be idempotent.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha1::Sha1;
use sha2::{Digest, Sha256};

/// Whether `header` signs this form, sent to this address, with one of `tokens` (two while a token is being rotated).
///
/// `url` is the public address with the raw path and query, see [`super::CallbackUrls::signed_url`]; `fields` are decoded
/// and complete, empty values included. The comparison takes constant time.
pub fn verify(tokens: &[SecretString], url: &str, fields: &[(String, String)], header: &str) -> bool {
    let tail = joined(fields);
    verify_joined(tokens, url, &tail, header)
}

/// As [`verify`] for a JSON body: Twilio signs the address alone, whose query carries the body's hash.
pub fn verify_json(tokens: &[SecretString], url: &str, raw_body: &[u8], header: &str) -> bool {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    let mut hashes = form_urlencoded::parse(query.as_bytes())
        .filter(|(name, _)| name == "bodySHA256")
        .map(|(_, hash)| hash);
    let (Some(claimed), None) = (hashes.next(), hashes.next()) else { return false };
    let actual: String = Sha256::digest(raw_body).iter().map(|byte| format!("{byte:02x}")).collect();
    // Both sides of this comparison are known to whoever sends the body.
    claimed.eq_ignore_ascii_case(&actual) && verify_joined(tokens, url, "", header)
}

/// The signature Twilio would send for this form.
pub fn sign(token: &SecretString, url: &str, fields: &[(String, String)]) -> String {
    STANDARD.encode(keyed(token, url, &joined(fields)).finalize().into_bytes())
}

fn verify_joined(tokens: &[SecretString], url: &str, tail: &str, header: &str) -> bool {
    let Ok(signature) = STANDARD.decode(header) else { return false };
    let forms = address_forms(url);
    tokens
        .iter()
        .any(|token| forms.iter().any(|form| keyed(token, form, tail).verify_slice(&signature).is_ok()))
}

fn keyed(token: &SecretString, url: &str, tail: &str) -> Hmac<Sha1> {
    let mut mac = Hmac::<Sha1>::new_from_slice(token.expose_secret().as_bytes())
        .expect("HMAC takes a key of any length");
    mac.update(url.as_bytes());
    mac.update(tail.as_bytes());
    mac
}

/// Names and values with nothing between them. Sorted by name before joining, for one name can be the beginning of another;
/// the values of a repeated field are sorted and each counted once, as Twilio's Python and Node libraries do.
fn joined(fields: &[(String, String)]) -> String {
    let mut sorted: Vec<&(String, String)> = fields.iter().collect();
    sorted.sort_unstable();
    sorted.dedup();
    let mut joined = String::with_capacity(sorted.iter().map(|(name, value)| name.len() + value.len()).sum());
    for (name, value) in sorted {
        joined.push_str(name);
        joined.push_str(value);
    }
    joined
}

/// The forms in which Twilio may have signed `url`. It drops the port from https voice callbacks and keeps it for
/// others, so with a port both are tried, and without one the scheme's own port.
fn address_forms(url: &str) -> Vec<String> {
    let mut forms = vec![url.to_owned()];
    let Some((scheme, rest)) = url.split_once("://") else { return forms };
    let (authority, target) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    // The colons of a password stand before the `@`, those of an IPv6 address before the bracket.
    let name_begins = authority.rfind(['@', ']']).unwrap_or(0);
    match authority[name_begins..].find(':') {
        Some(colon) => forms.push(format!("{scheme}://{}{target}", &authority[..name_begins + colon])),
        None => {
            let port = if matches!(scheme, "https" | "wss") { 443 } else { 80 };
            forms.push(format!("{scheme}://{authority}:{port}{target}"));
        }
    }
    forms
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn with_a_port_both_forms_are_tried_and_without_one_the_usual_port() {
        for (url, other) in [
            ("https://a.example/x?y=1", "https://a.example:443/x?y=1"),
            ("http://a.example/x", "http://a.example:80/x"),
            ("https://a.example:8443/x", "https://a.example/x"),
            ("https://user:pass@a.example/x", "https://user:pass@a.example:443/x"),
            ("https://user:pass@a.example:1/x", "https://user:pass@a.example/x"),
            ("https://user:@a.example/x", "https://user:@a.example:443/x"),
            ("https://user:@[::]:8443/x", "https://user:@[::]/x"),
            ("https://[::1]:8443/x", "https://[::1]/x"),
            ("https://[::]/x", "https://[::]:443/x"),
            ("http://[::1]", "http://[::1]:80"),
            ("wss://a.example/x", "wss://a.example:443/x"),
        ] {
            assert_eq!(address_forms(url), [url, other]);
        }
    }

    const URL: &str = "https://calls.example.com/api/webhooks/twilio?call=1";

    fn form(fields: &[(&str, &str)]) -> Vec<(String, String)> {
        fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn the_example_of_twilios_manual_is_computed_as_printed() {
        let fields = form(&[
            ("To", "+18005551212"),
            ("From", "+14158675309"),
            ("Digits", "1234"),
            ("Caller", "+14158675309"),
            ("CallSid", "CA1234567890ABCDE"),
        ]);
        let url = "https://mycompany.com/myapp.php?foo=1&bar=2";
        assert_eq!(sign(&"12345".into(), url, &fields), "RSOYDt4T1cUTdK1PDd93/VVr8B8=");
    }

    #[test]
    fn a_form_is_believed_with_the_right_token_address_fields_and_signature_only() {
        let (ours, other) = (SecretString::from("12345"), SecretString::from("12346"));
        let fields = form(&[("CallSid", "CA1"), ("CallStatus", "busy")]);
        let signature = sign(&ours, URL, &fields);
        let tokens = std::slice::from_ref(&ours);
        assert!(verify(tokens, URL, &fields, &signature));
        assert!(verify(&[other.clone(), ours.clone()], URL, &fields, &signature), "while one is rotated");
        assert!(!verify(&[other], URL, &fields, &signature));
        assert!(!verify(&[], URL, &fields, &signature));
        assert!(!verify(tokens, &URL.replace("=1", "=2"), &fields, &signature));
        assert!(!verify(tokens, URL, &fields[..1], &signature));
        for wrong in ["", "=", "not base64", &signature[1..], &sign(&ours, URL, &[])] {
            assert!(!verify(tokens, URL, &fields, wrong), "{wrong:?}");
        }
    }

    #[test]
    fn a_json_body_is_believed_when_the_address_has_its_hash_once_and_is_signed() {
        let tokens = [SecretString::from("12345")];
        let hash: String = Sha256::digest(b"{}").iter().map(|byte| format!("{byte:02x}")).collect();
        let believed = |url: &str, body: &[u8]| {
            let signature = sign(&tokens[0], url, &[]);
            assert!(!verify_json(&tokens, url, body, "forged"), "the hash alone proves nothing");
            verify_json(&tokens, url, body, &signature)
        };
        assert!(believed(&format!("{URL}&bodySHA256={hash}"), b"{}"));
        assert!(believed(&format!("{URL}&bodySHA256={}", hash.to_uppercase()), b"{}"));
        assert!(!believed(&format!("{URL}&bodySHA256={hash}"), b"{ }"));
        assert!(!believed(&format!("{URL}&bodySHA256={hash}&bodySHA256={hash}"), b"{}"));
        assert!(!believed(URL, b"{}"), "no hash at all");
        assert!(!believed(&URL.replace("call=1", &hash), b"{}"));
    }
}
