//! Whether calls can be made: asks the carrier who we are to it, and looks at our own address and clock. Each finding says
//! what it means and what to do.

use std::sync::{Arc, OnceLock};

use domain::phone_number::PhoneNumber;
use jiff::{SignedDuration, Timestamp};
use url::Url;

use super::outside_url::is_reachable_from_outside;
use super::state::HttpState;
use crate::carrier::twilio::TwilioClient;
use crate::carrier::{Account, NumberStanding, RequestError};

/// Answers name the second; a difference of a few comes from the way.
const CLOSE_ENOUGH: SignedDuration = SignedDuration::from_secs(5);
/// A clock further off than this rings people a minute outside of their hours.
const FAR_OFF: SignedDuration = SignedDuration::from_secs(60);

/// The way to the carrier, for those who ask it something: there from the moment it can be reached.
#[derive(Debug, Clone, Default)]
pub struct CarrierLine(Arc<OnceLock<Arc<TwilioClient>>>);

impl CarrierLine {
    /// The carrier can be reached this way from now on.
    pub fn connect(&self, client: Arc<TwilioClient>) {
        // Once per process: whoever comes second finds the same carrier connected.
        let _ = self.0.set(client);
    }
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// In order.
    Good,
    /// Calls can be made, but not as they should be.
    Doubtful,
    /// Calls cannot be made, or their news does not come.
    Bad,
}

/// What the test found about one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The thing, as a stable name and in words.
    pub about: (&'static str, &'static str),
    /// How bad it is.
    pub verdict: Verdict,
    /// What was found, and what it means.
    pub what: String,
    /// What to do; nothing where all is well.
    pub fix: Option<String>,
}

const ACCOUNT: (&str, &str) = ("account", "The account");
const NUMBER: (&str, &str) = ("number", "The number shown");
const ADDRESS: (&str, &str) = ("public_url", "The address for webhooks");
const CLOCK: (&str, &str) = ("clock", "The clock");

impl Finding {
    fn good(about: (&'static str, &'static str), what: impl Into<String>) -> Self {
        Self { about, verdict: Verdict::Good, what: what.into(), fix: None }
    }

    fn of(
        about: (&'static str, &'static str),
        verdict: Verdict,
        what: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self { about, verdict, what: what.into(), fix: Some(fix.into()) }
    }
}

/// Tries everything that a call needs without making one.
pub async fn test(state: &HttpState) -> Vec<Finding> {
    let Some(client) = state.line.0.get() else {
        let what =
            "This server has no way to the phone network in the box, which runs in the server that dials.";
        return vec![Finding::of(ACCOUNT, Verdict::Doubtful, what, "Repeat the test there.")];
    };
    let carrier = if state.server.simulation { "The phone network in the box" } else { "Twilio" };
    let asked = state.actions.clock.now();
    let account = client.fetch_account().await;
    let answered = state.actions.clock.now();
    let number = state.actions.installation.caller_id.as_ref();
    let standing = match number {
        Some(number) => Some(client.standing_of(number).await),
        None => None,
    };
    let mut findings = vec![about_account(carrier, client, &account, standing.as_ref())];
    findings.push(about_number(carrier, number, standing));
    findings.push(about_address(&state.server.public_url, client.is_on_this_machine()));
    let said = account.ok().and_then(|account| account.answered_at);
    findings.extend(said.map(|said| about_clock(carrier, said, asked, answered)));
    findings
}

fn about_account(
    carrier: &str,
    client: &TwilioClient,
    account: &Result<Account, RequestError>,
    standing: Option<&Result<NumberStanding, RequestError>>,
) -> Finding {
    match account {
        Ok(account) if account.status != "active" => Finding::of(
            ACCOUNT,
            Verdict::Bad,
            format!("{carrier} says that the account “{}” is {}.", account.friendly_name, account.status),
            "Open Twilio's console: it says why, and how the account becomes active again.",
        ),
        Ok(account) if account.kind == "Trial" => Finding::of(
            ACCOUNT,
            Verdict::Doubtful,
            format!(
                "{carrier} answers for the trial account “{}”. It calls only numbers that you verified, and says so first.",
                account.friendly_name
            ),
            "Upgrade the account in Twilio's console before you launch a campaign.",
        ),
        Ok(account) => Finding::good(
            ACCOUNT,
            format!("{carrier} answers for the account “{}”, which is active.", account.friendly_name),
        ),
        Err(RequestError::Refused(_)) if client.signs_in_with_key() && matches!(standing, Some(Ok(_))) => {
            Finding::good(
                ACCOUNT,
                format!("{carrier} accepts the API key. It may make calls, but not read the account itself."),
            )
        }
        Err(error) => unreachable(ACCOUNT, carrier, error),
    }
}

