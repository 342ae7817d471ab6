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
    let host_start = authority.rfind('@').map_or(0, |at| at + 1);
    // The colons of an IPv6 address stand in brackets.
    let name_end = authority.rfind(']').map_or(host_start, |bracket| bracket + 1);
    match authority[name_end..].find(':') {
        Some(colon) => forms.push(format!("{scheme}://{}{target}", &authority[..name_end + colon])),
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
            ("https://[::1]:8443/x", "https://[::1]/x"),
            ("http://[::1]", "http://[::1]:80"),
            ("wss://a.example/x", "wss://a.example:443/x"),
        ] {
            assert_eq!(address_forms(url), [url, other]);
        }
    }
}
