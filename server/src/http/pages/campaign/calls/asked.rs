//! Which calls to list, as it stands in the address, and the form that writes it there.

use domain::call::CallStatus;
use domain::carrier_event::AnsweredBy;
use domain::experiment::{Arm, MOST_ARMS};
use domain::ids::ProspectId;
use domain::reaction::Reaction;
use jiff::civil::Date;
use maud::{Markup, html};
use serde::Deserialize;

use crate::http::pages::parts::badge;
use crate::http::pages::parts::pager::address;
use crate::http::query::{Cursor, SearchText};
use crate::store::call_list::{CallFilter, Order};
use crate::store::campaigns::CampaignRecord;

/// Filters, order and page as they stand in the address. What cannot be read is passed over: an address is typed and
/// shared by people.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    status: String,
    #[serde(rename = "answeredBy")]
    answered_by: String,
    reaction: String,
    arm: String,
    #[serde(rename = "prospectId")]
    prospect: String,
    from: String,
    to: String,
    q: Option<SearchText>,
    sort: String,
    pub(super) cursor: Option<Cursor>,
    done: String,
}

impl Asked {
    pub(super) fn filter(&self, campaign: &CampaignRecord) -> CallFilter {
        let mut filter = CallFilter::of(campaign.workspace);
        filter.campaign = Some(campaign.id);
        filter.prospect = self.prospect();
        filter.statuses = self.status.split(',').filter_map(CallStatus::parse).collect();
        filter.answered_by = match self.answered_by.as_str() {
            "machine" => AnsweredBy::ALL.into_iter().filter(|by| by.is_machine()).collect(),
            other => AnsweredBy::parse(other).into_iter().collect(),
        };
        filter.reactions = Reaction::parse(&self.reaction).into_iter().collect();
        filter.arms = self.arm.split(',').filter_map(Arm::parse).collect();
        let zone = &campaign.rules.zone;
        let midnight = |date: Date| zone.instant_of(date.at(0, 0, 0, 0));
        filter.from = self.from.parse().ok().and_then(midnight);
        // The last day is part of what is asked for.
        filter.to = self.to.parse::<Date>().ok().and_then(|date| date.tomorrow().ok()).and_then(midnight);
        filter.text = self.text().map(str::to_owned);
        filter
    }

    pub(super) fn order(&self) -> Order {
        Order::parse(&self.sort).unwrap_or(Order::NEWEST_FIRST)
    }

    /// Only the calls to this person.
    pub(super) fn prospect(&self) -> Option<ProspectId> {
        self.prospect.parse().ok()
    }

    fn text(&self) -> Option<&str> {
        self.q.as_ref().and_then(SearchText::text)
    }

    pub(super) fn is_filtered(&self) -> bool {
        let texts = [&self.status, &self.answered_by, &self.reaction, &self.arm, &self.from, &self.to];
        texts.iter().any(|text| !text.is_empty()) || self.text().is_some() || self.prospect().is_some()
    }

    /// The address of the same list as a file.
    fn file(&self, path: &str) -> String {
        self.page(path, "")
    }

    /// The address of the same list from a cursor on.
    pub(super) fn page(&self, path: &str, cursor: &str) -> String {
        self.address(path, &self.sort, &self.prospect, cursor)
    }

    /// The address of the same list in an order.
    pub(super) fn sorted(&self, path: &str, order: Order) -> String {
        self.address(path, &order.word(), &self.prospect, "")
    }

    /// The address of the same list, of everybody.
    fn of_everybody(&self, path: &str) -> String {
        self.address(path, &self.sort, "", "")
    }

    fn address(&self, path: &str, sort: &str, prospect: &str, cursor: &str) -> String {
        address(
            path,
            &[
                ("status", &self.status),
                ("answeredBy", &self.answered_by),
                ("reaction", &self.reaction),
                ("arm", &self.arm),
                ("prospectId", prospect),
                ("from", &self.from),
                ("to", &self.to),
                ("q", self.text().unwrap_or_default()),
                ("sort", sort),
                ("cursor", cursor),
            ],
        )
    }