fn about_number(
    carrier: &str,
    number: Option<&PhoneNumber>,
    standing: Option<Result<NumberStanding, RequestError>>,
) -> Finding {
    let (Some(number), Some(standing)) = (number, standing) else {
        return Finding::of(
            NUMBER,
            Verdict::Doubtful,
            "No number is set, so campaigns that name none of their own cannot be launched.",
            "Set TWILIO_PHONE_NUMBER to a number of the account, and start the server again.",
        );
    };
    let number = number.international();
    match standing {
        Ok(NumberStanding::Owned) => {
            Finding::good(NUMBER, format!("{number} belongs to the account and can make calls."))
        }
        Ok(NumberStanding::Verified) => {
            Finding::good(NUMBER, format!("{number} is verified as yours, so calls may show it."))
        }
        Ok(NumberStanding::WithoutVoice) => Finding::of(
            NUMBER,
            Verdict::Bad,
            format!("{number} belongs to the account, but cannot make calls."),
            "Buy a number with voice in Twilio's console, and set TWILIO_PHONE_NUMBER to it.",
        ),
        Ok(NumberStanding::Foreign) => Finding::of(
            NUMBER,
            Verdict::Bad,
            format!(
                "{number} is neither a number of the account nor verified as yours. {carrier} refuses calls from it."
            ),
            "Set TWILIO_PHONE_NUMBER to a number of the account, or verify this one in Twilio's console under Verified Caller IDs.",
        ),
        Err(error) => unreachable(NUMBER, carrier, &error),
    }
}

fn unreachable(about: (&'static str, &'static str), carrier: &str, error: &RequestError) -> Finding {
    let (what, fix) = match error {
        RequestError::Missing => (
            format!("{carrier} knows no such account."),
            "Compare TWILIO_ACCOUNT_SID with Twilio's console. Accounts of another region need TWILIO_API_BASE.",
        ),
        RequestError::Refused(refusal) if matches!(refusal.http_status, Some(401 | 403)) => (
            format!("{carrier} does not accept our credentials."),
            "Copy TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN from Twilio's console again, and start the server again.",
        ),
        RequestError::Refused(refusal) => (
            format!("{carrier} refused to answer. {}", refusal.explain()),
            "Repeat the test. If it stays so, Twilio's console says more about the account.",
        ),
        RequestError::Throttled { .. } => (
            format!("{carrier} gets too many requests from this account at the moment."),
            "Wait a minute and repeat the test.",
        ),
        RequestError::Failed { why } => (
            format!("{carrier} could not be reached: {why}."),
            "This server must be able to open https connections to api.twilio.com. Look at its firewall and its DNS.",
        ),
    };
    Finding::of(about, Verdict::Bad, what, fix)
}

fn about_address(url: &Url, carrier_is_here: bool) -> Finding {
    let shown = url.as_str().trim_end_matches('/');
    if carrier_is_here {
        return Finding::good(
            ADDRESS,
            format!("The phone network runs on this machine and reaches {shown}."),
        );
    }
    if !is_reachable_from_outside(url) {
        return Finding::of(
            ADDRESS,
            Verdict::Bad,
            format!(
                "{shown} leads to this machine or a private network. Twilio cannot reach it, so no news of calls comes."
            ),
            "Set PUBLIC_URL to the https address at which the internet reaches this server, and start it again.",
        );
    }
    if url.scheme() != "https" {
        return Finding::of(
            ADDRESS,
            Verdict::Bad,
            format!(
                "{shown} is not https: everybody on the way can read whom you call, and nobody can sign in."
            ),
            "Put a proxy with a certificate in front of this server, and set PUBLIC_URL to its https address.",
        );
    }
    Finding::good(ADDRESS, format!("Twilio sends the news of calls to {shown}, over https."))
}

