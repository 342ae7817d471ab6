//! What the columns of a file are: guessed from their names, or told.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::reading::is_trouble;
use super::rows::{Cells, Row};

/// Columns of a file, at most.
const MOST_COLUMNS: usize = 100;
/// Columns that are kept as custom fields, at most; a prospect has no more.
pub(super) const MOST_CUSTOM_FIELDS: usize = 50;
/// Characters of a custom field's name, at most.
const LONGEST_NAME: usize = 64;

/// Where the cells of a column go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Field {
    /// The number to ring.
    Phone,
    /// First name.
    FirstName,
    /// Last name.
    LastName,
    /// E-mail address.
    Email,
    /// Company.
    Company,
    /// Title.
    Title,
    /// A custom field of this name.
    Custom(String),
    /// Nowhere.
    Ignored,
}

/// Names of columns, as they are written without spaces, signs and capitals. Where a file has several names for one
/// field, the first in the list wins and the others become custom fields.
const NAMES: [(Field, &[&str]); 6] = [
    (
        Field::Phone,
        &[
            "phone",
            "phonenumber",
            "phoneno",
            "mobile",
            "mobilephone",
            "mobilenumber",
            "mobileno",
            "cell",
            "cellphone",
            "cellnumber",
            "telephone",
            "telephonenumber",
            "tel",
            "telno",
            "directphone",
            "workphone",
            "businessphone",
            "contactnumber",
            "number",
            "e164",
        ],
    ),
    (Field::FirstName, &["firstname", "givenname", "forename", "first"]),
    (Field::LastName, &["lastname", "familyname", "surname", "last"]),
    (Field::Email, &["email", "emailaddress", "mail", "workemail", "businessemail"]),
    (
        Field::Company,
        &[
            "company",
            "companyname",
            "organisation",
            "organization",
            "organisationname",
            "organizationname",
            "employer",
            "business",
            "businessname",
            "account",
            "accountname",
        ],
    ),
    (Field::Title, &["title", "jobtitle", "position", "role"]),
];

impl Field {
    /// The field that a caller names: the names of our API, or `ignore`. Anything else is a custom field.
    pub fn told(name: &str) -> Self {
        match name {
            "phone" => Self::Phone,
            "firstName" => Self::FirstName,
            "lastName" => Self::LastName,
            "email" => Self::Email,
            "company" => Self::Company,
            "title" => Self::Title,
            "ignore" | "" => Self::Ignored,
            custom => Self::Custom(custom.to_owned()),
        }
    }
}

/// Why the first row is no header.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HeaderRefused {
    /// Nothing in the file.
    #[error("the file is empty; its first row must name the columns, one of them `phone`")]
    Empty,
    /// The header and nothing else.
    #[error("the file has a header ({0}) and no rows below it")]
    NothingBelow(String),
    /// The header is broken CSV.
    #[error("the first row cannot be read as the names of columns: {0}")]
    Unreadable(String),
    /// No column is a phone number.
    #[error(
        "no column is named `phone`; found: {0}. Rename the column with the numbers, or say which it is with `mapping`"
    )]
    NoPhone(String),
    /// No column is a phone number, in a list of numbers.
    #[error(
        "no column is named `phone`, and the first row has no phone number; found: {0}. Rename the column with the numbers"
    )]
    NoNumbers(String),
    /// Two columns have the same name, or go to the same field.
    #[error("two columns are {0}; rename or remove one of them")]
    Duplicate(String),
    /// A column has no name.
    #[error("column {0} has no name; name it or remove it")]
    Nameless(usize),
    /// A column is told to become a custom field of an impossible name.
    #[error(
        "`{0}` cannot become a custom field of that name: it is longer than 64 characters or contains control characters"
    )]
    UnusableField(String),
    /// A name cannot be the name of a custom field.
    #[error("the name of column {0} is longer than 64 characters or contains control characters; rename it")]
    UnusableName(usize),
    /// Too many columns.
    #[error("the file has {0} columns, 100 are allowed; remove those that are not needed")]
    TooManyColumns(usize),
    /// Too many custom fields.
    #[error("{0} columns are not known and would become custom fields, 50 are allowed; remove some of them")]
    TooManyCustomFields(usize),
    /// The mapping names a column that is not there.
    #[error("`mapping` names the column `{0}`, which the file does not have; found: {1}")]
    NoSuchColumn(String, String),
}

