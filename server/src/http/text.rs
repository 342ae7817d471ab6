//! Text written by people, checked where it comes in. What is stored can be shown, printed and spoken.

use serde_json::{Map, Value};

use super::problem::FieldError;

/// Keys a person may add to a prospect, at most.
const MOST_CUSTOM_FIELDS: usize = 50;
/// Characters of a custom field's name, at most.
const LONGEST_KEY: usize = 64;
/// Characters of a custom field's value, at most.
const LONGEST_VALUE: usize = 1_000;
/// Characters of an e-mail address, at most (RFC 5321).
const LONGEST_EMAIL: usize = 254;

/// One line of text: trimmed, not blank, at most `max_chars` characters, none of them invisible trouble.
pub fn name(pointer: &str, value: &str, max_chars: usize) -> Result<String, FieldError> {
    let text = one_line(pointer, value, max_chars)?;
    if text.is_empty() {
        return Err(FieldError::at(pointer, "blank", "must not be empty"));
    }
    Ok(text)
}

/// As `name`, but nothing and blank are both `None`.
pub fn optional_name(
    pointer: &str,
    value: Option<&str>,
    max_chars: usize,
) -> Result<Option<String>, FieldError> {
    let Some(value) = value else { return Ok(None) };
    let text = one_line(pointer, value, max_chars)?;
    Ok(Some(text).filter(|text| !text.is_empty()))
}

/// Several lines: as `name`, with line breaks and tabs allowed and perhaps blank.
pub fn lines(pointer: &str, value: &str, max_chars: usize) -> Result<String, FieldError> {
    checked(pointer, value, max_chars, |c| matches!(c, '\n' | '\r' | '\t'))
}

fn one_line(pointer: &str, value: &str, max_chars: usize) -> Result<String, FieldError> {
    checked(pointer, value, max_chars, |_| false)
}

fn checked(
    pointer: &str,
    value: &str,
    max_chars: usize,
    allowed: impl Fn(char) -> bool,
) -> Result<String, FieldError> {
    let text = value.trim();
    if let Some((place, bad)) = text.chars().enumerate().find(|(_, c)| is_trouble(*c) && !allowed(*c)) {
        let what = format!("character {} (U+{:04X}) cannot be used in text", place + 1, u32::from(bad));
        return Err(FieldError::at(pointer, "forbidden_character", what));
    }
    if text.chars().count() > max_chars {
        return Err(FieldError::at(pointer, "too_long", format!("use at most {max_chars} characters")));
    }
    Ok(text.to_owned())
}

/// Controls, and what makes text read in another order than it is stored. The plain direction marks of Hebrew and
/// Arabic text (U+200E, U+200F, U+061C) reorder nothing by themselves and are left alone.
pub fn is_trouble(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{FEFF}')
}

/// An address with one `@`, a mailbox before it and a host name with a dot after it; the host in lower case.
/// Whether mail arrives there only mail can tell.
pub fn email(pointer: &str, value: &str) -> Result<String, FieldError> {
    let text = name(pointer, value, LONGEST_EMAIL)?;
    let wrong = || FieldError::at(pointer, "invalid_email", "expected an address such as name@example.com");
    let (mailbox, host) = text.rsplit_once('@').ok_or_else(wrong)?;
    let mailbox_fits = (1..=64).contains(&mailbox.len())
        && !mailbox.chars().any(|c| c.is_whitespace() || matches!(c, '@' | ',' | ';' | '<' | '>' | '"'));
    let label_fits = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_alphanumeric() || c == '-')
    };
    if !mailbox_fits || !host.contains('.') || !host.split('.').all(label_fits) {
        return Err(wrong());
    }
    Ok(format!("{mailbox}@{}", host.to_lowercase()))
}

/// As `email`; nothing and blank are both `None`.
pub fn optional_email(pointer: &str, value: Option<&str>) -> Result<Option<String>, FieldError> {
    value.filter(|value| !value.trim().is_empty()).map(|value| email(pointer, value)).transpose()
}

/// What people note about a prospect in fields of their own: at most 50, each a text of at most 1,000
/// characters, a number, true, false or null. No lists, no objects.
pub fn custom_fields(pointer: &str, fields: &Map<String, Value>) -> Result<(), Vec<FieldError>> {
    if fields.len() > MOST_CUSTOM_FIELDS {
        let what = format!("use at most {MOST_CUSTOM_FIELDS} fields");
        return Err(vec![FieldError::at(pointer, "too_many", what)]);
    }
    let errors: Vec<_> =
        fields.iter().filter_map(|(key, value)| custom_field(pointer, key, value).err()).collect();
    if errors.is_empty() { Ok(()) } else { Err(errors) }
}

