//! People and programs that come in: the first owner, users, sessions, API keys.

use std::time::Duration;

use domain::ids::{ApiKeyId, UserId, WorkspaceId};
use jiff::Timestamp;
use secrecy::SecretString;

use super::{Actions, Actor, audit, new_uuid, random_bytes};
use crate::credentials::{
    ApiKey, ApiKeyHash, PasswordFlaw, PasswordUnavailable, SessionTokenHash, Verdict, check_new_password,
    new_session,
};
use crate::store::people::{ApiKeyRow, SessionRow, UserRow};
use crate::store::{StoreError, Tx, millis};

/// A session ends after this long without a request.
pub const IDLE_SESSION: Duration = Duration::from_secs(60 * 60);
/// A session ends after this long in any case.
pub const LONGEST_SESSION: Duration = Duration::from_secs(12 * 60 * 60);

/// What a user or a key may do, from everything to only listening.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Listens to recordings.
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

impl Role {
    /// Every role.
    pub const ALL: [Self; 5] = [Self::Listener, Self::Analyst, Self::Operator, Self::Admin, Self::Owner];

    /// The word of our API and database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Listener => "listener",
            Self::Analyst => "analyst",
            Self::Operator => "operator",
            Self::Admin => "admin",
            Self::Owner => "owner",
        }
    }

    /// Reads the word of our API and database.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == word)
    }
}

/// Somebody or something that was let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visitor {
    /// Who, and in which workspace.
    pub actor: Actor,
    /// What they may do.
    pub role: Role,
}

