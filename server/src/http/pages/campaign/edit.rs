//! A new campaign, and the rules of one that is there. What the form says is read by the API's own rules.

mod values;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use domain::disposition::Disposition;
use domain::ids::CampaignId;
use maud::{Markup, html};
use serde::Deserialize;

use self::values::{filled, object_of};
use super::outlook::outlook;
use crate::actions::users::Role;
use crate::http::api::campaigns::fields::{CampaignFields, draft_of};
use crate::http::api::campaigns::load;
use crate::http::auth::{Analyst, Operator};
use crate::http::pages::form::Form;
use crate::http::pages::page::{Page, Place};
use crate::http::pages::parts::badge;
use crate::http::pages::parts::field::{Field, mistakes};
use crate::http::pages::parts::head::{done, head};
use crate::http::state::HttpState;
use crate::http::{PathId, Problem, Query};
use crate::store::campaigns::CampaignRecord;

const DAYS: [(&str, &str); 7] = [
    ("monday", "Monday"),
    ("tuesday", "Tuesday"),
    ("wednesday", "Wednesday"),
    ("thursday", "Thursday"),
    ("friday", "Friday"),
    ("saturday", "Saturday"),
    ("sunday", "Sunday"),
];

/// Outcomes that may be tried again, in the order in which the form asks.
const RETRIED: [Disposition; 6] = [
    Disposition::Busy,
    Disposition::NoAnswer,
    Disposition::MachineAnswered,
    Disposition::Failed,
    Disposition::Canceled,
    Disposition::Lost,
];

/// What was just done.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    done: String,
}

/// Asks what the new campaign shall be.
pub async fn ask(_: Operator) -> Page {
    let form = Form::filled([
        ("timezone", "America/New_York"),
        ("callWindowStart", "09:00"),
        ("callWindowEnd", "17:00"),
        ("dailyCallLimit", "50"),
        ("defaultRegion", "US"),
    ]);
    new_page(&form)
}

/// Makes a draft, which rings nobody.
pub async fn create(
    State(state): State<HttpState>,
    Operator(visitor): Operator,
    form: Form,
) -> Result<Response, Problem> {
    let names = ["name", "timezone", "callWindowStart", "callWindowEnd", "defaultRegion"];
    let mut object = form.texts(&names, &[]);
    form.add_number(&mut object, "dailyCallLimit");
    let drafted = crate::http::json::from_value::<CampaignFields>(object.into())
        .and_then(|fields| fields.new_draft(&state.server).map_err(Problem::invalid));
    let made = match drafted {
        Ok(draft) => state.actions.create_campaign(visitor.actor, draft).await.map_err(Problem::from),
        Err(problem) => Err(problem),
    };
    match made {
        Ok(campaign) => Ok(Redirect::to(&format!("/campaigns/{}/import", campaign.id)).into_response()),
        Err(problem) if problem.status().is_server_error() => Err(problem),
        Err(problem) => Ok(new_page(&form.with_problem(&problem))
            .status(StatusCode::UNPROCESSABLE_ENTITY)
            .into_response()),
    }
}

/// Shows the rules.
pub async fn show(
    State(state): State<HttpState>,
    Analyst(visitor): Analyst,
    PathId(id): PathId<CampaignId>,
    Query(asked): Query<Asked>,
) -> Result<Page, Problem> {
    let campaign = load(&state, &visitor, id).await?;
    let form = filled(&campaign);
    settings_page(&state, visitor.role, campaign, &form, asked.done == "saved").await
}

/// Changes the rules. What is changed holds for every call armed from then on.
pub async fn save(
    State(state): State<HttpState>,
    Operator(visitor): Operator,
    PathId(id): PathId<CampaignId>,
    form: Form,
) -> Result<Response, Problem> {
    let campaign = load(&state, &visitor, id).await?;
    let changed = match crate::http::json::from_value::<CampaignFields>(object_of(&form).into()) {
        Err(problem) => Err(problem),
        Ok(fields) => {
            let server = state.server.clone();
            let change = move |campaign: &CampaignRecord| {
                fields.changed(draft_of(campaign), &server).map_err(Problem::invalid)
            };
            state.actions.change_campaign(visitor.actor.clone(), id, change).await
        }
    };
    match changed {
        Ok(_) => {
            // A wider window or a higher limit may let somebody be rung at once.
            state.actions.wake.dialer();
            Ok(Redirect::to(&format!("/campaigns/{id}/settings?done=saved")).into_response())
        }
        Err(problem) if problem.status().is_server_error() => Err(problem),
        Err(problem) => {
            let form = form.with_problem(&problem);
            let page = settings_page(&state, visitor.role, campaign, &form, false).await?;
            Ok(page.status(StatusCode::UNPROCESSABLE_ENTITY).into_response())
        }
    }
}

