//! Campaigns of people who do not exist, and what may become of them.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use reqwest::Method;
use serde_json::{Value, json};

use super::api::Api;
use crate::clock::now;

/// Area codes of the United States; 100 numbers of each are set aside for fiction (555-0100 to 555-0199).
const AREAS: &[u16] = &[
    201, 202, 203, 205, 206, 207, 208, 209, 210, 212, 213, 214, 215, 216, 217, 218, 219, 224, 225, 228, 229,
    231, 234, 239, 240, 248, 251, 252, 253, 254, 256, 260, 262, 267, 269, 270, 276, 281, 301, 302, 303, 304,
    305, 307, 308, 309, 310, 312, 313, 314, 315, 316, 317, 318, 319, 320, 321, 323, 325, 330, 334, 336, 337,
    339, 347, 351, 352, 360, 361, 386, 401, 402, 404, 405, 406, 407, 408, 409, 410, 412, 413, 414, 415, 417,
    419, 423, 424, 425, 432, 434, 435, 440, 443, 469, 478, 479, 480, 484, 501, 502, 503, 504, 505, 507, 508,
    509, 510, 512, 513, 515, 516, 517, 518, 520, 530, 540, 541, 551, 559, 561, 562, 563, 567, 570, 571, 573,
    574, 580, 585, 586, 601, 602, 603, 605, 606, 607, 608, 609, 610, 612, 614, 615, 616, 617, 618, 619, 620,
    623, 626, 630, 631, 636, 641, 646, 650, 651, 660, 661, 662, 678, 682, 701, 702, 703, 704, 706, 707, 708,
    712, 713, 714, 715, 716, 717, 718, 719, 720, 724, 727, 731, 732, 734, 740, 754, 757, 760, 763, 765, 770,
    772, 773, 774, 775, 781, 785, 786, 801, 802, 803, 804, 805, 806, 808, 810, 812, 813, 814, 815, 816, 817,
    818, 828, 830, 831, 832, 843, 845, 847, 848, 850, 856, 857, 858, 859, 860, 862, 863, 864, 865, 870, 901,
    903, 904, 906, 907, 908, 909, 910, 912, 913, 914, 915, 916, 917, 918, 919, 920, 925, 928, 931, 936, 937,
    940, 941, 949, 951, 952, 954, 956, 970, 971, 972, 973, 978, 979, 980, 985, 989,
];

/// Zones of which one has its day at any hour.
const ZONES: [&str; 4] = ["America/New_York", "Europe/Berlin", "Asia/Tokyo", "Pacific/Auckland"];

/// The number of the nth person.
pub fn number(nth: usize) -> String {
    format!("+1{}5550{:03}", AREAS[nth / 100 % AREAS.len()], 100 + nth % 100)
}

/// Characters that the phone network speaks per second.
const SPEECH_RATE: usize = 15;

/// What the network charges for a call of these campaigns, in millionths of a dollar: a begun minute.
pub const PRICE: u64 = 14_000;

/// The key that ends it for good, where a campaign offers one.
pub const OPT_OUT_KEY: char = '9';

/// How many people there are.
pub const PEOPLE: usize = AREAS.len() * 100;

/// When a campaign may ring.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Hours {
    /// At any hour.
    Always,
    /// At none of the hours of this run.
    Never,
    /// Until this instant, a full minute.
    Until(Timestamp),
}

/// The rules that a campaign must keep.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// Rings per local date, at most.
    pub limit: u64,
    /// When it may ring.
    pub hours: Hours,
    /// What its calls may cost in all, in millionths of a dollar.
    pub budget: Option<u64>,
    /// How long people are spoken to, in seconds; briefly when 0. At most 200.
    pub speech: usize,
    /// Offers a key that ends it for good.
    pub opt_out: bool,
}

impl Rules {
    /// As many as there are, at any hour, whatever it costs.
    pub const NONE: Self =
        Self { limit: 1_000_000, hours: Hours::Always, budget: None, speech: 0, opt_out: false };
}

