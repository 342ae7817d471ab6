//! The telephone: what calls go through, whether that works, and the limits of the whole team.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};

use super::{Asked, tab};
use crate::actions::users::{Role, Visitor};
use crate::http::api::workspace::{WorkspaceFields, change_limits};
use crate::http::auth::{Admin, Listener, Operator};
use crate::http::connection::{self, Finding, Verdict};
use crate::http::pages::form::Form;
use crate::http::pages::page::Page;
use crate::http::pages::parts::field::{Field, mistakes};
use crate::http::pages::parts::head::done;
use crate::http::pages::parts::{facts, show};
use crate::http::state::HttpState;
use crate::http::{Problem, Query, json};
use crate::store::budgets::BudgetScope;

/// Shows what calls go through; those who only listen are led to their account.
pub async fn show(
    State(state): State<HttpState>,
    Listener(visitor): Listener,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    if visitor.role == Role::Listener {
        return Ok(Redirect::to("/settings/account").into_response());
    }
    let form = filled(&state, &visitor).await?;
    let page = page(&state, &visitor, &form, None, asked.done == "saved").await?;
    Ok(page.into_response())
}

/// Tries everything that a call needs, without making one, and shows what was found.
pub async fn test(State(state): State<HttpState>, Operator(visitor): Operator) -> Result<Page, Problem> {
    let findings = connection::test(&state).await;
    let form = filled(&state, &visitor).await?;
    page(&state, &visitor, &form, Some(&findings), false).await
}

/// Changes the limits of the whole team.
pub async fn save_limits(
    State(state): State<HttpState>,
    Admin(visitor): Admin,
    form: Form,
) -> Result<Response, Problem> {
    let mut object = form.texts(&["dailyBudget"], &["dailyBudget"]);
    form.add_number(&mut object, "frequencyCap");
    let saved = match json::from_value::<WorkspaceFields>(object.into()) {
        Ok(fields) => change_limits(&state, &visitor, fields).await,
        Err(problem) => Err(problem),
    };
    match saved {
        Ok(()) => Ok(Redirect::to("/settings?done=saved").into_response()),
        Err(problem) if problem.status().is_server_error() => Err(problem),
        Err(problem) => {
            let page = page(&state, &visitor, &form.with_problem(&problem), None, false).await?;
            Ok(page.status(StatusCode::UNPROCESSABLE_ENTITY).into_response())
        }
    }
}

async fn filled(state: &HttpState, visitor: &Visitor) -> Result<Form, Problem> {
    let rules = state.actions.store.workspace_rules(visitor.actor.workspace).await?;
    Ok(Form::filled([
        ("frequencyCap", rules.frequency_cap.rings().to_string()),
        ("dailyBudget", rules.daily_budget.map(|budget| budget.to_string()).unwrap_or_default()),
    ]))
}

async fn page(
    state: &HttpState,
    visitor: &Visitor,
    form: &Form,
    findings: Option<&[Finding]>,
    saved: bool,
) -> Result<Page, Problem> {
    let now = state.actions.clock.now();
    let today =
        state.actions.store.committed(BudgetScope::workspace_on(visitor.actor.workspace, now)).await?;
    let spent =
        html! { (show::sum(today.spent)) " spent, " (show::sum(today.held)) " held for calls under way" };
    Ok(tab(visitor.role, "/settings")
        .with("done", done(saved.then_some("Saved. Every call from now on keeps to it.")))
        .with("findings", html! { @if let Some(findings) = findings { (found(findings)) } })
        .with(
            "settings",
            html! { div.columns { (telephone(state, visitor.role)) (limits(form, visitor.role, &spent)) } },
        ))
}

fn telephone(state: &HttpState, role: Role) -> Markup {
    let (server, installation) = (&state.server, &state.actions.installation);
    let goes_to = if server.simulation {
        html! { "the phone network in the box: no real phone rings" }
    } else {
        html! { "real phones, through Twilio" }
    };
    let number = installation.caller_id.as_ref();
    let number = number.map_or_else(|| html! { span.muted { "none" } }, |number| show::phone(number, role));
    html! {
        div.card {
            h2 { "The telephone" }
            (facts(&[
                ("Calls go to", goes_to),
                ("Account", html! { code { (server.account_sid) } }),
                ("Number shown", number),
                ("Webhooks come to", html! { code { (server.public_url.as_str().trim_end_matches('/')) } }),
                ("New calls per second", html! { (installation.pacing.calls_per_second()) " at most, four fifths of it are used" }),
                ("Calls on", html! { (installation.pacing.max_live()) " at most" }),
            ]))
            p.muted { "These come from the settings of the server, and change when it is started with others." }
            @if role >= Role::Operator {
                form method="post" action="/settings/telephone/test" {
                    button type="submit" { "Test the connection" }
                }
            }
        }
    }
}

fn limits(form: &Form, role: Role, spent: &Markup) -> Markup {
    html! {
        div.card {
            h2 { "Limits of the whole team" }
            @if role >= Role::Admin {
                (mistakes(form))
                form method="post" action="/settings/limits" {
                    (Field::text(form, "frequencyCap", "Rings to one number in any 24 hours").kind("number").required()
                        .hint("1 to 20, over all campaigns. Three is the strictest cap in force in a state of the United States.")
                        .with(&[("min", "1"), ("max", "20"), ("step", "1")]).line())
                    (Field::text(form, "dailyBudget", "Dollars that all campaigns may cost on a day")
                        .hint("By the clock of UTC. Empty: no bound.").with(&[("inputmode", "decimal")]).line())
                    button.primary type="submit" { "Save the limits" }
                }
            } @else {
                (facts(&[
                    ("Rings per number", html! { (form.value("frequencyCap")) " in any 24 hours, over all campaigns" }),
                    ("Budget of a day", html! { @match form.given("dailyBudget") {
                        Some(budget) => { "$" (budget) }
                        None => { span.muted { "none" } }
                    } }),
                ]))
                p.muted { "An administrator can change them." }
            }
            p { "Today: " (spent) "." }
        }
    }
}

fn found(findings: &[Finding]) -> Markup {
    let worst = findings.iter().map(|finding| finding.verdict).max().unwrap_or(Verdict::Good);
    let (class, summary) = match worst {
        Verdict::Good => ("notice good", "Calls can be made."),
        Verdict::Doubtful => ("notice warn", "Calls can be made, but not everything is as it should be."),
        Verdict::Bad => ("notice danger", "Calls would fail, or nobody would hear of them."),
    };
    html! {
        div class=(class) role="status" { p { strong { (summary) } " Nobody was rung for this test." } }
        div.card {
            h2 { "What the test found" }
            ul.gates {
                @for finding in findings {
                    li {
                        (mark(finding.verdict))
                        div {
                            strong { (finding.about.1) ". " } (finding.what)
                            @if let Some(fix) = &finding.fix { div.sub { strong { "What to do: " } (fix) } }
                        }
                    }
                }
            }
        }
    }
}

fn mark(verdict: Verdict) -> Markup {
    let (class, word) = match verdict {
        Verdict::Good => ("badge tone-good", "In order"),
        Verdict::Doubtful => ("badge square tone-warn", "Look at it"),
        Verdict::Bad => ("badge hollow tone-danger", "Does not work"),
    };
    html! { span class=(class) { (word) } }
}
