//! One batch of rows, written in one transaction together with the import's totals.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use domain::ids::{ImportId, ProspectId};
use domain::phone_number::PhoneNumber;
use domain::prospect::ProspectStatus;
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::header::MOST_CUSTOM_FIELDS;
use super::reading::Batch;
use crate::actions::new_uuid;
use crate::actions::prospects::Person;
use crate::store::imports::{ImportRecord, NewProspect, NewProspects};
use crate::store::prospects::ProspectRecord;
use crate::store::{StoreError, Tx};

/// Writes a batch; the import as it is then, or `None` when it does not run any more.
pub async fn take_in(
    tx: &Tx,
    mut import: ImportRecord,
    same_file: &HashSet<ImportId>,
    batch: Arc<Batch>,
    now: Timestamp,
) -> Result<Option<ImportRecord>, StoreError> {
    let people = one_per_number(&batch.people);
    let added = add_or_merge(tx, &import, same_file, &people, now).await?;
    tx.add_rejects(import.id, &batch.rejects).await?;
    import.rows += batch.rows();
    import.added += added;
    import.merged += batch.people.len() as u64 - added;
    import.rejected += batch.rejects.len() as u64;
    import.bytes_read = batch.bytes_read;
    Ok(tx.save_running_import(&import).await?.then_some(import))
}

/// Rows with the same number are one person, known best from all of them together.
fn one_per_number(people: &[Person]) -> Vec<Cow<'_, Person>> {
    let mut places: HashMap<&PhoneNumber, usize> = HashMap::with_capacity(people.len());
    let mut unique: Vec<Cow<'_, Person>> = Vec::with_capacity(people.len());
    for person in people {
        match places.get(&person.phone) {
            Some(place) => {
                fill_gaps(unique[*place].to_mut(), person);
            }
            None => {
                places.insert(&person.phone, unique.len());
                unique.push(Cow::Borrowed(person));
            }
        }
    }
    unique
}

/// Adds those whose number the campaign does not have, and fills the gaps of the others; how many were added.
async fn add_or_merge(
    tx: &Tx,
    import: &ImportRecord,
    same_file: &HashSet<ImportId>,
    people: &[Cow<'_, Person>],
    now: Timestamp,
) -> Result<u64, StoreError> {
    let phones: Vec<&PhoneNumber> = people.iter().map(|person| &person.phone).collect();
    let known = tx.lock_prospects_among(import.workspace, import.campaign, &phones).await?;
    let known_phones: HashSet<&PhoneNumber> = known.iter().map(|prospect| &prospect.phone).collect();
    let new: Vec<&Person> =
        people.iter().map(AsRef::as_ref).filter(|person| !known_phones.contains(&person.phone)).collect();
    let added = add(tx, import, &new, now).await?;
    let taken_meanwhile = match new.len() as u64 - added {
        0 => Vec::new(),
        // Somebody else added the same number to the campaign after we had looked.
        _ => {
            let phones: Vec<&PhoneNumber> = new.iter().map(|person| &person.phone).collect();
            tx.lock_prospects_among(import.workspace, import.campaign, &phones).await?
        }
    };
    let by_phone: HashMap<&PhoneNumber, &Person> =
        people.iter().map(|person| (&person.phone, person.as_ref())).collect();
    let (mut filled, mut of_others) = (Vec::new(), Vec::new());
    for mut prospect in known.into_iter().chain(taken_meanwhile) {
        if prospect.import.is_some_and(|first| !same_file.contains(&first)) {
            prospect.import = None;
            of_others.push(prospect.id);
        }
        if by_phone.get(&prospect.phone).is_some_and(|person| fill_in_gaps(&mut prospect, person)) {
            // Rows of one file about one person bring them in together: to undoing, they are as they came.
            let is_as_it_came =
                prospect.import == Some(import.id) && prospect.updated_at == prospect.created_at;
            prospect.updated_at = if is_as_it_came { prospect.created_at } else { now };
            filled.push(prospect);
        }
    }
    tx.keep_beyond_their_import(&of_others).await?;
    tx.save_prospects(&filled).await?;
    Ok(added)
}

/// Numbers on the do-not-call list come in as such, so that nobody wonders where they went.
async fn add(tx: &Tx, import: &ImportRecord, new: &[&Person], now: Timestamp) -> Result<u64, StoreError> {
    let phones: Vec<&PhoneNumber> = new.iter().map(|person| &person.phone).collect();
    let listed: HashSet<PhoneNumber> =
        tx.do_not_call_in(import.workspace, &phones).await?.into_iter().collect();
    let (never, ready): (Vec<&Person>, Vec<&Person>) =
        new.iter().copied().partition(|person| listed.contains(&person.phone));
    let mut added = 0;
    for (people, status, due_at) in
        [(ready, ProspectStatus::Ready, Some(now)), (never, ProspectStatus::DoNotCall, None)]
    {
        let shared = NewProspects {
            workspace: import.workspace,
            campaign: import.campaign,
            import: import.id,
            status,
            due_at,
            now,
        };
        let rows: Vec<NewProspect<'_>> = people.into_iter().map(|person| new_prospect(person, now)).collect();
        added += tx.insert_prospects(shared, &rows).await?;
    }
    Ok(added)
}

fn new_prospect(person: &Person, now: Timestamp) -> NewProspect<'_> {
    NewProspect {
        id: ProspectId::from_uuid(new_uuid(now)),
        first_name: &person.first_name,
        last_name: &person.last_name,
        email: &person.email,
        phone: &person.phone,
        company: &person.company,
        title: &person.title,
        metadata: &person.metadata,
    }
}

