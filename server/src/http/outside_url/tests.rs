//! Every way to write an address that must not be fetched.

use super::*;

fn why(text: &str) -> Option<String> {
    let rules = UrlRules { allow_http: false, own_host: Some("calls.example.net") };
    outside_url("/audioUrl", text, rules).err().map(|error| {
        assert_eq!(error.code, "url_not_allowed");
        error.detail
    })
}

#[test]
fn public_https_addresses_pass_in_their_normal_spelling() {
    for fine in [
        "https://example.com/hello.mp3",
        "https://cdn.example.com:8443/a/b?x=1",
        "https://bücher.example/x",
        "https://93.184.216.34/x",
        "https://[2606:2800:220:1::1]/x",
    ] {
        assert_eq!(why(fine), None, "{fine}");
    }
    let url = outside_url("/u", "HTTPS://Example.COM:443/a/../b", UrlRules::default()).unwrap();
    assert_eq!(url.as_str(), "https://example.com/b");
    let http = UrlRules { allow_http: true, own_host: None };
    assert!(outside_url("/u", "http://example.com/x", http).is_ok());
    assert!(outside_url("/u", "http://127.0.0.1/x", http).is_err());
}

#[test]
fn private_addresses_are_refused_in_every_spelling() {
    for host in [
        "localhost",
        "LOCALHOST",
        "localhost.",
        "a.localhost",
        "printer.local",
        "intranet",
        "metadata.google.internal",
        "127.0.0.1",
        "127.1",
        "127.0.1",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "017700000001",
        "0177.0.0.1",
        "127.0.0.1.",
        "１２７.0.0.1",
        "127。0。0。1",
        "0",
        "0.0.0.0",
        "10.1.2.3",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "169.254.169.254",
        "0xa9fea9fe",
        "2852039166",
        "100.64.0.1",
        "192.0.2.1",
        "198.18.0.1",
        "198.51.100.7",
        "203.0.113.9",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "192.88.99.1",
        "[::]",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "[2001::1]",
        "[2001:db8::1]",
        "[3fff::1]",
        "[fc00::1]",
        "[fd12::1]",
        "[fe80::1]",
        "[fec0::1]",
        "[ff02::1]",
        "calls.example.net",
        "CALLS.example.net.",
        "under_score.example.com",
    ] {
        assert!(why(&format!("https://{host}/x.mp3")).is_some(), "{host}");
    }
}

#[test]
fn other_schemes_credentials_ports_and_tricks_are_refused() {
    for bad in [
        "http://example.com/",
        "file:///etc/passwd",
        "gopher://example.com/",
        "ftp://example.com/",
        "javascript:alert(1)",
        "data:text/plain,x",
        "https://user@example.com/",
        "https://u:p@example.com/",
        "https://@example.com/",
        "https://example.com:25/",
        "https://example.com:80/",
        "https://example.com:0/",
        "https://example.com/#x",
        "https://exa mple.com/",
        "https://example.com\\@127.0.0.1/",
        "https:\\\\example.com",
        "https://",
        "//example.com/x",
        "example.com",
        "",
        "https://example.com/\u{0}",
        "https://exam\tple.com/",
    ] {
        assert!(why(bad).is_some(), "{bad:?}");
    }
    assert!(why(&format!("https://example.com/{}", "a".repeat(2_029))).is_some());
    assert!(why(&format!("https://example.com/{}", "a".repeat(2_028))).is_none());
}

/// Addresses of every block that the internet does not lead to (RFC 6890 and IANA's registry), from both ends.
const NOT_PUBLIC: [Ipv4Addr; 26] = [
    Ipv4Addr::new(0, 0, 0, 0),
    Ipv4Addr::new(0, 255, 255, 255),
    Ipv4Addr::new(10, 0, 0, 1),
    Ipv4Addr::new(10, 255, 255, 255),
    Ipv4Addr::new(100, 64, 0, 0),
    Ipv4Addr::new(100, 127, 255, 255),
    Ipv4Addr::new(127, 0, 0, 1),
    Ipv4Addr::new(127, 255, 255, 254),
    Ipv4Addr::new(169, 254, 169, 254),
    Ipv4Addr::new(172, 16, 0, 1),
    Ipv4Addr::new(172, 31, 255, 254),
    Ipv4Addr::new(192, 0, 0, 8),
    Ipv4Addr::new(192, 0, 2, 255),
    Ipv4Addr::new(192, 88, 99, 1),
    Ipv4Addr::new(192, 168, 0, 1),
    Ipv4Addr::new(192, 168, 255, 255),
    Ipv4Addr::new(198, 18, 0, 1),
    Ipv4Addr::new(198, 19, 255, 255),
    Ipv4Addr::new(198, 51, 100, 7),
    Ipv4Addr::new(203, 0, 113, 9),
    Ipv4Addr::new(224, 0, 0, 1),
    Ipv4Addr::new(239, 255, 255, 250),
    Ipv4Addr::new(240, 0, 0, 1),
    Ipv4Addr::new(254, 254, 254, 254),
    Ipv4Addr::new(255, 255, 255, 254),
    Ipv4Addr::BROADCAST,
];

/// One address in every spelling that some parser takes for it.
fn spellings(address: Ipv4Addr) -> Vec<String> {
    let [a, b, c, d] = address.octets();
    let (whole, tail, low) =
        (u32::from(address), u32::from(address) & 0x00FF_FFFF, u32::from(address) & 0xFFFF);
    let (high, rest) = (whole >> 16, whole & 0xFFFF);
    vec![
        format!("{a}.{b}.{c}.{d}"),
        format!("{a}.{b}.{c}.{d}."),
        format!("{whole}"),
        format!("{whole:#x}"),
        format!("0{whole:o}"),
        format!("{a:#x}.{b:#x}.{c:#x}.{d:#x}"),
        format!("0{a:o}.0{b:o}.0{c:o}.0{d:o}"),
        format!("{a}.{tail}"),
        format!("{a}.{b}.{low}"),
        format!("[::ffff:{address}]"),
        format!("[::ffff:{high:x}:{rest:x}]"),
        format!("[::{address}]"),
        format!("[64:ff9b::{address}]"),
        format!("[64:ff9b:1::{high:x}:{rest:x}]"),
        format!("[2002:{high:x}:{rest:x}::1]"),
        format!("[2001:0:{high:x}:{rest:x}::1]"),
    ]
}

#[test]
fn no_address_of_a_closed_block_is_let_through_in_any_spelling() {
    let mut tried = 0;
    for host in NOT_PUBLIC.into_iter().flat_map(spellings) {
        for place in [format!("https://{host}/x.mp3"), format!("https://{host}:8443/")] {
            assert!(why(&place).is_some(), "{place}");
        }
        tried += 1;
    }
    assert!(tried > 300, "{tried}");
}

#[test]
fn what_is_refused_is_named_by_its_class_and_never_by_what_stands_there() {
    for host in NOT_PUBLIC.into_iter().flat_map(spellings) {
        let said = why(&format!("https://{host}/secret-path")).expect("refused");
        assert!(!said.contains("secret-path") && !said.contains(&host), "{said}");
    }
}