/// A launched campaign.
#[derive(Clone, Debug)]
pub struct Campaign {
    /// `cmp_…`
    pub id: String,
    /// Its people.
    pub numbers: Vec<String>,
    /// What it must keep.
    pub rules: Rules,
    /// Where its days begin and end.
    pub zone: TimeZone,
}

/// Makes a campaign of these people, and launches it. Nobody is rung a second time.
pub async fn launch(api: &Api, numbers: Vec<String>, rules: Rules) -> anyhow::Result<Campaign> {
    let campaign = prepare(api, numbers, rules).await?;
    api.send(Method::POST, &format!("/api/campaigns/{}/launch", campaign.id), &json!({})).await?;
    Ok(campaign)
}

/// The same, as a draft.
pub async fn prepare(api: &Api, numbers: Vec<String>, rules: Rules) -> anyhow::Result<Campaign> {
    let script = api.send(Method::POST, "/api/scripts", &script_of(rules)).await?;
    let (zone_name, zone) = zone_by_day()?;
    let local = |at: Timestamp| at.to_zoned(zone.clone()).strftime("%H:%M").to_string();
    let (start, end) = match rules.hours {
        Hours::Always => ("00:00".to_owned(), "24:00".to_owned()),
        // Three hours ahead, one hour long; it is day there, so this is today.
        Hours::Never => (
            local(now() + jiff::SignedDuration::from_hours(3)),
            local(now() + jiff::SignedDuration::from_hours(4)),
        ),
        Hours::Until(end) => ("00:00".to_owned(), local(end)),
    };
    let fields = json!({
        "name": "Chaos", "scriptId": script["id"], "dailyCallLimit": rules.limit, "timezone": zone_name,
        "callWindowStart": start, "callWindowEnd": end, "ringTimeoutSeconds": 15,
        "retryPolicy": {"maxAttempts": 1, "rules": {}},
        // Usually a minute at most, and people talk for less than that: the worst case is what a call costs.
        "timeLimitSeconds": 60.max(rules.speech), "budget": rules.budget.map(dollars),
    });
    let made = api.send(Method::POST, "/api/campaigns", &fields).await?;
    let id = made["id"].as_str().unwrap_or_default().to_owned();
    if !numbers.is_empty() {
        api.import(&id, &numbers).await?;
    }
    Ok(Campaign { id, numbers, rules, zone })
}

fn script_of(rules: Rules) -> Value {
    if rules.opt_out {
        // Short, so that the line is free again soon for the next person.
        return json!({ "name": "Chaos", "steps": [
            { "do": "ask", "name": "ask", "text": "Hm.", "waitSeconds": 1, "tries": 1,
              "keys": [{ "key": OPT_OUT_KEY, "reaction": "opted_out", "then": "bye" }] },
            { "do": "say", "name": "bye", "text": "Bye." },
        ]});
    }
    let body = "Hello {{ firstName | default('there') }}, this is a test.".to_owned();
    let body = if rules.speech == 0 { body } else { "Hm. ".repeat(rules.speech * SPEECH_RATE / 4) };
    json!({ "name": "Chaos", "body": body })
}

/// Millionths of a dollar as the API writes money.
pub fn dollars(micros: u64) -> String {
    format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000)
}

/// A full minute about this many seconds from now.
pub fn full_minute_in(seconds: i64) -> Timestamp {
    let at = now().as_second() + seconds;
    Timestamp::from_second(at - at % 60).unwrap_or(Timestamp::MAX)
}

/// A zone where it is between 7 and 18 o'clock, so that no run meets its midnight.
fn zone_by_day() -> anyhow::Result<(&'static str, TimeZone)> {
    for name in ZONES {
        let zone = TimeZone::get(name)?;
        if (7..18).contains(&now().to_zoned(zone.clone()).hour()) {
            return Ok((name, zone));
        }
    }
    anyhow::bail!("it is night everywhere")
}
