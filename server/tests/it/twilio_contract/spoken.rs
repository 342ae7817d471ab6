//! Whatever is known of a person, what is said to them has the same elements, for two XML parsers that know nothing of each
//! other.

use std::convert::Infallible;

use domain::call_flow::{CallFlow, Leg, Means, Menu, MenuKey, Turn, Words};
use domain::ids::SoundId;
use proptest::prelude::*;
use prospectai::carrier::twilio::message::{self, Addresses, Speaker};
use prospectai::carrier::twilio::twiml::Response;
use prospectai::speech;
use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};
use roxmltree::{Document, Node};

use super::number;

/// An element with its attributes, in the order in which it begins, and how deep it stands.
#[derive(Debug, PartialEq)]
struct Element {
    depth: usize,
    name: String,
    attributes: Vec<(String, String)>,
}

fn by_roxmltree(xml: &str) -> (Vec<Element>, String) {
    fn walk(node: Node<'_, '_>, depth: usize, found: &mut Vec<Element>) {
        let attributes = node.attributes().map(|it| (it.name().to_owned(), it.value().to_owned()));
        found.push(Element {
            depth,
            name: node.tag_name().name().to_owned(),
            attributes: attributes.collect(),
        });
        node.children().filter(Node::is_element).for_each(|child| walk(child, depth + 1, found));
    }
    let document = Document::parse(xml).expect(xml);
    let mut found = Vec::new();
    walk(document.root_element(), 0, &mut found);
    let texts = document.descendants().filter(|node| node.is_text()).filter_map(|node| node.text());
    (found, texts.collect())
}

fn by_quick_xml(xml: &str) -> (Vec<Element>, String) {
    let element = |start: &BytesStart<'_>, depth| Element {
        depth,
        name: start.name().as_ref().to_owned(),
        attributes: start
            .attributes()
            .map(|it| {
                let it = it.expect(xml);
                let value = it.normalized_value(XmlVersion::Explicit1_0).expect(xml);
                (it.key.as_ref().to_owned(), value.into_owned())
            })
            .collect(),
    };
    let mut reader = quick_xml::Reader::from_str(xml);
    let (mut found, mut text, mut depth) = (Vec::new(), String::new(), 0);
    loop {
        match reader.read_event().expect(xml) {
            Event::Start(start) => {
                found.push(element(&start, depth));
                depth += 1;
            }
            Event::Empty(start) => found.push(element(&start, depth)),
            Event::End(_) => depth -= 1,
            Event::Text(part) => text.push_str(&part.xml10_content()),
            Event::GeneralRef(reference) => text.push(match reference.resolve_char_ref().expect(xml) {
                Some(letter) => letter,
                None => match &*reference {
                    "amp" => '&',
                    "lt" => '<',
                    "gt" => '>',
                    "quot" => '"',
                    "apos" => '\'',
                    other => panic!("{other} is no entity of XML"),
                },
            }),
            Event::Eof => break,
            Event::Decl(_) => {}
            other => panic!("{other:?} has no place in a document of ours"),
        }
    }
    (found, text)
}

fn flow() -> CallFlow {
    let keys = Means::ALL.into_iter().zip("123*9".chars());
    let reply = Some("Thank you, {{ firstName | default(\"you\") }}.".to_owned());
    let menu = Menu {
        keys: keys.map(|(means, key)| MenuKey { key, means, offer: None, reply: reply.clone() }).collect(),
    };
    let text = "Hello {{ firstName | default(\"you\") }} of {{ company | default(\"it\") }}.".to_owned();
    Words { text, menu, ..Words::default() }.flow().expect("a flow")
}

/// Every document that the flow can lead to, for somebody with these values.
fn documents(flow: &CallFlow, values: &[(String, String)]) -> Vec<String> {
    let speaker = Speaker {
        voice: Some("Polly.Joanna"),
        caller_id: &number("+16175550100"),
        transfer_to: Some(&number("+12025550142")),
        time_limit_seconds: 120,
    };
    let addresses = |step: &str| Addresses {
        turn: format!("https://calls.example.com/turn?call=x&at={step}.1"),
        recording: "https://calls.example.com/recording?call=x#rc=5".to_owned(),
    };
    let document = |leg: &Leg<'_>| -> String {
        let said = |text: &str| speech::render(text, values);
        let kept = |sound: SoundId| format!("https://calls.example.com/media/{sound}");
        let response: Response = message::leg(leg, speaker, said, kept, addresses).expect("it can be said");
        response.render().expect("short enough")
    };
    let pressed = "123*97".chars().filter_map(|key| flow.after("opening", 1, Turn::Key(key)));
    let legs: Vec<Leg<'_>> = pressed.map(|outcome| outcome.leg).chain([flow.beginning()]).collect();
    legs.iter().map(document).collect()
}

fn any_value() -> impl Strategy<Value = String> {
    let hostile = [
        "</Say><Dial>+15550100</Dial>",
        "<![CDATA[",
        "]]>",
        "<!--",
        "-->",
        "<?xml?>",
        "<!ENTITY x \"y\">",
        "&x;",
        "&#0;",
        "{{ phone }}",
        "{% raw %}",
        "\"",
        "'",
        "\0",
        "\u{b}",
        "\u{fffe}",
        "\u{ffff}",
        "\u{85}",
        "\u{2028}",
        "\r\n",
        "é",
        "👩‍👧",
    ];
    prop_oneof![
        ".{0,60}",
        prop::collection::vec(any::<char>(), 0..60).prop_map(String::from_iter),
        prop::collection::vec(prop::sample::select(hostile.to_vec()), 0..8).prop_map(|parts| parts.concat()),
    ]
}

proptest! {
    #[test]
    fn no_value_of_a_person_changes_an_element_and_two_parsers_read_the_same(
        first_name in any_value(), company in any_value(),
    ) {
        let flow = flow();
        let values = [("firstName".to_owned(), first_name), ("company".to_owned(), company)];
        for (document, plain) in documents(&flow, &values).iter().zip(documents(&flow, &[])) {
            let (elements, text) = by_roxmltree(document);
            prop_assert_eq!(&elements, &by_roxmltree(&plain).0, "{}", document);
            let (second, second_text) = by_quick_xml(document);
            prop_assert_eq!(&elements, &second, "{}", document);
            prop_assert_eq!(text, second_text, "{}", document);
        }
    }
}

#[test]
fn a_leg_that_says_everything_is_a_document_of_its_own() {
    let flow = Words::of_text("Hello & goodbye.").flow().expect("a flow");
    let said = |text: &str| Ok::<_, Infallible>(text.to_owned());
    let kept = |sound: SoundId| sound.to_string();
    let document = message::last_leg(&flow.beginning(), None, said, kept).expect("said").expect("the last");
    assert!(
        document.render().expect("short").ends_with("<Say>Hello &amp; goodbye.</Say><Hangup/></Response>")
    );
}