/// The header of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// The names as they are written.
    pub names: Vec<String>,
    /// What each column is.
    pub fields: Vec<Field>,
}

impl Header {
    /// Says of columns which field they are; `mapping` says it of some of them, by name.
    pub fn of(names: Vec<String>, mapping: Option<&BTreeMap<String, String>>) -> Result<Self, HeaderRefused> {
        let fields = fields(&names, mapping)?;
        Ok(Self { names, fields })
    }
}

/// Reads the first row: the names of the columns.
pub fn read_names(row: Option<&Row<'_>>) -> Result<Vec<String>, HeaderRefused> {
    let row = row.ok_or(HeaderRefused::Empty)?;
    let cells = row.cells.as_ref().map_err(|malformed| HeaderRefused::Unreadable(malformed.to_string()))?;
    names(cells)
}

/// What columns are by their names alone.
pub fn guesses(names: &[String]) -> Vec<Field> {
    assigned(names, vec![None; names.len()])
}

fn names(cells: &Cells) -> Result<Vec<String>, HeaderRefused> {
    if cells.len() > MOST_COLUMNS {
        return Err(HeaderRefused::TooManyColumns(cells.len()));
    }
    let names: Vec<String> = cells.iter().map(|name| name.trim().to_owned()).collect();
    if names.iter().all(String::is_empty) {
        return Err(HeaderRefused::Empty);
    }
    let mut seen = HashSet::new();
    for (index, name) in names.iter().enumerate() {
        if name.is_empty() {
            return Err(HeaderRefused::Nameless(index + 1));
        }
        if !is_usable(name) {
            return Err(HeaderRefused::UnusableName(index + 1));
        }
        if !seen.insert(plain(name)) {
            return Err(HeaderRefused::Duplicate(format!("named `{name}`")));
        }
    }
    Ok(names)
}

fn fields(names: &[String], mapping: Option<&BTreeMap<String, String>>) -> Result<Vec<Field>, HeaderRefused> {
    let columns: HashMap<String, usize> =
        names.iter().enumerate().map(|(index, name)| (plain(name), index)).collect();
    let mut fields: Vec<Option<Field>> = vec![None; names.len()];
    for (column, field) in mapping.into_iter().flatten() {
        let index = columns.get(&plain(column));
        let index = index.ok_or_else(|| HeaderRefused::NoSuchColumn(shown(column), found(names)))?;
        let field = Field::told(field);
        if matches!(&field, Field::Custom(name) if !is_usable(name)) {
            return Err(HeaderRefused::UnusableField(shown(column)));
        }
        if field != Field::Ignored && fields.contains(&Some(field.clone())) {
            return Err(HeaderRefused::Duplicate(format!("mapped to the same field as `{}`", names[*index])));
        }
        fields[*index] = Some(field);
    }
    let fields = assigned(names, fields);
    if !fields.contains(&Field::Phone) {
        return Err(HeaderRefused::NoPhone(found(names)));
    }
    let custom = fields.iter().filter(|field| matches!(field, Field::Custom(_))).count();
    if custom > MOST_CUSTOM_FIELDS {
        return Err(HeaderRefused::TooManyCustomFields(custom));
    }
    Ok(fields)
}

/// Guesses what nobody has said.
fn assigned(names: &[String], mut fields: Vec<Option<Field>>) -> Vec<Field> {
    let columns: HashMap<String, usize> =
        names.iter().enumerate().map(|(index, name)| (plain(name), index)).collect();
    for (field, synonyms) in &NAMES {
        let free = |index: &&usize| fields[**index].is_none();
        let column = synonyms.iter().find_map(|name| columns.get(*name).filter(free)).copied();
        match column {
            Some(column) if !fields.contains(&Some(field.clone())) => fields[column] = Some(field.clone()),
            _ => {}
        }
    }
    let named = fields.into_iter().zip(names);
    named.map(|(field, name)| field.unwrap_or_else(|| Field::Custom(name.clone()))).collect()
}

