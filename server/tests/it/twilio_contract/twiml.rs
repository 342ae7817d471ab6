//! No text breaks the structure of a TwiML document; read back with another XML parser.

use proptest::prelude::*;
use prospectai::carrier::twilio::twiml::{
    Connect, ConversationRelay, Dial, Gather, GatherInput, Prompt, Record, Response, Say, SpeechTimeout,
    Start, Stream, StreamTrack, StreamUrl, TooLong, Transcription, Verb,
};
use roxmltree::{Document, Node};

use super::number;

/// Every verb, attribute and child, with `text` wherever there can be one.
fn everything(text: &str) -> Response {
    let own = || text.to_owned();
    let say = || Say { text: own(), voice: Some(own()), language: Some(own()) };
    let parameters = vec![(own(), own())];
    let url = StreamUrl::parse("wss://calls.example.com/live").expect("a web socket");
    let stream = Stream { url: url.clone(), parameters: parameters.clone() };
    Response::new([
        Verb::Say(say()),
        Verb::Play(own()),
        Verb::Pause(2),
        Verb::Gather(Gather {
            input: GatherInput::DtmfOrSpeech,
            action: own(),
            num_digits: Some(1),
            finish_on_key: Some(""),
            timeout_seconds: Some(4),
            speech_timeout: Some(SpeechTimeout::Auto),
            language: Some(own()),
            action_on_empty_result: true,
            prompts: vec![Prompt::Say(say()), Prompt::Play(own()), Prompt::Pause(1)],
        }),
        Verb::Record(Record {
            action: own(),
            max_length_seconds: Some(60),
            timeout_seconds: Some(5),
            play_beep: true,
            recording_status_callback: Some(own()),
        }),
        Verb::Dial(Dial {
            whisper: Some("https://calls.example.com/whisper?a=1&b=2".to_owned()),
            numbers: vec![number("+14155550123")],
            caller_id: Some(number("+14155550199")),
            action: Some(own()),
            timeout_seconds: Some(20),
            time_limit_seconds: Some(600),
        }),
        Verb::Start(Start::Stream(stream.clone(), StreamTrack::Both)),
        Verb::Start(Start::Transcription(Transcription {
            status_callback_url: own(),
            language_code: Some(own()),
        })),
        Verb::Start(Start::Recording { recording_status_callback: own() }),
        Verb::Connect { action: Some(own()), to: Connect::Stream(stream) },
        Verb::Connect {
            action: None,
            to: Connect::ConversationRelay(ConversationRelay {
                url,
                welcome_greeting: Some(own()),
                language: Some(own()),
                voice: Some(own()),
                parameters,
            }),
        },
        Verb::Redirect(own()),
        Verb::Hangup,
    ])
}

/// Names of elements and attributes, without what they hold.
fn shape(node: Node<'_, '_>) -> String {
    let attributes: Vec<_> = node.attributes().map(|attribute| attribute.name()).collect();
    let children: Vec<_> = node.children().filter(Node::is_element).map(shape).collect();
    format!("{}[{}]({})", node.tag_name().name(), attributes.join(","), children.join(" "))
}

fn shape_of(response: &Response) -> String {
    let xml = response.render().expect("short enough");
    shape(Document::parse(&xml).expect(&xml).root_element())
}

fn without_illegal(text: &str) -> String {
    let legal = |c: &char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..);
    text.chars().filter(legal).collect()
}

fn any_text() -> impl Strategy<Value = String> {
    let hostile =
        ["</Say>", "<Dial>", "]]>", "<!--", "&amp;", "\"", "'", "\0", "\u{b}", "\u{ffff}", "\r\n", " \t"];
    prop_oneof![
        ".{0,40}",
        prop::collection::vec(any::<char>(), 0..40).prop_map(String::from_iter),
        prop::collection::vec(prop::sample::select(hostile.to_vec()), 0..8).prop_map(|parts| parts.concat()),
    ]
}

proptest! {
    #[test]
    fn the_elements_are_the_same_whatever_the_texts(text in any_text()) {
        prop_assert_eq!(shape_of(&everything(&text)), shape_of(&everything("plain")));
    }

    #[test]
    fn texts_and_attributes_come_back_as_they_went_in(text in any_text()) {
        let say = Say { text: text.clone(), voice: Some(text.clone()), language: None };
        let xml = Response::new([Verb::Say(say)]).render().expect("short enough");
        let document = Document::parse(&xml).expect("XML");
        let say = document.root_element().first_element_child().expect("Say");
        let expected = without_illegal(&text);
        prop_assert_eq!(say.text().unwrap_or_default(), expected.as_str());
        prop_assert_eq!(say.attribute("voice"), Some(expected.as_str()));
    }
}

#[test]
fn a_document_has_the_words_twilio_knows() {
    let xml = Response::new([
        Verb::Say(Say { text: "Tom & Ann".into(), voice: None, language: Some("en-GB".into()) }),
        Verb::Hangup,
    ]);
    assert_eq!(
        xml.render().expect("short enough"),
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response><Say language=\"en-GB\">Tom &amp; Ann</Say><Hangup/></Response>"
    );
}

#[test]
fn the_limits_are_twilios() {
    let saying = |length: usize| {
        Response::new([Verb::Say(Say { text: "é".repeat(length), voice: None, language: None })])
    };
    let around = saying(0).render().expect("short enough").chars().count();
    assert!(saying(4_000 - around).render_inline().is_ok(), "characters, not bytes");
    assert_eq!(saying(4_001 - around).render_inline(), Err(TooLong::Inline { characters: 4_001 }));
    assert!(saying(20_000).render().is_ok());
    assert!(matches!(saying(40_000).render(), Err(TooLong::Document { .. })));
}

#[test]
fn a_live_peer_is_a_web_socket_with_tls_and_without_a_query() {
    assert!(StreamUrl::parse("wss://calls.example.com/live").is_ok());
    for wrong in
        ["ws://a.example/", "https://a.example/", "wss://a.example/?a=1", "wss://a.example/#a", "live"]
    {
        assert!(StreamUrl::parse(wrong).is_err(), "{wrong}");
    }
}
