//! What becomes of users: another role, closed and opened again, another password, and the sessions they have open.

use domain::ids::UserId;
use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::json;

use super::users::{IDLE_SESSION, Role, begin_session};
use super::{Actions, Actor, audit};
use crate::credentials::{
    PasswordFlaw, PasswordUnavailable, SessionName, SessionTokenHash, Verdict, check_new_password,
};
use crate::store::people::{SessionRow, UserRow};
use crate::store::{StoreError, Tx, millis, time};

/// What shall be different about a user; what is `None` stays.
#[derive(Debug, Default)]
pub struct UserChange {
    /// What they may do.
    pub role: Option<Role>,
    /// Whether their account is closed.
    pub disabled: Option<bool>,
    /// What they sign in with, for those who forgot it.
    pub password: Option<SecretString>,
}

/// Why a user stays as they are.
#[derive(Debug, thiserror::Error)]
pub enum UserChangeRefused {
    /// There is no such user in this workspace.
    #[error("no such user")]
    NoSuchUser,
    /// Nobody changes somebody mightier than themselves, or makes anybody so.
    #[error("only an owner can do this")]
    NotAllowed,
    /// Nobody shuts themselves out.
    #[error("nobody closes their own account")]
    Oneself,
    /// One's own password takes the current one.
    #[error("one's own password takes the current one")]
    OwnPassword,
    /// The new password is not good enough.
    #[error("the password is not accepted")]
    Password(PasswordFlaw),
    /// Passwords cannot be worked with now.
    #[error(transparent)]
    Unavailable(#[from] PasswordUnavailable),
    /// Without an owner nobody could make one.
    #[error("the last owner stays one")]
    LastOwner,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a password stays as it is.
#[derive(Debug, thiserror::Error)]
pub enum PasswordRefused {
    /// Whoever asks is no user: an API key, or a command.
    #[error("only users have passwords")]
    NoAccount,
    /// The current password is not the one that was given.
    #[error("the current password is wrong")]
    Wrong,
    /// The new one is not good enough.
    #[error("the password is not accepted")]
    Password(PasswordFlaw),
    /// Passwords cannot be worked with now.
    #[error(transparent)]
    Unavailable(#[from] PasswordUnavailable),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A session that still opens something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenSession {
    /// What people call it.
    pub name: SessionName,
    /// When somebody signed in.
    pub begun_at: Timestamp,
    /// When it was last used, to the minute.
    pub seen_at: Timestamp,
    /// When it ends in any case.
    pub ends_at: Timestamp,
}

impl Actions {
    /// Gives a user another role or password, closes their account or opens it again. `by` is what the changer may do. Each
    /// ends the user's sessions: whoever may do something else signs in anew.
    pub async fn change_user(
        &self,
        actor: Actor,
        by: Role,
        id: UserId,
        change: UserChange,
    ) -> Result<UserRow, UserChangeRefused> {
        let now = self.clock.now();
        let password_hash = match change.password {
            Some(_) if actor.name == id.to_string() => return Err(UserChangeRefused::OwnPassword),
            Some(password) => Some(self.accepted(&actor, id, password).await?),
            None => None,
        };
        self.store
            .transaction(move |tx| async move {
                // All of them, or two owners who lower each other at the same moment would leave none.
                let users = tx.lock_users(actor.workspace).await?;
                let before = users.iter().find(|user| user.id == id.uuid());
                let before = before.ok_or(UserChangeRefused::NoSuchUser)?;
                let role = role_of(before)?;
                let wanted = change.role.unwrap_or(role);
                let disabled = change.disabled.unwrap_or(before.disabled_at.is_some());
                if role > by || wanted > by {
                    return Err(UserChangeRefused::NotAllowed);
                }
                if disabled && actor.name == id.to_string() {
                    return Err(UserChangeRefused::Oneself);
                }
                let others = users.iter().filter(|user| user.id != before.id);
                if is_open_owner(before)
                    && (disabled || wanted != Role::Owner)
                    && !others.into_iter().any(is_open_owner)
                {
                    return Err(UserChangeRefused::LastOwner);
                }
                let after = UserRow {
                    role: wanted.as_str().to_owned(),
                    password_hash: password_hash.unwrap_or_else(|| before.password_hash.clone()),
                    disabled_at: disabled.then(|| before.disabled_at.unwrap_or(millis(now))),
                    ..before.clone()
                };
                write(&tx, &actor, before, &after, now).await?;
                Ok(after)
            })
            .await
    }

    /// The hash of a password that somebody else chose for a user.
    async fn accepted(
        &self,
        actor: &Actor,
        id: UserId,
        password: SecretString,
    ) -> Result<String, UserChangeRefused> {
        let user = self.store.user(id).await?;
        let user = user.filter(|user| user.workspace_id == actor.workspace.uuid());
        let email = user.ok_or(UserChangeRefused::NoSuchUser)?.email;
        check_new_password(&password, &email).map_err(UserChangeRefused::Password)?;
        Ok(self.passwords.hash(password).await?)
    }

    /// Changes one's own password, which takes the current one. Every session ends; the secret of a new one.
    pub async fn change_password(
        &self,
        actor: Actor,
        current: SecretString,
        new: SecretString,
    ) -> Result<SecretString, PasswordRefused> {
        let id: UserId = actor.name.parse().map_err(|_| PasswordRefused::NoAccount)?;
        let before = self.store.user(id).await?.ok_or(PasswordRefused::NoAccount)?;
        let verdict = self.passwords.verify(current, Some(before.password_hash.clone())).await?;
        if verdict == Verdict::Wrong {
            return Err(PasswordRefused::Wrong);
        }
        check_new_password(&new, &before.email).map_err(PasswordRefused::Password)?;
        let password_hash = self.passwords.hash(new).await?;
        let now = self.clock.now();
        self.store
            .transaction(move |tx| async move {
                let still = tx.lock_user(id).await?;
                let Some(user) =
                    still.filter(|it| it.password_hash == before.password_hash && it.disabled_at.is_none())
                else {
                    // Somebody else was faster: what was current is not any more.
                    return Err(PasswordRefused::Wrong);
                };
                let user = UserRow { password_hash, ..user };
                tx.save_user(&user).await?;
                let ended = tx.end_sessions_of(id, None).await?;
                let secret = begin_session(&tx, &user, now).await?;
                let detail = json!({ "sessionsEnded": ended });
                audit::note(&tx, &actor, "user.change_password", id, detail, now).await?;
                Ok(secret)
            })
            .await
    }

    /// The sessions of a user that still open something, the one begun last first; none for anybody else.
    pub async fn open_sessions(&self, actor: &Actor) -> Result<Vec<OpenSession>, StoreError> {
        let Ok(user) = actor.name.parse::<UserId>() else { return Ok(Vec::new()) };
        let now = self.clock.now();
        let found = self.store.sessions_of(user, now).await?.into_iter();
        let fresh = found.filter(|row| millis(now) - row.last_seen_at < IDLE_SESSION.as_millis() as i64);
        Ok(fresh.map(OpenSession::from).collect())
    }

    /// Signs out: ends the session that whoever asks came with.
    pub async fn sign_out(&self, actor: Actor, hash: SessionTokenHash) -> Result<(), StoreError> {
        self.end(actor, hash.0.to_vec()).await.map(drop)
    }

    /// Ends one of one's own sessions; `false` when there is none of this name.
    pub async fn end_session(&self, actor: Actor, name: SessionName) -> Result<bool, StoreError> {
        let Ok(user) = actor.name.parse::<UserId>() else { return Ok(false) };
        let own = self.store.sessions_of(user, self.clock.now()).await?;
        match own.into_iter().find(|row| SessionName::of(&row.secret_hash) == name) {
            Some(row) => self.end(actor, row.secret_hash).await,
            None => Ok(false),
        }
    }

    async fn end(&self, actor: Actor, hash: Vec<u8>) -> Result<bool, StoreError> {
        let now = self.clock.now();
        self.store
            .transaction(move |tx| async move {
                let ended = tx.end_session(&hash).await?;
                if ended {
                    let detail = json!({ "session": SessionName::of(&hash).to_string() });
                    audit::note(&tx, &actor, "session.end", &actor.name, detail, now).await?;
                }
                Ok(ended)
            })
            .await
    }

    /// Ends one's own sessions except the one whoever asks came with, if with any; how many.
    pub async fn end_other_sessions(
        &self,
        actor: Actor,
        kept: Option<SessionTokenHash>,
    ) -> Result<u64, StoreError> {
        let Ok(user) = actor.name.parse::<UserId>() else { return Ok(0) };
        let now = self.clock.now();
        self.store
            .transaction(move |tx| async move {
                let ended = tx.end_sessions_of(user, kept.as_ref().map(|hash| hash.0.as_slice())).await?;
                if ended > 0 {
                    let detail = json!({ "sessionsEnded": ended });
                    audit::note(&tx, &actor, "session.end_others", user, detail, now).await?;
                }
                Ok(ended)
            })
            .await
    }
}

/// Writes down what differs, each with its deed.
async fn write(
    tx: &Tx,
    actor: &Actor,
    before: &UserRow,
    after: &UserRow,
    now: Timestamp,
) -> Result<(), StoreError> {
    if before == after {
        return Ok(());
    }
    let id = UserId::from_uuid(after.id);
    tx.save_user(after).await?;
    let ended = tx.end_sessions_of(id, None).await?;
    if before.role != after.role {
        let detail = json!({ "from": before.role, "to": after.role, "sessionsEnded": ended });
        audit::note(tx, actor, "user.change_role", id, detail, now).await?;
    }
    if before.password_hash != after.password_hash {
        audit::note(tx, actor, "user.reset_password", id, json!({ "sessionsEnded": ended }), now).await?;
    }
    if before.disabled_at != after.disabled_at {
        let deed = if after.disabled_at.is_some() { "user.disable" } else { "user.enable" };
        audit::note(tx, actor, deed, id, json!({ "sessionsEnded": ended }), now).await?;
    }
    Ok(())
}

fn role_of(user: &UserRow) -> Result<Role, StoreError> {
    Role::parse(&user.role).ok_or(StoreError::CorruptRow { table: "users", column: "role" })
}

fn is_open_owner(user: &UserRow) -> bool {
    user.disabled_at.is_none() && user.role == Role::Owner.as_str()
}

impl From<SessionRow> for OpenSession {
    fn from(row: SessionRow) -> Self {
        Self {
            name: SessionName::of(&row.secret_hash),
            begun_at: time(row.created_at),
            seen_at: time(row.last_seen_at),
            ends_at: time(row.expires_at),
        }
    }
}
