//! Users and API keys of a workspace: an administrator's business.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use domain::ids::{ApiKeyId, UserId};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::words::{given, maybe_time, time};
use crate::actions::accounts::UserChange;
use crate::actions::users::{Role, Visitor};
use crate::http::auth::Admin;
use crate::http::state::HttpState;
use crate::http::{JsonBody, PathId, Problem, text};
use crate::store::people::{ApiKeyRow, UserRow};

const LONGEST_KEY_NAME: usize = 100;

/// What a user or a key may do.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
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
    /// When they last used a session, to the minute.
    #[schema(format = DateTime)]
    last_seen_at: Option<String>,
    #[schema(format = DateTime)]
    created_at: String,
}

/// What shall be different about a user; what is left out stays.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub struct UserFields {
    /// At most your own.
    #[serde(deserialize_with = "given")]
    role: Option<RoleWord>,
    /// Whether the account is closed; never your own.
    #[serde(deserialize_with = "given")]
    disabled: Option<bool>,
    /// A new password for somebody who forgot theirs: 12 to 128 characters. Your own takes the current one.
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<String>, format = Password)]
    password: Option<String>,
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
    Ok((StatusCode::CREATED, Json(added_user(&state, &visitor, new).await?.into())))
}

/// A user as somebody asked for it.
pub async fn added_user(state: &HttpState, visitor: &Visitor, new: NewUser) -> Result<UserRow, Problem> {
    let email = text::email("/email", &new.email)?;
    let (actor, password) = (visitor.actor.clone(), SecretString::from(new.password));
    Ok(state.actions.create_user(actor, visitor.role, email, password, new.role.into()).await?)
}

/// Gives a user another role or password, closes their account or opens it again. Whoever is mightier than you is out of reach, and the
/// last owner stays one. The user's sessions end at once, and open streams with them.
#[utoipa::path(patch, path = "/api/users/{id}", tag = "people", request_body = UserFields,
    params(("id" = String, Path)),
    responses((status = 200, body = UserView), (status = "4XX", body = Problem)))]
pub async fn change_user(
    State(state): State<HttpState>,
    Admin(visitor): Admin,
    PathId(id): PathId<UserId>,
    JsonBody(fields): JsonBody<UserFields>,
) -> Result<Json<UserView>, Problem> {
    let user = state.actions.change_user(visitor.actor, visitor.role, id, fields.into()).await?;
    Ok(Json(user.into()))
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
    let (secret, row) = added_key(&state, &visitor, new).await?;
    let created = CreatedKey { view: row.into(), key: secret.expose_secret().to_owned() };
    Ok((StatusCode::CREATED, Json(created)))
}

/// A key as somebody asked for it, and its secret.
pub async fn added_key(
    state: &HttpState,
    visitor: &Visitor,
    new: NewKey,
) -> Result<(SecretString, ApiKeyRow), Problem> {
    let name = text::name("/name", &new.name, LONGEST_KEY_NAME)?;
    Ok(state.actions.create_key(visitor.actor.clone(), visitor.role, name, new.role.into()).await?)
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

impl From<UserFields> for UserChange {
    fn from(fields: UserFields) -> Self {
        let password = fields.password.map(SecretString::from);
        Self { role: fields.role.map(Role::from), disabled: fields.disabled, password }
    }
}

impl From<UserRow> for UserView {
    fn from(user: UserRow) -> Self {
        Self {
            id: UserId::from_uuid(user.id).to_string(),
            email: user.email,
            role: user.role,
            disabled_at: maybe_time(user.disabled_at.map(stored)),
            last_seen_at: maybe_time(user.last_seen_at.map(stored)),
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
