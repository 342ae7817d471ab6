//! URLs given by people that the carrier or we will fetch. Nothing on this machine or its network may be
//! reached through them, however the address is written.
//!
//! Names are resolved and checked again when fetching: a name may lead elsewhere tomorrow.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

use super::problem::FieldError;

const LONGEST: usize = 2_048;
const PORTS: [u16; 2] = [443, 8443];
/// Top-level names that never lead to a public host (RFC 6761, 6762, 8375 and common practice).
const LOCAL_ENDINGS: [&str; 8] =
    ["localhost", "local", "internal", "intranet", "lan", "home.arpa", "onion", "invalid"];

/// What an installation allows beyond the default.
#[derive(Debug, Clone, Copy, Default)]
pub struct UrlRules<'a> {
    /// Accept `http` on port 80 as well.
    pub allow_http: bool,
    /// Our own public host, which must not be fetched by ourselves.
    pub own_host: Option<&'a str>,
}

/// An `https` URL of a public host, in its normal spelling; else `url_not_allowed` with the reason.
pub fn outside_url(pointer: &str, text: &str, rules: UrlRules<'_>) -> Result<Url, FieldError> {
    check(text.trim(), rules).map_err(|why| FieldError::at(pointer, "url_not_allowed", why))
}

fn check(text: &str, rules: UrlRules<'_>) -> Result<Url, &'static str> {
    if text.len() > LONGEST {
        return Err("use at most 2048 characters");
    }
    // The parser silently drops tabs and turns backslashes: what a person sees must be what is fetched.
    if text.chars().any(|c| c.is_control() || c.is_whitespace() || c == '\\') {
        return Err("spaces, controls and backslashes cannot be used in an address");
    }
    let url = Url::parse(text).map_err(|_| "expected an address such as https://example.com/hello.mp3")?;
    let plain = url.scheme() == "http" && rules.allow_http;
    if url.scheme() != "https" && !plain {
        return Err("only https addresses are fetched");
    }
    // An empty user name leaves no trace in the parsed form, so the text is looked at as well.
    let authority = text.split(['/', '?', '#']).nth(2).unwrap_or_default();
    if !url.username().is_empty() || url.password().is_some() || authority.contains('@') {
        return Err("an address must not contain a user name or password");
    }
    if url.fragment().is_some() {
        return Err("leave out the part after #");
    }
    let port = url.port_or_known_default().unwrap_or_default();
    let usual = PORTS.contains(&port) || (plain && port == 80);
    if !usual {
        return Err("only ports 443 and 8443 are fetched");
    }
    match url.host() {
        Some(Host::Domain(name)) => check_name(name, rules.own_host)?,
        // The parser has already turned decimal, octal, hexadecimal and short forms into the address they mean.
        Some(Host::Ipv4(address)) if is_public(address.into()) => {}
        Some(Host::Ipv6(address)) if is_public(address.into()) => {}
        _ => return Err("addresses of this machine and of private networks are not fetched"),
    }
    Ok(url)
}

fn check_name(name: &str, own_host: Option<&str>) -> Result<(), &'static str> {
    let name = name.trim_end_matches('.');
    if own_host.is_some_and(|own| own.eq_ignore_ascii_case(name)) {
        return Err("this server does not fetch from itself");
    }
    // Twilio refuses host names with an underscore.
    if name.contains('_') {
        return Err("the host name has an underscore, which the carrier refuses");
    }
    if is_local_name(name) {
        return Err("names of this machine and of private networks are not fetched");
    }
    Ok(())
}

fn is_local_name(name: &str) -> bool {
    let local = LOCAL_ENDINGS.iter().any(|ending| {
        name.strip_suffix(ending).is_some_and(|before| before.is_empty() || before.ends_with('.'))
    });
    local || !name.contains('.')
}

/// Whether the internet may reach an address, as far as the address itself tells.
pub fn is_reachable_from_outside(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => !is_local_name(name.trim_end_matches('.')),
        Some(Host::Ipv4(address)) => is_public(address.into()),
        Some(Host::Ipv6(address)) => is_public(address.into()),
        None => false,
    }
}

/// Whether an address is one of the public internet. Used again on every resolved address when fetching.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

/// Everything outside the special-purpose registry of IANA.
fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = match a {
        0 | 10 | 127 | 224..=255 => true,
        100 => (64..=127).contains(&b),
        169 => b == 254,
        172 => (16..=31).contains(&b),
        192 => matches!((b, c), (168, _) | (0, 0 | 2) | (88, 99) | (31, 196) | (52, 193) | (175, 48)),
        198 => matches!((b, c), (18 | 19, _) | (51, 100)),
        203 => (b, c) == (0, 113),
        _ => false,
    };
    !special
}

/// Global unicast without the ranges that carry an IPv4 address or are set apart.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let [first, second, ..] = address.segments();
    let global = (0x2000..0x4000).contains(&first);
    // 2001::/23 holds Teredo, ORCHID and benchmarks; 2002::/16 is 6to4; the rest is documentation.
    let special = (first == 0x2001 && (second < 0x0200 || second == 0x0db8))
        || first == 0x2002
        || (first == 0x3fff && second < 0x1000);
    global && !special
}

#[cfg(test)]
mod tests;
