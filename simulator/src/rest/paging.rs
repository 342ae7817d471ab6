//! Lists, page by page, in Twilio's envelope. Newest first; a page token is the position behind which to go on, so
//! that calls created meanwhile do not shift the pages.

use serde_json::{Map, Value, json};

use super::errors::Refusal;
use super::form::Form;

/// Which page was asked for.
pub(super) struct Page {
    size: usize,
    number: usize,
    /// Only entries older than this position.
    before: Option<usize>,
}

impl Page {
    /// # Errors
    /// 20001 when a number is none or out of its range.
    pub(super) fn of(query: &Form) -> Result<Self, Refusal> {
        let number =
            |name: &str, range: std::ops::RangeInclusive<usize>, default: usize| match query.get(name) {
                None => Ok(default),
                Some(text) => {
                    text.parse().ok().filter(|n| range.contains(n)).ok_or_else(|| {
                        Refusal::bad(20001, format!("{name} must be a number within {range:?}"))
                    })
                }
            };
        let before = query.get("PageToken").map(|token| {
            let position = token.strip_prefix("PA").and_then(|text| usize::from_str_radix(text, 16).ok());
            position.ok_or_else(|| Refusal::bad(20001, "PageToken is not one of this list"))
        });
        Ok(Self {
            size: number("PageSize", 1..=1000, 50)?,
            number: number("Page", 0..=1_000_000, 0)?,
            before: before.transpose()?,
        })
    }

    /// Takes this page out of `found`: positions of all entries that match, newest first.
    pub(super) fn take(&self, found: impl Iterator<Item = usize>) -> (Vec<usize>, bool) {
        let skipped = if self.before.is_none() { self.number * self.size } else { 0 };
        let mut rest =
            found.filter(|position| self.before.is_none_or(|before| *position < before)).skip(skipped);
        let page: Vec<usize> = rest.by_ref().take(self.size).collect();
        let more = rest.next().is_some();
        (page, more)
    }

    /// The envelope. `name` is the one key besides Twilio's own, which is how its libraries find the entries.
    pub(super) fn envelope(
        &self,
        name: &str,
        path: &str,
        query: &Form,
        entries: Vec<Value>,
        next: Option<usize>,
    ) -> Value {
        let start = self.number * self.size;
        let uri = |page: usize, token: Option<usize>| {
            let mut pairs = form_urlencoded::Serializer::new(String::new());
            for (key, value) in query.pairs() {
                if !matches!(key.as_str(), "PageSize" | "Page" | "PageToken") {
                    pairs.append_pair(key, value);
                }
            }
            pairs.append_pair("PageSize", &self.size.to_string()).append_pair("Page", &page.to_string());
            if let Some(token) = token {
                pairs.append_pair("PageToken", &format!("PA{token:032x}"));
            }
            format!("{path}?{}", pairs.finish())
        };
        let mut envelope = Map::new();
        envelope.insert("first_page_uri".into(), uri(0, None).into());
        envelope.insert("end".into(), json!((start + entries.len()).saturating_sub(1).max(start)));
        envelope.insert(
            "previous_page_uri".into(),
            self.number.checked_sub(1).map_or(Value::Null, |page| uri(page, None).into()),
        );
        envelope.insert("uri".into(), uri(self.number, self.before).into());
        envelope.insert("page_size".into(), json!(self.size));
        envelope.insert("start".into(), json!(start));
        envelope.insert("page".into(), json!(self.number));
        let next = next.map(|position| uri(self.number + 1, Some(position)));
        envelope.insert("next_page_uri".into(), next.map_or(Value::Null, Value::from));
        envelope.insert(name.into(), Value::Array(entries));
        Value::Object(envelope)
    }
}
