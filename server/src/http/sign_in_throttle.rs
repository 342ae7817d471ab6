//! How often a sign-in may fail: three failures within two minutes close the door for five minutes, then for
//! ten, twenty … up to a day. Counted per account and per address, alike for accounts that do not exist.

use std::collections::HashMap;
use std::net::IpAddr;

use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};

/// Failures that close the door.
const ALLOWED_FAILURES: u32 = 3;
/// Failures further apart than this do not add up.
const WINDOW: SignedDuration = SignedDuration::from_mins(2);
/// The first closure; each further one is twice as long.
const FIRST_CLOSURE: SignedDuration = SignedDuration::from_mins(5);
/// No closure is longer.
const LONGEST_CLOSURE: SignedDuration = SignedDuration::from_hours(24);
/// After this long without a failure everything is forgotten.
const FORGOTTEN_AFTER: SignedDuration = SignedDuration::from_hours(24);

/// Too many failures; the same sign-in may be tried again at this time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many failed sign-ins; try again at {0}")]
pub struct ClosedUntil(pub Timestamp);

impl ClosedUntil {
    /// Seconds from `now`, at least one, for `Retry-After`.
    pub fn seconds_from(self, now: Timestamp) -> u32 {
        let seconds = self.0.duration_since(now).as_secs().saturating_add(1).max(1);
        u32::try_from(seconds).unwrap_or(u32::MAX)
    }
}

/// The failures remembered. Takes the time as an argument; memory is bounded by `capacity`.
#[derive(Debug)]
pub struct SignInThrottle {
    failures: HashMap<Subject, Failures>,
    capacity: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Subject {
    /// An IPv4 address, or the /64 an IPv6 address lies in: whoever has one has all of it.
    Network(IpAddr),
    /// A hash, so that no address book builds up in memory and long names cost nothing.
    Account([u8; 16]),
}

#[derive(Debug, Clone, Copy)]
struct Failures {
    recent: u32,
    first_recent: Timestamp,
    last: Timestamp,
    closures: u32,
    closed_until: Option<Timestamp>,
}

impl Default for SignInThrottle {
    fn default() -> Self {
        Self::with_capacity(20_000)
    }
}

impl SignInThrottle {
    /// Remembers at most this many addresses and accounts.
    pub fn with_capacity(capacity: usize) -> Self {
        Self { failures: HashMap::new(), capacity: capacity.max(2) }
    }

    /// Whether a sign-in may be tried now. Ask before looking at the password.
    pub fn check(&self, now: Timestamp, address: IpAddr, account: &str) -> Result<(), ClosedUntil> {
        let closures = subjects(address, account)
            .into_iter()
            .filter_map(|subject| self.failures.get(&subject)?.closed_until.filter(|until| *until > now));
        closures.max().map_or(Ok(()), |until| Err(ClosedUntil(until)))
    }

    /// A sign-in failed, for whatever reason.
    pub fn record_failure(&mut self, now: Timestamp, address: IpAddr, account: &str) {
        for subject in subjects(address, account) {
            self.make_room(now, subject);
            let fresh = Failures { recent: 0, first_recent: now, last: now, closures: 0, closed_until: None };
            let entry = self.failures.entry(subject).or_insert(fresh);
            if entry.is_forgotten(now) {
                *entry = fresh;
            }
            entry.add(now);
        }
    }

    /// A sign-in succeeded: the account starts afresh. Its network does not, or an attacker with one account
    /// could wash all others clean.
    pub fn record_success(&mut self, account: &str) {
        self.failures.remove(&account_subject(account));
    }

    fn make_room(&mut self, now: Timestamp, wanted: Subject) {
        if self.failures.len() < self.capacity || self.failures.contains_key(&wanted) {
            return;
        }
        self.failures.retain(|_, failures| !failures.is_forgotten(now));
        // Still full: someone floods us. A tenth of the oldest goes, the closed ones last.
        if self.failures.len() >= self.capacity {
            let mut by_age: Vec<_> =
                self.failures.iter().map(|(s, f)| (f.closed_until, f.last, *s)).collect();
            by_age.sort_unstable_by_key(|(closed_until, last, _)| (*closed_until, *last));
            for (_, _, subject) in by_age.into_iter().take(self.capacity / 10 + 1) {
                self.failures.remove(&subject);
            }
        }
    }
}

impl Failures {
    fn add(&mut self, now: Timestamp) {
        if now.duration_since(self.first_recent) > WINDOW {
            (self.recent, self.first_recent) = (0, now);
        }
        self.recent += 1;
        self.last = now;
        if self.recent >= ALLOWED_FAILURES {
            self.closed_until = now.checked_add(closure(self.closures)).ok();
            self.closures = self.closures.saturating_add(1);
            self.recent = 0;
        }
    }

