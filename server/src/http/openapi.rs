//! The API description, gathered from the routes that serve it, and the page that shows it. Works offline.

use axum::Router;
use axum::http::header;
use axum::middleware::from_fn_with_state;
use axum::routing::get;
use bytes::Bytes;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{InfoBuilder, OpenApi, OpenApiBuilder, SecurityRequirement};
use utoipa_axum::router::OpenApiRouter;
use utoipa_swagger_ui::{Config, SwaggerUi};

use super::middleware::{AnswerPolicy, answer_headers};

/// Where programs find the description.
pub const DESCRIPTION_PATH: &str = "/openapi.json";
/// Where people find it.
pub const DOCS_PATH: &str = "/docs";

/// An empty router whose description already has the product's name and how to authenticate.
pub fn described_router<S: Clone + Send + Sync + 'static>() -> OpenApiRouter<S> {
    let info = InfoBuilder::new()
        .title("ProspectAI")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some("Outbound call campaigns. Everything the pages do can be done here."));
    let mut description: OpenApi = OpenApiBuilder::new().info(info.build()).build();
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("pak_…").build();
    let components = description.components.get_or_insert_default();
    components.add_security_scheme("apiKey", SecurityScheme::Http(bearer));
    description.security = Some(vec![SecurityRequirement::new("apiKey", Vec::<String>::new())]);
    OpenApiRouter::with_openapi(description)
}

/// The routes, together with `/openapi.json` and `/docs` about them, and the description itself.
pub fn with_docs<S: Clone + Send + Sync + 'static>(
    routes: OpenApiRouter<S>,
    https: bool,
) -> (Router<S>, OpenApi) {
    let (router, description) = routes.split_for_parts();
    // Written once: as a tree it is megabytes that live as long as the server.
    let written = serde_json::to_vec(&description).map(Bytes::from).unwrap_or_default();
    let json = [(header::CONTENT_TYPE, "application/json")];
    let page: Router<S> = SwaggerUi::new(DOCS_PATH).config(Config::from(DESCRIPTION_PATH)).into();
    let page = page.layer(from_fn_with_state(AnswerPolicy::docs(https), answer_headers));
    let router = router.merge(page).route(DESCRIPTION_PATH, get(move || async move { (json, written) }));
    (router, description)
}
