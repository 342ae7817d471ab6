//! Which hosts the phone network may call back. A simulator on a developer's machine must not be a way into networks.

use serde::{Deserialize, Serialize};
use url::{Host, Url};

/// The hosts that callbacks and TwiML requests may go to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reach {
    /// Only this machine: `localhost`, 127.0.0.0/8 and ::1.
    #[default]
    Loopback,
    /// This machine and the hosts named, compared without regard to case.
    Hosts(Vec<String>),
    /// Every host.
    Anywhere,
}

impl Reach {
    pub(crate) fn allows(&self, url: &Url) -> bool {
        let Some(host) = url.host() else { return false };
        if !matches!(url.scheme(), "http" | "https") {
            return false;
        }
        match self {
            Self::Anywhere => true,
            Self::Hosts(hosts) => {
                is_loopback(&host)
                    || hosts.iter().any(|allowed| allowed.eq_ignore_ascii_case(&host.to_string()))
            }
            Self::Loopback => is_loopback(&host),
        }
    }
}

fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => *name == "localhost",
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_reached_unless_said_otherwise() {
        let url = |text: &str| Url::parse(text).unwrap();
        for near in ["http://127.0.0.1:80/x", "http://localhost/x", "https://[::1]/x", "http://127.9.9.9/"] {
            assert!(Reach::Loopback.allows(&url(near)), "{near}");
        }
        for far in
            ["http://10.0.0.1/", "http://example.com/", "http://localhost.example.com/", "ftp://localhost/"]
        {
            assert!(!Reach::Loopback.allows(&url(far)), "{far}");
        }
        assert!(Reach::Hosts(vec!["example.com".into()]).allows(&url("http://EXAMPLE.com/")));
        assert!(!Reach::Hosts(vec!["example.com".into()]).allows(&url("http://example.org/")));
        assert!(Reach::Anywhere.allows(&url("http://example.org/")));
    }
}
