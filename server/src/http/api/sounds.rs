//! Sounds: send one, list, read, hear and delete them.

/// A sound on its way in.
pub mod upload;
/// A sound as the API shows it.
pub mod view;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::ids::SoundId;
use serde::{Deserialize, Serialize};
use tracing::error;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use self::view::SoundView;
use crate::actions::users::Visitor;
use crate::http::auth::{Analyst, Listener, Operator};
use crate::http::query::{Cursor, Limit, ListIdentity, Parsed, Position};
use crate::http::sound_answer::{NotGiven, SoundFile, give};
use crate::http::state::HttpState;
use crate::http::{PathId, Problem, Query, text};
use crate::media::MediaError;
use crate::store::sounds::{SoundKind, SoundRecord};

/// Characters of a name.
pub const LONGEST_NAME: usize = 200;

/// Where whole files come in.
pub fn files() -> OpenApiRouter<HttpState> {
    OpenApiRouter::new().routes(routes!(create))
}

/// What it is called.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
struct CreateQuery {
    /// For people, at most 200 characters.
    #[param(example = "Hello in spring")]
    name: String,
}

/// Takes a sound: a WAV, MP3 or Ogg Vorbis file of at most 20 MB and ten minutes.
///
/// What it is, its content says. It is decoded and written anew as what telephones play, WAV with 8000 samples of 16 bits per
/// second and one channel; the file itself is not kept.
#[utoipa::path(post, path = "/api/sounds", tag = "sounds", params(CreateQuery),
    request_body(content((Vec<u8> = "audio/wav"), (Vec<u8> = "audio/mpeg"), (Vec<u8> = "audio/ogg"))),
    responses((status = 201, body = SoundView), (status = "4XX", body = Problem)))]
async fn create(
    State(state): State<HttpState>,
    Operator(visitor): Operator,
    Query(asked): Query<CreateQuery>,
    request: Request,
) -> Result<Response, Problem> {
    let name = text::name("/name", &asked.name, LONGEST_NAME)
        .map_err(|wrong| Problem::invalid_parameter("name", wrong.detail))?;
    let file = upload::receive(request).await?;
    let sound = upload::take_in(&state, visitor.actor, name, file).await?;
    let location = HeaderValue::from_str(&format!("/api/sounds/{}", sound.id)).ok();
    let view = SoundView::of(&sound, &state.server);
    let mut response = (StatusCode::CREATED, Json(view)).into_response();
    response.headers_mut().extend(location.map(|location| (header::LOCATION, location)));
    Ok(response)
}

/// Which sounds to list.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct SoundsQuery {
    /// `uploaded` (default) or `spoken`.
    #[param(value_type = Option<String>)]
    kind: Option<Parsed<SoundKind>>,
    /// 1 to 200, default 50.
    #[serde(default)]
    #[param(value_type = Option<u16>)]
    limit: Limit,
    /// `nextCursor` of the page before.
    #[param(value_type = Option<String>)]
    cursor: Option<Cursor>,
}

/// Sounds, newest first.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SoundList {
    sounds: Vec<SoundView>,
    limit: u64,
    /// Where the next page begins; null on the last one.
    next_cursor: Option<String>,
}

/// Lists sounds, newest first.
#[utoipa::path(get, path = "/api/sounds", tag = "sounds", params(SoundsQuery),
    responses((status = 200, body = SoundList), (status = "4XX", body = Problem)))]
pub async fn list(
    State(state): State<HttpState>,
    Analyst(visitor): Analyst,
    Query(asked): Query<SoundsQuery>,
) -> Result<Json<SoundList>, Problem> {
    let workspace = visitor.actor.workspace;
    let kind = asked.kind.map_or(SoundKind::Uploaded, |kind| kind.0);
    let list = ListIdentity { endpoint: "sounds", workspace: &workspace.to_string(), filters: kind.as_str() };
    let key = &state.server.cursor_key;
    let before = match Position::<String>::new(None, asked.cursor.as_ref(), &list, key)? {
        Position::After(id) => Some(id.parse().map_err(|_| Problem::invalid_cursor())?),
        Position::Skip(_) => None,
    };
    let limit = asked.limit.rows();
    let mut found = state.actions.store.sounds(workspace, kind, before, limit + 1).await?;
    let more = found.len() as u64 > limit;
    found.truncate(limit as usize);
    let last = found.last().filter(|_| more).map(|last| last.id.to_string());
    let next_cursor = last.map(|id| key.seal(&list, &id)).transpose()?;
    let sounds = found.iter().map(|sound| SoundView::of(sound, &state.server)).collect();
    Ok(Json(SoundList { sounds, limit, next_cursor }))
}

/// A sound of the visitor's workspace; 404 for any other.
pub async fn load(state: &HttpState, visitor: &Visitor, id: SoundId) -> Result<SoundRecord, Problem> {
    let found = state.actions.store.sound(visitor.actor.workspace, id).await?;
    found.ok_or_else(|| Problem::not_found("sound"))
}

/// Reads what is known of a sound.
#[utoipa::path(get, path = "/api/sounds/{id}", tag = "sounds", params(("id" = String, Path)),
    responses((status = 200, body = SoundView), (status = "4XX", body = Problem)))]
pub async fn read(
    State(state): State<HttpState>,
    Analyst(visitor): Analyst,
    PathId(id): PathId<SoundId>,
) -> Result<Json<SoundView>, Problem> {
    Ok(Json(SoundView::of(&load(&state, &visitor, id).await?, &state.server)))
}

/// Deletes a sound that no campaign and no script plays; the file follows.
#[utoipa::path(delete, path = "/api/sounds/{id}", tag = "sounds", params(("id" = String, Path)),
    responses((status = 204), (status = "4XX", body = Problem)))]
pub async fn remove(
    State(state): State<HttpState>,
    Operator(visitor): Operator,
    PathId(id): PathId<SoundId>,
) -> Result<StatusCode, Problem> {
    state.actions.delete_sound(visitor.actor, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Gives a sound, or one part of it.
#[utoipa::path(get, path = "/api/sounds/{id}/audio", tag = "sounds",
    params(("id" = String, Path), ("Range" = Option<String>, Header, description = "One part, in bytes")),
    responses((status = 200, content_type = "audio/wav", body = Vec<u8>),
        (status = 206, content_type = "audio/wav", body = Vec<u8>), (status = "4XX", body = Problem)))]
pub async fn hear(
    State(state): State<HttpState>,
    Listener(visitor): Listener,
    PathId(id): PathId<SoundId>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let sound = load(&state, &visitor, id).await?;
    let file = SoundFile {
        object: sound.object.as_deref().ok_or_else(|| Problem::not_found("sound"))?,
        bytes: sound.bytes,
        sha256: &sound.sha256,
        content_type: &sound.content_type,
        save_as: format!("{id}.wav"),
        cache_control: None,
    };
    give(&state.media, file, &method, &headers).await.map_err(|not_given| match not_given {
        NotGiven::Refused(problem) => problem,
        NotGiven::Store(why) => trouble(id, &why),
    })
}

fn trouble(id: SoundId, error: &MediaError) -> Problem {
    error!(sound_id = %id, %error, "a sound could not be read");
    match error {
        MediaError::NotThere => Problem::unavailable(
            "The file of this sound is not in the store. Was another store set up, or the file deleted there? \
             `prospectai check` lists what is missing.",
            60,
        ),
        _ => Problem::unavailable("The store of the sound files does not answer. Try again.", 5),
    }
}
