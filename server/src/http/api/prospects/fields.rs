//! What a person may say about a prospect, and how it is read.

use domain::phone_number::{PhoneNumber, Region};
use domain::queue::Priority;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::actions::Installation;
use crate::actions::prospects::Person;
use crate::http::api::words::{given, note};
use crate::http::{FieldError, text};
use crate::store::campaigns::CampaignRecord;
use crate::store::prospects::ProspectRecord;

const LONGEST_NAME: usize = 100;
const LONGEST_COMPANY: usize = 200;

/// What a prospect shall be. When adding, `phone` is required; when changing, what is left out stays, and null empties.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub struct ProspectFields {
    /// At most 100 characters.
    #[serde(deserialize_with = "super::emptied")]
    #[schema(example = "Ada")]
    first_name: Option<String>,
    /// At most 100 characters.
    #[serde(deserialize_with = "super::emptied")]
    #[schema(example = "Lovelace")]
    last_name: Option<String>,
    /// An e-mail address.
    #[serde(deserialize_with = "super::emptied")]
    email: Option<String>,
    /// The number to ring, written internationally or as people in the campaign's `defaultRegion` write it.
    #[serde(deserialize_with = "given")]
    #[schema(example = "+14155550123")]
    phone: Option<String>,
    /// At most 200 characters.
    #[serde(deserialize_with = "super::emptied")]
    company: Option<String>,
    /// At most 200 characters.
    #[serde(deserialize_with = "super::emptied")]
    title: Option<String>,
    /// Fields of your own, at most 50: texts of at most 1000 characters, numbers, true or false.
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<Object>)]
    metadata: Option<Map<String, Value>>,
    /// How urgent they are. Default `normal`.
    #[serde(deserialize_with = "given")]
    priority: Option<PriorityWord>,
}

/// How urgent a prospect is.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = Priority)]
pub enum PriorityWord {
    /// Before everybody else.
    Next,
    /// Before most.
    High,
    /// Like everybody.
    Normal,
    /// When nobody else is due.
    Low,
}

impl From<PriorityWord> for Priority {
    fn from(word: PriorityWord) -> Self {
        match word {
            PriorityWord::Next => Self::Next,
            PriorityWord::High => Self::High,
            PriorityWord::Normal => Self::Normal,
            PriorityWord::Low => Self::Low,
        }
    }
}

/// What a number may be in a campaign.
pub struct NumberRules<'a> {
    /// The region of numbers without a country code.
    region: Option<Region>,
    /// The number shown: nobody is rung from their own number.
    caller_id: Option<&'a PhoneNumber>,
    installation: &'a Installation,
}

impl<'a> NumberRules<'a> {
    /// The rules of a campaign.
    pub fn of(campaign: &'a CampaignRecord, installation: &'a Installation) -> Self {
        Self {
            region: Region::parse(&campaign.default_region).ok(),
            caller_id: campaign.caller_id.as_ref().or(installation.caller_id.as_ref()),
            installation,
        }
    }

    fn read(&self, pointer: &str, raw: &str) -> Result<PhoneNumber, FieldError> {
        let number = PhoneNumber::parse(raw, self.region);
        let number = number.map_err(|error| FieldError::at(pointer, error.code(), error.to_string()))?;
        let allowed = self.installation.destinations.allows(&number);
        allowed.map_err(|refused| FieldError::at(pointer, refused.code(), refused.to_string()))?;
        if self.caller_id == Some(&number) {
            let what = "this is the number the calls come from";
            return Err(FieldError::at(pointer, "caller_id_not_allowed", what));
        }
        Ok(number)
    }
}

impl ProspectFields {
    /// A new person; `pointer` is where they stand in the body.
    pub fn person(self, pointer: &str, rules: &NumberRules<'_>) -> Result<Person, Vec<FieldError>> {
        let Some(phone) = &self.phone else {
            return Err(vec![FieldError::at(
                format!("{pointer}/phone"),
                "required",
                "this field is required",
            )]);
        };
        let mut errors = Vec::new();
        let phone = note(&mut errors, rules.read(&format!("{pointer}/phone"), phone));
        // Where the number is wrong nobody is made: any number will do to read the rest.
        let phone = phone.unwrap_or_else(|| PhoneNumber::from_e164_unchecked(String::new()));
        let nobody = Person {
            first_name: String::new(),
            last_name: String::new(),
            email: String::new(),
            phone,
            company: String::new(),
            title: String::new(),
            metadata: "{}".to_owned(),
            priority: Priority::default(),
        };
        self.fill_in(nobody, pointer, errors)
    }

    /// A person as they shall be from now on.
    pub fn changed(
        self,
        prospect: &ProspectRecord,
        rules: &NumberRules<'_>,
    ) -> Result<Person, Vec<FieldError>> {
        let mut errors = Vec::new();
        let phone = match &self.phone {
            Some(raw) => {
                note(&mut errors, rules.read("/phone", raw)).unwrap_or_else(|| prospect.phone.clone())
            }
            None => prospect.phone.clone(),
        };
        let before = Person {
            first_name: prospect.first_name.clone(),
            last_name: prospect.last_name.clone(),
            email: prospect.email.clone(),
            phone,
            company: prospect.company.clone(),
            title: prospect.title.clone(),
            metadata: prospect.metadata.clone(),
            priority: prospect.priority,
        };
        self.fill_in(before, "", errors)
    }

    fn fill_in(
        self,
        mut person: Person,
        pointer: &str,
        mut errors: Vec<FieldError>,
    ) -> Result<Person, Vec<FieldError>> {
        let lines = [
            ("firstName", self.first_name, &mut person.first_name, LONGEST_NAME),
            ("lastName", self.last_name, &mut person.last_name, LONGEST_NAME),
            ("company", self.company, &mut person.company, LONGEST_COMPANY),
            ("title", self.title, &mut person.title, LONGEST_COMPANY),
        ];
        for (field, given, kept, longest) in lines {
            if let Some(given) = given {
                let read = text::optional_name(&format!("{pointer}/{field}"), Some(&given), longest);
                *kept = note(&mut errors, read).flatten().unwrap_or_default();
            }
        }
        person.priority = self.priority.map_or(person.priority, Priority::from);
        if let Some(email) = &self.email {
            let read = text::optional_email(&format!("{pointer}/email"), Some(email));
            person.email = note(&mut errors, read).flatten().unwrap_or_default();
        }
        if let Some(fields) = &self.metadata {
            match text::custom_fields(&format!("{pointer}/metadata"), fields) {
                Ok(()) => person.metadata = serde_json::to_string(fields).unwrap_or_default(),
                Err(wrong) => errors.extend(wrong),
            }
        }
        if errors.is_empty() { Ok(person) } else { Err(errors) }
    }
}