fn about_clock(carrier: &str, said: Timestamp, asked: Timestamp, answered: Timestamp) -> Finding {
    // The carrier names the second in which it answered, somewhere between our two looks at the clock.
    let earliest = asked - SignedDuration::from_secs(1);
    let (off, word) = if said < earliest {
        (asked.duration_since(said), "ahead of")
    } else if said > answered {
        (said.duration_since(answered), "behind")
    } else {
        (SignedDuration::ZERO, "")
    };
    if off <= CLOSE_ENOUGH {
        return Finding::good(CLOCK, format!("{carrier} and this server agree on the time."));
    }
    let verdict = if off > FAR_OFF { Verdict::Bad } else { Verdict::Doubtful };
    Finding::of(
        CLOCK,
        verdict,
        format!(
            "This server's clock is {} s {word} that of {}. Calling hours are kept by this server's clock.",
            off.as_secs(),
            carrier.replacen("The", "the", 1)
        ),
        "Switch on the synchronisation of time on this machine (for example systemd-timesyncd or chrony).",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn address(url: &str) -> Verdict {
        about_address(&url.parse().unwrap(), false).verdict
    }

    #[test]
    fn webhooks_need_an_https_address_that_the_internet_reaches() {
        assert_eq!(address("https://calls.example.net"), Verdict::Good);
        for bad in [
            "http://calls.example.net",
            "https://127.0.0.1:3000",
            "https://localhost",
            "https://10.0.0.7",
            "https://[::1]",
            "https://server",
            "https://calls.local",
        ] {
            assert_eq!(address(bad), Verdict::Bad, "{bad}");
        }
        assert_eq!(about_address(&"http://127.0.0.1:3000".parse().unwrap(), true).verdict, Verdict::Good);
    }

    #[test]
    fn a_clock_is_judged_by_how_far_it_is_outside_of_question_and_answer() {
        let judged = |said: i64| about_clock("Twilio", at(said), at(100), at(102));
        for fine in [95, 99, 100, 102, 107] {
            assert_eq!(judged(fine).verdict, Verdict::Good, "{fine}");
        }
        let ahead = judged(70);
        assert_eq!(ahead.verdict, Verdict::Doubtful);
        assert!(ahead.what.contains("30 s ahead of that of Twilio"), "{}", ahead.what);
        let behind = judged(200);
        assert_eq!(behind.verdict, Verdict::Bad);
        assert!(behind.what.contains("98 s behind that of Twilio"), "{}", behind.what);
    }

    #[test]
    fn every_finding_that_is_not_good_says_what_to_do() {
        let refused = |code: u32, http_status: u16| {
            RequestError::Refused(crate::carrier::Refusal {
                code: Some(code),
                message: "no".to_owned(),
                http_status: Some(http_status),
                meaning: domain::refusal::RefusalMeaning::from_twilio_code(code),
            })
        };
        let errors = [
            RequestError::Missing,
            RequestError::Throttled { retry_after: None },
            RequestError::Failed { why: "no route".to_owned() },
            refused(20003, 401),
            refused(20404, 400),
        ];
        for error in errors {
            let finding = unreachable(ACCOUNT, "Twilio", &error);
            assert!(finding.verdict == Verdict::Bad && finding.fix.is_some(), "{finding:?}");
        }
        for standing in [NumberStanding::WithoutVoice, NumberStanding::Foreign] {
            let number = PhoneNumber::parse("+14155550100", None).unwrap();
            let finding = about_number("Twilio", Some(&number), Some(Ok(standing)));
            assert!(finding.verdict == Verdict::Bad && finding.fix.is_some(), "{finding:?}");
        }
        assert_eq!(about_number("Twilio", None, None).verdict, Verdict::Doubtful);
    }
}
