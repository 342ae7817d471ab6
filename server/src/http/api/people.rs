//! Users and API keys of a workspace: an administrator's business.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use domain::ids::{ApiKeyId, UserId};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::words::{maybe_time, time};
use crate::actions::users::Role;
use crate::http::auth::Admin;
use crate::http::state::HttpState;
use crate::http::{JsonBody, PathId, Problem, text};
use crate::store::people::{ApiKeyRow, UserRow};

const LONGEST_KEY_NAME: usize = 100;

/// What a user or a key may do.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum RoleWord {
    /// Listens to calls.
    Listener,
    /// Reads everything.
    Analyst,
    /// Runs campaigns.
    Operator,
    /// Changes settings, users and keys.
    Admin,
    /// Everything.
    Owner,
}

impl From<RoleWord> for Role {
    fn from(word: RoleWord) -> Self {
        match word {
            RoleWord::Listener => Self::Listener,
            RoleWord::Analyst => Self::Analyst,
            RoleWord::Operator => Self::Operator,
            RoleWord::Admin => Self::Admin,
            RoleWord::Owner => Self::Owner,
        }
    }
}

/// A user.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = User)]
pub struct UserView {
    /// `usr_…`
    id: String,
    email: String,
    role: String,
    /// When the account was closed.
    #[schema(format = DateTime)]
    disabled_at: Option<String>,
    #[schema(format = DateTime)]
    created_at: String,
}

/// The users of a workspace, oldest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct UserList {
    users: Vec<UserView>,
}

/// A new user.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct NewUser {
    /// Signs in with this address.
    email: String,
    /// 12 to 128 characters, and not one of the first that would be tried.
    #[schema(value_type = String, format = Password)]
    password: String,
    /// At most your own.
    role: RoleWord,
}

/// Lists users.
#[utoipa::path(get, path = "/api/users", tag = "people",
    responses((status = 200, body = UserList), (status = "4XX", body = Problem)))]
pub async fn users(State(state): State<HttpState>, Admin(visitor): Admin) -> Result<Json<UserList>, Problem> {
    let users = state.actions.store.users(visitor.actor.workspace).await?;
    Ok(Json(UserList { users: users.into_iter().map(UserView::from).collect() }))
}

/// Makes a user.
#[utoipa::path(post, path = "/api/users", tag = "people", request_body = NewUser,
    responses((status = 201, body = UserView), (status = "4XX", body = Problem)))]
pub async fn create_user(
    State(state): State<HttpState>,
    Admin(visitor): Admin,
    JsonBody(new): JsonBody<NewUser>,
) -> Result<(StatusCode, Json<UserView>), Problem> {
    let email = text::email("/email", &new.email)?;
    let password = SecretString::from(new.password);
    let user =
        state.actions.create_user(visitor.actor, visitor.role, email, password, new.role.into()).await?;
    Ok((StatusCode::CREATED, Json(user.into())))
}

/// An API key, without its secret.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ApiKey)]
pub struct KeyView {
    /// `key_…`
    id: String,
    name: String,
    role: String,
    /// The last four characters, to tell keys apart.
    last_four: String,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    revoked_at: Option<String>,
}

/// A new API key. The secret is shown this once and cannot be read again.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreatedKey {
    #[serde(flatten)]
    view: KeyView,
    /// Send it as `Authorization: Bearer …`.
    #[schema(example = "pak_…")]
    key: String,
}

/// The API keys of a workspace, oldest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct KeyList {
    keys: Vec<KeyView>,
}

/// A new API key.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct NewKey {
    /// What it is for, at most 100 characters.
    name: String,
    /// At most your own.
    role: RoleWord,
}

/// Lists API keys, revoked ones too.
#[utoipa::path(get, path = "/api/keys", tag = "people",
    responses((status = 200, body = KeyList), (status = "4XX", body = Problem)))]
pub async fn keys(State(state): State<HttpState>, Admin(visitor): Admin) -> Result<Json<KeyList>, Problem> {
    let keys = state.actions.store.api_keys(visitor.actor.workspace).await?;
    Ok(Json(KeyList { keys: keys.into_iter().map(KeyView::from).collect() }))
}

/// Makes an API key. Its secret is in this answer only.
#[utoipa::path(post, path = "/api/keys", tag = "people", request_body = NewKey,
    responses((status = 201, body = CreatedKey), (status = "4XX", body = Problem)))]
pub async fn create_key(
    State(state): State<HttpState>,
    Admin(visitor): Admin,
    JsonBody(new): JsonBody<NewKey>,
) -> Result<(StatusCode, Json<CreatedKey>), Problem> {
    let name = text::name("/name", &new.name, LONGEST_KEY_NAME)?;
    let (secret, row) = state.actions.create_key(visitor.actor, visitor.role, name, new.role.into()).await?;
    let created = CreatedKey { view: row.into(), key: secret.expose_secret().to_owned() };
    Ok((StatusCode::CREATED, Json(created)))
}

/// Ends an API key at once, and open streams with it.
#[utoipa::path(delete, path = "/api/keys/{id}", tag = "people", params(("id" = String, Path)),
    responses((status = 204), (status = "4XX", body = Problem)))]
pub async fn revoke_key(
    State(state): State<HttpState>,
    Admin(visitor): Admin,
    PathId(id): PathId<ApiKeyId>,
) -> Result<StatusCode, Problem> {
    let revoked = state.actions.revoke_key(visitor.actor, id).await?;
    if revoked { Ok(StatusCode::NO_CONTENT) } else { Err(Problem::not_found("key")) }
}

/// A stored time.
fn stored(millis: i64) -> Timestamp {
    Timestamp::from_millisecond(millis).unwrap_or(Timestamp::MAX)
}

impl From<UserRow> for UserView {
    fn from(user: UserRow) -> Self {
        Self {
            id: UserId::from_uuid(user.id).to_string(),
            email: user.email,
            role: user.role,
            disabled_at: maybe_time(user.disabled_at.map(stored)),
            created_at: time(stored(user.created_at)),
        }
    }
}

impl From<ApiKeyRow> for KeyView {
    fn from(key: ApiKeyRow) -> Self {
        Self {
            id: ApiKeyId::from_uuid(key.id).to_string(),
            name: key.name,
            role: key.role,
            last_four: key.last_four,
            created_at: time(stored(key.created_at)),
            revoked_at: maybe_time(key.revoked_at.map(stored)),
        }
    }
}