    fn is_forgotten(&self, now: Timestamp) -> bool {
        let quiet_since = self.closed_until.map_or(self.last, |until| until.max(self.last));
        now.duration_since(quiet_since) > FORGOTTEN_AFTER
    }
}

fn closure(already: u32) -> SignedDuration {
    // 5 min · 2^9 is past a day.
    (FIRST_CLOSURE * 2_i32.pow(already.min(9))).min(LONGEST_CLOSURE)
}

fn subjects(address: IpAddr, account: &str) -> [Subject; 2] {
    [Subject::Network(network(address)), account_subject(account)]
}

fn account_subject(account: &str) -> Subject {
    let digest: [u8; 32] = Sha256::digest(account.trim().to_lowercase()).into();
    let mut short = [0; 16];
    short.copy_from_slice(&digest[..16]);
    Subject::Account(short)
}

fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6((v6.to_bits() & !u128::from(u64::MAX)).into()),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    fn ip(last: u8) -> IpAddr {
        [192, 0, 2, last].into()
    }

    fn fail(throttle: &mut SignInThrottle, times: u32, second: i64, address: IpAddr, account: &str) {
        (0..times).for_each(|_| throttle.record_failure(at(second), address, account));
    }

    #[test]
    fn the_third_failure_within_two_minutes_closes_the_door_for_five() {
        let mut throttle = SignInThrottle::default();
        fail(&mut throttle, 2, 0, ip(1), "ada@example.com");
        assert_eq!(throttle.check(at(60), ip(1), "ada@example.com"), Ok(()));
        fail(&mut throttle, 1, 120, ip(1), "ada@example.com");
        let closed = throttle.check(at(121), ip(1), "ada@example.com").unwrap_err();
        assert_eq!(closed, ClosedUntil(at(420)));
        assert_eq!(closed.seconds_from(at(121)), 300);
        assert_eq!(throttle.check(at(420), ip(1), "ada@example.com"), Ok(()));
    }

    #[test]
    fn failures_far_apart_do_not_add_up() {
        let mut throttle = SignInThrottle::default();
        (0..10).for_each(|n| fail(&mut throttle, 1, n * 121, ip(1), "ada@example.com"));
        assert_eq!(throttle.check(at(1_211), ip(1), "ada@example.com"), Ok(()));
    }

    #[test]
    fn each_further_closure_is_twice_as_long_up_to_a_day() {
        let mut throttle = SignInThrottle::default();
        let mut now = 0;
        let mut minutes = Vec::new();
        for _ in 0..11 {
            fail(&mut throttle, 3, now, ip(1), "ada@example.com");
            let ClosedUntil(until) = throttle.check(at(now), ip(1), "ada@example.com").unwrap_err();
            let seconds = until.duration_since(at(now)).as_secs();
            minutes.push(seconds / 60);
            now += seconds;
        }
        assert_eq!(minutes, [5, 10, 20, 40, 80, 160, 320, 640, 1_280, 1_440, 1_440]);
    }

    #[test]
    fn an_account_is_guarded_from_many_addresses_and_an_address_over_many_accounts() {
        let mut throttle = SignInThrottle::default();
        (1..=3).for_each(|n| fail(&mut throttle, 1, 0, ip(n), "Ada@example.com "));
        assert!(throttle.check(at(1), ip(9), "ada@example.com").is_err());
        assert_eq!(throttle.check(at(1), ip(9), "bob@example.com"), Ok(()));
        (1..=3).for_each(|n| fail(&mut throttle, 1, 0, ip(7), &format!("guess{n}@example.com")));
        assert!(throttle.check(at(1), ip(7), "bob@example.com").is_err());
    }

    #[test]
    fn success_clears_the_account_but_not_the_network() {
        let mut throttle = SignInThrottle::default();
        fail(&mut throttle, 3, 0, ip(1), "ada@example.com");
        throttle.record_success("ada@example.com");
        assert_eq!(throttle.check(at(1), ip(2), "ada@example.com"), Ok(()));
        assert!(throttle.check(at(1), ip(1), "ada@example.com").is_err());
    }

    #[test]
    fn ipv6_addresses_of_one_network_count_together() {
        let mut throttle = SignInThrottle::default();
        for n in 1..=3_u16 {
            let address = IpAddr::from([0x2001, 0xdb8, 0, 1, 0, 0, 0, n]);
            fail(&mut throttle, 1, 0, address, &format!("guess{n}@example.com"));
        }
        assert!(throttle.check(at(1), IpAddr::from([0x2001, 0xdb8, 0, 1, 9, 9, 9, 9]), "x").is_err());
        assert_eq!(throttle.check(at(1), IpAddr::from([0x2001, 0xdb8, 0, 2, 9, 9, 9, 9]), "x"), Ok(()));
    }

    #[test]
    fn a_flood_of_accounts_neither_grows_memory_nor_opens_a_closed_door() {
        let mut throttle = SignInThrottle::with_capacity(100);
        fail(&mut throttle, 3, 0, ip(1), "ada@example.com");
        for n in 0..2_000_u32 {
            let address = IpAddr::from([10, 0, (n / 256) as u8, (n % 256) as u8]);
            fail(&mut throttle, 1, 1, address, &format!("flood{n}@example.com"));
            assert!(throttle.failures.len() <= 100);
        }
        assert!(throttle.check(at(2), ip(2), "ada@example.com").is_err());
    }
}
