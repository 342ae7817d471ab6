//! The frame around every page: navigation, what everybody must know (simulation, dialing switched off, quarantine),
//! and pages instead of problems.

use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use domain::ids::UserId;
use maud::{DOCTYPE, Markup, html};

use super::page::{Page, Place};
use super::refusal;
use crate::actions::users::{Role, Visitor};
use crate::http::assets::{ICON, SCRIPT, STYLE};
use crate::http::auth::Known;
use crate::http::middleware::AnswerPolicy;
use crate::http::problem::Problem;
use crate::http::state::HttpState;

/// On a request of our own for what an open page shows now.
#[derive(Debug, Clone, Copy)]
pub struct ForOpenPage;

/// The layer around pages for people who were let in.
pub async fn framed(State(state): State<HttpState>, request: Request, next: Next) -> Response {
    let visitor = request.extensions().get::<Known>().map(|known| known.visitor.clone());
    let address = request.uri().clone();
    let response = next.run(request).await;
    dressed(&state, visitor.as_ref(), &address, response).await
}

/// The layer around everything that answers with pages: what was refused at the door leads to the door.
pub async fn door(State(state): State<HttpState>, request: Request, next: Next) -> Response {
    let address = request.uri().clone();
    let may_come_back = request.method().is_safe();
    let response = next.run(request).await;
    if response
        .extensions()
        .get::<Problem>()
        .is_some_and(|problem| problem.status() == StatusCode::UNAUTHORIZED)
    {
        return to_the_door(&address, may_come_back);
    }
    dressed(&state, None, &address, response).await
}

/// The layer around everything: somebody who typed an address that is not there sees a page, a program its problem.
pub async fn for_lost_browsers(State(state): State<HttpState>, request: Request, next: Next) -> Response {
    let accepts = request.headers().get(header::ACCEPT).and_then(|accepts| accepts.to_str().ok());
    let reads_pages = accepts.is_some_and(|accepts| accepts.contains("text/html"));
    let address = request.uri().clone();
    let response = next.run(request).await;
    let lost = response.status() == StatusCode::NOT_FOUND && !address.path().starts_with("/api/");
    if !(lost && reads_pages) {
        return response;
    }
    let mut page = dressed(&state, None, &address, response).await;
    // The one it came with is for data, and would let in neither style nor script.
    let policy = HeaderValue::from_static(AnswerPolicy::pages(false).content);
    page.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    page
}

fn to_the_door(address: &Uri, may_come_back: bool) -> Response {
    let wanted = address.path_and_query().map(ToString::to_string).filter(|_| may_come_back);
    let wanted = wanted.filter(|wanted| wanted != "/");
    let query = wanted.map(|wanted| {
        let next: String = form_urlencoded::byte_serialize(wanted.as_bytes()).collect();
        format!("?next={next}")
    });
    Redirect::to(&format!("/sign-in{}", query.unwrap_or_default())).into_response()
}

async fn dressed(
    state: &HttpState,
    visitor: Option<&Visitor>,
    address: &Uri,
    mut response: Response,
) -> Response {
    let page = match response.extensions_mut().remove::<Problem>() {
        Some(problem) => Some(refusal::page(&problem, visitor.map(|visitor| visitor.role))),
        None => response.extensions_mut().remove::<Page>(),
    };
    let Some(page) = page else { return response };
    let facts = match Facts::of(state, visitor).await {
        Ok(facts) => facts,
        // The page itself is there; what stands around it is not worth losing it.
        Err(_) => Facts::unknown(state),
    };
    let document = document(&page, &facts, address).into_string();
    *response.status_mut() = page.status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.remove(header::CONTENT_LENGTH);
    *response.body_mut() = document.into();
    response
}

/// What stands around a page.
struct Facts {
    simulation: bool,
    dialing_stopped: bool,
    quarantine: bool,
    signed_in: Option<(String, Role)>,
}

impl Facts {
    async fn of(state: &HttpState, visitor: Option<&Visitor>) -> Result<Self, Problem> {
        let Some(visitor) = visitor else { return Ok(Self::unknown(state)) };
        let store = &state.actions.store;
        let user = match visitor.actor.name.parse::<UserId>() {
            Ok(id) => store.user(id).await?,
            Err(_) => None,
        };
        let name = user.map_or_else(|| visitor.actor.name.clone(), |user| user.email);
        Ok(Self {
            dialing_stopped: store.workspace_rules(visitor.actor.workspace).await?.dialing_stopped,
            quarantine: store.is_quarantined().await?,
            signed_in: Some((name, visitor.role)),
            ..Self::unknown(state)
        })
    }

