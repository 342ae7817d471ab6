//! Who may come in: workspaces, users, sessions, API keys; and the trail of what they did.

use domain::frequency::FrequencyCap;
use domain::ids::{ApiKeyId, UserId, WorkspaceId};
use jiff::Timestamp;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, IdenStatic, IntoActiveModel, Iterable,
    QueryFilter, QueryOrder, QuerySelect,
};

use super::entities::{api_keys, audit_log, sessions, settings, users, workspaces};
use super::given::{self, Given};
use super::{Store, StoreError, Tx, dialect, millis, sql};

pub use super::entities::{api_keys::Model as ApiKeyRow, audit_log::Model as AuditRow};
pub use super::entities::{sessions::Model as SessionRow, users::Model as UserRow};

impl Store {
    /// The first workspace: the one that exists from the first start.
    pub async fn first_workspace(&self) -> Result<Option<WorkspaceId>, StoreError> {
        let first =
            workspaces::Entity::find().order_by_asc(workspaces::Column::Id).one(self.reader()).await?;
        Ok(first.map(|row| WorkspaceId::from_uuid(row.id)))
    }

    /// Whether there is such a workspace.
    pub async fn has_workspace(&self, id: WorkspaceId) -> Result<bool, StoreError> {
        Ok(workspaces::Entity::find_by_id(id.uuid()).one(self.reader()).await?.is_some())
    }

    /// Nobody can sign in yet.
    pub async fn has_no_users(&self) -> Result<bool, StoreError> {
        Ok(users::Entity::find().limit(1).one(self.reader()).await?.is_none())
    }

    /// A named value of the installation.
    pub async fn setting(&self, name: &str) -> Result<Option<String>, StoreError> {
        Ok(settings::Entity::find_by_id(name.to_owned()).one(self.reader()).await?.map(|row| row.value))
    }

    /// A user by e-mail address, which is stored in lower case.
    pub async fn user_by_email(&self, email: &str) -> Result<Option<UserRow>, StoreError> {
        Ok(users::Entity::find().filter(users::Column::Email.eq(email)).one(self.reader()).await?)
    }

    /// A user.
    pub async fn user(&self, id: UserId) -> Result<Option<UserRow>, StoreError> {
        Ok(users::Entity::find_by_id(id.uuid()).one(self.reader()).await?)
    }

    /// Users of a workspace, oldest first.
    pub async fn users(&self, of: WorkspaceId) -> Result<Vec<UserRow>, StoreError> {
        let found = users::Entity::find().filter(users::Column::WorkspaceId.eq(of.uuid()));
        Ok(found.order_by_asc(users::Column::Id).limit(1_000).all(self.reader()).await?)
    }

    /// Sessions of a user that have not reached their end, the one begun last first. At most 200.
    pub async fn sessions_of(&self, user: UserId, now: Timestamp) -> Result<Vec<SessionRow>, StoreError> {
        let found = sessions::Entity::find()
            .filter(sessions::Column::UserId.eq(user.uuid()))
            .filter(sessions::Column::ExpiresAt.gt(millis(now)));
        Ok(found.order_by_desc(sessions::Column::CreatedAt).limit(200).all(self.reader()).await?)
    }

    /// A session by the hash of its secret.
    pub async fn session(&self, secret_hash: &[u8]) -> Result<Option<SessionRow>, StoreError> {
        Ok(sessions::Entity::find_by_id(secret_hash.to_vec()).one(self.reader()).await?)
    }

    /// An API key by the hash of its secret.
    pub async fn api_key(&self, secret_hash: &[u8]) -> Result<Option<ApiKeyRow>, StoreError> {
        let found = api_keys::Entity::find().filter(api_keys::Column::SecretHash.eq(secret_hash));
        Ok(found.one(self.reader()).await?)
    }