fn new_page(form: &Form) -> Page {
    let content = html! {
        div.card {
            (mistakes(form))
            form method="post" action="/campaigns/new" {
                (Field::text(form, "name", "Name").required().hint("For your team; nobody who is rung hears it.").line())
                (zone_and_region(form))
                div.row {
                    (Field::text(form, "callWindowStart", "Calls from").kind("time").required().line())
                    (Field::text(form, "callWindowEnd", "until").kind("time").required().line())
                    (Field::text(form, "dailyCallLimit", "Calls a day, at most").kind("number").required()
                        .with(&[("min", "0"), ("max", "1000000")]).line())
                }
                p.muted { "You can set hours for each weekday, retries, pace and budget later. Nothing is rung before you launch." }
                div.actions {
                    button.primary type="submit" { "Make the draft" }
                    a.button href="/campaigns" { "Cancel" }
                }
            }
        }
    };
    Page::new("New campaign", Place::Campaigns)
        .with(
            "head",
            head("New campaign", "Who is rung, what they hear and when: first the when.", &html! {}),
        )
        .with("new", content)
}

fn zone_and_region(form: &Form) -> Markup {
    html! {
        div.row {
            (Field::text(form, "timezone", "Time zone").required().hint("A region such as America/New_York. Its hours and days are the campaign's.").with(&[("list", "zones")]).line())
            (Field::text(form, "defaultRegion", "Numbers without a country code are in").required().hint("Two letters, such as US.").line())
        }
        datalist #zones { @for zone in jiff::tz::db().available() { option value=(zone) {} } }
    }
}

async fn settings_page(
    state: &HttpState,
    role: Role,
    campaign: CampaignRecord,
    form: &Form,
    saved: bool,
) -> Result<Page, Problem> {
    let outlook = outlook(state, campaign).await?;
    let id = outlook.campaign.id;
    let editable = role >= Role::Operator;
    let never_rang = outlook.campaign.launched_at.is_none();
    let content = html! {
        (done(saved.then_some("Saved. Every call from now on keeps to it.")))
        (mistakes(form))
        form method="post" action={ "/campaigns/" (id) "/settings" } {
            // Everybody who may read the campaign sees its rules; only some may change them.
            fieldset.stack disabled[!editable] {
                div.card { (general(form)) }
                div.card #hours { (hours(form)) }
                div.card { (limits(form)) }
                div.card { (retries(form)) }
                div.card { (calls(form)) }
                @if editable { div.actions { button.primary type="submit" { "Save" } } }
                @else { p.muted { "Your role may read these rules. An operator of your team can change them." } }
            }
        }
        @if editable && never_rang {
            div.card {
                h2 { "Remove" }
                p { "A campaign that never rang anybody can be removed, with its list." }
                form method="post" action={ "/campaigns/" (id) "/remove" } { button.grave type="submit" { "Remove the campaign" } }
            }
        }
    };
    Ok(super::page(&outlook, role, "/settings").with("settings", content))
}

fn general(form: &Form) -> Markup {
    html! {
        h2 { "General" }
        (Field::text(form, "name", "Name").required().line())
        (zone_and_region(form))
        @let purposes = [("", "Not said"), ("marketing", "To sell, or to lead to a sale"), ("informational", "To inform")];
        div.row {
            (Field::text(form, "purpose", "What it calls for").hint("Sales calls are launched only with what the law wants people to hear.").choice(&purposes))
            (Field::text(form, "callerName", "In whose name").hint("As it is spoken. The script must say it at its beginning.").with(&[("maxlength", "100")]).line())
        }
        (Field::text(form, "callerId", "Number shown").kind("tel").hint("One of the carrier account. Empty: the installation's own.").line())
    }
}

