//! Prospects: add, change, remove.

use domain::ids::{CampaignId, ProspectId, WorkspaceId};
use domain::phone_number::PhoneNumber;
use domain::prospect::ProspectStatus;
use domain::queue::Priority;
use jiff::Timestamp;

use super::{Actions, Actor, audit, new_uuid};
use crate::store::prospects::ProspectRecord;
use crate::store::{StoreError, Tx};

/// A person as they are described to us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// First name; empty when unknown, as are the following.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// E-mail address.
    pub email: String,
    /// The number to ring.
    pub phone: PhoneNumber,
    /// Company.
    pub company: String,
    /// Title.
    pub title: String,
    /// Custom fields as a JSON object of texts.
    pub metadata: String,
    /// How urgent they are.
    pub priority: Priority,
}

/// What became of each person that was added.
#[derive(Debug)]
pub enum Added {
    /// They are on the list now.
    New(Box<ProspectRecord>),
    /// The campaign has their number already, or had it earlier in the same request.
    Duplicate(PhoneNumber),
}

/// Why prospects are not changed.
#[derive(Debug, thiserror::Error)]
pub enum ProspectRefused {
    /// The campaign is not there.
    #[error("there is no such campaign")]
    NoSuchCampaign,
    /// The prospect is not there.
    #[error("there is no such prospect")]
    NotFound,
    /// A call to them is under way.
    #[error("a call to this prospect is under way; wait for its end, or cancel it")]
    InCall,
    /// Another prospect of the campaign has the number.
    #[error("another prospect of this campaign has this number")]
    NumberTaken,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Actions {
    /// Adds people to a campaign; each of them has an answer, in the order given.
    pub async fn add_prospects(
        &self,
        actor: Actor,
        campaign: CampaignId,
        people: Vec<Person>,
    ) -> Result<Vec<Added>, ProspectRefused> {
        let (now, workspace) = (self.clock.now(), actor.workspace);
        let added = self
            .store
            .transaction(move |tx| async move {
                let found = tx.campaign(campaign).await?.filter(|found| found.workspace == actor.workspace);
                found.ok_or(ProspectRefused::NoSuchCampaign)?;
                let added = add_people(&tx, actor.workspace, campaign, people, now).await?;
                let new = added.iter().filter(|added| matches!(added, Added::New(_))).count();
                let detail = serde_json::json!({ "added": new });
                audit::note(&tx, &actor, "prospects.add", campaign, detail, now).await?;
                Ok::<_, ProspectRefused>(added)
            })
            .await?;
        self.told_of_people(workspace, campaign);
        self.wake.dialer();
        Ok(added)
    }

    /// Changes a prospect. `change` sees them as they are and says what they shall be, or refuses.
    pub async fn change_prospect<E>(
        &self,
        actor: Actor,
        id: ProspectId,
        change: impl FnOnce(&ProspectRecord) -> Result<Person, E> + Send + 'static,
    ) -> Result<ProspectRecord, E>
    where
        E: From<ProspectRefused> + From<StoreError> + Send + 'static,
    {
        let now = self.clock.now();
        let changed = self
            .store
            .transaction(move |tx| async move {
                let mut prospect = lock_free(&tx, &actor, id).await?;
                let person = change(&prospect)?;
                if person.phone != prospect.phone {
                    let same_number = tx.lock_prospects_with_number(actor.workspace, &person.phone).await?;
                    if same_number.iter().any(|other| other.campaign == prospect.campaign) {
                        return Err(ProspectRefused::NumberTaken.into());
                    }
                    // What was learnt of the old number says nothing of the new one.
                    let listed = tx.is_do_not_call(actor.workspace, &person.phone).await?;
                    if listed {
                        prospect.status = ProspectStatus::DoNotCall;
                    } else if matches!(prospect.status, ProspectStatus::Invalid | ProspectStatus::DoNotCall) {
                        prospect.status = ProspectStatus::Ready;
                        prospect.due_at = Some(now);
                    }
                }
                fill_in(&mut prospect, person);
                prospect.updated_at = now;
                tx.save_prospects(std::slice::from_ref(&prospect)).await?;
                audit::note(&tx, &actor, "prospect.change", id, serde_json::json!({}), now).await?;
                Ok::<_, E>(prospect)
            })
            .await?;
        self.told_of_people(changed.workspace, changed.campaign);
        Ok(changed)
    }

    /// Takes a prospect off their campaign. Their calls stay on record.
    pub async fn remove_prospect(&self, actor: Actor, id: ProspectId) -> Result<(), ProspectRefused> {
        let now = self.clock.now();
        let removed = self
            .store
            .transaction(move |tx| async move {
                let mut prospect = lock_free(&tx, &actor, id).await?;
                prospect.status = ProspectStatus::Removed;
                prospect.due_at = None;
                // Undoing an earlier clearing of the queue must not bring them back.
                prospect.cleared_by = None;
                prospect.updated_at = now;
                tx.save_prospects(std::slice::from_ref(&prospect)).await?;
                audit::note(&tx, &actor, "prospect.remove", id, serde_json::json!({}), now).await?;
                Ok::<_, ProspectRefused>(prospect)
            })
            .await?;
        self.told_of_people(removed.workspace, removed.campaign);
        self.wake.dialer();
        Ok(())
    }
}

/// A prospect nobody is ringing right now, locked.
async fn lock_free(tx: &Tx, actor: &Actor, id: ProspectId) -> Result<ProspectRecord, ProspectRefused> {
    let found = tx.lock_prospects(&[id]).await?.pop();
    let prospect =
        found.filter(|found| found.workspace == actor.workspace).ok_or(ProspectRefused::NotFound)?;
    match prospect.status {
        ProspectStatus::InCall | ProspectStatus::Held => Err(ProspectRefused::InCall),
        _ => Ok(prospect),
    }
}

/// Adds people in one transaction; each has an answer, in the order given. Numbers on the do-not-call list come in as
/// such, so that nobody wonders where they went.
pub(super) async fn add_people(
    tx: &Tx,
    workspace: WorkspaceId,
    campaign: CampaignId,
    people: Vec<Person>,
    now: Timestamp,
) -> Result<Vec<Added>, StoreError> {
    let phones: Vec<PhoneNumber> = people.iter().map(|person| person.phone.clone()).collect();
    let mut listed = Vec::new();
    for batch in phones.chunks(1_000) {
        listed.extend(tx.do_not_call_among(workspace, batch).await?);
    }
    let mut first_with_number = std::collections::HashSet::new();
    let mut new = Vec::with_capacity(people.len());
    for person in people {
        if !first_with_number.insert(person.phone.clone()) {
            continue;
        }
        let status =
            if listed.contains(&person.phone) { ProspectStatus::DoNotCall } else { ProspectStatus::Ready };
        new.push(new_prospect(workspace, campaign, person, status, now));
    }
    let mut added: std::collections::HashSet<PhoneNumber> =
        tx.add_prospects(&new).await?.into_iter().collect();
    let mut records: std::collections::HashMap<PhoneNumber, ProspectRecord> =
        new.into_iter().map(|prospect| (prospect.phone.clone(), prospect)).collect();
    let answer = |phone: PhoneNumber| match (added.remove(&phone), records.remove(&phone)) {
        (true, Some(prospect)) => Added::New(Box::new(prospect)),
        _ => Added::Duplicate(phone),
    };
    Ok(phones.into_iter().map(answer).collect())
}

fn new_prospect(
    workspace: WorkspaceId,
    campaign: CampaignId,
    person: Person,
    status: ProspectStatus,
    now: Timestamp,
) -> ProspectRecord {
    let mut prospect = ProspectRecord {
        id: ProspectId::from_uuid(new_uuid(now)),
        workspace,
        campaign,
        first_name: String::new(),
        last_name: String::new(),
        email: String::new(),
        phone: person.phone.clone(),
        company: String::new(),
        title: String::new(),
        metadata: String::new(),
        status,
        disposition: None,
        attempts: 0,
        attempts_spent: 0,
        due_at: (status == ProspectStatus::Ready).then_some(now),
        last_call: None,
        created_at: now,
        updated_at: now,
        priority: Priority::default(),
        due_before_skip: None,
        cleared_by: None,
        import: None,
    };
    fill_in(&mut prospect, person);
    prospect
}

fn fill_in(prospect: &mut ProspectRecord, person: Person) {
    prospect.first_name = person.first_name;
    prospect.last_name = person.last_name;
    prospect.email = person.email;
    prospect.phone = person.phone;
    prospect.company = person.company;
    prospect.title = person.title;
    prospect.metadata = person.metadata;
    prospect.priority = person.priority;
}