fn custom_field(pointer: &str, key: &str, value: &Value) -> Result<(), FieldError> {
    if key.chars().any(is_trouble) {
        return Err(FieldError::at(pointer, "forbidden_character", "a field's name has a control character"));
    }
    name(pointer, key, LONGEST_KEY)?;
    let here = format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"));
    match value {
        Value::String(text) => lines(&here, text, LONGEST_VALUE).map(drop),
        Value::Array(_) | Value::Object(_) => {
            Err(FieldError::at(here, "nested", "lists and objects cannot be stored in a field"))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(result: Result<String, FieldError>) -> &'static str {
        result.map_or_else(|error| error.code, |_| "ok")
    }

    #[test]
    fn names_are_trimmed_and_everything_visible_is_welcome() {
        assert_eq!(name("/n", "  Zoë 山田 O'Brien-Łukasz  ", 40).unwrap(), "Zoë 山田 O'Brien-Łukasz");
        assert_eq!(name("/n", "<Dial>{{x}} =1+1 'DROP TABLE", 40).unwrap(), "<Dial>{{x}} =1+1 'DROP TABLE");
    }

    #[test]
    fn invisible_trouble_is_refused_with_its_place() {
        for bad in ["a\0b", "a\u{7}b", "a\nb", "a\u{85}b", "a\u{202E}b", "a\u{2066}b", "a\u{2028}b"] {
            assert_eq!(code(name("/n", bad, 40)), "forbidden_character", "{bad:?}");
        }
        let error = name("/n", "ab\u{202E}c", 40).unwrap_err();
        assert_eq!(error.detail, "character 3 (U+202E) cannot be used in text");
    }

    #[test]
    fn length_is_counted_in_characters_after_trimming() {
        assert_eq!(code(name("/n", &"é".repeat(10), 10)), "ok");
        assert_eq!(code(name("/n", &format!("  {}  ", "é".repeat(10)), 10)), "ok");
        assert_eq!(code(name("/n", &"é".repeat(11), 10)), "too_long");
        assert_eq!(code(name("/n", " \u{3000} ", 10)), "blank");
        assert_eq!(optional_name("/n", Some("  "), 10).unwrap(), None);
        assert_eq!(optional_name("/n", None, 10).unwrap(), None);
        assert_eq!(code(lines("/n", "a\n\tb", 10)), "ok");
    }

    #[test]
    fn an_email_address_needs_a_mailbox_and_a_host_with_a_dot() {
        assert_eq!(email("/e", " Ada.L+x@Example.COM ").unwrap(), "Ada.L+x@example.com");
        for bad in [
            "ada",
            "@example.com",
            "ada@",
            "ada@localhost",
            "a b@example.com",
            "ada@-x.com",
            "ada@x..com",
            "a@b@c.de",
        ] {
            assert_eq!(code(email("/e", bad)), "invalid_email", "{bad}");
        }
        assert_eq!(optional_email("/e", Some(" ")).unwrap(), None);
    }

    #[test]
    fn custom_fields_are_flat_and_bounded() {
        let fields = |value: Value| value.as_object().unwrap().clone();
        let codes = |value: Value| {
            let errors = custom_fields("/metadata", &fields(value)).err().unwrap_or_default();
            errors.into_iter().map(|error| (error.pointer.unwrap(), error.code)).collect::<Vec<_>>()
        };
        assert_eq!(codes(serde_json::json!({"city": "Ålesund", "age": 41, "vip": true, "x": null})), []);
        assert_eq!(codes(serde_json::json!({"a/b": {"c": 1}})), [("/metadata/a~1b".to_owned(), "nested")]);
        assert_eq!(
            codes(serde_json::json!({"a": "x".repeat(1_001)})),
            [("/metadata/a".to_owned(), "too_long")]
        );
        assert_eq!(codes(serde_json::json!({" ": 1})), [("/metadata".to_owned(), "blank")]);
        let many: Map<String, Value> = (0..51).map(|n| (format!("k{n}"), Value::Null)).collect();
        assert_eq!(custom_fields("/metadata", &many).unwrap_err()[0].code, "too_many");
    }
}