/// Why a user is not made.
#[derive(Debug, thiserror::Error)]
pub enum UserRefused {
    /// The password is not good enough.
    #[error("the password is not accepted")]
    Password(PasswordFlaw),
    /// The e-mail address is taken.
    #[error("a user with this e-mail address exists already")]
    EmailTaken,
    /// Nobody makes somebody mightier than themselves.
    #[error("only an owner can do this")]
    NotAllowed,
    /// Passwords cannot be worked with now.
    #[error(transparent)]
    Unavailable(#[from] PasswordUnavailable),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why nobody is let in.
#[derive(Debug, thiserror::Error)]
pub enum SignInRefused {
    /// Wrong address or password; never said which.
    #[error("the e-mail address or the password is wrong")]
    Wrong,
    /// Passwords cannot be worked with now.
    #[error(transparent)]
    Unavailable(#[from] PasswordUnavailable),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Actions {
    /// Makes the first workspace when there is none; the workspace, and whether it is new.
    pub async fn first_workspace(&self) -> Result<(WorkspaceId, bool), StoreError> {
        if let Some(workspace) = self.store.first_workspace().await? {
            return Ok((workspace, false));
        }
        let now = self.clock.now();
        let id = WorkspaceId::from_uuid(new_uuid(now));
        self.store
            .transaction(move |tx| async move {
                // Servers that start together on an empty database all come here: the first one settles which it is, the
                // others wait for its commit and take that one.
                let settled = tx.settle_setting("first_workspace", &id.to_string()).await?;
                if settled != id.to_string() {
                    let corrupt = StoreError::CorruptRow { table: "settings", column: "value" };
                    return Ok((settled.parse().map_err(|_| corrupt)?, false));
                }
                tx.add_workspace(id, "My team", now).await?;
                Ok((id, true))
            })
            .await
    }

    /// Makes a user. `by` is what the maker may do.
    pub async fn create_user(
        &self,
        actor: Actor,
        by: Role,
        email: String,
        password: SecretString,
        role: Role,
    ) -> Result<UserRow, UserRefused> {
        if role > by {
            return Err(UserRefused::NotAllowed);
        }
        let email = email.to_lowercase();
        check_new_password(&password, &email).map_err(UserRefused::Password)?;
        let password_hash = self.passwords.hash(password).await?;
        let now = self.clock.now();
        let user = UserRow {
            id: new_uuid(now),
            workspace_id: actor.workspace.uuid(),
            email,
            password_hash,
            role: role.as_str().to_owned(),
            disabled_at: None,
            created_at: millis(now),
            last_seen_at: None,
        };
        self.store
            .transaction(move |tx| async move {
                let subject = UserId::from_uuid(user.id);
                tx.add_user(user.clone()).await.map_err(|error| match error {
                    StoreError::Conflict => UserRefused::EmailTaken,
                    other => other.into(),
                })?;
                let detail = serde_json::json!({ "role": user.role });
                audit::note(&tx, &actor, "user.create", subject, detail, now).await?;
                Ok(user)
            })
            .await
    }

    /// Lets somebody in by e-mail address and password; their new session's secret.
    pub async fn sign_in(
        &self,
        email: &str,
        password: SecretString,
    ) -> Result<(SecretString, Visitor), SignInRefused> {
        let user =
            self.store.user_by_email(&email.to_lowercase()).await?.filter(|user| user.disabled_at.is_none());
        // Without a user the same work is done, so that the time taken tells nobody who exists.
        let verdict =
            self.passwords.verify(password, user.as_ref().map(|user| user.password_hash.clone())).await?;
        let (Some(user), Verdict::Right { .. }) = (user, verdict) else { return Err(SignInRefused::Wrong) };
        let now = self.clock.now();
        let visitor = visitor_from(&user).ok_or(SignInRefused::Wrong)?;
        let actor = visitor.actor.clone();
        let secret = self
            .store
            .transaction(move |tx| async move {
                let id = UserId::from_uuid(user.id);
                let still = tx.lock_user(id).await?;
                // While the password was looked at it may have become another one, or the account have been closed.
                if still.is_none_or(|it| it.password_hash != user.password_hash || it.disabled_at.is_some()) {
                    return Err(SignInRefused::Wrong);
                }
                let secret = begin_session(&tx, &user, now).await?;
                audit::note(&tx, &actor, "session.begin", id, serde_json::json!({}), now).await?;
                Ok(secret)
            })
            .await?;
        Ok((secret, visitor))
    }

    /// Who a session belongs to, while it lasts.
    pub async fn visitor_of_session(&self, hash: SessionTokenHash) -> Result<Option<Visitor>, StoreError> {
        let now = self.clock.now();
        let Some(session) = self.store.session(&hash.0).await? else { return Ok(None) };
        let idle = millis(now) - session.last_seen_at;
        if session.expires_at <= millis(now) || idle >= IDLE_SESSION.as_millis() as i64 {
            return Ok(None);
        }
        // Not on every request: a minute more or less of idleness matters to nobody, a write per request does.
        if idle > 60_000 {
            let user = UserId::from_uuid(session.user_id);
            let touch = move |tx: Tx| async move {
                tx.touch_user(user, now).await?;
                tx.touch_session(&hash.0, now).await
            };
            self.store.transaction(touch).await?;
        }
        let user = self.store.user(UserId::from_uuid(session.user_id)).await?;
        Ok(user.filter(|user| user.disabled_at.is_none()).as_ref().and_then(visitor_from))
    }

    /// Who an API key belongs to, while it works.
    pub async fn visitor_of_key(&self, hash: ApiKeyHash) -> Result<Option<Visitor>, StoreError> {
        let key = self.store.api_key(&hash.0).await?.filter(|key| key.revoked_at.is_none());
        Ok(key.and_then(|key| {
            let actor = Actor {
                workspace: WorkspaceId::from_uuid(key.workspace_id),
                name: ApiKeyId::from_uuid(key.id).to_string(),
            };
            Some(Visitor { actor, role: Role::parse(&key.role)? })
        }))
    }

    /// Makes an API key; its secret is shown this once.
    pub async fn create_key(
        &self,
        actor: Actor,
        by: Role,
        name: String,
        role: Role,
    ) -> Result<(SecretString, ApiKeyRow), UserRefused> {
        if role > by {
            return Err(UserRefused::NotAllowed);
        }
        let now = self.clock.now();
        let key = ApiKey::generate(random_bytes());
        let row = ApiKeyRow {
            id: new_uuid(now),
            workspace_id: actor.workspace.uuid(),
            name,
            role: role.as_str().to_owned(),
            secret_hash: key.hash.0.to_vec(),
            last_four: key.last4,
            created_at: millis(now),
            revoked_at: None,
        };
        let row = self
            .store
            .transaction(move |tx| async move {
                tx.add_api_key(row.clone()).await?;
                let detail = serde_json::json!({ "role": row.role, "name": row.name });
                audit::note(&tx, &actor, "key.create", ApiKeyId::from_uuid(row.id), detail, now).await?;
                Ok::<_, StoreError>(row)
            })
            .await?;
        Ok((key.secret, row))
    }

    /// Ends an API key; `false` when there is none like it that still works.
    pub async fn revoke_key(&self, actor: Actor, id: ApiKeyId) -> Result<bool, StoreError> {
        let now = self.clock.now();
        self.store
            .transaction(move |tx| async move {
                let revoked = tx.revoke_api_key(actor.workspace, id, now).await?;
                if revoked {
                    audit::note(&tx, &actor, "key.revoke", id, serde_json::json!({}), now).await?;
                }
                Ok(revoked)
            })
            .await
    }

    /// A secret that holds for the whole installation: made at the first start, the same ever after.
    pub async fn installation_secret(&self, name: &'static str) -> Result<[u8; 32], StoreError> {
        let made: [u8; 32] = random_bytes();
        let made = hex(&made);
        let kept =
            self.store.transaction(move |tx| async move { tx.settle_setting(name, &made).await }).await?;
        unhex(&kept).ok_or(StoreError::CorruptRow { table: "settings", column: "value" })
    }
}

/// Begins a session of a user who has just proved who they are; its secret.
pub(super) async fn begin_session(
    tx: &Tx,
    user: &UserRow,
    now: Timestamp,
) -> Result<SecretString, StoreError> {
    let (secret, SessionTokenHash(hash)) = new_session(random_bytes());
    tx.touch_user(UserId::from_uuid(user.id), now).await?;
    tx.add_session(SessionRow {
        secret_hash: hash.to_vec(),
        workspace_id: user.workspace_id,
        user_id: user.id,
        created_at: millis(now),
        last_seen_at: millis(now),
        expires_at: millis(now.checked_add(LONGEST_SESSION).unwrap_or(now)),
    })
    .await?;
    Ok(secret)
}

fn visitor_from(user: &UserRow) -> Option<Visitor> {
    let actor = Actor {
        workspace: WorkspaceId::from_uuid(user.workspace_id),
        name: UserId::from_uuid(user.id).to_string(),
    };
    Some(Visitor { actor, role: Role::parse(&user.role)? })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(bytes)
}