    fn only_listens(&self) -> bool {
        matches!(self.signed_in, Some((_, Role::Listener)))
    }

    fn unknown(state: &HttpState) -> Self {
        Self {
            simulation: state.server.simulation,
            dialing_stopped: false,
            quarantine: false,
            signed_in: None,
        }
    }
}

fn document(page: &Page, facts: &Facts, address: &Uri) -> Markup {
    let plain = page.place == Place::Door;
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (page.title) " · ProspectAI" }
                link rel="icon" href=(ICON.path) type="image/svg+xml";
                link rel="stylesheet" href=(STYLE.path);
                script src=(SCRIPT.path) defer {}
            }
            body.plain[plain] {
                a.skip href="#main" { "Skip to the content" }
                @if !plain {
                    (side(page.place, facts))
                    (bars(facts))
                }
                main #main tabindex="-1" data-live=[live_address(page, address)] {
                    @for section in &page.sections { (section.markup()) }
                }
                div #offline .offline hidden role="status" {
                    "No connection to the server. Trying again; nothing is lost."
                }
                @if !plain { (keys(facts)) }
            }
        }
    }
}

fn live_address(page: &Page, address: &Uri) -> Option<String> {
    page.interest?;
    let wanted = address.path_and_query()?.as_str();
    let wanted: String = form_urlencoded::byte_serialize(wanted.as_bytes()).collect();
    Some(format!("/changes?page={wanted}&version={:x}", page.version()))
}

const PLACES: [(Place, &str, &str); 5] = [
    (Place::Live, "/live", "Live"),
    (Place::Campaigns, "/campaigns", "Campaigns"),
    (Place::DoNotCall, "/do-not-call", "Do-not-call"),
    (Place::Reports, "/reports", "Reports"),
    (Place::Settings, "/settings", "Settings"),
];
const PLACES_OF_LISTENERS: [(Place, &str, &str); 2] =
    [(Place::Calls, "/calls", "Calls"), (Place::Settings, "/settings/account", "My account")];

fn side(place: Place, facts: &Facts) -> Markup {
    let places = if facts.only_listens() { &PLACES_OF_LISTENERS[..] } else { &PLACES[..] };
    html! {
        header.side {
            a.brand href="/" { img src=(ICON.path) alt="" width="24" height="24"; span { "ProspectAI" } }
            nav aria-label="Main" {
                ul {
                    @for (of, href, name) in places {
                        li { a href=(href) aria-current=[(*of == place).then_some("page")] { (name) } }
                    }
                }
            }
            @if let Some((name, role)) = &facts.signed_in {
                div.foot {
                    a.muted href="/settings/account" title={ "Your account; your role is " (role.as_str()) } { (name) }
                    form method="post" action="/sign-out" { button.link type="submit" { "Sign out" } }
                }
            }
        }
    }
}

fn bars(facts: &Facts) -> Markup {
    html! {
        div.bars {
            @if facts.simulation {
                div.bar.calm {
                    "Simulation: calls go to the phone network in the box. No real phone rings, nothing is charged."
                }
            }
            @if facts.dialing_stopped {
                div.bar.danger role="status" {
                    strong { "Dialing is switched off for everybody." }
                    span { "Nobody is rung until an administrator switches it on again." }
                    (to_live(facts))
                }
            }
            @if facts.quarantine {
                div.bar.danger role="status" {
                    strong { "Quarantine." }
                    span { "The database is older than what this server has done. Nobody is rung until it is reconciled and somebody resumes." }
                    (to_live(facts))
                }
            }
        }
    }
}

fn to_live(facts: &Facts) -> Markup {
    html! { @if !facts.only_listens() { a href="/live" { "Go to Live" } } }
}

fn keys(facts: &Facts) -> Markup {
    let known = [
        ("/", "Search on this page"),
        ("g l", "Live"),
        ("g c", "Campaigns"),
        ("g d", "Do-not-call"),
        ("g r", "Reports"),
        ("g s", "Settings"),
        ("?", "This list"),
        ("Esc", "Close"),
    ];
    // The places of listeners are few enough.
    let shown = known.into_iter().filter(|(key, _)| !(facts.only_listens() && key.starts_with("g ")));
    html! {
        dialog #keys aria-labelledby="keys-title" {
            h2 #keys-title { "Keys" }
            dl.facts {
                @for (key, does) in shown { dt { kbd.keys { (key) } } dd { (does) } }
            }
            form method="dialog" { button type="submit" { "Close" } }
        }
    }
}