    /// API keys of a workspace, oldest first.
    pub async fn api_keys(&self, of: WorkspaceId) -> Result<Vec<ApiKeyRow>, StoreError> {
        let found = api_keys::Entity::find().filter(api_keys::Column::WorkspaceId.eq(of.uuid()));
        Ok(found.order_by_asc(api_keys::Column::Id).limit(1_000).all(self.reader()).await?)
    }

    /// The audit trail of one thing, newest first.
    pub async fn audit_of(
        &self,
        of: WorkspaceId,
        subject: &str,
        most: u64,
    ) -> Result<Vec<AuditRow>, StoreError> {
        let found = audit_log::Entity::find()
            .filter(audit_log::Column::WorkspaceId.eq(of.uuid()))
            .filter(audit_log::Column::Subject.eq(subject));
        Ok(found.order_by_desc(audit_log::Column::Id).limit(most).all(self.reader()).await?)
    }
}

impl Tx {
    /// Adds a workspace.
    pub async fn add_workspace(&self, id: WorkspaceId, name: &str, now: Timestamp) -> Result<(), StoreError> {
        let row = workspaces::Model {
            id: id.uuid(),
            name: name.to_owned(),
            dialing_stopped: false,
            created_at: millis(now),
            frequency_cap: FrequencyCap::default().rings().into(),
            daily_budget_micros: None,
        };
        row.into_active_model().reset_all().insert(self.connection()).await?;
        Ok(())
    }

    /// The first workspace, where news goes that belongs to no call of ours.
    pub async fn first_workspace(&self) -> Result<WorkspaceId, StoreError> {
        let first =
            workspaces::Entity::find().order_by_asc(workspaces::Column::Id).one(self.connection()).await?;
        let missing = StoreError::CorruptRow { table: "workspaces", column: "id" };
        first.map(|row| WorkspaceId::from_uuid(row.id)).ok_or(missing)
    }

    /// Switches dialing for a whole workspace off or on.
    pub async fn stop_dialing(&self, of: WorkspaceId, stopped: bool) -> Result<(), StoreError> {
        let change = "UPDATE workspaces SET dialing_stopped = $1 WHERE id = $2";
        sql::run(self.connection(), change, [stopped.into(), of.uuid().into()]).await?;
        Ok(())
    }

    /// Sets a named value of the installation, unless it is set already; the value that holds.
    pub async fn settle_setting(&self, name: &str, value: &str) -> Result<String, StoreError> {
        let add = "INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";
        sql::run(self.connection(), add, [name.into(), value.into()]).await?;
        let kept = settings::Entity::find_by_id(name.to_owned()).one(self.connection()).await?;
        Ok(kept.map_or_else(|| value.to_owned(), |row| row.value))
    }

    /// Adds a user; a conflict when the e-mail address is taken.
    pub async fn add_user(&self, user: UserRow) -> Result<(), StoreError> {
        user.into_active_model().reset_all().insert(self.connection()).await?;
        Ok(())
    }

    /// All users of a workspace, held until the transaction ends: what is true of all of them stays true.
    pub async fn lock_users(&self, of: WorkspaceId) -> Result<Vec<UserRow>, StoreError> {
        let db = self.connection();
        let (columns, locked) =
            (sql::columns::<users::Entity>(), dialect::for_update(db.get_database_backend()));
        let wanted = format!("SELECT {columns} FROM users WHERE workspace_id = $1 ORDER BY id{locked}");
        Ok(sql::all(db, &wanted, [of.uuid().into()]).await?)
    }

    /// A user, held until the transaction ends.
    pub async fn lock_user(&self, id: UserId) -> Result<Option<UserRow>, StoreError> {
        let db = self.connection();
        let (columns, locked) =
            (sql::columns::<users::Entity>(), dialect::for_update(db.get_database_backend()));
        let wanted = format!("SELECT {columns} FROM users WHERE id = $1{locked}");
        Ok(sql::one(db, &wanted, [id.uuid().into()]).await?)
    }