fn hours(form: &Form) -> Markup {
    html! {
        h2 { "Calling hours" }
        p.muted { "For each day, one or more windows such as 09:00-12:00, 13:00-17:00. Empty: no calls. A window that ends before it starts ends on the next day." }
        div.days { @for (name, label) in DAYS { (Field::text(form, name, label).with(&[("placeholder", "closed"), ("autocomplete", "off")]).line()) } }
        @if let Some(wrong) = form.wrong("callingWindows") { p.wrong #callingWindows { (wrong) } }
    }
}

fn limits(form: &Form) -> Markup {
    html! {
        h2 { "Limits, pace and budget" }
        div.row {
            (Field::text(form, "dailyCallLimit", "Calls a day, at most").kind("number").required().with(&[("min", "0"), ("max", "1000000")]).line())
            (Field::text(form, "callsPerSecond", "New calls per second, at most").hint("Empty: the account's pace.").with(&[("inputmode", "decimal")]).line())
            (Field::text(form, "maxLiveCalls", "Calls on at the same time, at most").kind("number").with(&[("min", "1")]).line())
        }
        @if let Some(wrong) = form.wrong("pacing") { p.wrong #pacing { (wrong) } }
        div.row {
            (Field::text(form, "budget", "Budget in dollars").hint("Never exceeded: the worst case is held before each call.").with(&[("inputmode", "decimal")]).line())
            (Field::text(form, "dailyBudget", "Budget of one day").with(&[("inputmode", "decimal")]).line())
        }
    }
}

fn retries(form: &Form) -> Markup {
    html! {
        h2 { "Retries" }
        (Field::text(form, "maxAttempts", "Attempts for one person, at most").kind("number").required().with(&[("min", "1"), ("max", "10")]).line())
        p.muted { "Minutes to wait before another attempt. Empty: that outcome is final." }
        div.row {
            @for disposition in RETRIED {
                @let name = format!("delay.{}", disposition.as_str());
                @for kept in ["growth", "other"] {
                    @let kept = format!("{kept}.{}", disposition.as_str());
                    input type="hidden" name=(kept) value=(form.value(&kept));
                }
                (Field::text(form, &name, badge::disposition(disposition)).kind("number").with(&[("min", "1")]).line())
            }
        }
        @if let Some(wrong) = form.wrong("retryPolicy") { p.wrong #retryPolicy { (wrong) } }
        @let lost = [("count_as_attempt", "It counts as an attempt, and the next one waits"), ("hold", "Nobody is rung until a person decides"), ("assume_placed", "The person counts as rung")];
        (Field::text(form, "lostCalls", "When nobody can find out whether the phone rang").choice(&lost))
        @let orders = [("due", "Whose time came first"), ("fresh_first", "New people before retries"), ("retries_first", "Retries before new people")];
        (Field::text(form, "dialOrder", "Who is rung first").choice(&orders))
    }
}

fn calls(form: &Form) -> Markup {
    let detection = [
        ("off", "Off"),
        ("enable", "Before the call begins"),
        ("detect_message_end", "Before it begins, waiting for the end of a greeting"),
        ("async", "While it goes on"),
    ];
    let recording = [("off", "Off"), ("mono", "Both sides together"), ("dual", "Each side by itself")];
    html! {
        h2 { "Each call" }
        div.row {
            (Field::text(form, "ringTimeoutSeconds", "Rings for, in seconds").kind("number").required().with(&[("min", "15"), ("max", "60")]).line())
            (Field::text(form, "timeLimitSeconds", "Lasts at most, in seconds").kind("number").required().with(&[("min", "30"), ("max", "3600")]).line())
        }
        (Field::text(form, "machineDetection", "Tell people from machines").choice(&detection))
        @let consents = [("announce", "Tell everybody at the beginning of the call"), ("record_only_where_one_party_suffices", "Tell nobody, and record only where one party may")];
        (Field::text(form, "recording", "Record").choice(&recording))
        (Field::text(form, "recordingConsent", "Where everybody must agree to a recording").hint("Numbers of California, Florida, Illinois and a dozen other states, of other countries, and those of which nobody knows where they belong. Your own place may ask for more.").choice(&consents))
        (Field::text(form, "recordingNotice", "What people are told").hint("Empty: “This call is recorded.”").line())
    }
}
