//! `X-Twilio-Signature`: HMAC-SHA1 over the URL and the sorted fields, keyed by the account's auth token.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use url::Url;

/// Signs a request. `url` is what is signed, to the letter (without fragment and user, and for https voice callbacks without port); `fields` are
/// those of a form body, none for GET. Names are sorted by bytes; the values of a repeated name are sorted and
/// duplicates dropped, as Twilio's Python and Node libraries expect.
pub fn sign<'a>(auth_token: &str, url: &str, fields: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut mac =
        Hmac::<Sha1>::new_from_slice(auth_token.as_bytes()).expect("HMAC takes keys of every length");
    mac.update(url.as_bytes());
    for (name, value) in fields.into_iter().collect::<BTreeSet<_>>() {
        mac.update(name.as_bytes());
        mac.update(value.as_bytes());
    }
    STANDARD.encode(mac.finalize().into_bytes())
}

/// The URL as Twilio signs it for voice: without fragment and user, and without port when it is https.
pub(crate) fn signed_form(url: &Url) -> String {
    let mut bare = url.clone();
    bare.set_fragment(None);
    // These fail only for URLs without a host, which never get here.
    let _ = bare.set_username("");
    let _ = bare.set_password(None);
    if bare.scheme() == "https" {
        let _ = bare.set_port(None);
    }
    bare.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const P: [(&str, &str); 5] = [
        ("CallSid", "CA1234567890ABCDE"),
        ("Caller", "+14158675309"),
        ("Digits", "1234"),
        ("From", "+14158675309"),
        ("To", "+18005551212"),
    ];
    const U: &str = "https://mycompany.com/myapp.php?foo=1&bar=2";

    fn with<'a>(more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
        P.iter().chain(more).copied().collect()
    }

    #[test]
    fn the_vectors_of_the_official_libraries_come_out() {
        let quoted = format!("{U}&Body=It%27s+amazing");
        let prefix = with(&[("ReasonConferenceEnded", "test"), ("Reason", "Participant")]);
        let messaging =
            [("MessagingBinding.Address", "+1415xxxxxxx"), ("MessagingBinding.Address", "+1325xxxxxxx")];
        let repeated = [
            ("Sid", "CA123"),
            ("SidAccount", "AC123"),
            ("Digits", "5678"),
            ("Digits", "1234"),
            ("Digits", "1234"),
        ];
        let hashed = "&bodySHA256=0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620";
        type Vector<'a> = (String, &'a [(&'a str, &'a str)], &'a str);
        let vectors: Vec<Vector<'_>> = vec![
            (U.into(), &P, "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
            (U.replace(".com/", ".com:443/"), &P, "kvajT1Ptam85bY51eRf/AJRuM3w="),
            (U.replace("https", "http").replace(".com/", ".com:1234/"), &P, "Zmvh+3yNM1Phv2jhDCwEM3q5ebU="),
            (U.replace("https", "http").replace(".com/", ".com:80/"), &P, "0ZXoZLH/DfblKGATFgpif+LLRf4="),
            (U.replace("//", "//user:pass@"), &P, "CukzLTc1tT5dXEDIHm/tKBanW10="),
            (U.replace("//", "//user@"), &P, "2YRLlVAflCqxaNicjMpJcSTgzSs="),
            (quoted, &P, "TfZzewPq8wqrGlMfyAud8+/IvJ0="),
            (U.into(), &messaging, "83O6e2vORAoJHUNzJjDWN1jz+BA="),
            (U.into(), &repeated, "IK+Dwps556ElfBT0I3Rgjkr1wJU="),
            (U.into(), &prefix, "vOEb5UThFn24KEfnOFLQY2AE5FY="),
            (U.replace("https", "http"), &prefix, "n2xBNyzSW7rfYStDtOFiFMv7qNo="),
            (U.into(), &[("property", "value"), ("boolean", "true")], "NBdBDr/T/lgjI+tlgpXjKZQZs/k="),
            (format!("{U}{hashed}"), &[], "a9nBmqA0ju/hNViExpshrM61xv4="),
        ];
        for (url, fields, signature) in vectors {
            assert_eq!(sign("12345", &url, fields.iter().copied()), signature, "{url}");
        }
    }

    #[test]
    fn fragment_and_user_are_never_signed_and_the_port_only_for_http() {
        let form = |url: &str| signed_form(&Url::parse(url).unwrap());
        assert_eq!(form("https://u:p@example.com:8443/a?b=1#rc=3"), "https://example.com/a?b=1");
        assert_eq!(form("http://u:p@example.com:8080/a?b=1#rc=3"), "http://example.com:8080/a?b=1");
    }
}
