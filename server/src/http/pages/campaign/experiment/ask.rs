//! The form that starts a test: A is what the campaign says now, beside it up to seven others.

use domain::call_flow::Words;
use domain::experiment::tally::Goal;
use domain::experiment::{Arm, MOST_ARMS};
use maud::{Markup, html};
use serde_json::{Value, json};

use super::result::hope;
use crate::actions::users::Visitor;
use crate::http::api::campaigns::experiment::fields::ExperimentFields;
use crate::http::api::scripts::ScriptFields;
use crate::http::pages::form::{Form, as_number};
use crate::http::pages::parts::field::{Field, mistakes};
use crate::http::state::HttpState;
use crate::http::{FieldError, Problem, json as read};
use crate::speech;
use crate::store::campaigns::CampaignRecord;
use crate::store::scripts::ScriptRecord;

/// A new text for B, instead of a script that is there already.
const TEXT: &str = "text_B";

fn arms() -> impl Iterator<Item = Arm> {
    (0..MOST_ARMS).filter_map(Arm::at)
}

fn script_input(arm: Arm) -> String {
    format!("script_{arm}")
}

fn voice_input(arm: Arm) -> String {
    format!("voice_{arm}")
}

fn share_input(arm: Arm) -> String {
    format!("share_{arm}")
}

/// The arms with a share: the others are not part of the test.
fn wanted(form: &Form) -> Vec<Arm> {
    arms().filter(|arm| form.given(&share_input(*arm)).is_some()).collect()
}

/// Reads the form by the API's rules and starts the test.
pub(super) async fn started(
    state: &HttpState,
    visitor: &Visitor,
    campaign: &CampaignRecord,
    form: &Form,
) -> Result<(), Problem> {
    let now = state.actions.clock.now();
    let mut test = draft_of(form);
    // What can be said against it without the new text is said first, so that a refusal leaves no script behind.
    let fields: ExperimentFields = read::from_value(test.clone())?;
    fields.checked(&state.server, now).await.map_err(Problem::invalid)?;
    if let Some(text) = form.given(TEXT) {
        let (name, words) = new_words(state, campaign, text).await?;
        let script = state.actions.create_script(visitor.actor.clone(), name, words).await?;
        if let Some(arm) = test.pointer_mut("/arms/1") {
            arm["scriptId"] = script.id.to_string().into();
        }
    }
    let fields: ExperimentFields = read::from_value(test)?;
    let draft = fields.checked(&state.server, now).await.map_err(Problem::invalid)?;
    state.actions.start_experiment(visitor.actor.clone(), campaign.id, draft).await?;
    Ok(())
}

fn draft_of(form: &Form) -> Value {
    let arm = |arm: Arm| {
        json!({
            "scriptId": form.given(&script_input(arm)),
            "voiceId": form.given(&voice_input(arm)),
            "share": as_number(form.given(&share_input(arm)).unwrap_or_default()),
        })
    };
    let arms: Vec<Value> = wanted(form).into_iter().map(arm).collect();
    json!({ "goal": form.value("goal"), "arms": arms })
}

/// The text with the keys and the voicemail of the campaign's script.
async fn new_words(
    state: &HttpState,
    campaign: &CampaignRecord,
    text: &str,
) -> Result<(String, Words), Problem> {
    let wrong = |detail: &str| Problem::from(FieldError::at(format!("/{TEXT}"), "invalid", detail));
    let own = match campaign.script {
        Some(id) => state.actions.store.script(campaign.workspace, id).await?,
        None => None,
    };
    let own = own.ok_or_else(|| wrong("the campaign says nothing yet to compare it with"))?;
    if own.words.steps.is_some() {
        return Err(wrong(
            "the campaign's script has steps of its own: make the other script through the API",
        ));
    }
    let fields = json!({ "body": text.replace("\r\n", "\n") });
    let fields: ScriptFields = read::from_value(fields)?;
    let read = fields.read(Some(&own.words), &state.server);
    let (_, words) = read.map_err(|problem| {
        let detail = problem.errors().first().map_or_else(|| problem.detail(), |error| &error.detail);
        wrong(detail)
    })?;
    let words = words.unwrap_or_default();
    if let Err(error) = speech::check_for_everybody(&words) {
        return Err(wrong(&format!("somebody without these values could not hear it: {error}")));
    }
    let name: String = format!("{}, B", campaign.name).chars().take(200).collect();
    Ok((name, words))
}