    pub(super) fn done(&self) -> Option<&'static str> {
        match self.done.as_str() {
            "launched" => Some("Launched. The first call begins as soon as the rules allow it."),
            "paused" => Some("Paused. Nobody is rung; calls under way go on to their end."),
            "resumed" => Some("Resumed."),
            "saved" => Some("Saved."),
            _ => None,
        }
    }
}

/// The same orders as the headings of the list, which phones do not show.
const ORDERS: [(&str, &str); 6] = [
    ("-createdAt", "Newest first"),
    ("createdAt", "Oldest first"),
    ("-duration", "Longest first"),
    ("duration", "Shortest first"),
    ("-cost", "Dearest first"),
    ("cost", "Cheapest first"),
];

/// The form. `person` is the name of the only one whose calls are listed.
pub(super) fn filters(campaign: &CampaignRecord, asked: &Asked, person: Option<&str>) -> Markup {
    let base = format!("/campaigns/{}", campaign.id);
    let statuses = CallStatus::ALL.map(|status| (status.as_str(), badge::call_word(status)));
    let answers =
        [("human", "A person"), ("machine", "A machine"), ("fax", "A fax"), ("unknown", "Could not tell")];
    let live = "queued,ringing,in-progress,unknown";
    let order = asked.order().word();
    html! {
        h2 #list-title { "Calls" }
        form.filters method="get" action=(base) data-submit="yes" role="search" {
            div.field {
                label for="q" { "Search" }
                input #q name="q" type="search" value=[asked.text()] placeholder="Name or number" maxlength="128";
            }
            div.field {
                label for="status" { "Status" }
                select #status name="status" {
                    option value="" { "All" }
                    option value=(live) selected[asked.status == live] { "Under way" }
                    @for (value, word) in statuses { option value=(value) selected[asked.status == value] { (word) } }
                }
            }
            div.field {
                label for="answeredBy" { "Answered by" }
                select #answeredBy name="answeredBy" {
                    option value="" { "Anybody" }
                    @for (value, word) in answers { option value=(value) selected[asked.answered_by == value] { (word) } }
                }
            }
            div.field {
                label for="reaction" { "What they did" }
                select #reaction name="reaction" {
                    option value="" { "Anything" }
                    @for reaction in Reaction::ALL {
                        option value=(reaction.as_str()) selected[asked.reaction == reaction.as_str()] { (badge::reaction_word(reaction)) }
                    }
                }
            }
            @if campaign.experiment.is_some() || !asked.arm.is_empty() {
                div.field {
                    label for="arm" { "Arm of a test" }
                    select #arm name="arm" {
                        option value="" { "Any" }
                        @for arm in (0..MOST_ARMS).filter_map(Arm::at) {
                            option value=(arm) selected[asked.arm == arm.to_string()] { (arm) }
                        }
                    }
                }
            }
            div.field { label for="from" { "From" } input #from name="from" type="date" value=(asked.from); }
            div.field { label for="to" { "To" } input #to name="to" type="date" value=(asked.to); }
            @if let Some(person) = person {
                div.field {
                    label for="who" { "Who" }
                    span #who { (person) " " a href=(asked.of_everybody(&base)) { "Everybody" } }
                    input type="hidden" name="prospectId" value=(asked.prospect);
                }
            }
            div.field {
                label for="sort" { "Order" }
                select #sort name="sort" {
                    @for (value, word) in ORDERS { option value=(value) selected[order == value] { (word) } }
                }
            }
            button type="submit" { "Filter" }
            @if asked.is_filtered() { a.button href=(base) { "Clear" } }
            a.button href={ (asked.file(&format!("{base}/calls.csv"))) } { "Export CSV" }
        }
    }
}
