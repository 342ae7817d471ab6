//! What the fragment of a callback URL asks for: `#rc=3&rp=all&ct=2000` and so on. It is neither sent nor signed.

use std::time::Duration;

/// Retries and time limits of one callback URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Edge {
    pub retries: u32,
    on: Vec<Trouble>,
    pub connect: Duration,
    pub read: Duration,
    pub total: Duration,
}

/// Why a delivery failed, in the words of the retry policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    Connecting,
    Reading,
    ClientError(u16),
    ServerError(u16),
}

impl Edge {
    /// Reads the fragment; what is missing or out of range keeps Twilio's default: one retry, only when no
    /// connection comes about.
    pub(super) fn of(fragment: Option<&str>) -> Self {
        let fragment = fragment.unwrap_or_default();
        let number = |name: &str, range: std::ops::RangeInclusive<u64>, default: u64| {
            value(fragment, name)
                .and_then(|v| v.parse().ok())
                .filter(|v| range.contains(v))
                .unwrap_or(default)
        };
        let millis = |name, least, most, default| Duration::from_millis(number(name, least..=most, default));
        Self {
            retries: number("rc", 0..=5, 1) as u32,
            on: policy(&value(fragment, "rp").unwrap_or_else(|| "ct".to_owned())),
            connect: millis("ct", 100, 10_000, 5_000),
            read: millis("rt", 100, 15_000, 15_000),
            total: millis("tt", 100, 15_000, 15_000),
        }
    }

    pub(super) fn retries_on(&self, trouble: Trouble) -> bool {
        self.on.iter().any(|covered| std::mem::discriminant(covered) == std::mem::discriminant(&trouble))
    }
}

impl Trouble {
    /// What went wrong, or nothing: an answer below 400 counts as delivered.
    pub(super) fn of(
        answer: Result<Result<reqwest::Response, reqwest::Error>, tokio::time::error::Elapsed>,
    ) -> Option<Self> {
        match answer {
            Ok(Ok(response)) => match response.status().as_u16() {
                status @ 400..500 => Some(Self::ClientError(status)),
                status @ 500.. => Some(Self::ServerError(status)),
                _ => None,
            },
            Ok(Err(error)) if error.is_connect() => Some(Self::Connecting),
            Ok(Err(_)) | Err(_) => Some(Self::Reading),
        }
    }
}

fn policy(names: &str) -> Vec<Trouble> {
    let mut covered = Vec::new();
    for name in names.split(',') {
        match name {
            "ct" => covered.push(Trouble::Connecting),
            "rt" => covered.push(Trouble::Reading),
            "4xx" => covered.push(Trouble::ClientError(400)),
            "5xx" => covered.push(Trouble::ServerError(500)),
            "all" => covered.extend(policy("ct,rt,4xx,5xx")),
            _ => {}
        }
    }
    covered
}

fn value(fragment: &str, name: &str) -> Option<String> {
    let mut pairs = form_urlencoded::parse(fragment.as_bytes());
    pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_fragment_only_a_failed_connection_is_retried_once() {
        let edge = Edge::of(None);
        assert_eq!(edge.retries, 1);
        assert!(edge.retries_on(Trouble::Connecting));
        assert!(!edge.retries_on(Trouble::Reading) && !edge.retries_on(Trouble::ServerError(503)));
    }

    #[test]
    fn the_fragment_widens_the_retries() {
        let edge = Edge::of(Some("rc=3&rp=4xx,5xx&tt=900"));
        assert_eq!((edge.retries, edge.total), (3, Duration::from_millis(900)));
        assert!(edge.retries_on(Trouble::ClientError(404)) && edge.retries_on(Trouble::ServerError(503)));
        assert!(!edge.retries_on(Trouble::Connecting));
        assert!(Edge::of(Some("rp=all")).retries_on(Trouble::Reading));
    }

    #[test]
    fn values_out_of_range_keep_the_default() {
        let edge = Edge::of(Some("rc=9&ct=1&tt=60000"));
        assert_eq!(edge, Edge::of(None));
    }
}