fn fill_in_gaps(prospect: &mut ProspectRecord, person: &Person) -> bool {
    let texts = [
        fill(&mut prospect.first_name, &person.first_name),
        fill(&mut prospect.last_name, &person.last_name),
        fill(&mut prospect.email, &person.email),
        fill(&mut prospect.company, &person.company),
        fill(&mut prospect.title, &person.title),
        fill_custom(&mut prospect.metadata, &person.metadata),
    ];
    texts.contains(&true)
}

fn fill_gaps(first: &mut Person, again: &Person) {
    fill(&mut first.first_name, &again.first_name);
    fill(&mut first.last_name, &again.last_name);
    fill(&mut first.email, &again.email);
    fill(&mut first.company, &again.company);
    fill(&mut first.title, &again.title);
    fill_custom(&mut first.metadata, &again.metadata);
}

/// Whether there was a gap, and something for it.
fn fill(gap: &mut String, text: &str) -> bool {
    let fills = gap.is_empty() && !text.is_empty();
    if fills {
        text.clone_into(gap);
    }
    fills
}

/// Adds custom fields that are missing, up to the number a prospect may have.
fn fill_custom(metadata: &mut String, more: &str) -> bool {
    if more == "{}" || metadata == more {
        return false;
    }
    let (Some(mut fields), Some(more)) = (object(metadata), object(more)) else { return false };
    let mut changed = false;
    for (name, value) in more {
        let is_gap = match fields.get(&name) {
            None => fields.len() < MOST_CUSTOM_FIELDS,
            Some(known) => known.is_null() || known == "",
        };
        if is_gap {
            fields.insert(name, value);
            changed = true;
        }
    }
    if changed {
        *metadata = Value::Object(fields).to_string();
    }
    changed
}

fn object(json: &str) -> Option<Map<String, Value>> {
    if json.is_empty() { Some(Map::new()) } else { serde_json::from_str(json).ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_are_filled_and_nothing_is_overwritten() {
        let mut metadata = r#"{"city":"Bonn","note":""}"#.to_owned();
        assert!(fill_custom(&mut metadata, r#"{"city":"Ulm","note":"n","segment":"A"}"#));
        assert_eq!(metadata, r#"{"city":"Bonn","note":"n","segment":"A"}"#);
        assert!(!fill_custom(&mut metadata, r#"{"city":"Ulm"}"#));
        let mut name = "Ada".to_owned();
        assert!(!fill(&mut name, "Eve"));
        assert_eq!(name, "Ada");
    }
}