/// The form with its mistakes, each at the input of its arm.
pub(super) fn with_problem(form: Form, problem: &Problem) -> Form {
    let wanted = wanted(&form);
    let input = |pointer: &str| {
        let mut steps = pointer.trim_start_matches('/').split('/');
        let (Some("arms"), Some(place), Some(field)) = (steps.next(), steps.next(), steps.next()) else {
            return None;
        };
        let arm = *wanted.get(place.parse::<usize>().ok()?)?;
        match field {
            // A has no choice of a script: what is wrong with it is wrong with the campaign.
            "scriptId" if arm != Arm::FIRST => Some(script_input(arm)),
            "voiceId" if arm != Arm::FIRST => Some(voice_input(arm)),
            "share" => Some(share_input(arm)),
            _ => None,
        }
    };
    let at_inputs = problem.errors().iter().map(|error| {
        let pointer = error.pointer.clone().unwrap_or_default();
        let name = input(&pointer).unwrap_or_else(|| pointer.trim_start_matches('/').to_owned());
        let name = if form.has(&name) { name } else { String::new() };
        (name, error.detail.clone())
    });
    let blockers = problem.blockers().iter().map(|blocker| (String::new(), blocker.detail.clone()));
    let mut mistakes: Vec<(String, String)> = at_inputs.chain(blockers).collect();
    if mistakes.is_empty() {
        mistakes.push((String::new(), problem.detail().to_owned()));
    }
    form.with_mistakes(mistakes)
}

/// What an arm can be made of.
#[derive(Clone, Copy)]
pub(super) struct Choices<'c> {
    pub scripts: &'c [ScriptRecord],
    /// What to give, and what to show.
    pub voices: &'c [(String, String)],
}

/// The card. `form`: what was typed, where it was refused.
pub(super) fn card(campaign: &CampaignRecord, choices: Choices<'_>, form: Option<&Form>) -> Markup {
    let usual = [("goal", "confirmed"), ("share_A", "50"), ("share_B", "50")];
    let fresh = Form::filled(usual);
    let typed = form.unwrap_or(&fresh);
    html! {
        details.card open[form.is_some()] {
            summary { "Compare with another script or voice" }
            p { "An A/B test: some people hear what the campaign says now, the others something else. Each person hears the same at every attempt. While it runs, what is compared cannot be changed." }
            @if campaign.plays_a_sound() {
                p { "The campaign plays a sound file. A test compares scripts and voices, so take the file out first." }
            } @else if campaign.script.is_none() {
                p { "Write first what the campaign says: that is what a test compares with." }
            } @else { (inputs(campaign, choices, typed)) }
        }
    }
}

fn inputs(campaign: &CampaignRecord, choices: Choices<'_>, form: &Form) -> Markup {
    let goals = Goal::ALL.map(|goal| (goal.as_str(), format!("They {}", hope(goal))));
    let more = arms().skip(2).any(|arm| form.given(&share_input(arm)).is_some());
    html! {
        (mistakes(form))
        form method="post" action={ "/campaigns/" (campaign.id) "/experiment" } {
            (Field::text(form, "goal", "What is hoped for of those who pick up").choice(&goals))
            fieldset {
                legend { "A" }
                p.hint { "What the campaign says now." }
                (share(form, Arm::FIRST))
            }
            @for arm in arms().skip(1).take(1) {
                fieldset {
                    legend { (arm) }
                    (other(form, arm, choices))
                    (Field::text(form, TEXT, "Or a new text for B").hint("It becomes a script of its own, with the keys and the voicemail message of the present one.").area())
                    (share(form, arm))
                }
            }
            details open[more] {
                summary { "More than two" }
                p.hint { "Each with a share takes part." }
                @for arm in arms().skip(2) {
                    fieldset { legend { (arm) } (other(form, arm, choices)) (share(form, arm)) }
                }
            }
            button.primary type="submit" { "Start the test" }
        }
    }
}

fn other(form: &Form, arm: Arm, choices: Choices<'_>) -> Markup {
    let mut says = vec![(String::new(), "The same as A".to_owned())];
    says.extend(choices.scripts.iter().map(|script| (script.id.to_string(), script.name.clone())));
    let mut speaks = vec![(String::new(), "The same as A".to_owned())];
    speaks.extend(choices.voices.iter().filter(|(id, _)| !id.is_empty()).cloned());
    html! {
        div.row {
            (Field::text(form, &script_input(arm), &format!("Script of {arm}")).choice(&says))
            (Field::text(form, &voice_input(arm), &format!("Voice of {arm}")).choice(&speaks))
        }
    }
}

fn share(form: &Form, arm: Arm) -> Markup {
    let bounds = [("min", "1"), ("max", "1000"), ("inputmode", "numeric")];
    Field::text(form, &share_input(arm), &format!("Share of {arm}")).kind("number").with(&bounds).line()
}