/// Whether a custom field may have this name.
pub fn is_usable(name: &str) -> bool {
    name.chars().count() <= LONGEST_NAME && !name.chars().any(|c| c.is_control() || is_trouble(c))
}

/// A name without spaces, signs and capitals; names in other scripts keep their letters.
fn plain(name: &str) -> String {
    let letters: String = name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    if letters.is_empty() { name.to_owned() } else { letters }
}

/// The names for a message, cut where they are many.
pub fn found(names: &[String]) -> String {
    let first: Vec<String> = names.iter().take(20).map(|name| shown(name)).collect();
    let more = if names.len() > first.len() { ", …" } else { "" };
    format!("{}{more}", first.join(", "))
}

fn shown(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(LONGEST_NAME).collect()
}

#[cfg(test)]
mod tests {
    use super::super::rows::Rows;
    use super::*;

    fn read(header: &str, mapping: &[(&str, &str)]) -> Result<Vec<Field>, HeaderRefused> {
        let mapping: BTreeMap<_, _> =
            mapping.iter().map(|(column, field)| ((*column).to_owned(), (*field).to_owned())).collect();
        let mut rows = Rows::new(header.as_bytes(), b',');
        let names = read_names(rows.next().unwrap().as_ref())?;
        Header::of(names, Some(&mapping)).map(|header| header.fields)
    }

    fn custom(name: &str) -> Field {
        Field::Custom(name.to_owned())
    }

    #[test]
    fn names_are_known_in_many_spellings() {
        for header in ["phone", "Phone Number", "MOBILE", "tel", "Cell-Phone", "telephone_number"] {
            assert_eq!(read(header, &[]), Ok(vec![Field::Phone]), "{header}");
        }
        let usual = read("First Name,family_name,E-mail,Organisation,Job title,Phone,City", &[]).unwrap();
        let known =
            [Field::FirstName, Field::LastName, Field::Email, Field::Company, Field::Title, Field::Phone];
        assert_eq!(usual[..6], known);
        assert_eq!(usual[6], custom("City"));
    }

    #[test]
    fn of_two_names_for_one_field_the_plainer_wins() {
        assert_eq!(read("mobile,phone", &[]), Ok(vec![custom("mobile"), Field::Phone]));
    }

    #[test]
    fn a_mapping_wins_over_guesses() {
        let fields =
            read("phone,private,note", &[("Private", "phone"), ("note", "ignore"), ("phone", "office")]);
        assert_eq!(fields, Ok(vec![custom("office"), Field::Phone, Field::Ignored]));
        assert!(matches!(read("phone", &[("x", "phone")]), Err(HeaderRefused::NoSuchColumn(..))));
        assert!(matches!(read("phone,a", &[("a", &"x".repeat(65))]), Err(HeaderRefused::UnusableField(_))));
        let twice = read("a,b", &[("a", "phone"), ("b", "phone")]);
        assert!(matches!(twice, Err(HeaderRefused::Duplicate(_))));
    }

    #[test]
    fn what_is_no_header_is_refused_with_what_was_found() {
        assert_eq!(read("", &[]), Err(HeaderRefused::Empty));
        let no_phone = read("name,e-mail", &[]).unwrap_err();
        assert!(no_phone.to_string().contains("found: name, e-mail"), "{no_phone}");
        assert!(matches!(read("phone,First Name,first_name", &[]), Err(HeaderRefused::Duplicate(_))));
        assert_eq!(read("phone,,x", &[]), Err(HeaderRefused::Nameless(2)));
        assert!(matches!(read("phone,\"a\0\"", &[]), Err(HeaderRefused::Unreadable(_))));
        let many = |count: usize| (0..count).map(|n| format!(",c{n}")).collect::<String>();
        assert_eq!(read(&format!("phone{}", many(100)), &[]), Err(HeaderRefused::TooManyColumns(101)));
        assert_eq!(read(&format!("phone{}", many(51)), &[]), Err(HeaderRefused::TooManyCustomFields(51)));
        assert!(read(&format!("phone{}", many(50)), &[]).is_ok());
    }
}