    /// Writes down a user's password, what they may do, and whether they may come in at all.
    pub async fn save_user(&self, user: &UserRow) -> Result<(), StoreError> {
        let change = "UPDATE users SET password_hash = $1, role = $2, disabled_at = $3 WHERE id = $4";
        let values = [
            user.password_hash.as_str().into(),
            user.role.as_str().into(),
            user.disabled_at.into(),
            user.id.into(),
        ];
        sql::run(self.connection(), change, values).await?;
        Ok(())
    }

    /// Adds a session.
    pub async fn add_session(&self, session: SessionRow) -> Result<(), StoreError> {
        session.into_active_model().reset_all().insert(self.connection()).await?;
        Ok(())
    }

    /// Notes that a user was here.
    pub async fn touch_user(&self, id: UserId, now: Timestamp) -> Result<(), StoreError> {
        let change = "UPDATE users SET last_seen_at = $1 WHERE id = $2";
        sql::run(self.connection(), change, [millis(now).into(), id.uuid().into()]).await?;
        Ok(())
    }

    /// Notes that a session was used. Its user is noted first: everybody who wants both takes them in this order.
    pub async fn touch_session(&self, secret_hash: &[u8], now: Timestamp) -> Result<(), StoreError> {
        let change = "UPDATE sessions SET last_seen_at = $1 WHERE secret_hash = $2";
        sql::run(self.connection(), change, [millis(now).into(), secret_hash.to_vec().into()]).await?;
        Ok(())
    }

    /// Ends a session; `false` when it was over already.
    pub async fn end_session(&self, secret_hash: &[u8]) -> Result<bool, StoreError> {
        let change = "DELETE FROM sessions WHERE secret_hash = $1";
        Ok(sql::run(self.connection(), change, [secret_hash.to_vec().into()]).await? > 0)
    }

    /// Ends the sessions of a user, except perhaps one; how many.
    pub async fn end_sessions_of(&self, user: UserId, except: Option<&[u8]>) -> Result<u64, StoreError> {
        // No session has this hash.
        let kept = except.unwrap_or_default().to_vec();
        let change = "DELETE FROM sessions WHERE user_id = $1 AND secret_hash <> $2";
        Ok(sql::run(self.connection(), change, [user.uuid().into(), kept.into()]).await?)
    }

    /// Forgets sessions that ended before `now`.
    pub async fn forget_expired_sessions(&self, now: Timestamp) -> Result<u64, StoreError> {
        let change = "DELETE FROM sessions WHERE expires_at < $1";
        Ok(sql::run(self.connection(), change, [millis(now).into()]).await?)
    }

    /// Adds an API key.
    pub async fn add_api_key(&self, key: ApiKeyRow) -> Result<(), StoreError> {
        key.into_active_model().reset_all().insert(self.connection()).await?;
        Ok(())
    }

    /// Ends an API key; `false` when there is none like it that still works.
    pub async fn revoke_api_key(
        &self,
        of: WorkspaceId,
        id: ApiKeyId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let change =
            "UPDATE api_keys SET revoked_at = $1 WHERE id = $2 AND workspace_id = $3 AND revoked_at IS NULL";
        let values = [millis(now).into(), id.uuid().into(), of.uuid().into()];
        Ok(sql::run(self.connection(), change, values).await? > 0)
    }

    /// Writes down who did what.
    pub async fn add_audits(&self, entries: Vec<AuditRow>) -> Result<(), StoreError> {
        let db = self.connection();
        let columns: Vec<audit_log::Column> = audit_log::Column::iter().collect();
        let names: Vec<&str> = columns.iter().map(IdenStatic::as_str).collect();
        let names = names.join(", ");
        for some in entries.chunks(given::MOST) {
            let deeds = Given::models(db.get_database_backend(), &columns, some);
            // DISTINCT: the last one may be given more than once.
            let insert = format!("INSERT INTO audit_log ({names}) SELECT DISTINCT {names} FROM given");
            let (insert, values) = deeds.statement(&insert);
            sql::run(db, &insert, values).await?;
        }
        Ok(())
    }
}
