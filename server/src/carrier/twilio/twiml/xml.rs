//! A writer of XML elements that closes what it opens and escapes what it is given.

/// An attribute's name, and its value if it is to be written.
pub(super) type Attribute<'a> = (&'static str, Option<&'a str>);

pub(super) struct Xml {
    out: String,
}

impl Xml {
    pub(super) fn document() -> Self {
        Self { out: "<?xml version=\"1.0\" encoding=\"UTF-8\"?>".to_owned() }
    }

    pub(super) fn finish(self) -> String {
        self.out
    }

    pub(super) fn element(
        &mut self,
        name: &'static str,
        attributes: &[Attribute<'_>],
        content: impl FnOnce(&mut Self),
    ) {
        self.start(name, attributes);
        self.out.push('>');
        content(self);
        self.out.extend(["</", name, ">"]);
    }

    pub(super) fn empty(&mut self, name: &'static str, attributes: &[Attribute<'_>]) {
        self.start(name, attributes);
        self.out.push_str("/>");
    }

    pub(super) fn text_element(&mut self, name: &'static str, attributes: &[Attribute<'_>], text: &str) {
        self.element(name, attributes, |xml| xml.escaped(text, |c| c == '\r'));
    }

    fn start(&mut self, name: &'static str, attributes: &[Attribute<'_>]) {
        self.out.extend(["<", name]);
        for (name, value) in attributes {
            if let Some(value) = value {
                self.out.extend([" ", name, "=\""]);
                self.escaped(value, |c| matches!(c, '\r' | '\n' | '\t'));
                self.out.push('"');
            }
        }
    }

    /// `white` are the white characters that a parser would change if they stood there bare.
    fn escaped(&mut self, text: &str, white: impl Fn(char) -> bool) {
        for c in text.chars().filter(|&c| allowed(c)) {
            match c {
                '&' => self.out.push_str("&amp;"),
                '<' => self.out.push_str("&lt;"),
                '>' => self.out.push_str("&gt;"),
                '"' => self.out.push_str("&quot;"),
                '\'' => self.out.push_str("&apos;"),
                c if white(c) => self.out.push_str(&format!("&#{};", u32::from(c))),
                c => self.out.push(c),
            }
        }
    }
}

/// XML 1.0 has no way to write the others, not even escaped.
fn allowed(c: char) -> bool {
    !matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}')
}
