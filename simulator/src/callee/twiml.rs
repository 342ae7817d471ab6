//! Reads TwiML into verbs that own their text.

use crate::network::alerts::Alert;

/// An element of a TwiML document.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Verb {
    pub name: String,
    attributes: Vec<(String, String)>,
    pub text: String,
    pub children: Vec<Verb>,
}

/// Reads a document; `url` only tells where it came from.
///
/// # Errors
/// Not XML (12100), or its root is not `Response` (12200).
pub(super) fn parse(text: &str, url: &str) -> Result<Vec<Verb>, Alert> {
    let document = roxmltree::Document::parse(text.trim_start())
        .map_err(|error| Alert::new(12100, &format!("the document is not XML: {error}"), url))?;
    let root = document.root_element();
    if root.tag_name().name() != "Response" {
        return Err(Alert::new(12200, "the root of the document is not Response", url));
    }
    Ok(Verb::of(root).children)
}

impl Verb {
    fn of(node: roxmltree::Node<'_, '_>) -> Self {
        Self {
            name: node.tag_name().name().to_owned(),
            attributes: node.attributes().map(|a| (a.name().to_owned(), a.value().to_owned())).collect(),
            text: node.descendants().filter(|n| n.is_text()).filter_map(|n| n.text()).collect(),
            children: node.children().filter(|n| n.is_element()).map(Self::of).collect(),
        }
    }

    /// The attribute as it stands, also when empty.
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The attribute as a number, `default` when it is missing or none.
    pub(super) fn number(&self, name: &str, default: u64) -> u64 {
        self.attribute(name).and_then(|value| value.parse().ok()).unwrap_or(default)
    }

    pub(super) fn is_set(&self, name: &str) -> bool {
        self.attribute(name) == Some("true")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verbs_come_with_attributes_text_and_children() {
        let text = r#"<?xml version="1.0"?><Response><Gather numDigits="2"><Say>A &amp; B</Say></Gather><Hangup/></Response>"#;
        let verbs = parse(text, "").unwrap();
        assert_eq!(verbs.len(), 2);
        assert_eq!(verbs[0].number("numDigits", 1), 2);
        assert_eq!(verbs[0].children[0].text, "A & B");
    }

    #[test]
    fn a_document_that_is_not_twiml_is_refused_with_its_code() {
        assert_eq!(parse("<Response>", "").unwrap_err().code, 12100);
        assert_eq!(parse("<Reply/>", "").unwrap_err().code, 12200);
    }
}
